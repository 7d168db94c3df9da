// What a failed transfer means for people, and whether trying again can help.
#pragma once

#include <curl/curl.h>

#include <string>

#include "probackup/http.h"

namespace probackup {

struct TransferFailure {
  CURLcode code;
  std::string detail;     // libcurl's own words, may be empty
  long proxy_status = 0;  // a proxy's answer to CONNECT, 0 for none
};

// `what`: method and safe URL.
NetworkError network_error(const TransferFailure& failure, const std::string& what,
                           const std::string& host);

}  // namespace probackup
