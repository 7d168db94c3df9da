// Deletes what no snapshot needs any more.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <stop_token>
#include <string>

#include "probackup/repository.h"

namespace probackup {

struct PruneOptions {
  // Unused bytes that may stay in packs that are partly used, since making such a pack anew costs
  // reading and writing it: a share of all bytes, or so many; neither is no limit.
  std::optional<double> unused_percent_max = 5;
  std::optional<std::uint64_t> unused_bytes_max;
  // Bytes of packs that are made anew at most.
  std::uint64_t repack_bytes_max = std::numeric_limits<std::uint64_t>::max();
  bool repack_trees_only = false;  // restic: only what a client caches
  bool dry_run = false;
  unsigned workers = 0;  // threads; 0 takes the number of processors
  std::uint64_t pack_bytes_target = 16 << 20;
};

struct PruneReport {
  std::uint64_t snapshots = 0;
  std::uint64_t blobs_used = 0, blobs_unused = 0, blobs_duplicate = 0;  // before the prune
  std::uint64_t bytes_used = 0, bytes_unused = 0;  // sealed bytes of these; duplicates are unused
  std::uint64_t packs = 0;                         // before the prune, without those in no index
  std::uint64_t packs_removed = 0, packs_repacked = 0, packs_unindexed = 0;
  std::uint64_t bytes_repacked = 0;  // to be read of repacked packs
  std::uint64_t bytes_freed = 0;     // of the storage, with packs in no index
  std::uint64_t bytes_unused_left = 0;
  std::uint64_t index_files_replaced = 0;
  // The store was too full to make packs anew: only whole ones were removed.
  bool no_room = false;
  // Packs that would be removed or made anew, but are locked, and when the last of them is free.
  std::uint64_t packs_locked = 0;
  std::optional<Time> locked_until;
  bool nothing_to_do() const {
    return packs_removed + packs_repacked + packs_unindexed + index_files_replaced == 0;
  }
};

// `stage` is what people read: "reading the index"; the calls never overlap.
using PruneProgress =
    std::function<void(const char* stage, std::uint64_t done, std::uint64_t total)>;

// Marks what the snapshots need, copies it out of packs that hold much else, writes the new index
// and only then deletes: old index files first, then packs. Whatever interrupts it loses nothing,
// and the next prune finishes. A pack that the store keeps locked stays as it is, with all in it;
// index files that others replace are hidden in spite of their locks. When the store has no room
// for packs that are made anew, those that nothing needs are removed all the same. `lock` is exclusive; with
// `dry_run` nothing is written and a shared one will do. Throws Error, with everything still there,
// when an index file, a snapshot or a tree cannot be read, when something that a snapshot needs is
// missing, or when it is damaged and had to be copied; NoSpace when not even a new index fits; and Error(interrupted) after a request to
// stop. What `repository` knows of the index is outdated afterwards: open it again. Memory: 21 to
// 32 bytes a blob, 58 more for a tree.
PruneReport prune(Repository& repository, RepositoryLock& lock, const PruneOptions& options,
                  Clock& clock, std::stop_token stop, const PruneProgress& progress);

}  // namespace probackup
