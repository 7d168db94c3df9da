// forget.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "cli/care.h"
#include "cli/commands.h"
#include "probackup/forget.h"
#include "util/log.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

using Json = nlohmann::ordered_json;

int parse_count(const std::string& option, const std::string& text) {
  if (text.empty()) return 0;
  if (text == "unlimited") return RetentionPolicy::unlimited;
  int count = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size() || count < 0)
    throw Error(ErrorKind::usage, fmt::format("--keep-{} {}: no number", option, text),
                "give a whole number, or unlimited");
  return count;
}

CalendarSpan parse_span(const std::string& option, const std::string& text) {
  if (text.empty()) return {};
  auto span = parse_calendar_span(text);
  if (!span)
    throw Error(ErrorKind::usage, fmt::format("--keep-{} {}: no span of time", option, text),
                "give years, months, days and hours, such as 1y6m14d12h");
  return *span;
}

RetentionPolicy policy_of(const Options& options) {
  auto count = [&](const char* name) { return parse_count(name, options.keep_rules.at(name)); };
  auto span = [&](const char* name) { return parse_span(name, options.keep_rules.at(name)); };
  RetentionPolicy policy;
  policy.last = count("last");
  policy.hourly = count("hourly");
  policy.daily = count("daily");
  policy.weekly = count("weekly");
  policy.monthly = count("monthly");
  policy.yearly = count("yearly");
  policy.within = span("within");
  policy.within_hourly = span("within-hourly");
  policy.within_daily = span("within-daily");
  policy.within_weekly = span("within-weekly");
  policy.within_monthly = span("within-monthly");
  policy.within_yearly = span("within-yearly");
  for (const std::string& tags : options.keep_tags) policy.tags.push_back(split(tags, ','));
  return policy;
}

ForgetRequest request_of(Session& session) {
  const Options& options = session.options();
  ForgetRequest request;
  request.policy = policy_of(options);
  request.despite_failed_run = options.despite_failed_run;
  auto targets = find_targets(options.targets, session.repository().snapshots());
  request.sources = std::move(targets.sources);
  request.ids = std::move(targets.ids);
  if (!request.ids.empty() && !request.sources.empty())
    throw Error(ErrorKind::usage, "forget takes sources or ids of snapshots, not both",
                "run it once for each");
  if (request.despite_failed_run && request.ids.empty())
    throw Error(ErrorKind::usage, "--despite-failed-run only applies to ids of snapshots",
                "a policy never acts on a source whose newest run failed");
  return request;
}

Json to_json(const Snapshot& snapshot) {
  return {{"id", snapshot.id.hex()}, {"time", format_rfc3339(snapshot.time)}};
}

Json to_json(const ForgetGroup& group) {
  Json keep = Json::array(), remove = Json::array();
  for (const auto& kept : group.keep) {
    Json one = to_json(kept.snapshot);
    one["reasons"] = kept.reasons;
    keep.push_back(one);
  }
  for (const auto& snapshot : group.remove) remove.push_back(to_json(snapshot));
  Json out = {{"source", group.source.text()}, {"keep", keep}, {"remove", remove}};
  out["refused"] = group.refusal.empty() ? Json(nullptr) : Json(group.refusal);
  return out;
}

void print(Output& out, const ForgetGroup& group, bool by_policy) {
  std::string name = group.source.app.empty() ? "others" : group.source.text();
  std::vector<std::vector<std::string>> rows;
  auto row = [&](const char* what, const Snapshot& snapshot, const std::string& why) {
    rows.push_back({what, snapshot.id.short_hex(), format_time(snapshot.time, "%Y-%m-%d %H:%M:%S"),
                    name, why});
  };
  if (by_policy)
    for (const auto& kept : group.keep) row("keep", kept.snapshot, join(kept.reasons, ", "));
  for (const auto& snapshot : group.remove) row("remove", snapshot, "");
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a[2] < b[2]; });
  out.table({}, rows);
}

}  // namespace

int run_forget(Session& session) {
  const bool dry_run = session.options().dry_run;
  auto& out = session.out();
  // Before anything is opened: a mistake in the policy needs no password.
  const bool by_policy = !policy_of(session.options()).empty();
  const PruneOptions pruning = prune_options(session.options());
  RepositoryLock lock(session.repository(), !dry_run, session.clock());
  auto plan = plan_forget(session.context(), request_of(session));
  std::size_t planned = 0;
  Json groups = Json::array();
  for (const ForgetGroup& group : plan) {
    planned += group.remove.size();
    groups.push_back(to_json(group));
    if (!out.json()) print(out, group, by_policy);
  }
  if (!dry_run) forget(session.context(), plan, lock);
  if (!out.json())
    out.line(fmt::format("{} {} snapshots", dry_run ? "would remove" : "removed",
                         format_count(planned)));
  std::optional<PruneReport> pruned;
  // What a prune would free after a dry run cannot be told: the snapshots are still there.
  if (session.options().prune && !dry_run && planned > 0) pruned = prune(session, lock, pruning);
  if (out.json()) {
    Json document = {{"dry_run", dry_run}, {"removed", dry_run ? 0 : planned}, {"sources", groups}};
    if (pruned) document["prune"] = to_json(*pruned, pruning);
    out.document(document);
  } else if (pruned) {
    print(out, *pruned, pruning);
  }
  int code = 0;
  for (const ForgetGroup& group : plan) {
    if (group.refusal.empty()) continue;
    code = 1;
    log(LogLevel::error,
        fmt::format("{}: nothing is forgotten, because {}", group.source.text(), group.refusal));
    log(LogLevel::error, "  " + group.hint);
  }
  return code;
}

}  // namespace probackup
