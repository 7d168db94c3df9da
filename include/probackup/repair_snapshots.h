// Makes snapshots whole again after data was lost.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "probackup/job.h"

namespace probackup {

struct SnapshotRepairOptions {
  bool dry_run = false;
  bool forget = false;  // remove the damaged originals
};

// What became of a damaged snapshot.
struct RepairedSnapshot {
  std::string id;                 // of the damaged one
  std::optional<Id> repaired;     // the new one; nothing when none could be made, or with a dry run
  std::vector<std::string> lost;  // for people: paths, and the keys of records where they are known
  bool hopeless = false;          // nothing of it can be kept
  std::string note;               // why it was left alone, if it was
};

// Writes, for each damaged snapshot of probackup, a new one that holds every healthy record and
// file: time and tags are the same, `original` names the damaged one, and what is lost stands in
// gaps.jsonl, so that the next run reads it again. Blobs that no index lists count as lost: repair
// the index first. Snapshots of other programs are only reported. `lock` is exclusive. Keys of
// records whose index is lost come from the catalog, or else from their member "id".
std::vector<RepairedSnapshot> repair_snapshots(const JobContext& context, RepositoryLock& lock,
                                               const SnapshotRepairOptions& options,
                                               std::stop_token stop);

// The keys of the records in one segment of a stream file, as the index file beside it tells:
// `path` is that of the file from the root of the snapshot, `position` the segment's. Empty when
// it is no stream file, or nothing tells.
std::vector<std::string> keys_of_segment(Repository& repository, const Id& tree,
                                         const std::string& path, std::size_t position);

}  // namespace probackup
