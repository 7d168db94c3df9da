#include "drive/google_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "util/log.h"
#include "util/time.h"

namespace probackup {
namespace {

using namespace std::chrono_literals;

constexpr unsigned tries_max = 10;
constexpr auto wait_max = 64s;  // as Google's guide has it
// Google's quota is 12,000 requests a minute for a user; how many writes it takes shows only when
// it refuses some, and then the limiter slows down.
constexpr RateLimiter::Rate rate{100, 1s};

}  // namespace

GoogleClient::GoogleClient(Http& http, Clock& clock, const GoogleDriveOptions& options)
    : http_(http),
      clock_(clock),
      options_(options),
      limiter_(rate_limiter({{"", rate}}, 0, clock)) {}

void GoogleClient::check_stop() const {
  if (options_.stop.stop_requested())
    throw Error(ErrorKind::interrupted, "the sync was interrupted", "run it again to go on");
}

bool GoogleClient::wait_before_try(unsigned number) {
  if (number == 0) return true;
  if (number >= tries_max) return false;
  static thread_local std::mt19937 random(std::random_device{}());
  auto step = std::min<std::chrono::nanoseconds>(wait_max, 1s * (1u << std::min(number - 1, 6u)));
  auto wait = step + std::chrono::milliseconds(random() % 1000);
  if (options_.waits) options_.waits(wait);
  log_verbose(fmt::format("waiting {} before Google is asked again", format_duration(wait)));
  if (!clock_.sleep(wait, options_.stop)) check_stop();
  return true;
}

HttpRequest GoogleClient::json_request(const std::string& method, const std::string& path,
                                       const nlohmann::json& body) const {
  HttpRequest out;
  out.method = method;
  out.url = url(path);
  out.headers = {{"Content-Type", "application/json; charset=UTF-8"}};
  out.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return out;
}

// One try, two where the token has ended meanwhile.
HttpResponse GoogleClient::send_signed(HttpRequest& request) {
  request.redirects_max = 0;  // 308 is an answer here, and no token goes elsewhere
  Headers plain = request.headers;
  for (bool renewed = false;; renewed = true) {
    check_stop();
    if (token_.empty() || renewed) token_ = options_.token(renewed);
    request.headers = plain;
    request.headers.emplace_back("Authorization", "Bearer " + token_);
    limiter_->acquire(request.url, options_.stop);
    ++requests_;
    HttpResponse response;
    try {
      response = http_.send(request, options_.stop);
    } catch (...) {
      request.headers = plain;
      throw;
    }
    request.headers = plain;
    RateLimiter::Feedback feedback;
    feedback.limited = response.status >= 400 && google_error(response).limited();
    if (auto after = header(response.headers, "Retry-After"))
      if (auto wait = parse_duration(*after + "s")) feedback.retry_after = wait;
    limiter_->feedback(request.url, feedback);
    if (response.status != 401 || renewed) return response;
  }
}

HttpResponse GoogleClient::send(HttpRequest request) {
  for (unsigned number = 1;; ++number) {
    try {
      HttpResponse response = send_signed(request);
      if (response.status < 400 || !google_error(response).passes()) return response;
      if (!wait_before_try(number)) return response;
    } catch (const NetworkError& error) {
      if (!error.retryable() || !wait_before_try(number)) throw;
    }
  }
}

std::optional<HttpResponse> GoogleClient::send_once(HttpRequest request) {
  request.once = true;
  for (unsigned number = 1;; ++number) {
    try {
      HttpResponse response = send_signed(request);
      if (response.status < 400) return response;
      GoogleError error = google_error(response);
      if (error.limited()) {
        if (!wait_before_try(number)) return response;
      } else if (error.passes()) {
        return std::nullopt;  // it may be there in spite of the error
      } else {
        return response;
      }
    } catch (const NetworkError& error) {
      if (!error.retryable()) throw;
      if (!error.unsent()) return std::nullopt;
      if (!wait_before_try(number)) throw;
    }
  }
}

nlohmann::json google_json(const HttpResponse& response) {
  auto out = nlohmann::json::parse(response.body, nullptr, false);
  if (out.is_discarded() || !out.is_object())
    throw Error("Google answered something else than JSON",
                "check whether a proxy answers in Google's place");
  return out;
}

}  // namespace probackup
