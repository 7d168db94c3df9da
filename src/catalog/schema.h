// The catalog's tables, as numbered migrations.
#pragma once

#include <string>

#include "catalog/sqlite.h"

namespace probackup::catalog {

// The version that this program writes.
int schema_version();

// Makes the index over the parents of items, which a large load drops and makes again.
extern const char* const parent_index;

// Brings the file to `version` in one transaction; a newer one, or a file that is no catalog, is
// refused with an Error. A new file gets everything.
void migrate(sqlite::Database& database, int version = schema_version());

// Notes the repository in a new catalog; refuses a catalog of another repository with an Error.
void claim(sqlite::Database& database, const std::string& repository);

}  // namespace probackup::catalog
