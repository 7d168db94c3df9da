// The policy as a function of times and tags. restic_care_test.cpp compares it with restic.
#include "probackup/retention.h"
#include "catch.h"
#include "helpers.h"

using namespace probackup;
using namespace probackup::test;

namespace {

Snapshot at(const std::string& time, std::vector<std::string> tags = {}) {
  Snapshot snapshot;
  snapshot.time = *parse_rfc3339(time);
  snapshot.tags = std::move(tags);
  return snapshot;
}

const Time now = *parse_rfc3339("2026-01-01");

// The days of those that stay.
std::string kept(const std::vector<Snapshot>& snapshots, const RetentionPolicy& policy) {
  auto reasons = keep_reasons(snapshots, policy, now);
  std::string out;
  for (std::size_t i = 0; i < snapshots.size(); ++i)
    if (!reasons[i].empty()) out += format_time(snapshots[i].time, "%m-%d ");
  return out;
}

}  // namespace

TEST_CASE("spans of the calendar are read and printed") {
  CHECK(parse_calendar_span("1y5m7d2h") == CalendarSpan{1, 5, 7, 2});
  CHECK(parse_calendar_span("30d") == CalendarSpan{0, 0, 30, 0});
  CHECK(format_calendar_span({1, 0, 7, 0}) == "1y7d");
  for (const char* wrong : {"", "5", "d", "1w", "-1d", "1d ", "99999y", "99999999999999999999d"})
    CHECK_FALSE(parse_calendar_span(wrong));
}

TEST_CASE("an empty policy keeps nothing, and says so of itself") {
  CHECK(RetentionPolicy{}.empty());
  CHECK(kept({at("2025-01-01")}, {}).empty());
  RetentionPolicy policy;
  policy.tags = {{"x"}};
  CHECK_FALSE(policy.empty());
  CHECK(keep_reasons({}, policy, now).empty());
}

TEST_CASE("the newest of each day stays, and the reasons are told") {
  RetentionPolicy policy;
  policy.daily = 2;
  std::vector<Snapshot> snapshots{at("2025-03-01T10:00:00Z"), at("2025-03-03T23:59:59Z"),
                                  at("2025-03-03T00:00:00Z"), at("2025-03-02T08:00:00Z")};
  auto reasons = keep_reasons(snapshots, policy, now);
  CHECK(reasons[0].empty());
  CHECK(reasons[1] == std::vector<std::string>{"daily snapshot"});
  CHECK(reasons[2].empty());
  CHECK(reasons[3] == std::vector<std::string>{"daily snapshot"});
}

TEST_CASE("weeks are those of ISO 8601, across the new year") {
  RetentionPolicy policy;
  policy.weekly = RetentionPolicy::unlimited;
  // Monday 2024-12-30 begins week 1 of 2025; Sunday the 29th is still in week 52.
  CHECK(kept({at("2024-12-22"), at("2024-12-28"), at("2024-12-29"), at("2024-12-30"),
              at("2025-01-05"), at("2025-01-06")},
             policy) == "12-22 12-29 01-05 01-06 ");
}

TEST_CASE("a month before the 31st of March runs over into March") {
  RetentionPolicy policy;
  policy.within.months = 1;
  CHECK(kept({at("2025-03-02"), at("2025-03-03"), at("2025-03-04"), at("2025-03-31")}, policy) ==
        "03-04 03-31 ");
}

TEST_CASE("a snapshot from the future is not what spans are counted from") {
  RetentionPolicy policy;
  policy.within.days = 7;
  CHECK(kept({at("2025-05-01"), at("2025-05-20"), at("2025-05-22"), at("2031-01-01")}, policy) ==
        "05-20 05-22 01-01 ");
}

TEST_CASE("all tags of a list must be there") {
  RetentionPolicy policy;
  policy.tags = {{"a", "b"}, {"c"}};
  CHECK(kept({at("2025-01-01", {"a"}), at("2025-01-02", {"b", "a"}), at("2025-01-03", {"c"})},
             policy) == "01-02 01-03 ");
}
