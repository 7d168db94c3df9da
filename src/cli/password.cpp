#include "cli/password.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "probackup/error.h"
#include "util/file.h"
#include "util/log.h"
#include "util/process.h"
#include "util/text.h"

namespace probackup {
namespace {

std::string first_line(std::string text) {
  if (auto end = text.find_first_of("\r\n"); end != std::string::npos) text.resize(end);
  return text;
}

// Reads one line from the terminal without showing it.
std::string prompt(const std::string& question) {
  std::fputs(question.c_str(), stderr);
  termios shown{};
  ::tcgetattr(0, &shown);
  termios hidden = shown;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(0, TCSAFLUSH, &hidden);
  std::string line;
  std::getline(std::cin, line);
  ::tcsetattr(0, TCSAFLUSH, &shown);
  std::fputc('\n', stderr);
  return line;
}

std::string run_password_command(const std::string& command) {
  auto words = split_command(command);
  if (words.empty()) throw Error(ErrorKind::usage, "the password command is empty");
  std::string out;
  ProcessOptions options;
  options.output = [&](std::string_view bytes) { out += bytes; };
  auto result = run_process(words, options);
  if (result.exit_code != 0)
    throw Error(fmt::format("the password command failed with {}: {}", result.exit_code,
                            trim(result.errors)));
  return first_line(out);
}

}  // namespace

std::string read_password(const PasswordSources& from, bool twice) {
  std::string found;
  if (from.from_environment) {
    found = std::getenv(from.variable.c_str());
  } else if (!from.file.empty()) {
    found = first_line(read_file(from.file));
  } else if (!from.command.empty()) {
    found = run_password_command(from.command);
  } else {
    if (!::isatty(0))
      throw Error("no password was given, and there is no terminal to ask for it",
                  fmt::format("set {}, or use --{}password-file or --{}password-command",
                              from.variable, from.option_prefix, from.option_prefix));
    found = prompt(from.question);
    if (twice && prompt("the same again: ") != found) throw Error("the two passwords differ");
  }
  if (found.empty()) throw Error("the password is empty", "an empty password protects nothing");
  add_secret(found);
  return found;
}

}  // namespace probackup
