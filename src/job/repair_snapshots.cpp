#include "probackup/repair_snapshots.h"

#include <fmt/format.h>

#include <algorithm>

#include "job/layout.h"
#include "job/repaired_source.h"
#include "probackup/error.h"
#include "probackup/repair.h"

namespace probackup {
namespace {

class SnapshotRepair {
 public:
  SnapshotRepair(const JobContext& context, RepositoryLock& lock,
                 const SnapshotRepairOptions& options, std::stop_token stop)
      : context_(context),
        lock_(lock),
        options_(options),
        stop_(std::move(stop)),
        trees_(context.repository, options.dry_run) {}

  std::vector<RepairedSnapshot> run() {
    auto snapshots =
        context_.repository.snapshots([&](const std::string& id, const std::string& why) {
          RepairedSnapshot& out = out_.emplace_back();
          out.id = id;
          out.hopeless = true;
          out.lost.push_back(why);
        });
    for (const Snapshot& snapshot : snapshots) {
      if (stop_.stop_requested()) throw Error(ErrorKind::interrupted, "the repair was interrupted");
      repair(snapshot);
    }
    if (options_.forget && !options_.dry_run) forget();
    return std::move(out_);
  }

 private:
  void repair(const Snapshot& snapshot) {
    auto whole = trees_.repair(snapshot.tree);
    if (whole.tree && whole.lost.empty()) return;
    RepairedSnapshot& out = out_.emplace_back();
    out.id = snapshot.id.hex();
    auto source = source_of(snapshot);
    std::string folder = source ? source_path(*source).substr(1) + "/" : "";
    if (!source) {
      out.note = "probackup did not write it: use `restic repair snapshots`";
      for (const LostPiece& piece : whole.lost) out.lost.push_back(piece.path);
      return;
    }
    auto before = find_folder(snapshot.tree, folder);
    auto after = before ? trees_.repair(*before) : TreeRepair::Result{};
    if (!before || !after.tree) {
      out.hopeless = true;
      out.lost.push_back("/" + folder);
      return;
    }
    RepairedSource repaired(context_, *source, snapshot, *before, *after.tree, after.lost);
    Id tree = repaired.make(options_.dry_run);
    for (const std::string& line : repaired.lines()) out.lost.push_back("/" + folder + line);
    if (!options_.dry_run) out.repaired = save(snapshot, folder, tree);
  }

  // The tree of a folder, if the way to it can be read.
  std::optional<Id> find_folder(const Id& tree, const std::string& path) {
    try {
      auto node = find_node(context_.repository, tree, "/" + path);
      return node ? node->subtree : std::nullopt;
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::interrupted) throw;
      return std::nullopt;
    }
  }

  Id save(const Snapshot& damaged, const std::string& folder, const Id& tree) {
    SnapshotTree root(context_.repository, damaged.tree, damaged.time);
    root.put_folder(folder.substr(0, folder.size() - 1), tree);
    Snapshot snapshot = damaged;
    snapshot.tree = root.save().value();
    snapshot.original = damaged.original.value_or(damaged.id);
    if (!has_tag(snapshot, tag_gaps)) snapshot.tags.emplace_back(tag_gaps);
    lock_.verify();
    return context_.repository.save_snapshot(snapshot);
  }

  void forget() {
    std::vector<Id> gone;
    for (const RepairedSnapshot& snapshot : out_) {
      if (!snapshot.repaired && !snapshot.hopeless) continue;
      lock_.verify();
      Id id = *Id::from_hex(snapshot.id);
      try {
        context_.repository.remove_snapshot(id);
      } catch (const NotFound&) {
        // Somebody else removed it first.
      }
      gone.push_back(id);
    }
    context_.catalog.drop_snapshots(gone);
  }

  const JobContext& context_;
  RepositoryLock& lock_;
  const SnapshotRepairOptions options_;
  const std::stop_token stop_;
  TreeRepair trees_;
  std::vector<RepairedSnapshot> out_;
};

}  // namespace

std::vector<RepairedSnapshot> repair_snapshots(const JobContext& context, RepositoryLock& lock,
                                               const SnapshotRepairOptions& options,
                                               std::stop_token stop) {
  return SnapshotRepair(context, lock, options, std::move(stop)).run();
}

}  // namespace probackup
