// Random Redmines and random changes to them.
#pragma once

#include <cstdint>

#include "fake/redmine_data.h"

namespace probackup {

struct RedmineSize {
  unsigned projects = 4, users = 6;
  unsigned issues = 20;   // a project
  unsigned comments = 2;  // an issue, at most twice as many
};

// The last two of four or more projects are closed and archived.
void fill_randomly(RedmineData& data, std::uint64_t seed, const RedmineSize& size);
// One seeded change. Without `silent` each one moves an updated_on or changes what a listing holds,
// so that an incremental read can see it.
void change_randomly(RedmineData& data, std::uint64_t seed, bool silent);

}  // namespace probackup
