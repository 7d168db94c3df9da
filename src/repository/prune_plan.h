// What a prune finds in a repository, and what it makes of it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <stop_token>
#include <unordered_map>
#include <vector>

#include "probackup/prune.h"
#include "repository/blob_marks.h"
#include "repository/index.h"
#include "repository/sealed_storage.h"

namespace probackup {

// Reads everything and changes nothing. Not for concurrent calls; used once.
class PrunePlan {
 public:
  enum class Action : std::uint8_t { keep, repack, remove };

  PrunePlan(Repository& repository, const PruneOptions& options, unsigned threads,
            std::stop_token stop, PruneProgress progress);
  // Throws Error as prune() does.
  void make();

  const PruneReport& report() const { return report_; }
  // The index files that are to be read again to know what packs hold.
  struct IndexFile {
    Id id;
    std::uint64_t blobs = 0;
    bool replaced = false;
  };
  const std::vector<IndexFile>& index_files() const { return index_files_; }
  Action action(const Id& pack) const;
  // Whether a blob of a pack that is made anew goes into the new one.
  bool is_needed(const Id& pack, const PackEntry& entry);
  // To be deleted at the end, with the repacked ones and those in no index.
  const std::vector<Id>& doomed_packs() const { return doomed_; }

 private:
  struct Pack {
    Id id;
    std::uint64_t bytes = 0;         // as the index tells
    std::uint64_t entries_hash = 0;  // tells whether two index files say the same of it
    std::uint64_t used_bytes = 0, unused_bytes = 0;  // sealed
    std::uint32_t index_file = 0;
    std::uint32_t used = 0, unused = 0, duplicate = 0;  // blobs; duplicates count as unused
    bool trees = false, data = false, intact = false, counted = false;
    Action action = Action::keep;
    bool mixed() const { return trees && data; }
  };
  // One copy of a needed blob that lies in several packs.
  struct Copy {
    BlobMarks::Key key;
    std::uint32_t pack, length;
    bool tree;
  };

  void load_indexes();
  void add_pack(std::uint32_t file, const IndexedPack& pack);
  void mark_needed();
  void need(BlobType type, const Id& id, const char* what);
  void look_at_storage();
  void count_usage();
  void count_pack(const IndexedPack& indexed);
  void choose_copies();
  void decide();
  void decide_candidates(const std::vector<Pack*>& candidates);
  void spare_locked();
  void spare(const Id& id, const Retention& lock);
  void decide_index_files();
  void advance(const char* stage, std::uint64_t done, std::uint64_t total);
  BlobMarks& marks(BlobType type) { return marks_[type == BlobType::tree ? 1 : 0]; }

  Repository& repository_;
  SealedStorage& objects_;
  const PruneOptions& options_;
  const std::uint64_t small_bytes_;  // packs below this are worth joining
  const unsigned threads_;
  const std::stop_token stop_;
  const PruneProgress progress_;

  std::mutex mutex_;  // guards what follows while index files are read
  PruneReport report_;
  std::vector<IndexFile> index_files_;
  std::vector<Pack> packs_;
  std::unordered_map<Id, std::uint32_t> pack_numbers_;
  BlobMarks marks_[2];  // data, trees
  Index trees_;
  std::vector<Copy> copies_;
  std::map<std::pair<bool, BlobMarks::Key>, std::uint32_t> chosen_;  // the copy's pack
  std::unordered_map<Id, std::uint64_t> stored_;                     // sizes of the packs there
  std::vector<Id> doomed_;
};

}  // namespace probackup
