// What an answer of an S3 server that is no success means.
#pragma once

#include <string>

#include "probackup/http.h"
#include "storage/s3_sign.h"
#include "storage/s3_url.h"

namespace probackup {

// What was asked for, as far as a message needs it.
struct S3Context {
  const S3Url& url;
  std::string operation;  // S3's own name, which is also the permission's: "GetObject"
  std::string subject;    // "pack 0123…", or empty for the bucket
  const S3Credentials& credentials;
  Time now;
};

// Throws what the answer means: NotFound, TemporaryError, or Error with a hint. A 2xx answer is one
// whose body was not what it must be.
[[noreturn]] void throw_s3_error(const HttpResponse& answer, const S3Context& context);
// "S3_HOST does not answer as an S3 server".
[[noreturn]] void throw_not_s3(const S3Context& context, const HttpResponse& answer);

}  // namespace probackup
