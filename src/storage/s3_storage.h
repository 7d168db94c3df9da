// A repository in an S3 bucket.
#pragma once

#include <memory>

#include "probackup/http.h"
#include "storage/s3_url.h"

namespace probackup {

// Without limits and retries, which are wrappers. Of `options` those for S3, retention, environment
// and clock count. Nothing is asked before the first call. `http` and the clock must outlive the
// storage. Throws Error(usage) for options that do not fit.
std::unique_ptr<Storage> s3_storage(const S3Url& url, const StorageOptions& options, Http& http);

}  // namespace probackup
