// Restores that are interrupted: what may break on the way, and how they come to their end all the
// same.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "restore_rig.h"

namespace probackup::test {

// Names of make_app() whose connectors restore.
std::vector<std::string> restorable_apps();

// What is refused, lost, slow, or gone from the n-th request on.
FaultPlan bad_world(std::uint64_t seed, std::uint64_t requests);

// Restores in bad worlds until one run ends well, the last in a good one. Returns how many runs
// ended early.
unsigned restore_somehow(RestoreRig& rig, std::uint64_t seed);

}  // namespace probackup::test
