// What the commands that look after a repository share.
#pragma once

#include "cli/session.h"
#include "probackup/prune.h"

namespace probackup {

// What the user named on the command line: APP, APP:ACCOUNT, or the beginning of a snapshot's id.
struct Targets {
  std::vector<SourceRef> sources;
  std::vector<Id> ids;
};
// Throws Error for a name that is neither among `all`.
Targets find_targets(const std::vector<std::string>& names, const std::vector<Snapshot>& all);
// All snapshots, or those that the command line names; oldest first.
std::vector<Snapshot> targeted_snapshots(Session& session);

// Throws Error(usage) for limits that are none.
PruneOptions prune_options(const Options& options);
// Prunes with progress on the terminal.
PruneReport prune(Session& session, RepositoryLock& lock, const PruneOptions& options);
nlohmann::ordered_json to_json(const PruneReport& report, const PruneOptions& options);
void print(Output& out, const PruneReport& report, const PruneOptions& options);

struct LockedObjects {
  std::string mode, until;  // as --object-lock takes it; RFC 3339
  std::uint64_t objects = 0, extended = 0;
};
// Locks all that the snapshots need for the days that the user wants, counted from `since`; nothing
// where he wants none. Hold a lock on the repository.
std::optional<LockedObjects> lock_objects(Session& session, Repository& repository,
                                          const std::vector<Snapshot>& snapshots, Time since);
nlohmann::ordered_json to_json(const LockedObjects& locked);
void print(Output& out, const LockedObjects& locked);

}  // namespace probackup
