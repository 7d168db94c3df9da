#include "engine/fetch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "engine/answer.h"
#include "engine/request.h"
#include "http/url.h"
#include "probackup/signin.h"
#include "util/hash.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using Action = Verdict::Action;

constexpr unsigned tries_max = 50;        // of one request, whatever the rules say
constexpr unsigned dead_in_row_max = 20;  // requests without any answer before the run gives up
constexpr nanoseconds backoff_first = 500ms, backoff_max = 60s;
constexpr nanoseconds token_change = 1min;  // a listing waits so long rather than change its token
constexpr nanoseconds wait_max = 2h;        // of one request, where it is no limit of the API
constexpr nanoseconds skew_max = 24h * 365 * 50;  // a clock that is further off tells nothing
constexpr double reset_max = 7e9;          // seconds since 1970; with the skew it is still a Time
constexpr std::size_t origins_max = 1000;  // file servers whose pace is remembered

class Slot {
 public:
  explicit Slot(Slots& slots) : slots_(slots) { slots_.acquire(); }
  ~Slot() { slots_.release(); }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

 private:
  Slots& slots_;
};

std::string path_of(const std::string& url) {
  auto parsed = parse_url(url);
  return parsed ? parsed->path : std::string();
}

std::optional<double> number_of(const nlohmann::json& value) {
  if (value.is_number()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const std::string text = value.get<std::string>();
  if (text.empty() || text.size() > 18 ||
      text.find_first_not_of("0123456789.-") != std::string::npos)
    return std::nullopt;
  return std::strtod(text.c_str(), nullptr);
}

}  // namespace

struct Fetcher::Try {
  HttpResponse response;
  Verdict verdict;
  std::optional<NetworkError> error;
};

Fetcher::Fetcher(const RunContext& context, Http& http, Clock& clock, unsigned concurrency,
                 OnRequest on_request, const std::vector<const RunContext*>& more)
    : context_(context),
      http_(http),
      clock_(clock),
      on_request_(std::move(on_request)),
      start_(clock.now()),
      slots_(std::clamp(concurrency, 1u, 1024u)) {
  std::vector<RateRule> rules;
  for (const auto& limit : context.model().limits)
    rules.push_back({limit.match, {limit.count, limit.window}});
  auto add = [&](const RunContext& token) {
    tokens_.push_back({&token,
                       rate_limiter(rules, context.model().quota_floor, clock, context.wait_max()),
                       0,
                       {},
                       {}});
  };
  add(context);
  for (const RunContext* token : more) add(*token);
}

RateLimiter& Fetcher::limiter_for(const std::string& url) {
  std::string origin = url_origin(url);
  std::lock_guard lock(mutex_);
  if (!limiters_.contains(origin) && limiters_.size() >= origins_max) origin = "other";
  auto& limiter = limiters_[origin];
  if (!limiter) limiter = rate_limiter({}, 0, clock_);
  return *limiter;
}

std::size_t Fetcher::choose_token(const std::string& path, const std::optional<std::size_t>& last) {
  std::lock_guard lock(mutex_);
  auto take = [&](std::size_t token) {
    ++tokens_[token].requests;
    return token;
  };
  if (last && tokens_[*last].limiter->wait(path) <= token_change) return take(*last);
  const nanoseconds now = clock_.steady();
  auto rank = [&](const Token& token) {
    const bool known = token.remaining && now < token.known_until;
    return std::tuple(token.limiter->wait(path),
                      known ? -*token.remaining : std::numeric_limits<std::int64_t>::min(),
                      token.requests);
  };
  std::size_t best = 0;
  for (std::size_t i = 1; i < tokens_.size(); ++i)
    if (rank(tokens_[i]) < rank(tokens_[best])) best = i;
  return take(best);
}

nanoseconds Fetcher::wait_for_other(std::size_t token, const std::string& path) const {
  nanoseconds shortest = nanoseconds::max();
  for (std::size_t i = 0; i < tokens_.size(); ++i)
    if (i != token) shortest = std::min(shortest, tokens_[i].limiter->wait(path));
  return shortest;
}

nanoseconds Fetcher::pause() const {
  std::lock_guard lock(mutex_);
  nanoseconds longest = tokens_[0].limiter->pause();
  for (const auto& token : tokens_) longest = std::min(longest, token.limiter->pause());
  for (const auto& [origin, limiter] : limiters_) longest = std::max(longest, limiter->pause());
  return longest;
}

Time Fetcher::server_start() const {
  // The Date header counts whole seconds.
  return std::chrono::floor<std::chrono::seconds>(start_ + nanoseconds(skew_ns_));
}

void Fetcher::note_answer(const HttpResponse& response, bool own) {
  if (!own) return;
  answered_ = true;
  dead_in_row_ = 0;
  if (skew_known_.exchange(true)) return;
  auto date = parse_http_date(header(response.headers, "date").value_or(""));
  nanoseconds skew = date ? time_between(clock_.now(), *date) : nanoseconds::max();
  if (-skew_max < skew && skew < skew_max)
    skew_ns_ = skew.count();
  else
    skew_known_ = false;
}

void Fetcher::note_failure(const NetworkError& error) {
  if (++dead_in_row_ < dead_in_row_max && answered_) return;
  throw NetworkError(fmt::format("{}: {}", context_.model().title, error.what()), error.retryable(),
                     error.hint());
}

HttpResponse Fetcher::send(const Ask& ask, std::stop_token stop) {
  Slot slot(slots_);
  if (stop.stop_requested()) throw Error(ErrorKind::interrupted, "interrupted");
  ++totals_.requests;
  if (ask.stream) ++ask.stream->requests;
  if (ask.sending) ask.sending();
  return http_.send(ask.request, stop);
}

void Fetcher::wait_for_turn(Ask& ask, std::size_t& token, std::stop_token stop) {
  const std::string path = path_of(ask.request.url);
  if (!context_.is_api(ask.request.url)) return limiter_for(ask.request.url).acquire(path, stop);
  for (;;) {
    if (tokens_.size() > 1) {
      const std::size_t next = choose_token(path, ask.token ? *ask.token : std::nullopt);
      if (next != token)
        change_credentials(ask.request, tokens_[token].context->credentials(),
                           tokens_[next].context->credentials());
      token = next;
      if (ask.token) *ask.token = token;
    }
    try {
      return tokens_[token].limiter->acquire(path, stop);
    } catch (const QuotaUsedUp& used_up) {
      // Another thread may have used this token up since it was chosen.
      const nanoseconds other = wait_for_other(token, path);
      if (other > context_.wait_max())
        throw QuotaUsedUp(used_up.what(), clock_.now(),
                          std::min(other, used_up.until() - clock_.now()));
    }
  }
}

Fetcher::Try Fetcher::attempt(const Ask& ask, Token& token, std::stop_token stop) {
  std::string path = path_of(ask.request.url);
  bool own = context_.is_api(ask.request.url);
  RateLimiter& limiter = own ? *token.limiter : limiter_for(ask.request.url);
  Try result;
  try {
    result.response = send(ask, stop);
    note_answer(result.response, own);
    totals_.bytes += result.response.body.size();
    result.verdict = judge_answer(result.response, context_, ask.allowed, clock_.now());
    feed_limiter(limiter, own ? &token : nullptr, path, result);
    if (result.verdict.action == Action::good && ask.check)
      if (auto why = ask.check(result.response)) result.verdict = judge_unusable(*why);
  } catch (const NetworkError& error) {
    result.error = error;
    result.verdict = judge_failure(error, context_);
    // A name that does not exist at the start will not do so in a second either.
    if (!error.retryable() && !answered_) result.verdict.tries = 0;
  }
  if (on_request_) on_request_(ask.stream);
  return result;
}

void Fetcher::feed_limiter(RateLimiter& limiter, Token* token, const std::string& path,
                           const Try& result) {
  const auto& model = context_.model();
  RateLimiter::Feedback feedback;
  feedback.limited = result.verdict.limited;
  if (feedback.limited) {
    feedback.retry_after = result.verdict.wait;
    if (!feedback.retry_after)
      feedback.retry_after = retry_after(result.response.headers, clock_.now());
  }
  if (token && model.quota_remaining) {
    bool with_body = model.quota_remaining->uses("body") ||
                     (model.quota_reset && model.quota_reset->uses("body"));
    AnswerNames names(context_.scope(), result.response, with_body);
    if (auto remaining = number_of(model.quota_remaining->evaluate(names.scope())))
      feedback.remaining = static_cast<std::int64_t>(std::clamp(*remaining, -1.0, 1e15));
    std::optional<double> reset;
    if (model.quota_reset) reset = number_of(model.quota_reset->evaluate(names.scope()));
    if (reset) {
      auto seconds =
          nanoseconds(static_cast<std::int64_t>(std::clamp(*reset, 0.0, reset_max) * 1e9));
      bool absolute = *reset > 1e9;
      feedback.reset = absolute ? Time{seconds} - nanoseconds(skew_ns_) : clock_.now() + seconds;
    }
  }
  limiter.feedback(path, feedback);
  if (!token || !feedback.remaining || !feedback.reset) return;
  std::lock_guard lock(mutex_);
  token->remaining = feedback.remaining;
  token->known_until = clock_.steady() + (*feedback.reset - clock_.now());
}

nanoseconds Fetcher::backoff(const Ask& ask, unsigned tries) const {
  double base = std::min(static_cast<double>(backoff_max.count()),
                         static_cast<double>(backoff_first.count()) * std::exp2(tries - 1));
  // Jitter that is the same for the same run, so that a run can be replayed.
  Id digest =
      sha256(fmt::format("{} {} {}", start_.time_since_epoch().count(), ask.request.url, tries));
  double random =
      static_cast<double>(std::stoul(digest.hex().substr(0, 6), nullptr, 16)) / 0xffffff;
  return nanoseconds(static_cast<std::int64_t>(base * (0.75 + random / 2)));
}

bool Fetcher::may_be_done(const Try& result) {
  if (result.verdict.action == Action::good || result.verdict.limited) return false;
  if (result.error) return !result.error->unsent();
  // A 2xx that is to be tried again (an unusable answer, an error of GraphQL) does not say either.
  int status = result.response.status;
  return status >= 500 || status == 408 || (status < 300 && result.verdict.action == Action::retry);
}

void Fetcher::fail(const Ask& ask, const Try& result) const {
  throw Error(fmt::format("{}: {}: {} {}", context_.model().title, result.verdict.reason,
                          ask.request.method, safe_url(ask.request.url)),
              result.verdict.hint);
}

bool Fetcher::renew_token(HttpRequest& request, const RunContext& context, std::stop_token stop) {
  AccessTokens* tokens = context.tokens();
  if (!tokens || !context.own_host(request.url)) return false;
  const std::string prefix = token_prefix(context.model().oauth);
  for (auto& [name, value] : request.headers) {
    if (to_lower(name) != "authorization" || !value.starts_with(prefix)) continue;
    std::string refused = value.substr(prefix.size());
    auto other = tokens->renewed(refused, stop);
    if (!other || *other == refused) return false;
    value = prefix + *other;
    return true;
  }
  return false;
}

Fetched Fetcher::fetch(Ask ask, std::stop_token stop) {
  std::map<int, unsigned> tried;
  bool renewed = false;
  std::size_t token = 0;  // whose credentials the request has
  for (unsigned tries = 1;; ++tries) {
    if (ask.prepare) ask.prepare(ask.request);
    wait_for_turn(ask, token, stop);
    const std::string path = path_of(ask.request.url);
    Try result = attempt(ask, tokens_[token], stop);
    if (result.response.status == 401 && !std::exchange(renewed, true) &&
        renew_token(ask.request, *tokens_[token].context, stop)) {
      if (ask.refused) ask.refused();
      continue;
    }
    Verdict& verdict = result.verdict;
    const bool unclear = may_be_done(result);
    // A conflict may be one with the same request, sent by a process that was killed.
    const bool conflict = verdict.action == Action::retry && !verdict.limited && !result.error;
    const bool unknown = ask.once && (unclear || conflict);
    if (!unknown && !unclear && verdict.action != Action::good && ask.refused) ask.refused();
    const bool by_api = verdict.limited && context_.is_api(ask.request.url);
    if (verdict.action == Action::retry && by_api && verdict.wait && tries < tries_max) {
      // This token rests; another one may take its place sooner.
      const nanoseconds other = wait_for_other(token, path);
      if (other < *verdict.wait && other <= context_.wait_max()) continue;
    }
    if (verdict.action == Action::retry && !unknown) {
      unsigned count = ++tried[verdict.rule];
      nanoseconds wait = verdict.wait.value_or(backoff(ask, count));
      const bool last = count > verdict.tries || tries >= tries_max;
      if (by_api && (wait > context_.wait_max() || (last && verdict.then == Action::pause)))
        throw QuotaUsedUp(verdict.reason, clock_.now(),
                          std::min(wait, wait_for_other(token, path)));
      if (!last && (by_api || wait <= wait_max)) {
        if (!clock_.sleep(wait, stop)) throw Error(ErrorKind::interrupted, "interrupted");
        continue;
      }
      verdict.action = verdict.then;
      if (result.error && context_.is_api(ask.request.url)) note_failure(*result.error);
    }
    Fetched out;
    out.unknown = unknown || unclear || (result.error && result.error->retryable());
    if (unknown) verdict.action = Action::gap;
    switch (verdict.action) {
      case Action::fail:
        fail(ask, result);
      case Action::good:
        out.kind = Fetched::Kind::good;
        break;
      case Action::not_modified:
        out.kind = Fetched::Kind::not_modified;
        break;
      case Action::empty:
        out.kind = Fetched::Kind::empty;
        break;
      case Action::restart:
        out.restart = true;
        [[fallthrough]];
      case Action::retry:
      case Action::pause:
      case Action::gap:
        out.kind = Fetched::Kind::failed;
        break;
    }
    out.status = result.response.status;
    out.url = safe_url(ask.request.url);
    out.reason = std::move(verdict.reason);
    out.response = std::move(result.response);
    return out;
  }
}

}  // namespace probackup
