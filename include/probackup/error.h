// The one exception type of probackup.
#pragma once

#include <stdexcept>
#include <string>

namespace probackup {

// What went wrong, as far as a script cares: each value is the process's exit code.
enum class ErrorKind {
  failed = 1,
  usage = 2,
  no_repository = 10,
  locked = 11,
  wrong_password = 12,
  interrupted = 130,
};

// Thrown for everything that stops an operation. `what()` says what failed and where, in one line
// without secrets; `hint()` says what the user can do about it, and may be empty.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message, std::string hint = {})
      : std::runtime_error(message), kind_(kind), hint_(std::move(hint)) {}
  explicit Error(const std::string& message, std::string hint = {})
      : Error(ErrorKind::failed, message, std::move(hint)) {}

  ErrorKind kind() const { return kind_; }
  const std::string& hint() const { return hint_; }

 private:
  ErrorKind kind_;
  std::string hint_;
};

}  // namespace probackup
