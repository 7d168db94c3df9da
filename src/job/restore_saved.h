// Journals of restores, saved into the repository: who loses the catalog makes nothing twice.
#pragma once

#include "probackup/restore_job.h"

namespace probackup {

// Writes the restore's journal and how it stands into a snapshot of its own (docs/repository.md),
// counts that in `restore.saved` and the catalog, and returns the snapshot's id. Hold a lock.
Id save_restore(const JobContext& context, CatalogRestore& restore);
// Removes the snapshots that earlier calls wrote for this restore, where the storage allows it and
// nobody else is at work on the repository: what stays goes the next time. Hold no lock.
void remove_earlier_saves(const JobContext& context, const CatalogRestore& restore, const Id& kept);

}  // namespace probackup
