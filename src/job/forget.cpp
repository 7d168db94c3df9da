#include "probackup/forget.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "job/layout.h"
#include "probackup/error.h"
#include "util/time.h"

namespace probackup {
namespace {

using Group = std::vector<Snapshot>;  // oldest first

std::string name_of(const Snapshot& snapshot) {
  return fmt::format("{} of {}", snapshot.id.short_hex(), format_rfc3339_seconds(snapshot.time));
}

// What is wrong with the newest run of a source; "" for nothing. A run that made no snapshot counts
// as well, as far as this machine's catalog tells.
std::string newest_run_problem(Catalog& catalog, const SourceRef& source, const Snapshot& newest) {
  auto runs = catalog.runs(source, 1);
  if (!runs.empty() && runs[0].started > newest.time && runs[0].status != "done" &&
      runs[0].status != "gaps") {
    const CatalogRun& run = runs[0];
    std::string when = format_rfc3339_seconds(run.started);
    if (run.status == "running") return fmt::format("its newest run, of {}, has not ended", when);
    std::string how = run.status == "failed"   ? "failed"
                      : run.status == "paused" ? "paused"
                                               : "was interrupted";
    return fmt::format("its newest run, of {}, {}{}", when, how,
                       run.message.empty() ? "" : ": " + run.message);
  }
  if (has_tag(newest, tag_partial))
    return fmt::format("its newest snapshot, {}, is partial: the run broke off", name_of(newest));
  if (has_tag(newest, tag_suspicious))
    return fmt::format("its newest snapshot, {}, is suspicious: much is gone from it",
                       name_of(newest));
  return {};
}

// The last good snapshots before suspicious ones: number of the good one → number of the
// suspicious.
std::map<std::size_t, std::size_t> good_before_suspicious(const Group& group) {
  std::map<std::size_t, std::size_t> out;
  std::optional<std::size_t> good;
  for (std::size_t i = 0; i < group.size(); ++i) {
    bool suspicious = has_tag(group[i], tag_suspicious);
    if (suspicious && good) out.try_emplace(*good, i);
    if (!suspicious && !has_tag(group[i], tag_partial)) good = i;
  }
  return out;
}

template <typename Kept>
void sort_by_time(std::vector<Kept>& kept) {
  std::sort(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) {
    return std::tie(a.snapshot.time, a.snapshot.id) < std::tie(b.snapshot.time, b.snapshot.id);
  });
}

void refuse(ForgetGroup& group, std::string why, std::string hint) {
  group.refusal = std::move(why);
  group.hint = std::move(hint);
  for (Snapshot& snapshot : group.remove) group.keep.push_back({std::move(snapshot), {}});
  group.remove.clear();
  sort_by_time(group.keep);
}

// A partial snapshot must not stand for its day or month, where a whole one could: it stays by its
// tags and its age alone.
std::vector<std::vector<std::string>> reasons_to_keep(const Group& group,
                                                      const RetentionPolicy& policy, Time now) {
  RetentionPolicy uncounted;
  uncounted.tags = policy.tags;
  uncounted.within = policy.within;
  auto reasons = keep_reasons(group, uncounted, now);
  Group whole;
  for (const auto& snapshot : group)
    if (!has_tag(snapshot, tag_partial)) whole.push_back(snapshot);
  auto of_whole = keep_reasons(whole, policy, now);
  for (std::size_t i = 0, at = 0; i < group.size(); ++i)
    if (!has_tag(group[i], tag_partial)) reasons[i] = std::move(of_whole[at++]);
  return reasons;
}

void apply_policy(ForgetGroup& out, const Group& group, const RetentionPolicy& policy, Time now) {
  auto reasons = reasons_to_keep(group, policy, now);
  bool keeps_any = std::any_of(reasons.begin(), reasons.end(),
                               [](const auto& of_one) { return !of_one.empty(); });
  for (auto [good, suspicious] : good_before_suspicious(group)) {
    reasons[good].push_back("last good one before the suspicious " +
                            group[suspicious].id.short_hex());
  }
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (has_tag(group[i], tag_suspicious)) reasons[i].emplace_back("suspicious");
    if (reasons[i].empty())
      out.remove.push_back(group[i]);
    else
      out.keep.push_back({group[i], std::move(reasons[i])});
  }
  if (!keeps_any)
    refuse(out, "the policy keeps none of its snapshots",
           "to remove a source altogether, name its snapshots by their ids");
}

void apply_ids(ForgetGroup& out, const Group& group, const std::set<Id>& ids) {
  auto good = good_before_suspicious(group);
  std::string pinned;
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (!ids.contains(group[i].id)) {
      out.keep.push_back({group[i], {}});
      continue;
    }
    out.remove.push_back(group[i]);
    auto pin = good.find(i);
    if (pin != good.end() && !ids.contains(group[pin->second].id))
      pinned = fmt::format("{} is the last good one before {}, which is suspicious",
                           name_of(group[i]), name_of(group[pin->second]));
  }
  if (!pinned.empty())
    refuse(out, pinned, "compare them with `probackup diff`; forget the suspicious one first");
}

std::string lock_text(const Retention& lock) {
  return fmt::format("locked ({}) until {}",
                     lock.mode == RetentionMode::governance ? "governance" : "compliance",
                     format_rfc3339_seconds(lock.until));
}

// A policy leaves what is locked to a later forget; to name it is a mistake.
void spare_locked(ForgetGroup& out, Storage& storage, bool by_policy) {
  std::vector<Snapshot> free;
  std::string refusal;
  for (Snapshot& snapshot : out.remove) {
    auto lock = storage.active_lock({ObjectKind::snapshot, snapshot.id.hex()});
    if (lock && by_policy) {
      out.keep.push_back({std::move(snapshot), {lock_text(*lock)}});
      continue;
    }
    if (lock) refusal = fmt::format("{} is {}", name_of(snapshot), lock_text(*lock));
    free.push_back(std::move(snapshot));
  }
  out.remove = std::move(free);
  sort_by_time(out.keep);
  if (!refusal.empty()) refuse(out, refusal, "it can be removed after that time");
}

std::map<SourceRef, Group> load_groups(Repository& repository) {
  std::map<SourceRef, Group> groups;
  // Throws for one that cannot be read: it may be the newest one of a source.
  for (Snapshot& snapshot : repository.snapshots())
    groups[source_of(snapshot).value_or(SourceRef{})].push_back(std::move(snapshot));
  return groups;
}

bool has_any(const Group& group, const std::set<Id>& ids) {
  return std::any_of(group.begin(), group.end(),
                     [&](const Snapshot& snapshot) { return ids.contains(snapshot.id); });
}

}  // namespace

std::vector<ForgetGroup> plan_forget(const JobContext& context, const ForgetRequest& request) {
  const std::set<Id> ids(request.ids.begin(), request.ids.end());
  if (ids.empty() == request.policy.empty())
    throw Error(ErrorKind::usage,
                ids.empty() ? "forget needs a policy or the ids of snapshots"
                            : "a policy does not apply to snapshots that are named by their ids",
                "for example: probackup forget --keep-daily 30 --keep-monthly 12");
  std::vector<ForgetGroup> plan;
  for (const auto& [source, group] : load_groups(context.repository)) {
    const auto& wanted = request.sources;
    bool ours = !source.app.empty();
    bool chosen = ids.empty() ? ours && (wanted.empty() || std::find(wanted.begin(), wanted.end(),
                                                                     source) != wanted.end())
                              : has_any(group, ids);
    if (!chosen) continue;
    ForgetGroup& out = plan.emplace_back();
    out.source = source;
    if (ids.empty())
      apply_policy(out, group, request.policy, context.clock.now());
    else
      apply_ids(out, group, ids);
    spare_locked(out, context.repository.storage(), ids.empty());
    if (!ours || !out.refusal.empty() || (request.despite_failed_run && !ids.empty())) continue;
    if (auto problem = newest_run_problem(context.catalog, source, group.back()); !problem.empty())
      refuse(out, problem,
             "run `probackup backup " + source.text() +
                 "` and look at what it says; nothing of a source is forgotten before its newest "
                 "run is good, but what is named by its id, with --despite-failed-run");
  }
  return plan;
}

std::size_t forget(const JobContext& context, const std::vector<ForgetGroup>& plan,
                   RepositoryLock& lock) {
  std::vector<Id> gone;
  for (const ForgetGroup& group : plan) {
    for (const Snapshot& snapshot : group.remove) {
      lock.verify();
      try {
        context.repository.remove_snapshot(snapshot.id);
      } catch (const NotFound&) {
        // Somebody else removed it first.
      }
      gone.push_back(snapshot.id);
    }
  }
  context.catalog.drop_snapshots(gone);
  return gone.size();
}

}  // namespace probackup
