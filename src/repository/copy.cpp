#include "probackup/copy.h"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "repository/blob_marks.h"
#include "repository/blob_run.h"
#include "repository/index.h"
#include "repository/parallel.h"
#include "repository/reachable.h"

namespace probackup {
namespace {

// More than there are processors: a distant storage makes them wait.
constexpr unsigned threads = 8;
// Blobs that are looked up and sorted by their packs at a time.
constexpr std::size_t batch_blobs_max = 50'000;

// What a snapshot is known by in every repository that it was copied to.
Id first_id(const Snapshot& snapshot) {
  return snapshot.original.value_or(snapshot.id);
}

class Copier {
 public:
  Copier(Repository& from, Repository& to, RepositoryLock& lock, std::stop_token stop,
         const std::function<void(const CopyProgress&)>& progress)
      : from_(from),
        to_(to),
        lock_(lock),
        stop_(stop),
        progress_(progress),
        walk_([&](const Id& id) { return from_.load_tree(id); },
              [&](const Id& id, const std::vector<Node>& nodes) { visit(id, nodes); }, threads,
              stop) {
    for (const Snapshot& snapshot : to.snapshots()) there_.emplace(first_id(snapshot), snapshot);
  }

  CopyReport run(const std::vector<Snapshot>& snapshots) {
    shown_.snapshots = snapshots.size();
    for (const Snapshot& snapshot : snapshots) {
      stop_if_asked();
      if (auto copy = find(snapshot)) {
        report_.there.push_back(*copy);
        ++report_.already_there;
      } else {
        report_.there.push_back(copy_one(snapshot));
        ++report_.snapshots;
      }
      ids_[snapshot.id] = report_.there.back().id;
      ++shown_.snapshots_done;
      show();
    }
    report_.blobs = shown_.blobs;
    report_.bytes = shown_.bytes;
    return report_;
  }

 private:
  std::optional<Snapshot> find(const Snapshot& snapshot) const {
    auto [begin, end] = there_.equal_range(first_id(snapshot));
    for (auto at = begin; at != end; ++at) {
      const Snapshot& other = at->second;
      // The tags of either may have been changed since: then they are not the same any more.
      if (other.tree == snapshot.tree && other.time == snapshot.time &&
          other.paths == snapshot.paths && other.tags == snapshot.tags)
        return other;
    }
    return std::nullopt;
  }

  Snapshot copy_one(const Snapshot& snapshot) {
    walk_.walk(snapshot.tree);
    copy_batch();
    lock_.verify();
    Snapshot copy = snapshot;
    copy.original = first_id(snapshot);
    // The one before it has another id there, if it is there at all.
    copy.parent.reset();
    if (snapshot.parent)
      if (auto parent = ids_.find(*snapshot.parent); parent != ids_.end())
        copy.parent = parent->second;
    copy.id = to_.save_snapshot(copy);
    there_.emplace(*copy.original, copy);
    return copy;
  }

  void visit(const Id& tree, const std::vector<Node>& nodes) {
    want(BlobType::tree, tree);
    for (const Node& node : nodes)
      for (const Id& id : node.content) want(BlobType::data, id);
  }

  void want(BlobType type, const Id& id) {
    std::uint8_t& mark = looked_at_[type == BlobType::tree ? 1 : 0].add(id);
    if (mark != 0) return;
    mark = 1;
    if (to_.has_blob(type, id)) return;
    auto places = from_.index().find_all(type, id);
    if (places.empty())
      throw Error(fmt::format("{} is in no pack of {}", describe_blob(type, id),
                              from_.storage().location()),
                  "run `probackup check` to see what is missing");
    wanted_[places[0].pack].push_back(places[0].entry);
    if (++wanted_blobs_ >= batch_blobs_max) copy_batch();
  }

  void copy_batch() {
    std::vector<std::pair<Id, std::vector<PackEntry>>> packs(wanted_.begin(), wanted_.end());
    wanted_.clear();
    wanted_blobs_ = 0;
    parallel_for(packs.size(), threads, [&](std::size_t i) {
      try {
        read_blobs(from_.storage(), packs[i].first, packs[i].second,
                   [&](const PackEntry& entry, std::string_view sealed) { copy(entry, sealed); });
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        // Another copy of each of these blobs may be intact.
        for (const PackEntry& entry : packs[i].second)
          if (!to_.has_blob(entry.type, entry.id))
            save(entry, from_.load_blob(entry.type, entry.id));
      }
    });
  }

  void copy(const PackEntry& entry, std::string_view sealed) {
    stop_if_asked();
    save(entry, CodecPool::Lease(from_.objects().codecs())->open_blob(sealed, entry));
  }

  void save(const PackEntry& entry, std::string plain) {
    std::uint64_t bytes = plain.size();
    // What failed to be written is thrown by the flush before the snapshot.
    to_.save_blob(entry.type, std::move(plain), entry.plain_length != 0);
    std::lock_guard lock(mutex_);
    ++shown_.blobs;
    shown_.bytes += bytes;
    show();
  }

  void show() {
    if (progress_) progress_(shown_);
  }
  void stop_if_asked() const {
    if (stop_.stop_requested()) throw Error(ErrorKind::interrupted, "the copy was interrupted");
  }

  Repository& from_;
  Repository& to_;
  RepositoryLock& lock_;
  const std::stop_token stop_;
  const std::function<void(const CopyProgress&)>& progress_;
  std::multimap<Id, Snapshot> there_;  // by the first id
  std::map<Id, Id> ids_;               // of snapshots here and there
  CopyReport report_;
  BlobMarks looked_at_[2];                                 // data, trees
  std::unordered_map<Id, std::vector<PackEntry>> wanted_;  // by pack
  std::size_t wanted_blobs_ = 0;
  std::mutex mutex_;  // guards shown_ while blobs are copied
  CopyProgress shown_;
  TreeWalk walk_;  // last: it calls what stands above
};

}  // namespace

CopyReport copy_snapshots(Repository& from, Repository& to, RepositoryLock& lock,
                          const std::vector<Snapshot>& snapshots, std::stop_token stop,
                          const std::function<void(const CopyProgress&)>& progress) {
  if (from.id() == to.id())
    throw Error(ErrorKind::usage, "a repository cannot be copied to itself",
                "name another repository by --to");
  try {
    return Copier(from, to, lock, stop, progress).run(snapshots);
  } catch (const Error& error) {
    // So that the next copy finds what this one brought over.
    if (error.kind() == ErrorKind::interrupted) to.flush();
    throw;
  }
}

}  // namespace probackup
