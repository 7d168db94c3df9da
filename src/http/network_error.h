// What a failed transfer means for people, and whether trying again can help.
#pragma once

#include <curl/curl.h>

#include <string>

#include "probackup/http.h"

namespace probackup {

// `what`: method and safe URL. `detail`: libcurl's own words, may be empty.
NetworkError network_error(CURLcode code, const std::string& what, const std::string& host,
                           const std::string& detail);

}  // namespace probackup
