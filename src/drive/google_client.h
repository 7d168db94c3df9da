// Requests to Google's Drive API: signed in, paced, tried again where that helps.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "drive/google_error.h"
#include "probackup/drive.h"
#include "probackup/http.h"

namespace probackup {

// Not for concurrent calls.
class GoogleClient {
 public:
  GoogleClient(Http& http, Clock& clock, const GoogleDriveOptions& options);

  // `path` and query behind the host. Waits and tries again after mishaps and rate limits; the
  // answer is any other. Throws NetworkError, Error.
  HttpResponse send(HttpRequest request);
  // The same without trying again after mishaps, only after rate limits and a token that ended, for
  // what must not happen twice. Nothing: nobody knows whether it was carried out.
  std::optional<HttpResponse> send_once(HttpRequest request);

  std::string url(const std::string& path) const { return options_.base_url + path; }
  // A request with a JSON body.
  HttpRequest json_request(const std::string& method, const std::string& path,
                           const nlohmann::json& body) const;
  std::uint64_t requests() const { return requests_; }
  // Waits before try number `number`, counted from 1. False when there were enough.
  bool wait_before_try(unsigned number);

 private:
  HttpResponse send_signed(HttpRequest& request);
  void check_stop() const;

  Http& http_;
  Clock& clock_;
  const GoogleDriveOptions options_;
  std::unique_ptr<RateLimiter> limiter_;
  std::string token_;
  std::uint64_t requests_ = 0;
};

// The JSON of an answer that must be one. Throws Error.
nlohmann::json google_json(const HttpResponse& response);

}  // namespace probackup
