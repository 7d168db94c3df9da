// Restores into apps, as the catalog lists them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "catalog/sqlite.h"
#include "probackup/catalog.h"

namespace probackup::catalog {

// See the functions of the same names in Catalog.
std::vector<CatalogRestore> restores(sqlite::Database& database, std::size_t limit);
std::optional<CatalogRestore> restore(sqlite::Database& database, const std::string& id);
std::string begin_restore(sqlite::Database& database, const CatalogRestore& restore);
void update_restore(sqlite::Database& database, const CatalogRestore& restore);
void import_restore(sqlite::Database& database, const CatalogRestore& restore,
                    const std::function<std::optional<JournalEntry>()>& next);

// The row of a restore by its whole id. Throws Error if there is none.
std::int64_t restore_row(sqlite::Database& database, const std::string& name);

}  // namespace probackup::catalog
