// Where a bucket is, as a repository URL names it.
#pragma once

#include <string>
#include <string_view>

#include "probackup/storage.h"

namespace probackup {

struct S3Url {
  std::string scheme;  // "https" or "http"
  std::string host;    // with ":port" unless that is the scheme's own
  std::string bucket;
  std::string prefix;  // "" or "a/b": no slash at either end

  // The repository URL again, in its plain form.
  std::string text() const;
  // The key of a path below the prefix.
  std::string key(const std::string& path) const;
};

// Reads "s3:https://HOST[:PORT]/BUCKET[/PREFIX]", also with http:// or, for https, "s3:HOST/…".
// Throws Error(usage) saying what is wrong and showing the right form.
S3Url parse_s3_url(std::string_view text);

// True for a server of Amazon's own, which has rules that others do not share.
bool is_amazon(const S3Url& url);
// The region that the host's name tells, such as "eu-central-1"; "" if it tells none.
std::string region_of_host(const S3Url& url);
// True when the bucket stands in the host's name instead of the path.
bool uses_virtual_host(const S3Url& url, S3Options::Style style);

}  // namespace probackup
