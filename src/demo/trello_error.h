// How Trello refuses a request: a status and one line of plain text.
#pragma once

#include <stdexcept>
#include <string>

namespace probackup {

class TrelloError : public std::runtime_error {
 public:
  TrelloError(int status, const std::string& text) : std::runtime_error(text), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

}  // namespace probackup
