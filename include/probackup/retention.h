// How long snapshots are kept: restic's policy (restic, doc/060_forget.rst), as a pure function.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/clock.h"
#include "probackup/repository.h"

namespace probackup {

// A span of the calendar: a month is as long as the months it goes over.
struct CalendarSpan {
  int years = 0, months = 0, days = 0, hours = 0;
  bool operator==(const CalendarSpan&) const = default;
};

// "1y5m7d2h", units in any order; nothing for any other text and for numbers over 10,000.
std::optional<CalendarSpan> parse_calendar_span(std::string_view text);
std::string format_calendar_span(const CalendarSpan& span);

// What to keep; a snapshot stays when any of it says so.
struct RetentionPolicy {
  static constexpr int unlimited = -1;
  // The newest snapshots; the newest one of each of the last hours, days… that have any (UTC).
  int last = 0, hourly = 0, daily = 0, weekly = 0, monthly = 0, yearly = 0;
  // All that are younger than this before the newest snapshot; of each hour, day… the newest.
  CalendarSpan within, within_hourly, within_daily, within_weekly, within_monthly, within_yearly;
  // Those that have every tag of one of these lists.
  std::vector<std::vector<std::string>> tags;

  bool operator==(const RetentionPolicy&) const = default;
  bool empty() const { return *this == RetentionPolicy{}; }
};

// Why each snapshot of one group is kept, in the order of `snapshots` (which may be any); no reason
// means that the policy removes it. Snapshots from after `now` do not count as the newest one.
std::vector<std::vector<std::string>> keep_reasons(const std::vector<Snapshot>& snapshots,
                                                   const RetentionPolicy& policy, Time now);

}  // namespace probackup
