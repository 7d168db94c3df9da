// Object lock on all that one snapshot needs.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <unordered_set>

#include "probackup/repository.h"
#include "repository/parallel.h"

namespace probackup {
namespace {

constexpr std::size_t requests_max = 8;

// The packs of all blobs below a tree. Trees of one depth are read side by side.
class PackCollector {
 public:
  PackCollector(Repository& repository, std::stop_token stop)
      : repository_(repository), stop_(std::move(stop)) {}

  std::unordered_set<Id> collect(const std::vector<Snapshot>& snapshots) {
    std::vector<Id> level;
    for (const auto& snapshot : snapshots)
      if (seen_.insert(snapshot.tree).second) level.push_back(snapshot.tree);
    while (!level.empty()) {
      next_.clear();
      parallel_for(level.size(), requests_max, [&](std::size_t i) { visit(level[i]); });
      level.swap(next_);
    }
    return std::move(packs_);
  }

 private:
  void visit(const Id& tree) {
    if (stop_.stop_requested()) throw Error(ErrorKind::interrupted, "interrupted");
    auto nodes = repository_.load_tree(tree);
    std::lock_guard lock(mutex_);
    add(BlobType::tree, tree);
    for (const auto& node : nodes) {
      for (const auto& blob : node.content) add(BlobType::data, blob);
      if (node.subtree && seen_.insert(*node.subtree).second) next_.push_back(*node.subtree);
    }
  }

  void add(BlobType type, const Id& blob) {
    for (const auto& pack : repository_.packs_of(type, blob)) packs_.insert(pack);
  }

  Repository& repository_;
  const std::stop_token stop_;
  std::mutex mutex_;  // guards what follows
  std::unordered_set<Id> seen_, packs_;
  std::vector<Id> next_;
};

std::vector<ObjectName> objects_of(Repository& repository, const std::vector<Snapshot>& snapshots,
                                   std::stop_token stop) {
  std::vector<ObjectName> out{{ObjectKind::config, {}}};
  for (const auto& snapshot : snapshots) out.push_back({ObjectKind::snapshot, snapshot.id.hex()});
  for (ObjectKind kind : {ObjectKind::key, ObjectKind::index})
    for (auto& info : repository.storage().list(kind)) out.push_back({kind, std::move(info.name)});
  for (const auto& pack : PackCollector(repository, std::move(stop)).collect(snapshots))
    out.push_back({ObjectKind::data, pack.hex()});
  return out;
}

bool is_enough(const std::optional<Retention>& has, const Retention& wanted) {
  // A governance lock does not do for compliance; the other way round it is more than enough.
  return has && has->until >= wanted.until &&
         (has->mode == wanted.mode || has->mode == RetentionMode::compliance);
}

}  // namespace

RetentionReport extend_retention(Repository& repository, const std::vector<Snapshot>& snapshots,
                                 const Retention& wanted, std::stop_token stop) {
  auto objects = objects_of(repository, snapshots, stop);
  std::atomic<std::uint64_t> extended{0};
  parallel_for(objects.size(), requests_max, [&](std::size_t i) {
    if (stop.stop_requested()) throw Error(ErrorKind::interrupted, "interrupted");
    auto has = repository.storage().retention(objects[i]);
    if (is_enough(has, wanted)) return;
    Retention longer = wanted;
    if (has && has->mode == RetentionMode::compliance) longer.mode = has->mode;
    if (has) longer.until = std::max(longer.until, has->until);
    repository.storage().set_retention(objects[i], longer);
    ++extended;
  });
  return {objects.size(), extended};
}

}  // namespace probackup
