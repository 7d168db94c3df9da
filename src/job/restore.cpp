// Restoring a snapshot into an app: a new restore, one that goes on, a look at one.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "job/restore_run.h"
#include "job/restore_wishes.h"
#include "probackup/error.h"

namespace probackup {
namespace {

Snapshot snapshot_of(Repository& repository, const CatalogRestore& restore) {
  try {
    return repository.load_snapshot(restore.snapshot);
  } catch (const NotFound&) {
    throw Error(fmt::format("the snapshot {} of restore {} is not in the repository any more",
                            restore.snapshot.short_hex(), restore.id),
                "begin a new restore from another snapshot");
  }
}

void check_target(const CatalogRestore& restore, const RestoreTarget& target) {
  if (restore.target != target.source)
    throw Error(ErrorKind::usage, fmt::format("restore {} goes into {}, not into {}", restore.id,
                                              restore.target.text(), target.source.text()));
}

RestorePlan plan_over(const JobContext& context, const RestoreTarget& target,
                      const Snapshot& snapshot, const RestoreWishes& wishes,
                      RestoreJournal& journal) {
  RepositoryLock lock(context.repository, false, context.clock);
  SnapshotSource source(context.repository, snapshot, wishes.choice,
                        listed_below(target.connector));
  check_restore(source.reader(), target);
  RestoreOptions options = restore_options(target, wishes, source.reader().source());
  return RestoreEngine(target.connector, options, source, journal, target.http, context.clock)
      .plan();
}

}  // namespace

RestorePlan plan_restore(const JobContext& context, const RestoreTarget& target,
                         const Snapshot& snapshot, const RestoreWishes& wishes) {
  auto nowhere = Catalog::open(":memory:", context.repository.id());
  auto journal = nowhere->open_journal(nowhere->begin_restore({}), JournalUse::read);
  return plan_over(context, target, snapshot, wishes, *journal);
}

RestorePlan plan_restore(const JobContext& context, const RestoreTarget& target,
                         const CatalogRestore& restore) {
  check_target(restore, target);
  auto journal = context.catalog.open_journal(restore.id, JournalUse::read);
  return plan_over(context, target, snapshot_of(context.repository, restore),
                   parse_wishes(context.repository, restore), *journal);
}

RestoreReport restore_into(const JobContext& context, const RestoreTarget& target,
                           const Snapshot& snapshot, const RestoreWishes& wishes,
                           std::stop_token stop) {
  return RestoreRun(context, target, snapshot, wishes, {}).go(stop);
}

RestoreRun resumed_run(const JobContext& context, const RestoreTarget& target,
                       const CatalogRestore& restore) {
  check_target(restore, target);
  if (restore.state == "removed")
    throw Error(ErrorKind::usage,
                fmt::format("restore {} was a drill: what it made was removed", restore.id),
                "begin a new one");
  if (restore.state == "elsewhere" && !target.take_over)
    throw Error(ErrorKind::locked, fmt::format("restore {}: {}", restore.id, restore.message),
                "go on there; or, if that catalog is lost: --take-over, and look for things that "
                "are there twice");
  return RestoreRun(context, target, snapshot_of(context.repository, restore),
                    parse_wishes(context.repository, restore), restore);
}

RestoreReport resume_restore(const JobContext& context, const RestoreTarget& target,
                             const CatalogRestore& restore, std::stop_token stop) {
  return resumed_run(context, target, restore).go(stop);
}

RestoreReport restore_report(const JobContext& context, const CatalogRestore& restore) {
  RestoreReport out;
  out.restore = restore;
  add_journal(*context.catalog.open_journal(restore.id, JournalUse::read), out);
  return out;
}

}  // namespace probackup
