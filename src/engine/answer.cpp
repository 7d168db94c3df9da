#include "engine/answer.h"

#include "util/raw_json.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {

AnswerNames::AnswerNames(const Scope& outer, const HttpResponse& response, bool with_body)
    : status_(response.status), headers_(nlohmann::json::object()), scope_(&outer) {
  for (const auto& [name, value] : response.headers) headers_[to_lower(name)] = valid_utf8(value);
  if (with_body && !response.body.empty()) {
    try {
      body_ = parse_json(response.body);
    } catch (const Error&) {
      body_ = valid_utf8(std::string_view(response.body).substr(0, 1000));
    }
  }
  scope_.set("status", &status_);
  scope_.set("headers", &headers_);
  scope_.set("body", &body_);
}

std::optional<std::chrono::nanoseconds> retry_after(const Headers& headers, Time now) {
  auto text = header(headers, "retry-after");
  if (!text) return std::nullopt;
  if (auto date = parse_http_date(*text)) {
    auto server_now = parse_http_date(header(headers, "date").value_or(""));
    return std::max(time_between(server_now.value_or(now), *date), std::chrono::nanoseconds{0});
  }
  if (text->empty() || text->size() > 9 ||
      text->find_first_not_of("0123456789.") != std::string::npos)
    return std::nullopt;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::stod("0" + *text) * 1e9));
}

bool says_too_fast(const HttpResponse& response) {
  if (response.status == 429) return true;
  if (response.status != 403) return false;
  return header(response.headers, "retry-after").has_value() ||
         header(response.headers, "x-ratelimit-remaining") == "0" ||
         header(response.headers, "ratelimit-remaining") == "0";
}

}  // namespace probackup
