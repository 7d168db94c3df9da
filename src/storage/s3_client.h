// Signed requests to one bucket.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "probackup/http.h"
#include "storage/s3_credentials.h"
#include "storage/s3_error.h"
#include "storage/s3_url.h"

namespace probackup {

struct S3Request {
  std::string method, operation;  // "GET", "GetObject"
  std::string subject;            // for messages, as in S3Context
  std::string key;                // empty for the bucket itself
  S3Query query = {};
  Headers headers = {};
  std::string body = {};
  std::function<void(std::string_view)> sink = {};
  // Other statuses to return instead of throwing what they mean.
  std::vector<int> expected = {};
};

// Safe for concurrent calls.
class S3Client {
 public:
  // `http` and `clock` must outlive the client.
  S3Client(S3Url url, const S3Options& options, Environment environment, Http& http, Clock& clock,
           std::stop_token stop);

  // Sends it, signed. Follows the server once to the region that it names. Returns a 2xx answer
  // that carries no error, or an expected one; throws what others mean.
  HttpResponse send(S3Request request);

  const S3Url& url() const { return url_; }
  Clock& clock() const { return clock_; }
  // The region that requests are signed for now.
  std::string region();
  // Throws that this answer is not one of an S3 server.
  [[noreturn]] void refuse(const S3Request& request, const HttpResponse& answer);

 private:
  struct Place {
    std::string host, region;
  };
  Place place();
  HttpResponse exchange(S3Request& request, const S3Credentials& credentials, const Place& place);
  bool follow(const HttpResponse& answer, const Place& from);

  const S3Url url_;
  const S3Options options_;
  const Environment environment_;
  Http& http_;
  Clock& clock_;
  CredentialChain credentials_;
  std::atomic<bool> reached_{false};  // the server has answered
  std::mutex mutex_;                  // guards what follows
  Place place_;                       // without region until it is first asked for
};

}  // namespace probackup
