#include "probackup/retention.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "util/text.h"

namespace probackup {
namespace {

using namespace std::chrono;

constexpr int span_number_max = 10'000;

// Numbers that are equal for two times of the same hour, day, ISO week, month or year.
using Bucket = std::int64_t (*)(Time);

std::int64_t by_hour(Time time) {
  return floor<hours>(time).time_since_epoch().count();
}
std::int64_t by_day(Time time) {
  return floor<days>(time).time_since_epoch().count();
}
std::int64_t by_week(Time time) {
  // ISO weeks begin on Monday; 1970-01-01 was a Thursday.
  return floor<weeks>(time.time_since_epoch() + days(3)).count();
}
std::int64_t by_month(Time time) {
  year_month_day date(floor<days>(time));
  return static_cast<int>(date.year()) * 12 + static_cast<unsigned>(date.month());
}
std::int64_t by_year(Time time) {
  return static_cast<int>(year_month_day(floor<days>(time)).year());
}

// Days beyond the end of a month run over into the next one, as in Go: a month before the 31st of
// March is the 3rd of March, or the 2nd.
Time before(Time time, const CalendarSpan& span) {
  sys_days day = floor<days>(time);
  year_month_day date(day);
  auto month = date.year() / date.month() - years(span.years) - months(span.months);
  sys_days first = month / 1;
  int offset = static_cast<int>(static_cast<unsigned>(date.day())) - 1 - span.days;
  return Time(first) + days(offset) - hours(span.hours) + (time - day);
}

struct Counter {
  int left;
  Bucket bucket;  // none: each snapshot is one of its own
  const char* reason;
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
};

struct Window {
  CalendarSpan span;
  Bucket bucket;  // none: each snapshot is one of its own
  const char* reason;
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
};

bool has_tags(const Snapshot& snapshot, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& tag) {
    // An empty tag stands for a snapshot without any.
    if (tag.empty() && snapshot.tags.empty()) return true;
    return std::find(snapshot.tags.begin(), snapshot.tags.end(), tag) != snapshot.tags.end();
  });
}

// Goes over the snapshots of a group from the newest to the oldest.
class Keeper {
 public:
  Keeper(const RetentionPolicy& policy, std::optional<Time> latest)
      : policy_(policy),
        latest_(latest),
        counters_{{policy.last, nullptr, "last snapshot"},
                  {policy.hourly, by_hour, "hourly snapshot"},
                  {policy.daily, by_day, "daily snapshot"},
                  {policy.weekly, by_week, "weekly snapshot"},
                  {policy.monthly, by_month, "monthly snapshot"},
                  {policy.yearly, by_year, "yearly snapshot"}},
        windows_{{policy.within, nullptr, "within"},
                 {policy.within_hourly, by_hour, "hourly within"},
                 {policy.within_daily, by_day, "daily within"},
                 {policy.within_weekly, by_week, "weekly within"},
                 {policy.within_monthly, by_month, "monthly within"},
                 {policy.within_yearly, by_year, "yearly within"}} {}

  std::vector<std::string> reasons(const Snapshot& snapshot) {
    std::vector<std::string> out;
    for (const auto& tags : policy_.tags)
      if (has_tags(snapshot, tags)) out.push_back("has tags " + join(tags, ","));
    for (Counter& counter : counters_) {
      if (counter.left == 0 || !takes(counter, snapshot.time)) continue;
      if (counter.left > 0) --counter.left;
      out.emplace_back(counter.reason);
    }
    for (Window& window : windows_) {
      if (window.span == CalendarSpan{}) continue;
      if (latest_ && snapshot.time <= before(*latest_, window.span)) continue;
      if (!takes(window, snapshot.time)) continue;
      out.push_back(fmt::format("{} {}", window.reason, format_calendar_span(window.span)));
    }
    return out;
  }

 private:
  // True for the first snapshot of an hour, day…
  template <typename Rule>
  static bool takes(Rule& rule, Time time) {
    if (!rule.bucket) return true;
    auto bucket = rule.bucket(time);
    return std::exchange(rule.last, bucket) != bucket;
  }

  const RetentionPolicy& policy_;
  const std::optional<Time> latest_;
  Counter counters_[6];
  Window windows_[6];
};

}  // namespace

std::optional<CalendarSpan> parse_calendar_span(std::string_view text) {
  CalendarSpan span;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    int number = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
      number = number * 10 + (text[digits] - '0');
      if (number > span_number_max) return std::nullopt;
    }
    if (digits == 0 || digits == text.size()) return std::nullopt;
    switch (text[digits]) {
      case 'y':
        span.years = number;
        break;
      case 'm':
        span.months = number;
        break;
      case 'd':
        span.days = number;
        break;
      case 'h':
        span.hours = number;
        break;
      default:
        return std::nullopt;
    }
    text.remove_prefix(digits + 1);
  }
  return span;
}

std::string format_calendar_span(const CalendarSpan& span) {
  std::string out;
  for (auto [number, unit] : {std::pair{span.years, 'y'}, std::pair{span.months, 'm'},
                              std::pair{span.days, 'd'}, std::pair{span.hours, 'h'}})
    if (number != 0) out += fmt::format("{}{}", number, unit);
  return out.empty() ? "0h" : out;
}

std::vector<std::vector<std::string>> keep_reasons(const std::vector<Snapshot>& snapshots,
                                                   const RetentionPolicy& policy, Time now) {
  std::vector<std::size_t> order(snapshots.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return snapshots[a].time > snapshots[b].time;
  });
  std::optional<Time> latest;
  for (const Snapshot& snapshot : snapshots)
    if (snapshot.time < now && (!latest || snapshot.time > *latest)) latest = snapshot.time;
  std::vector<std::vector<std::string>> out(snapshots.size());
  Keeper keeper(policy, latest);
  for (std::size_t at : order) out[at] = keeper.reasons(snapshots[at]);
  return out;
}

}  // namespace probackup
