// Compares restored records with their originals, under what the connector declares.
#pragma once

#include <functional>

#include "connector/restore_parts.h"
#include "connector/restore_refs.h"
#include "probackup/restore.h"

namespace probackup {

// `names`: with the references of the restore. Throws Error when a snapshot cannot be read.
RestoreEngine::Comparison compare_restored(
    const Connector& connector, const RestoreParts& parts, const Scope& names, RestoreRefs& refs,
    RestoreSource& restored, const std::function<void(const RestoreDifference&)>& each);

}  // namespace probackup
