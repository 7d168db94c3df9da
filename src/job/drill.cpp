// The drill: a restore into a sandbox that is read back and compared.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "job/connector_source.h"
#include "job/restore_run.h"
#include "probackup/error.h"
#include "probackup/storage.h"
#include "util/bytes.h"
#include "util/file.h"
#include "util/log.h"
#include "util/random.h"

namespace probackup {
namespace {

// A backup of the sandbox in a repository that lives as long as this.
class ReadBack {
 public:
  ReadBack(const RestoreTarget& target, Clock& clock, std::stop_token stop)
      : target_(target), storage_(open_storage((folder_.path() / "repository").string())) {
    std::string password = to_hex(random_bytes(16));
    Repository::init(*storage_, password, clock);
    repository_ = Repository::open(*storage_, password, clock);
    auto catalog = Catalog::open(":memory:", repository_->id());
    ConnectorSource source(target.connector, target.source, *target.settings, target.http, clock,
                           target.tokens);
    BackupSource feed = source.backup_source({}, {});
    feed.git_cache = (folder_.path() / "git").string();
    feed.local_git = target.local_git;
    report_ = backup({*repository_, *catalog, clock}, feed, {}, stop);
  }

  const BackupReport& report() const { return report_; }
  void compare(RestoreEngine& engine, DrillReport& out) {
    SnapshotSource restored(*repository_, repository_->load_snapshot(report_.snapshot), {},
                            listed_below(target_.connector));
    auto result = engine.compare(restored, [&](const RestoreDifference& difference) {
      out.differences.push_back(difference);
    });
    out.compared = result.compared;
    out.equal = result.equal;
    out.was_compared = true;
  }

 private:
  const RestoreTarget& target_;
  TempFolder folder_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Repository> repository_;
  BackupReport report_;
};

void clean_up(RestoreRun& run, DrillReport& out, std::stop_token stop) {
  out.left = run.remove_made(stop);
  out.cleaned = true;
}

DrillReport run_drill(const JobContext& context, const RestoreTarget& target, RestoreRun& run,
                      bool keep, std::stop_token stop) {
  DrillReport out;
  try {
    out.restored = run.go(stop);
    if (out.restored.restore.state == "paused") return out;
    ReadBack read_back(target, context.clock, stop);
    out.read_back = read_back.report();
    read_back.compare(run.engine(), out);
  } catch (const Error& error) {
    if (keep || error.kind() == ErrorKind::interrupted) throw;
    try {
      clean_up(run, out, stop);
      for (const auto& left : out.left)
        log_warning(fmt::format("{} stays in {}", left, target.source.text()));
    } catch (const Error& second) {
      log_warning(
          fmt::format("what the drill made stays in {}: {}", target.source.text(), second.what()));
    }
    throw;
  }
  if (!keep) clean_up(run, out, stop);
  return out;
}

}  // namespace

DrillReport drill(const JobContext& context, const RestoreTarget& target, const Snapshot& snapshot,
                  const RestoreWishes& wishes, bool keep, std::stop_token stop) {
  RestoreRun run(context, target, snapshot, wishes, {});
  return run_drill(context, target, run, keep, stop);
}

DrillReport resume_drill(const JobContext& context, const RestoreTarget& target,
                         const CatalogRestore& restore, bool keep, std::stop_token stop) {
  RestoreRun run = resumed_run(context, target, restore);
  return run_drill(context, target, run, keep, stop);
}

}  // namespace probackup
