// What the commands that look after a repository share.
#pragma once

#include "cli/session.h"
#include "probackup/prune.h"

namespace probackup {

// Throws Error(usage) for limits that are none.
PruneOptions prune_options(const Options& options);
// Prunes with progress on the terminal.
PruneReport prune(Session& session, RepositoryLock& lock, const PruneOptions& options);
nlohmann::ordered_json to_json(const PruneReport& report, const PruneOptions& options);
void print(Output& out, const PruneReport& report, const PruneOptions& options);

}  // namespace probackup
