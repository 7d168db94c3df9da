// Signatures of S3 requests: AWS Signature Version 4, with the digest of the whole body.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probackup/clock.h"
#include "probackup/http.h"

namespace probackup {

struct S3Credentials {
  std::string access_key, secret_key;
  std::string session_token;    // empty for keys that last
  std::optional<Time> expires;  // nothing for keys that last
  std::string source;           // for messages: "the environment", "profile backup"
};

using S3Query = std::vector<std::pair<std::string, std::string>>;  // not encoded

// "a=b&c=" in the order and the escapes that a signature needs; the URL must carry just this.
std::string canonical_query(const S3Query& query);
// A path with every byte escaped that must be; '/' stays.
std::string canonical_path(std::string_view path);

struct S3Unsigned {
  std::string method, host;  // host as in the Host header
  std::string path, query;   // canonical
  Headers headers;           // all of them are signed
  std::string_view body;
};

// The request's headers with those of the signature added; without Host, which the client sends.
Headers sign_s3(const S3Unsigned& request, const S3Credentials& credentials,
                const std::string& region, Time now);

}  // namespace probackup
