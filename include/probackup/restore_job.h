// Restores of snapshots into apps, with their journals, and the drill that proves a backup.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probackup/job.h"
#include "probackup/restore.h"

namespace probackup {

// Which records of a snapshot are restored: all, or those that fit all that is given here.
struct RestoreChoice {
  std::vector<std::string> only;     // streams
  std::vector<std::string> include;  // "STREAM/KEY": these, with everything that hangs below them
  // Those that this earlier snapshot of the same source holds and the one to restore does not. Their
  // contents, files and git repositories come from it.
  std::optional<Snapshot> deleted_since;
  std::uint64_t sample = 0;  // so many of each stream, and what they hang below; 0: no sample
};

// Restores that the repository knows of, and the catalog does not or less of: they come into the
// catalog, unless this machine is at work on them. `id`: only those whose ids begin like this.
// Returns how many came.
std::size_t import_restores(const JobContext& context, const std::string& id = {});
// The restore whose id begins like this, as the catalog and the repository know it together. Throws
// Error(usage) when there is none, or several.
CatalogRestore find_restore(const JobContext& context, const std::string& id);

}  // namespace probackup
