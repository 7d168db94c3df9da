// Compares restored records with their originals, under what the connector declares.
#pragma once

#include <functional>

#include "probackup/restore.h"
#include "restore/parts.h"
#include "restore/refs.h"

namespace probackup {

// `names`: with the references of the restore. Throws Error when a snapshot cannot be read.
RestoreEngine::Comparison compare_restored(
    const Connector& connector, const RestoreParts& parts, const Scope& names, RestoreRefs& refs,
    RestoreSource& restored, const std::function<void(const RestoreDifference&)>& each);

}  // namespace probackup
