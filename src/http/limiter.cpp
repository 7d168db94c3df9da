#include <algorithm>
#include <deque>
#include <mutex>

#include "probackup/http.h"
#include "util/time.h"

namespace probackup {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr nanoseconds pause_max = 2h;         // waited out, whatever a server asks for
constexpr nanoseconds told_max = 24h * 366;   // believed, where it is told and not waited out
constexpr nanoseconds measured_window = 10s;  // over which the present rate is measured
constexpr std::size_t measured_max = 10'000;  // requests remembered for that
constexpr double rate_min = 1.0 / 60;         // requests a second, after any number of refusals
constexpr double rate_gain = 0.25;            // requests a second, regained each second
constexpr nanoseconds penalty_min = 1s;       // refusals within this time count as one

class Limiter final : public RateLimiter {
 public:
  Limiter(std::vector<RateRule> rules, std::int64_t floor, Clock& clock,
          std::optional<nanoseconds> wait_max)
      : floor_(floor), clock_(clock), wait_max_(wait_max) {
    for (auto& rule : rules)
      if (rule.rate.count > 0) windows_.push_back({std::move(rule), {}});
  }

  void acquire(std::string_view path, std::stop_token stop) override {
    for (;;) {
      nanoseconds wait = try_start(path);
      if (wait_max_ && wait > *wait_max_)
        throw QuotaUsedUp("the app's quota is used up", clock_.now(), wait);
      if (stop.stop_requested() || (wait > 0ns && !clock_.sleep(wait, stop)))
        throw Error(ErrorKind::interrupted, "interrupted");
      if (wait <= 0ns) return;
    }
  }

  void feedback(std::string_view, const Feedback& feedback) override {
    std::lock_guard lock(mutex_);
    nanoseconds now = clock_.steady();
    if (feedback.retry_after) hold(now, *feedback.retry_after);
    if (feedback.remaining && feedback.reset && *feedback.remaining <= floor_)
      hold(now, *feedback.reset - clock_.now());
    if (feedback.limited)
      slow_down(now);
    else
      speed_up(now);
  }

  nanoseconds wait(std::string_view path) const override {
    std::lock_guard lock(mutex_);
    nanoseconds now = clock_.steady();
    return std::max(0ns, start_of(path, now) - now);
  }

  nanoseconds pause() const override {
    std::lock_guard lock(mutex_);
    return std::max(0ns, held_until_ - clock_.steady());
  }

 private:
  struct Window {
    RateRule rule;
    std::deque<nanoseconds> starts;  // the last `count` requests
  };

  static bool matches(const Window& window, std::string_view path) {
    return path.find(window.rule.match) != std::string_view::npos;
  }

  nanoseconds start_of(std::string_view path, nanoseconds now) const {
    nanoseconds at = std::max({now, held_until_, next_start_});
    for (const auto& window : windows_)
      if (matches(window, path) && window.starts.size() >= window.rule.rate.count)
        at = std::max(at, window.starts.front() + window.rule.rate.window);
    return at;
  }

  // Starts the request (zero) or says how long to wait before asking again.
  nanoseconds try_start(std::string_view path) {
    std::lock_guard lock(mutex_);
    nanoseconds now = clock_.steady(), at = start_of(path, now);
    if (at > now) return at - now;
    for (auto& window : windows_) {
      if (!matches(window, path)) continue;
      window.starts.push_back(now);
      if (window.starts.size() > window.rule.rate.count) window.starts.pop_front();
    }
    measured_.push_back(now);
    if (measured_.size() > measured_max) measured_.pop_front();
    if (rate_ > 0) next_start_ = now + nanoseconds(static_cast<std::int64_t>(1e9 / rate_));
    return 0ns;
  }

  void hold(nanoseconds now, nanoseconds duration) {
    const nanoseconds longest = wait_max_ ? told_max : pause_max;
    held_until_ = std::max(held_until_, now + std::clamp<nanoseconds>(duration, 0ns, longest));
  }

  void slow_down(nanoseconds now) {
    bool again = now < penalty_until_;  // answers to requests that were under way together
    penalty_until_ = std::max(penalty_until_, std::max(now + penalty_min, held_until_));
    if (again) return;
    double before = rate_ > 0 ? rate_ : measured_rate(now);
    if (rate_ == 0) rate_lifted_ = 2 * before;
    rate_ = std::max(rate_min, before / 2);
    rate_changed_ = now;
  }

  void speed_up(nanoseconds now) {
    if (rate_ == 0 || now < penalty_until_) return;
    rate_ += rate_gain * std::chrono::duration<double>(now - rate_changed_).count();
    rate_changed_ = now;
    if (rate_ > rate_lifted_) rate_ = 0;
  }

  double measured_rate(nanoseconds now) {
    while (!measured_.empty() && measured_.front() < now - measured_window) measured_.pop_front();
    if (measured_.empty()) return 1;
    double seconds = std::chrono::duration<double>(now - measured_.front()).count();
    return static_cast<double>(measured_.size()) / std::max(1.0, seconds);
  }

  mutable std::mutex mutex_;  // guards all below
  std::vector<Window> windows_;
  std::deque<nanoseconds> measured_;
  std::int64_t floor_;
  Clock& clock_;
  const std::optional<nanoseconds> wait_max_;
  nanoseconds held_until_{0};  // Retry-After or an empty quota
  nanoseconds next_start_{0};  // spacing by rate_
  nanoseconds penalty_until_{0};
  nanoseconds rate_changed_{0};
  double rate_ = 0;         // requests a second; 0 is unlimited
  double rate_lifted_ = 0;  // above this the limit is lifted
};

}  // namespace

QuotaUsedUp::QuotaUsedUp(const std::string& message, Time now, nanoseconds wait)
    : Error(message, "go on after " + format_rfc3339_seconds(now + std::min(wait, told_max))),
      until_(now + std::min(wait, told_max)) {}

std::unique_ptr<RateLimiter> rate_limiter(std::vector<RateRule> rules, std::int64_t floor,
                                          Clock& clock, std::optional<nanoseconds> wait_max) {
  return std::make_unique<Limiter>(std::move(rules), floor, clock, wait_max);
}

}  // namespace probackup
