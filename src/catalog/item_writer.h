// Writes the items of one update: the living version, and the intervals of those it ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "catalog/search.h"
#include "catalog/sqlite.h"
#include "probackup/engine.h"

namespace probackup::catalog {

// An item as it goes into the table; names are rows already.
struct ItemRow {
  std::int64_t stream = 0;
  std::string_view key;
  std::optional<std::int64_t> parent_stream;
  std::string_view parent, title, url;
  bool webhook = false;
  std::uint32_t file = 0;
  std::string_view text;
};

// Inside one write transaction. `previous` is the last snapshot before the new one `row`, 0 for
// none; `expected` says how many items will be put, roughly. Each key once. finish() completes the
// indexes.
class ItemWriter {
 public:
  ItemWriter(sqlite::Database& database, std::int64_t previous, std::int64_t row,
             std::uint64_t expected);
  // True if the item is new. In a stream that had no items nothing needs to be looked up.
  bool put(const ItemRow& item, Change change, bool stream_was_empty);
  // False if there was no such item.
  bool remove(std::int64_t stream, std::string_view key);
  void finish();

 private:
  struct Living {
    std::int64_t id, first;
    bool same_document, same_place;  // title and text; parent and webhook
  };
  std::optional<Living> living(const ItemRow& item);
  bool same_text(std::int64_t id, std::string_view text);
  void insert(const ItemRow& item, std::int64_t first);
  void close(std::int64_t id);
  void replace(const ItemRow& item, const Living& old, Change change);

  sqlite::Database& database_;
  std::int64_t previous_, row_, first_id_, next_id_;
  bool bulk_;
  DeadDocs dead_;
  sqlite::Statement find_, find_text_, insert_, insert_text_, close_, move_, update_, delete_;
};

}  // namespace probackup::catalog
