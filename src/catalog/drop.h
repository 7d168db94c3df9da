// Forgetting: what a rebuild replaces, and snapshots that left the repository.
#pragma once

#include <vector>

#include "catalog/sqlite.h"
#include "probackup/catalog.h"

namespace probackup::catalog {

// See the functions of the same names in Catalog. Each is one transaction.
void drop_source(sqlite::Database& database, const SourceRef& source);
void drop_snapshots(sqlite::Database& database, const std::vector<Id>& gone);

}  // namespace probackup::catalog
