// Snapshot documents (restic, doc/design.rst, "Snapshots").
#pragma once

#include <string>
#include <string_view>

#include "probackup/repository.h"

namespace probackup {

// The document; `snapshot.id` is not part of it.
std::string print_snapshot(const Snapshot& snapshot);
// All but the id. Throws Error for anything that is no snapshot.
Snapshot parse_snapshot(std::string_view json);

}  // namespace probackup
