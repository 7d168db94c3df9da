#include "restore/send.h"

#include <fmt/format.h>

#include "engine/answer.h"
#include "engine/request.h"
#include "http/url.h"
#include "restore/content.h"

namespace probackup {
namespace {

std::string path_of(const std::string& url) {
  auto parsed = parse_url(url);
  return parsed ? parsed->path : std::string();
}

// What follows a create needs its JSON; an empty answer is one too (204).
std::optional<std::string> why_unusable(const HttpResponse& response) {
  if (response.body.empty()) return std::nullopt;
  auto parsed = nlohmann::json::parse(response.body, nullptr, false);
  if (!parsed.is_discarded()) return std::nullopt;
  std::string type = header(response.headers, "content-type").value_or("");
  if (type.find("json") == std::string::npos && type.find("html") == std::string::npos)
    return std::nullopt;
  return "the answer is no JSON";
}

}  // namespace

HttpRequest RestoreSender::build(const WriteModel& model, const Scope& names, const Owner& owner) {
  return evaluated([&] {
    HttpRequest request =
        finish_request(render_request(model.request, parts_.context, names), parts_.context);
    add_content(request, model, names, parts_.source, owner.stream, owner.key);
    return request;
  });
}

WriteAnswer RestoreSender::send(const WriteModel& model, const Scope& names, const Owner& owner,
                                bool once, const Watch& watch, std::stop_token stop) {
  Ask ask;
  ask.request = build(model, names, owner);
  ask.once = ask.request.once = once;
  ask.sending = watch.sending;
  ask.refused = watch.refused;
  ask.check = why_unusable;
  parts_.writes.acquire(path_of(ask.request.url), stop);
  Fetched fetched = parts_.fetcher.fetch(std::move(ask), stop);
  WriteAnswer answer;
  answer.response = std::move(fetched.response);
  if (fetched.kind == Fetched::Kind::good) return answer;
  answer.kind = fetched.unknown ? WriteAnswer::Kind::unknown : WriteAnswer::Kind::refused;
  answer.reason = fetched.reason.empty() ? "the app refused it" : fetched.reason;
  return answer;
}

}  // namespace probackup
