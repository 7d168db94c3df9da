// Questions about items and files: what there is, what there was, what is gone.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "catalog/rows.h"
#include "catalog/sqlite.h"
#include "probackup/catalog.h"

namespace probackup::catalog {

// See the functions of the same names in Catalog.
void items(sqlite::Database& database, const ItemQuery& query,
           const std::function<bool(const CatalogItem&)>& each);
std::vector<CatalogItem> versions(sqlite::Database& database, const SourceRef& source,
                                  const std::string& stream, const std::string& key);
void files(sqlite::Database& database, const ItemQuery& query,
           const std::function<bool(const CatalogFile&)>& each);
std::vector<CatalogFile> files_of(sqlite::Database& database, const SourceRef& source,
                                  const std::string& stream, const std::string& key);

// The versions that a query is about: living ones, those valid at a snapshot, or those that are
// gone; below the query's parent, webhooks only. Stream and source are left to the caller, who uses
// parameters from ?4 on. The query must outlive it.
class VersionSelect {
 public:
  explicit VersionSelect(const ItemQuery& query) : query_(query) {}
  // Columns: those of read_item(). `living` and `closed` narrow down item and item_version.
  std::string sql(const std::string& living, const std::string& closed) const;
  // Sets ?1 to ?3 where they are used.
  void bind(sqlite::Statement& statement) const;

 private:
  std::string from_item(const std::string& filter) const;
  std::string from_version(const std::string& filter) const;
  std::string narrowed() const;
  const ItemQuery& query_;
};

// The streams a query is about, by source and name. None if the snapshot is unknown or of another
// source.
std::vector<const StreamName*> streams_of(sqlite::Database& database, const StreamNames& names,
                                          const ItemQuery& query);

// The item in a row of VersionSelect, its interval cut to the snapshots that are left.
CatalogItem read_item(const sqlite::Statement& row, const StreamNames& names,
                      const StreamName& stream, const Timeline& timeline);

}  // namespace probackup::catalog
