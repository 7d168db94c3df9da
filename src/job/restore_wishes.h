// What the user asked of a restore, as it is kept with it.
#pragma once

#include <string>

#include "probackup/restore_job.h"

namespace probackup {

// JSON objects for CatalogRestore::choice and ::options.
std::string print_choice(const RestoreChoice& choice);
std::string print_options(const RestoreWishes& wishes);
// The inverse of both. Throws Error when the earlier snapshot of `deleted_since` is not there any
// more.
RestoreWishes parse_wishes(Repository& repository, const CatalogRestore& restore);

}  // namespace probackup
