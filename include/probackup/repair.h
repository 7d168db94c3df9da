// Brings a damaged repository back to order, without losing anything that is still healthy.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "probackup/repository.h"

namespace probackup {

struct IndexRepairReport {
  std::uint64_t packs = 0;          // in the storage
  std::uint64_t packs_found = 0;    // of these in no readable index file
  std::uint64_t packs_missing = 0;  // in the index alone
  std::uint64_t packs_damaged = 0;  // whose healthy blobs were saved into new packs
  std::uint64_t blobs_saved = 0;    // out of damaged packs
  std::uint64_t blobs_lost = 0;     // known by name, but no copy of them was read
  std::uint64_t index_files_damaged = 0;
  bool changed = false;  // the index was, or with a dry run would be, written anew
};

struct IndexRepairOptions {
  bool read_all_packs = false;  // else only those that no index file describes rightly
  bool dry_run = false;
};

// Makes the index again from the packs. A pack that is damaged is read as far as it goes: its
// healthy blobs are copied into new packs, and it is removed. `lock` is exclusive. Writes new
// packs, then the index, then removes; whatever interrupts it loses nothing. `repository` knows the
// old index afterwards: open it again. Snapshots that need lost blobs are the work of
// repair_snapshots(). Throws Error when the storage fails, and Error(interrupted) after a request
// to stop.
IndexRepairReport repair_index(Repository& repository, RepositoryLock& lock,
                               const IndexRepairOptions& options, Clock& clock,
                               std::stop_token stop,
                               const std::function<void(std::uint64_t, std::uint64_t)>& progress);

// Something that a tree lost: a folder, or blobs of a file.
struct LostPiece {
  std::string path;  // below the tree, "app/acme/streams/cards/0000.jsonl"
  bool folder = false;
  std::vector<std::size_t> positions;  // of the lost blobs in the file's old content
  Node file;                           // as it was
};

// Makes trees again without what cannot be read: folders whose tree is gone, and blobs of files
// that no index lists. Not for concurrent calls.
class TreeRepair {
 public:
  // With `dry_run` nothing is written, and the ids of changed trees mean nothing.
  TreeRepair(Repository& repository, bool dry_run) : repository_(repository), dry_run_(dry_run) {}

  struct Result {
    std::optional<Id> tree;  // nothing when the tree itself cannot be read
    std::vector<LostPiece> lost;
  };
  Result repair(const Id& tree);

 private:
  Result make(const Id& tree, unsigned depth);

  Repository& repository_;
  const bool dry_run_;
  std::unordered_set<Id> intact_;
  std::unordered_map<Id, Result> repaired_;
};

}  // namespace probackup
