// Questions about sources, runs, snapshots, and what each of them holds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/sqlite.h"
#include "probackup/catalog.h"

namespace probackup::catalog {

// See the functions of the same names in Catalog.
std::vector<SourceRef> sources(sqlite::Database& database);
std::vector<CatalogSnapshot> snapshots(sqlite::Database& database,
                                       const std::optional<SourceRef>& source);
std::optional<CatalogSnapshot> snapshot(sqlite::Database& database, const Id& id);
std::vector<CatalogStream> streams(sqlite::Database& database,
                                   const std::optional<SourceRef>& source,
                                   std::optional<std::int64_t> snapshot);
std::vector<CatalogGap> gaps(sqlite::Database& database, const std::optional<SourceRef>& source,
                             std::optional<std::int64_t> snapshot);
std::vector<CatalogRun> runs(sqlite::Database& database, const std::optional<SourceRef>& source,
                             std::size_t limit);
std::int64_t begin_run(sqlite::Database& database, const SourceRef& source, Time started);
void end_run(sqlite::Database& database, std::int64_t run, Time ended, const std::string& status,
             const std::string& message, const std::optional<Id>& snapshot);

}  // namespace probackup::catalog
