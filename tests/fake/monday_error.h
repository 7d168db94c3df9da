// How monday.com's API refuses. https://developer.monday.com/api-reference/docs/error-handling
#pragma once

#include <stdexcept>
#include <string>

namespace probackup {

// A refusal: the code and status in "extensions". The answer's own status is 200.
class MondayError : public std::runtime_error {
 public:
  MondayError(std::string code, int status, const std::string& message)
      : std::runtime_error(message), code_(std::move(code)), status_(status) {}
  const std::string& code() const { return code_; }
  int status() const { return status_; }

 private:
  std::string code_;
  int status_;
};

}  // namespace probackup
