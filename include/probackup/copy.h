// A second copy of snapshots in another repository, with a password of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

#include "probackup/repository.h"

namespace probackup {

struct CopyReport {
  std::uint64_t snapshots = 0, already_there = 0;
  std::uint64_t blobs = 0, bytes = 0;  // those that were missing; plain bytes
  std::vector<Snapshot> there;         // all that were asked for, as the second repository has them
};

struct CopyProgress {
  std::uint64_t snapshots_done = 0, snapshots = 0, blobs = 0, bytes = 0;
};

// Copies snapshots with all that they hold, unless `to` has them: each keeps its time, paths, tags
// and host, and its `original` names the one it came from. Blobs that are there already are not
// copied, so a copy that was interrupted goes on where it stopped. Both repositories should be
// locked; `lock` is that of `to`. Throws Error when something to be copied cannot be read, or when
// both are the same repository, and Error(interrupted) after a request to stop; what was copied is
// kept. Memory: some ten MiB, 17 to 26 bytes for each blob looked at, and the two indexes.
// Calls of `progress` do not overlap.
CopyReport copy_snapshots(Repository& from, Repository& to, RepositoryLock& lock,
                          const std::vector<Snapshot>& snapshots, std::stop_token stop,
                          const std::function<void(const CopyProgress&)>& progress);

}  // namespace probackup
