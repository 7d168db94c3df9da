#include "probackup/prune.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <unordered_set>

#include "repository/blob_run.h"
#include "repository/pack_filler.h"
#include "repository/parallel.h"
#include "repository/prune_plan.h"

namespace probackup {
namespace {

constexpr std::size_t delete_threads = 8;  // waiting, not work
// In one call: what is removed between two looks at the lock.
constexpr std::size_t delete_names_max = 250;

class Pruner {
 public:
  Pruner(SealedStorage& objects, RepositoryLock& lock, PrunePlan& plan, Clock& clock,
         std::uint64_t pack_bytes_target, unsigned threads, std::stop_token stop,
         const PruneProgress& progress)
      : objects_(objects),
        lock_(lock),
        plan_(plan),
        threads_(threads),
        stop_(std::move(stop)),
        progress_(progress),
        filler_(objects.storage(), objects.codecs(), clock, pack_bytes_target) {}

  void run() {
    for (const auto& file : plan_.index_files())
      if (file.replaced) take_over(file.id);
    filler_.finish();
    write_index();
    // Only now, when all that is needed stands elsewhere too.
    remove_index_files();
    remove_packs();
  }

 private:
  // Copies what is needed out of the packs of an index file that go, and lists those that stay.
  void take_over(const Id& file) {
    std::vector<IndexedPack> repacked;
    objects_.load_index(file, [&](IndexedPack pack) {
      if (!done_.insert(pack.id).second) return;
      if (plan_.action(pack.id) == PrunePlan::Action::repack)
        repacked.push_back(std::move(pack));
      else if (plan_.action(pack.id) == PrunePlan::Action::keep)
        list(std::move(pack));
    });
    parallel_for(repacked.size(), threads_, [&](std::size_t i) {
      stop_if_asked();
      lock_.verify();
      copy(repacked[i]);
      std::lock_guard guard(mutex_);
      if (progress_) progress_("copying", ++copied_, plan_.report().packs_repacked);
    });
  }

  void list(IndexedPack pack) {
    if (listed_blobs_ > 0 && listed_blobs_ + pack.entries.size() > index_blobs_max) write_index();
    listed_blobs_ += pack.entries.size();
    listed_.push_back(std::move(pack));
  }

  void write_index() {
    if (listed_.empty()) return;
    objects_.save_document(ObjectKind::index, print_index(listed_));
    listed_.clear();
    listed_blobs_ = 0;
  }

  void copy(IndexedPack& pack) {
    std::erase_if(pack.entries,
                  [&](const PackEntry& entry) { return !plan_.is_needed(pack.id, entry); });
    CodecPool::Lease codec(objects_.codecs());
    read_blobs(objects_.storage(), pack.id, std::move(pack.entries),
               [&](const PackEntry& entry, std::string_view sealed) {
                 verify(*codec, sealed, pack.id, entry);
                 filler_.add(entry, sealed);
               });
  }

  // What is damaged must not be hidden in a new pack.
  static void verify(BlobCodec& codec, std::string_view sealed, const Id& pack,
                     const PackEntry& entry) {
    try {
      codec.open_blob(sealed, entry);
    } catch (const Error& error) {
      throw Error(fmt::format("{} in pack {} is damaged: {}", describe_blob(entry.type, entry.id),
                              pack.hex(), error.what()),
                  "nothing was deleted; run `probackup repair index --read-all-packs`, then "
                  "`probackup repair snapshots`");
    }
  }

  void remove_index_files() {
    std::vector<ObjectName> index_files;
    for (const auto& file : plan_.index_files())
      if (file.replaced) index_files.push_back({ObjectKind::index, file.id.hex()});
    std::uint64_t done = 0;
    std::atomic<bool> began = false;
    try {
      parallel_for(index_files.size(), delete_threads, [&](std::size_t i) {
        about_to_delete();
        began = true;
        unless_gone([&] { objects_.storage().hide(index_files[i]); });
        std::lock_guard guard(mutex_);
        if (progress_) progress_("removing old index files", ++done, index_files.size());
      });
      lock_.verify();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::locked || !began) throw;
      // Another prune may have kept just those, and removed our new ones.
      throw Error(ErrorKind::locked,
                  fmt::format("{}, while index files were being removed", error.what()),
                  "run `probackup repair index`, which lists again what no index may list now");
    }
  }

  void remove_packs() {
    const auto& packs = plan_.doomed_packs();
    const std::size_t share = (packs.size() + delete_threads - 1) / delete_threads;
    const std::size_t batch = std::clamp<std::size_t>(share, 1, delete_names_max);
    std::uint64_t done = 0;
    parallel_for((packs.size() + batch - 1) / batch, delete_threads, [&](std::size_t i) {
      std::vector<std::string> names;
      for (std::size_t at = i * batch; at < std::min(packs.size(), (i + 1) * batch); ++at)
        names.push_back(packs[at].hex());
      about_to_delete();
      // What failed among many is tried alone: that waits for a busy store, and tells why.
      for (const auto& failure : objects_.storage().remove_many(ObjectKind::data, names))
        unless_gone([&] { objects_.storage().remove({ObjectKind::data, failure.name}); });
      std::lock_guard guard(mutex_);
      if (progress_) progress_("removing packs", done += names.size(), packs.size());
    });
  }

  void about_to_delete() {
    stop_if_asked();
    lock_.verify();
  }

  template <typename Remove>
  static void unless_gone(Remove remove) {
    try {
      remove();
    } catch (const NotFound&) {
      // A prune before this one got so far.
    }
  }

  void stop_if_asked() const {
    if (stop_.stop_requested()) throw Error(ErrorKind::interrupted, "the prune was interrupted");
  }

  SealedStorage& objects_;
  RepositoryLock& lock_;
  PrunePlan& plan_;
  const unsigned threads_;
  const std::stop_token stop_;
  const PruneProgress& progress_;
  std::unordered_set<Id> done_;
  std::vector<IndexedPack> listed_;
  std::size_t listed_blobs_ = 0;
  std::mutex mutex_;  // guards what follows
  std::uint64_t copied_ = 0;
  PackFiller filler_;
};

}  // namespace

PruneReport prune(Repository& repository, RepositoryLock& lock, const PruneOptions& options,
                  Clock& clock, std::stop_token stop, const PruneProgress& progress) {
  unsigned threads =
      options.workers != 0 ? options.workers : std::max(1u, std::thread::hardware_concurrency());
  const auto prune_by = [&](const PruneOptions& chosen) {
    PrunePlan plan(repository, chosen, threads, stop, progress);
    plan.make();
    if (!chosen.dry_run && !plan.report().nothing_to_do())
      Pruner(repository.objects(), lock, plan, clock, chosen.pack_bytes_target, threads, stop,
             progress)
          .run();
    return plan.report();
  };
  try {
    return prune_by(options);
  } catch (const NoSpace&) {
    if (options.repack_bytes_max == 0) throw;
    // What the first try wrote is in no index; the second removes it.
    PruneOptions whole_packs = options;
    whole_packs.repack_bytes_max = 0;
    PruneReport report = prune_by(whole_packs);
    if (report.nothing_to_do()) throw;
    report.no_room = true;
    return report;
  }
}

}  // namespace probackup
