#include "repository/prune_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "repository/parallel.h"
#include "repository/reachable.h"
#include "repository/tree.h"
#include "repository/uploader.h"
#include "util/hash.h"

namespace probackup {
namespace {

constexpr unsigned lock_threads = 8;  // waiting, not work

constexpr const char* repair_hint =
    "nothing was deleted; run `probackup check`, then `probackup repair index`";

// Marks of a blob.
constexpr std::uint8_t known = 1, needed = 2, several = 4;

// Packs below this are worth joining when there are so many.
constexpr std::uint64_t small_pack_bytes = 4 << 20;
constexpr std::size_t small_packs_max = 10;
// Index files below this are written anew along with others, or when there are so many.
constexpr std::uint64_t small_index_blobs = index_blobs_max / 2;
constexpr std::size_t small_index_files_max = 16;

bool tiles_its_pack(const std::vector<PackEntry>& by_offset) {
  std::uint64_t end = 0;
  for (const PackEntry& entry : by_offset) {
    if (entry.offset != end) return false;
    end += entry.length;
  }
  return true;
}

std::uint64_t hash_of(const std::vector<PackEntry>& by_offset) {
  Id digest = sha256(print_pack_header(by_offset));
  std::uint64_t out;
  std::memcpy(&out, digest.bytes.data(), sizeof out);
  return out;
}

}  // namespace

PrunePlan::PrunePlan(Repository& repository, const PruneOptions& options, unsigned threads,
                     std::stop_token stop, PruneProgress progress)
    : repository_(repository),
      objects_(repository.objects()),
      options_(options),
      small_bytes_(std::min(small_pack_bytes, options.pack_bytes_target / 2)),
      threads_(threads),
      stop_(std::move(stop)),
      progress_(std::move(progress)) {}

void PrunePlan::make() {
  load_indexes();
  mark_needed();
  look_at_storage();
  count_usage();
  choose_copies();
  decide();
  spare_locked();
  decide_index_files();
}

void PrunePlan::load_indexes() {
  for (const ObjectInfo& file : objects_.storage().list(ObjectKind::index))
    index_files_.push_back({*Id::from_hex(file.name)});
  std::uint64_t done = 0;
  parallel_for(index_files_.size(), threads_, [&](std::size_t i) {
    try {
      objects_.load_index(index_files_[i].id, [&](IndexedPack pack) {
        std::sort(pack.entries.begin(), pack.entries.end(),
                  [](const auto& a, const auto& b) { return a.offset < b.offset; });
        std::lock_guard lock(mutex_);
        add_pack(static_cast<std::uint32_t>(i), pack);
      });
    } catch (const Error& error) {
      throw Error(error.kind(), error.what(), repair_hint);
    }
    std::lock_guard lock(mutex_);
    advance("reading the index", ++done, index_files_.size());
  });
}

void PrunePlan::add_pack(std::uint32_t file, const IndexedPack& indexed) {
  index_files_[file].blobs += indexed.entries.size();
  std::uint64_t hash = hash_of(indexed.entries);
  auto [number, fresh] =
      pack_numbers_.try_emplace(indexed.id, static_cast<std::uint32_t>(packs_.size()));
  if (!fresh) {
    Pack& pack = packs_[number->second];
    if (pack.entries_hash != hash)
      throw Error(fmt::format("pack {} holds other blobs in one index file than in another",
                              indexed.id.hex()),
                  repair_hint);
    index_files_[file].replaced = index_files_[pack.index_file].replaced = true;
    return;
  }
  Pack& pack = packs_.emplace_back();
  pack.id = indexed.id;
  pack.bytes = pack_bytes(indexed.entries);
  pack.entries_hash = hash;
  pack.index_file = file;
  pack.intact = tiles_its_pack(indexed.entries);
  IndexedPack trees{indexed.id, {}};
  for (const PackEntry& entry : indexed.entries) {
    std::uint8_t& mark = marks(entry.type).add(entry.id);
    mark = mark == 0 ? known : known | several;
    (entry.type == BlobType::tree ? pack.trees : pack.data) = true;
    if (entry.type == BlobType::tree) trees.entries.push_back(entry);
  }
  if (pack.trees) trees_.add(trees);
}

void PrunePlan::mark_needed() {
  auto load = [&](const Id& id) {
    std::vector<BlobLocation> places = trees_.find_all(BlobType::tree, id);
    if (places.empty())
      throw Error(fmt::format("{} is in no index", describe_blob(BlobType::tree, id)), repair_hint);
    for (std::size_t i = 0;; ++i) {
      try {
        std::string json = objects_.load_blob(places[i]);
        return parse_tree(json);
      } catch (const Error& error) {
        if (i + 1 < places.size()) continue;  // the next copy may be intact
        throw Error(error.kind(), error.what(), repair_hint);
      }
    }
  };
  auto visit = [&](const Id& tree, const std::vector<Node>& nodes) {
    need(BlobType::tree, tree, "a snapshot");
    for (const Node& node : nodes)
      for (const Id& id : node.content) need(BlobType::data, id, "a file");
  };
  TreeWalk walk(load, visit, threads_, stop_);
  auto snapshots = repository_.snapshots();
  report_.snapshots = snapshots.size();
  std::uint64_t done = 0;
  for (const Snapshot& snapshot : snapshots) {
    try {
      walk.walk(snapshot.tree);
    } catch (const Error& error) {
      throw Error(error.kind(),
                  fmt::format("snapshot {}: {}", snapshot.id.short_hex(), error.what()),
                  error.hint());
    }
    advance("looking what the snapshots need", ++done, snapshots.size());
  }
}

void PrunePlan::need(BlobType type, const Id& id, const char* what) {
  std::uint8_t* mark = marks(type).find(id);
  if (!mark)
    throw Error(fmt::format("{} needs {}, which is in no index", what, describe_blob(type, id)),
                repair_hint);
  *mark |= needed;
}

void PrunePlan::look_at_storage() {
  for (const ObjectInfo& pack : objects_.storage().list(ObjectKind::data))
    stored_[*Id::from_hex(pack.name)] = pack.size;
  for (Pack& pack : packs_) {
    auto stored = stored_.find(pack.id);
    if (stored == stored_.end() || stored->second != pack.bytes) pack.intact = false;
  }
}

void PrunePlan::count_usage() {
  std::uint64_t done = 0;
  for (const IndexFile& file : index_files_) {
    if (stop_.stop_requested()) throw Error(ErrorKind::interrupted, "the prune was interrupted");
    objects_.load_index(file.id, [&](const IndexedPack& pack) { count_pack(pack); });
    advance("counting what is used", ++done, index_files_.size());
  }
}

void PrunePlan::count_pack(const IndexedPack& indexed) {
  std::uint32_t number = pack_numbers_.at(indexed.id);
  Pack& pack = packs_[number];
  if (std::exchange(pack.counted, true)) return;
  for (const PackEntry& entry : indexed.entries) {
    std::uint8_t mark = *marks(entry.type).find(entry.id);
    if (!(mark & needed)) {
      ++pack.unused;
      ++report_.blobs_unused;
      pack.unused_bytes += entry.length;
    } else if (mark & several) {
      copies_.push_back(
          {BlobMarks::key(entry.id), number, entry.length, entry.type == BlobType::tree});
    } else {
      ++pack.used;
      pack.used_bytes += entry.length;
    }
  }
}

// Of several copies one is needed: best one in a pack that is intact, stays for other blobs, and
// holds little else.
void PrunePlan::choose_copies() {
  std::sort(copies_.begin(), copies_.end(), [](const Copy& a, const Copy& b) {
    return std::tie(a.tree, a.key, a.pack) < std::tie(b.tree, b.key, b.pack);
  });
  auto worth = [&](const Copy& copy) {
    const Pack& pack = packs_[copy.pack];
    return std::tuple(pack.intact, pack.used > 0, -static_cast<std::int64_t>(pack.unused_bytes));
  };
  for (std::size_t begin = 0, end; begin < copies_.size(); begin = end) {
    std::size_t best = begin;
    for (end = begin + 1; end < copies_.size() && copies_[end].tree == copies_[begin].tree &&
                          copies_[end].key == copies_[begin].key;
         ++end)
      if (worth(copies_[end]) > worth(copies_[best])) best = end;
    for (std::size_t i = begin; i < end; ++i) {
      Pack& pack = packs_[copies_[i].pack];
      if (i == best) {
        ++pack.used;
        pack.used_bytes += copies_[i].length;
        chosen_[{copies_[i].tree, copies_[i].key}] = copies_[i].pack;
      } else {
        ++pack.unused;
        ++pack.duplicate;
        ++report_.blobs_duplicate;
        pack.unused_bytes += copies_[i].length;
      }
    }
  }
  copies_ = {};
}

bool PrunePlan::is_needed(const Id& pack, const PackEntry& entry) {
  std::uint8_t mark = *marks(entry.type).find(entry.id);
  if (!(mark & needed)) return false;
  if (!(mark & several)) return true;
  return chosen_.at({entry.type == BlobType::tree, BlobMarks::key(entry.id)}) ==
         pack_numbers_.at(pack);
}

PrunePlan::Action PrunePlan::action(const Id& pack) const {
  return packs_[pack_numbers_.at(pack)].action;
}

void PrunePlan::decide() {
  report_.packs = packs_.size();
  for (const auto& [id, size] : stored_) {
    if (pack_numbers_.contains(id)) continue;
    ++report_.packs_unindexed;
    report_.bytes_freed += size;
    doomed_.push_back(id);
  }
  std::vector<Pack*> candidates, small;
  for (Pack& pack : packs_) {
    report_.blobs_used += pack.used;
    report_.bytes_used += pack.used_bytes;
    report_.bytes_unused += pack.unused_bytes;
    if (pack.used == 0) {
      pack.action = Action::remove;
      ++report_.packs_removed;
      if (auto stored = stored_.find(pack.id); stored != stored_.end()) {
        report_.bytes_freed += stored->second;
        doomed_.push_back(pack.id);
      }
      continue;
    }
    report_.bytes_unused_left += pack.unused_bytes;
    if (!pack.intact)
      throw Error(
          fmt::format("pack {} is {}, and snapshots need {} blobs of it", pack.id.hex(),
                      stored_.contains(pack.id) ? "not as its index tells" : "missing", pack.used),
          repair_hint);
    if (options_.repack_trees_only && pack.data) continue;
    if (pack.unused > 0 || pack.mixed())
      candidates.push_back(&pack);
    else if (pack.bytes < small_bytes_)
      small.push_back(&pack);
  }
  // Trees first, then those that are the emptiest.
  std::sort(candidates.begin(), candidates.end(), [](const Pack* a, const Pack* b) {
    if (a->trees != b->trees) return a->trees;
    return static_cast<double>(a->unused_bytes) * static_cast<double>(b->used_bytes) >
           static_cast<double>(b->unused_bytes) * static_cast<double>(a->used_bytes);
  });
  // What is made anew of the others may end in two small packs more.
  if (small.size() + (candidates.empty() ? 0 : 2) >= small_packs_max)
    candidates.insert(candidates.end(), small.begin(), small.end());
  decide_candidates(candidates);
}

void PrunePlan::decide_candidates(const std::vector<Pack*>& candidates) {
  std::uint64_t unused_max = std::numeric_limits<std::uint64_t>::max();
  if (options_.unused_bytes_max) {
    unused_max = *options_.unused_bytes_max;
  } else if (options_.unused_percent_max && *options_.unused_percent_max < 100) {
    double percent = *options_.unused_percent_max;
    unused_max = static_cast<std::uint64_t>(percent / (100 - percent) *
                                            static_cast<double>(report_.bytes_used));
  }
  const bool no_limit = unused_max == std::numeric_limits<std::uint64_t>::max();
  for (Pack* pack : candidates) {
    if (pack->bytes > options_.repack_bytes_max - report_.bytes_repacked) continue;
    bool must = pack->trees || pack->duplicate > 0 || pack->bytes < small_bytes_;
    if (report_.bytes_unused_left <= unused_max && (no_limit || !must)) continue;
    pack->action = Action::repack;
    ++report_.packs_repacked;
    report_.bytes_repacked += pack->bytes;
    report_.bytes_unused_left -= pack->unused_bytes;
    report_.bytes_freed += pack->unused_bytes;
    doomed_.push_back(pack->id);
  }
}

void PrunePlan::spare_locked() {
  std::vector<std::optional<Retention>> locks(doomed_.size());
  parallel_for(doomed_.size(), lock_threads, [&](std::size_t i) {
    if (stop_.stop_requested()) throw Error(ErrorKind::interrupted, "the prune was interrupted");
    locks[i] = objects_.storage().active_lock({ObjectKind::data, doomed_[i].hex()});
  });
  std::vector<Id> free;
  for (std::size_t i = 0; i < doomed_.size(); ++i) {
    if (locks[i])
      spare(doomed_[i], *locks[i]);
    else
      free.push_back(doomed_[i]);
  }
  doomed_ = std::move(free);
}

void PrunePlan::spare(const Id& id, const Retention& lock) {
  ++report_.packs_locked;
  report_.locked_until = std::max(report_.locked_until.value_or(lock.until), lock.until);
  auto number = pack_numbers_.find(id);
  if (number == pack_numbers_.end()) {
    --report_.packs_unindexed;
    report_.bytes_freed -= stored_.at(id);
    return;
  }
  Pack& pack = packs_[number->second];
  if (pack.action == Action::remove) {
    --report_.packs_removed;
    report_.bytes_freed -= stored_.at(id);
  } else {
    --report_.packs_repacked;
    report_.bytes_repacked -= pack.bytes;
    report_.bytes_freed -= pack.unused_bytes;
  }
  report_.bytes_unused_left += pack.unused_bytes;
  pack.action = Action::keep;
}

void PrunePlan::decide_index_files() {
  for (const Pack& pack : packs_)
    if (pack.action != Action::keep) index_files_[pack.index_file].replaced = true;
  std::size_t small = 0;
  bool any = false;
  for (const IndexFile& file : index_files_) {
    any = any || file.replaced;
    small += file.blobs < small_index_blobs;
  }
  for (IndexFile& file : index_files_) {
    if ((any || small > small_index_files_max) && file.blobs < small_index_blobs)
      file.replaced = true;
    report_.index_files_replaced += file.replaced;
  }
}

void PrunePlan::advance(const char* stage, std::uint64_t done, std::uint64_t total) {
  if (progress_) progress_(stage, done, total);
}

}  // namespace probackup
