// Full-text search over the titles and texts of every version of every item that a snapshot holds.
//
// The index stores no text: a document is the row id of a living item, or the `doc` of closed
// versions; versions in a row that read the same share one. docs/catalog.md says how a hit finds
// its version.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/search_text.h"
#include "catalog/sqlite.h"
#include "probackup/catalog.h"

namespace probackup::catalog {

// Adds the items from row id `first` on to the index. All at once and after everything else: SQLite
// makes the index write what it has collected whenever another table's statement could be rolled
// back.
void index_documents(sqlite::Database& database, std::int64_t first);

// Documents that may have lost their last version, collected to be removed from the index at once.
// One object at a time per connection.
class DeadDocs {
 public:
  explicit DeadDocs(sqlite::Database& database);
  // All of the rows (doc, title) that this SELECT gives.
  template <class... Values>
  void add(const std::string& select, const Values&... values) {
    sqlite::Statement(database_, "INSERT OR IGNORE INTO temp.dead_doc(id, title) " + select)
        .run(values...);
  }
  // Removes those that no item and no version uses.
  void release();

 private:
  sqlite::Database& database_;
};

// See Catalog::find.
std::vector<FindHit> find(sqlite::Database& database, const std::string& text,
                          const ItemQuery& query);

}  // namespace probackup::catalog
