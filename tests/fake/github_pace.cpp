#include "fake/github_pace.h"

#include "fake/github_view_parts.h"

namespace probackup {

namespace {

bool creates(const ApiRequest& request) {
  if (request.path == "/graphql") {
    const auto body = JsonRecord::parse(request.body, nullptr, false);
    return body.is_object() && body.contains("query") && body.at("query").is_string() &&
           body.at("query").get<std::string>().starts_with("mutation");
  }
  if (request.method == "PUT") return request.path.find("/collaborators/") != std::string::npos;
  return request.method == "POST";
}

}  // namespace

std::optional<ApiAnswer> GithubPace::refuse(const ApiRequest& request) {
  if (!creates(request)) return std::nullopt;
  const auto now = clock_.now();
  while (!times_.empty() && now - times_.front() >= std::chrono::hours(1)) times_.pop_front();
  // When the oldest of the last `limit` requests is `span` ago.
  std::optional<Time> until;
  const auto look = [&](unsigned limit, std::chrono::seconds span) {
    if (limit == 0 || times_.size() < limit) return;
    const auto free = times_[times_.size() - limit] + span;
    if (free > now && (!until || free > *until)) until = free;
  };
  look(per_minute_, std::chrono::minutes(1));
  look(per_hour_, std::chrono::hours(1));
  if (!until) {
    times_.push_back(now);
    return std::nullopt;
  }
  auto answer =
      github_refusal(403,
                     "You have exceeded a secondary rate limit and have been temporarily blocked "
                     "from content creation. Please retry your request again later.");
  const auto wait = std::chrono::ceil<std::chrono::seconds>(*until - now).count();
  answer.headers.emplace_back("Retry-After", std::to_string(wait));
  return answer;
}

}  // namespace probackup
