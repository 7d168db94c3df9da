// Random Asana accounts and random changes to them.
#pragma once

#include <cstdint>

#include "fake/asana_data.h"

namespace probackup {

struct AsanaSize {
  unsigned users = 5;  // beside the token's
  unsigned teams = 2;
  unsigned projects = 4;    // in each workspace
  unsigned tasks = 20;      // in each project
  unsigned comments = 2;    // about, for each task
  unsigned workspaces = 2;  // an organization, and one that is none
};

void fill_randomly(AsanaData& data, std::uint64_t seed, const AsanaSize& size);
// One change. `only_dated`: leaves out what neither a listing that is read each time nor a
// modified_at shows: edits, deletions and likes of comments.
void change_randomly(AsanaData& data, std::uint64_t seed, bool only_dated);

}  // namespace probackup
