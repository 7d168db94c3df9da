#include "engine/since.h"

#include <algorithm>

#include "util/time.h"

namespace probackup {

using namespace std::chrono;

bool ReadPlan::distrusts(const std::string& scope) const {
  return !trust || gap_scopes.contains(scope);
}

namespace {

// A gap below a record of the stream itself: whatever is kept above it would hide it.
bool has_gap_inside(const StreamModel& stream, const PriorStream& prior) {
  bool recursive = false;
  for (const auto& source : stream.sources) recursive |= source.recursive;
  if (!recursive) return false;
  return std::any_of(prior.gaps.begin(), prior.gaps.end(), [&](const Gap& gap) {
    bool names_stream = gap.scope.find('/') != std::string::npos;
    return !gap.scope.empty() && (!names_stream || gap.scope.starts_with(stream.name + "/"));
  });
}

}  // namespace

ReadPlan plan_stream(const StreamModel& stream, const PriorStream& prior, bool forced_full,
                     bool parents_complete, Time now) {
  ReadPlan plan;
  for (const auto& gap : prior.gaps) {
    plan.gap_scopes.insert(gap.scope);
    if (!gap.key.empty()) plan.gap_keys.insert(gap.key);
  }
  auto is_due = [&](nanoseconds every, const std::optional<Time>& last) {
    return every > 0ns && (!last || now - *last >= every);
  };
  bool any_since = false, any_feed = false, all_below = true, full_due = false;
  for (const auto& source : stream.sources) {
    any_since |= source.since.has_value();
    any_feed |= source.feed.has_value();
    all_below &= !source.each.empty();
    if (source.since) full_due |= is_due(source.since->full_every, prior.last_full);
    if (source.feed) full_due |= is_due(source.feed->full_every, prior.last_full);
  }
  plan.trust = prior.exists && !forced_full && !has_gap_inside(stream, prior) &&
               !is_due(stream.refresh_every, prior.last_refresh);
  // A listing read whole finds what a filter by time missed; marks are as good as before.
  if (plan.trust && any_since && !full_due && !prior.behind) plan.since = prior.since;
  // A feed names what changed once, so what could not be read then is found by the listing.
  if (plan.trust && any_feed && !full_due && !prior.behind && prior.gaps.empty())
    plan.feeds = prior.feeds;
  plan.reuse = plan.trust && stream.reuse_if_unchanged && all_below && !prior.behind;
  bool trusts_marks = plan.trust && stream.detail && !stream.changed.empty();
  const bool changes_only = plan.since || !plan.feeds.empty();
  plan.lists_all = (any_since || any_feed) && !changes_only;
  plan.reads_all = !changes_only && !plan.reuse && !trusts_marks;
  plan.full = !changes_only && !plan.reuse && parents_complete;
  return plan;
}

bool uses_times(const StreamModel& stream) {
  return stream.refresh_every > 0ns ||
         std::any_of(stream.sources.begin(), stream.sources.end(),
                     [](const SourceModel& source) { return source.since || source.feed; });
}

Time since_time(const SinceModel& model, Time since) {
  return since - model.lookback;
}

nlohmann::json format_since(const SinceModel& model, Time time) {
  if (model.format == "unix") return floor<seconds>(time).time_since_epoch().count();
  if (model.format == "unix_ms") return floor<milliseconds>(time).time_since_epoch().count();
  if (model.format == "date") return format_time(time, "%Y-%m-%d");
  if (model.format == "rfc3339") return format_rfc3339_seconds(time);
  return format_time(time, model.format);
}

}  // namespace probackup
