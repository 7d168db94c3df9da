#include "engine/errors.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/answer.h"
#include "engine/request.h"
#include "util/time.h"

namespace probackup {
namespace {

using Action = Verdict::Action;
using std::chrono::nanoseconds;

constexpr unsigned network_tries = 5, unusable_tries = 2, limited_tries = 8;
// `rule` numbers of the built-in rules.
enum { limited_rule = -1, server_rule = -2, network_rule = -3, unusable_rule = -4 };
constexpr double absolute_time_min = 1e9;  // numbers above are seconds since 1970

Action action_of(ErrorRule::Do action) {
  switch (action) {
    case ErrorRule::Do::retry:
      return Action::retry;
    case ErrorRule::Do::gap:
      return Action::gap;
    case ErrorRule::Do::fail:
      return Action::fail;
    case ErrorRule::Do::empty:
      return Action::empty;
    case ErrorRule::Do::restart:
      return Action::restart;
    case ErrorRule::Do::pause:
      return Action::pause;
  }
  return Action::gap;
}

std::optional<nanoseconds> wait_of(const nlohmann::json& value, Time now) {
  std::optional<nanoseconds> wait;
  if (value.is_number()) {
    double seconds = value.get<double>();
    if (seconds > absolute_time_min)
      seconds -= std::chrono::duration<double>(now.time_since_epoch()).count();
    if (seconds < 0) seconds = 0;
    if (seconds < absolute_time_min) wait = nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
  } else if (value.is_string()) {
    wait = parse_duration(value.get<std::string>());
  }
  return wait;
}

std::string status_text(const HttpResponse& response) {
  return response.status == 0 ? "no answer" : fmt::format("the server answers {}", response.status);
}

std::optional<Verdict> own_rules(const HttpResponse& response, const RunContext& context,
                                 Time now) {
  const auto& rules = context.model().errors;
  if (rules.empty()) return std::nullopt;
  bool with_body = response.status >= 300;
  for (const auto& rule : rules) with_body |= rule.when.uses("body");
  AnswerNames names(context.scope(), response, with_body);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const ErrorRule& rule = rules[i];
    if (!rule.when.holds(names.scope())) continue;
    Verdict verdict;
    verdict.action = action_of(rule.action);
    verdict.rule = static_cast<int>(i);
    verdict.tries = rule.tries;
    verdict.then = action_of(rule.then);
    verdict.limited = rule.limited;
    if (rule.wait) verdict.wait = wait_of(rule.wait->evaluate(names.scope()), now);
    if (verdict.action == Action::pause) {
      verdict.action = Action::retry;
      verdict.then = Action::pause;
      verdict.limited = true;
      if (!verdict.wait) verdict.wait = retry_after(response.headers, now);
      if (!verdict.wait) verdict.wait = std::chrono::ceil<std::chrono::days>(now) - now;
    }
    if (rule.say) verdict.reason = rule.say->text(names.scope());
    if (verdict.reason.empty()) verdict.reason = status_text(response);
    return verdict;
  }
  return std::nullopt;
}

Verdict retry(int rule, unsigned tries, std::string reason) {
  Verdict verdict;
  verdict.action = Action::retry;
  verdict.rule = rule;
  verdict.tries = tries;
  verdict.reason = std::move(reason);
  return verdict;
}

Verdict built_in(const HttpResponse& response, const RunContext& context) {
  int status = response.status;
  Verdict verdict;
  if (says_too_fast(response)) {
    verdict = retry(limited_rule, limited_tries, fmt::format("too many requests ({})", status));
    verdict.limited = true;
    return verdict;
  }
  if (status >= 500 || status == 408 || status == 425)
    return retry(server_rule, network_tries, status_text(response));
  if (status >= 200 && status < 300) return verdict;
  verdict.action = status == 401 ? Action::fail : Action::gap;
  verdict.reason = status_text(response);
  if (status == 401) {
    verdict.reason = "the credentials are refused (401)";
    verdict.hint = fmt::format("check them with: probackup auth check {}", context.model().app);
  } else if (status == 403) {
    verdict.reason = "access is denied (403)";
  } else if (status == 404 || status == 410) {
    verdict.reason = fmt::format("there is nothing at this address ({})", status);
  }
  return verdict;
}

}  // namespace

Verdict judge_answer(const HttpResponse& response, const RunContext& context,
                     const Allowed& allowed, Time now) {
  Verdict verdict;
  if (allowed.not_modified && response.status == 304) {
    verdict.action = Action::not_modified;
    return verdict;
  }
  if (allowed.status != 0 && response.status == allowed.status) return verdict;
  if (allowed.missing_is_empty && (response.status == 404 || response.status == 410)) {
    verdict.action = Action::empty;
    return verdict;
  }
  if (auto own = own_rules(response, context, now))
    verdict = *own;
  else
    verdict = built_in(response, context);
  // A rule knows the usual wait; a server that wants a longer one means it.
  if (verdict.action == Action::retry && (!verdict.wait || verdict.limited))
    if (auto told = retry_after(response.headers, now))
      verdict.wait = std::max(*told, verdict.wait.value_or(nanoseconds{0}));
  return verdict;
}

Verdict judge_failure(const NetworkError& error, const RunContext& context) {
  if (auto own = own_rules(HttpResponse{}, context, Time{})) {
    own->reason = error.what();
    return *own;
  }
  return retry(network_rule, network_tries, error.what());
}

Verdict judge_unusable(const std::string& why) {
  return retry(unusable_rule, unusable_tries, why);
}

}  // namespace probackup
