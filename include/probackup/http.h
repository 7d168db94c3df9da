// HTTP as the connector engine and the storage see it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probackup/clock.h"
#include "probackup/error.h"

namespace probackup {

// Header names are kept as given; look-ups ignore case.
using Headers = std::vector<std::pair<std::string, std::string>>;
// The last header of that name, or nothing.
std::optional<std::string> header(const Headers& headers, std::string_view name);

// A request body that is read while it is sent, so that it need not fit in memory.
class HttpBody {
 public:
  virtual ~HttpBody() = default;
  // Bytes; always the same.
  virtual std::uint64_t size() const = 0;
  // Puts the bytes from `offset` on at `to`, at most `max` of them and at least one, and returns
  // how many; comes for offsets below size() only. Runs on the network thread, where all other
  // transfers wait for it, and may come again for bytes that were read before (a redirect). An
  // exception thrown here ends the transfer and reaches the caller of send().
  virtual std::size_t read(std::uint64_t offset, char* to, std::size_t max) = 0;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // absolute, already encoded
  Headers headers;
  std::string body;
  std::shared_ptr<HttpBody> upload;  // instead of `body`, which must be empty then
  // Sent once and never again: also where a kept connection broke before an answer came, which
  // without this is tried again on a new one. For what must not happen twice.
  bool once = false;
  std::chrono::milliseconds timeout{60'000};  // without any byte moving
  std::uint64_t body_bytes_max = 256u
                                 << 20;  // a larger answer is an error (2xx to `sink`: no limit)
  // Gets a 2xx body piece by piece instead of HttpResponse::body, as it was sent (no compression is
  // asked for). Runs on the thread that called send(); while it works, at most 1 MiB more is read.
  // An exception thrown here ends the transfer and reaches the caller.
  std::function<void(std::string_view)> sink;
  // Redirects that leave scheme, host or port lose these headers (credentials); one that would
  // carry the body along is refused.
  std::vector<std::string> secret_headers;
  unsigned redirects_max = 5;
  // Only for the metadata services of a cloud, which have a link-local address and no TLS.
  bool allow_plain_http = false;
};

struct HttpResponse {
  int status = 0;
  Headers headers;
  std::string body;
  std::string url;  // after redirects
};

// The request got no complete answer: no connection, TLS failure, timeout, cut body.
class NetworkError : public Error {
 public:
  NetworkError(const std::string& message, bool retryable, std::string hint = {},
               bool unsent = false)
      : Error(message, std::move(hint)), retryable_(retryable), unsent_(unsent) {}
  // False for what will not change by itself (unknown host name, refused certificate).
  bool retryable() const { return retryable_; }
  // True if the server certainly got nothing of the request.
  bool unsent() const { return unsent_; }

 private:
  bool retryable_, unsent_;
};

// The app's quota is used up, and there is more of it only after a longer wait than is wanted.
class QuotaUsedUp : public Error {
 public:
  // `wait`: from now on; that of a mad server is taken as a year.
  QuotaUsedUp(const std::string& message, Time now, std::chrono::nanoseconds wait);
  // When it can go on, as far as the app says.
  Time until() const { return until_; }

 private:
  Time until_;
};

// The network. send() blocks; many threads may call it at once.
class Http {
 public:
  virtual ~Http() = default;
  // Any HTTP status is an answer. Throws NetworkError, or Error(interrupted) when stopped.
  virtual HttpResponse send(const HttpRequest& request, std::stop_token stop) = 0;
};

struct HttpOptions {
  std::string user_agent = "probackup/" PROBACKUP_VERSION;
  std::string ca_file;            // PEM; empty takes the system's
  bool allow_plain_http = false;  // otherwise http:// is refused but for loopback hosts
  unsigned connections_per_host = 16;
  // Bytes a second of all transfers together, each with an equal share; 0 is no limit.
  std::uint64_t upload_rate = 0, download_rate = 0;
};

// libcurl: one multi loop on a thread of its own; connections and TLS sessions are kept and shared.
std::unique_ptr<Http> curl_http(const HttpOptions& options = {});

// Paces requests by what an API declares and by what it answers. One object per host and token.
// Safe for concurrent calls.
class RateLimiter {
 public:
  struct Rate {
    unsigned count;                   // requests …
    std::chrono::nanoseconds window;  // … in any window of this length
  };
  virtual ~RateLimiter() = default;
  // Waits for this request's turn under all rates whose `match` its path contains. Throws
  // QuotaUsedUp where that takes too long, Error(interrupted) when stopped.
  virtual void acquire(std::string_view path, std::stop_token stop) = 0;
  // After each answer: `limited` for a 429 or its like; `retry_after` as the server said;
  // `remaining` and `reset` from quota headers. Slows down at once and speeds up again slowly.
  struct Feedback {
    bool limited = false;
    std::optional<std::chrono::nanoseconds> retry_after;
    std::optional<std::int64_t> remaining;
    std::optional<Time> reset;
  };
  virtual void feedback(std::string_view path, const Feedback& feedback) = 0;
  // How long a request to this path would wait for its turn now.
  virtual std::chrono::nanoseconds wait(std::string_view path) const = 0;
  // The pause that is in force now, for progress display; zero when none.
  virtual std::chrono::nanoseconds pause() const = 0;
};

struct RateRule {
  std::string match;  // part of the URL's path; empty for every request
  RateLimiter::Rate rate;
};
// `floor`: requests of the server's quota to leave unused. Waits longer than `wait_max` are not
// begun; without it all are waited out, those that a server asks for up to two hours.
std::unique_ptr<RateLimiter> rate_limiter(
    std::vector<RateRule> rules, std::int64_t floor, Clock& clock,
    std::optional<std::chrono::nanoseconds> wait_max = std::nullopt);

// One link of a Link header (RFC 8288) by its rel, or nothing. Relative targets are resolved
// against `base`.
std::optional<std::string> link_target(const Headers& headers, std::string_view rel,
                                       std::string_view base);
// Resolves `reference` against `base` (RFC 3986, section 5).
std::string resolve_url(std::string_view base, std::string_view reference);
// "https://host:port" of a URL, lower-cased, default port left out. Throws Error for no URL.
std::string url_origin(std::string_view url);
// True for 127.0.0.0/8, ::1 and localhost.
bool is_loopback(std::string_view url);
// The URL for messages: user info and the values of secret-looking query parameters are replaced by
// "***", and so is every secret known to redact().
std::string safe_url(std::string_view url);

}  // namespace probackup
