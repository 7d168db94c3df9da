// Running other programs (git, a password command) without a shell.
#pragma once

#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace probackup {

// Splits a command line at blanks; double and single quotes keep words together, and nothing else
// is special.
std::vector<std::string> split_command(const std::string& command);

struct ProcessResult {
  int exit_code = 0;   // 128 + signal when a signal ended it
  std::string errors;  // the last 64 KiB of its standard error
};

struct ProcessOptions {
  std::map<std::string, std::string> environment;  // added to this process's own
  std::string folder;                              // working folder; "" keeps this one's
  // Gets standard output piece by piece; an exception thrown here ends the program.
  std::function<void(std::string_view)> output;
};

// Runs `arguments[0]`, found through PATH, with an empty standard input, and waits for it. When
// `stop` is requested it gets SIGTERM. Throws Error when it cannot be started, or (kind
// interrupted) when stopped.
ProcessResult run_process(const std::vector<std::string>& arguments, const ProcessOptions& options,
                          std::stop_token stop = {});

}  // namespace probackup
