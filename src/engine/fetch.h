// Sends requests: paces them, tries again, and turns what stays wrong into a reason for a gap.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/context.h"
#include "engine/errors.h"
#include "probackup/clock.h"
#include "probackup/http.h"
#include "util/slots.h"

namespace probackup {

// What happened so far; for progress and results.
struct Counters {
  std::string stream;  // "" for the whole run
  std::atomic<std::uint64_t> requests{0}, records{0}, files{0}, bytes{0}, planned{0};
};

struct Ask {
  HttpRequest request;
  Allowed allowed;
  Counters* stream = nullptr;  // counted beside the totals; may be null
  // Called before each try; may change the request.
  std::function<void(HttpRequest&)> prepare;
  // Says why a 2xx answer is not what was asked for; nothing if it is.
  std::function<std::optional<std::string>(const HttpResponse&)> check;
  // A request that must not be carried out twice: where that could happen, it is not tried again.
  bool once = false;
  // The token that the listing's last page was read with, and then the one of this; null where any
  // will do.
  std::optional<std::size_t>* token = nullptr;
  // Called when its turn has come, right before it is sent; and when the server certainly did not
  // carry it out, though it may be tried again.
  std::function<void()> sending, refused;
};

struct Fetched {
  enum class Kind { good, not_modified, empty, failed } kind = Kind::good;
  HttpResponse response;  // of good and not_modified answers
  // Of failed ones:
  int status = 0;
  std::string url, reason;  // without secrets
  bool unknown = false;     // it may have been carried out, or would be if it were asked again
  bool restart = false;     // of a listing's page: its first one is to be asked for again
};

// Safe for concurrent calls.
class Fetcher {
 public:
  // `on_request` is called after each answer, with what `Ask::stream` was; it may be empty.
  // References must outlive the fetcher.
  using OnRequest = std::function<void(const Counters*)>;
  // `more`: the contexts of further tokens.
  Fetcher(const RunContext& context, Http& http, Clock& clock, unsigned concurrency,
          OnRequest on_request, const std::vector<const RunContext*>& more = {});

  // Throws QuotaUsedUp when the API wants a longer pause than EngineOptions::wait_max, and Error
  // when the run cannot go on otherwise: a rule says so, the credentials are refused, the
  // network is down; Error(interrupted) when stopped; and what `check`, `prepare` and the request's
  // sink throw.
  Fetched fetch(Ask ask, std::stop_token stop);

  Counters& totals() { return totals_; }
  // The server's time when the run began, as far as its Date headers tell.
  Time server_start() const;
  // The server's time now, as far as known.
  Time server_now() const { return clock_.now() + std::chrono::nanoseconds(skew_ns_); }
  // The longest pause in force.
  std::chrono::nanoseconds pause() const;

 private:
  struct Try;
  // One set of credentials, and how much may be asked with it.
  struct Token {
    const RunContext* context;
    std::unique_ptr<RateLimiter> limiter;
    std::uint64_t requests = 0;               // guarded by mutex_, as is what follows
    std::optional<std::int64_t> remaining;    // as the app said last
    std::chrono::nanoseconds known_until{0};  // of the steady clock
  };
  // The token that is to be used now, for a request to the API.
  std::size_t choose_token(const std::string& path, const std::optional<std::size_t>& last);
  // How long it takes until another token may be used; for ever where there is none.
  std::chrono::nanoseconds wait_for_other(std::size_t token, const std::string& path) const;
  // Waits until the request may be sent; to the API with the token that is best then, whose
  // credentials it gets. `token`: whose it has. Throws QuotaUsedUp when no token may be used soon.
  void wait_for_turn(Ask& ask, std::size_t& token, std::stop_token stop);
  // Sends what has had its turn.
  Try attempt(const Ask& ask, Token& token, std::stop_token stop);
  HttpResponse send(const Ask& ask, std::stop_token stop);
  RateLimiter& limiter_for(const std::string& url);
  void note_answer(const HttpResponse& response, bool own);
  void note_failure(const NetworkError& error);
  void feed_limiter(RateLimiter& limiter, Token* token, const std::string& path, const Try& result);
  // Takes another token where this one was refused; false if there is none.
  bool renew_token(HttpRequest& request, const RunContext& context, std::stop_token stop);
  std::chrono::nanoseconds backoff(const Ask& ask, unsigned tries) const;
  // Whether a request that brought no good answer may have been carried out.
  static bool may_be_done(const Try& result);
  [[noreturn]] void fail(const Ask& ask, const Try& result) const;

  const RunContext& context_;
  Http& http_;
  Clock& clock_;
  const OnRequest on_request_;
  const Time start_;
  Counters totals_;
  Slots slots_;
  std::atomic<bool> answered_{false};
  std::atomic<unsigned> dead_in_row_{0};
  std::atomic<std::int64_t> skew_ns_{0};  // server's clock minus ours
  std::atomic<bool> skew_known_{false};
  mutable std::mutex mutex_;                                      // guards what follows
  std::vector<Token> tokens_;                                     // of the API; never empty
  std::map<std::string, std::unique_ptr<RateLimiter>> limiters_;  // of other origins
};

}  // namespace probackup
