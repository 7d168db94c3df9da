// A Singer tap as a running program.
#pragma once

#include <sys/types.h>

#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "util/descriptor.h"

namespace probackup {

// Started with the object, in a process group of its own, so that its children end with it. Its
// standard error is logged line by line. Not for concurrent calls.
class TapProcess {
 public:
  // `arguments[0]` is found through PATH. Throws Error when it cannot be started.
  explicit TapProcess(const std::vector<std::string>& arguments);
  // Ends it if it still runs.
  ~TapProcess();
  TapProcess(const TapProcess&) = delete;
  TapProcess& operator=(const TapProcess&) = delete;

  int output() const { return output_.get(); }
  // Waits for its end, after its output has ended. Throws Error with its last words when it failed,
  // Error(interrupted) when stopped.
  void finish(std::stop_token stop);
  // Ends it and its children: SIGTERM, and SIGKILL for what is left after some seconds.
  void end() noexcept;

 private:
  void read_errors(std::stop_token stop);
  static void watch(pid_t leader, std::stop_token stop);
  void note(std::string line);
  bool wait_for(int milliseconds) noexcept;

  const std::string name_;
  Descriptor output_, errors_;
  pid_t pid_ = -1, group_ = -1;
  int status_ = 0;
  std::mutex mutex_;  // guards last_words_
  std::deque<std::string> last_words_;
  std::jthread error_reader_, watcher_;
};

}  // namespace probackup
