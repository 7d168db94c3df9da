// Bringing readable copies up to date from the repository, and remembering where their files lie.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "probackup/drive.h"
#include "probackup/job.h"

namespace probackup {

// Copies one snapshot of a source into the target. Holds a shared lock. Where the files lie comes
// into the catalog at once. `describer` may be null (no titles). Throws as sync_drive().
DriveReport sync_source(const JobContext& context, const Snapshot& snapshot,
                        RecordDescriber* describer, DriveTarget& target,
                        const DriveOptions& options, std::stop_token stop,
                        const std::function<void(const DriveProgress&)>& progress = {});

// What the catalog knows of the target's files, saved into the repository as a snapshot of its own,
// and earlier ones removed where the storage allows it. Nothing is written when the newest one says
// the same.
void save_drive_files(const JobContext& context, const std::string& target);
// Targets that the catalog knows nothing of come from the repository. Returns how many.
std::size_t import_drive_files(const JobContext& context);

}  // namespace probackup
