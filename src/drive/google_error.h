// What Google's answers of errors mean
// (https://developers.google.com/workspace/drive/api/guides/handle-errors).
#pragma once

#include <string>

#include "probackup/http.h"

namespace probackup {

struct GoogleError {
  int status = 0;
  std::string reason;    // "storageQuotaExceeded"; "" where the answer gives none
  std::string message;   // Google's, for people
  bool limited() const;  // too many requests: later it works
  bool passes() const;   // a mishap of the server, or too many requests
  bool is_gone() const { return status == 404; }
};

GoogleError google_error(const HttpResponse& response);
// The error for people. `doing`: "make the spreadsheet Cards".
[[noreturn]] void throw_google_error(const GoogleError& error, const std::string& doing);

}  // namespace probackup
