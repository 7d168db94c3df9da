// The parts of a URL (RFC 3986, section 3), read strictly: what libcurl might understand
// differently than we do is no URL here, so that a look at the origin cannot be fooled.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace probackup {

struct Url {
  std::string scheme;  // lower-case, without ":"
  bool has_authority = false;
  std::string user_info;  // without "@"
  std::string host;       // lower-case; an IPv6 address keeps its brackets
  std::string port;       // digits or ""
  std::string path;
  std::optional<std::string> query, fragment;
};

// Splits an absolute URL or a relative reference. Nothing for control characters, spaces,
// backslashes, a second "@" or a port that is no number below 65536.
std::optional<Url> parse_url(std::string_view text);
// The inverse of parse_url.
std::string print_url(const Url& url);

}  // namespace probackup
