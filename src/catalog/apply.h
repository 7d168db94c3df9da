// Writes the sorted changes of an update into the tables.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/item_writer.h"
#include "catalog/sqlite.h"
#include "catalog/wire.h"

namespace probackup::catalog {

// The first byte of a change's key; changes are applied in this order. update.cpp writes keys and
// values, apply.cpp reads them. After the tag come:
//   item       number of the stream, key
//   file       number of the stream, key of the record, id of the file
//   segments   number of the stream, number of the file: how many segments it has;
//              and, sorted behind that, position: one segment
//   gap        its number
//   validator  the request
enum class Tag : char { item = 'a', file = 'b', segments = 'c', gap = 'd', validator = 'e' };

// How the value of an item or a file begins; a put adds its Change.
enum class Operation : char { remove = 0, put = 1 };

// Inside one write transaction; `row` is the new snapshot of `source`, `previous` the one before, 0
// for none. `streams` holds the names that stream numbers stand for.
class Apply {
 public:
  Apply(sqlite::Database& database, std::int64_t source, std::int64_t previous, std::int64_t row,
        const std::vector<std::string>& streams, std::uint64_t items_expected);
  void change(std::string_view key, std::string_view value);
  // Counts what every stream holds now.
  void finish();

 private:
  struct Stream {
    std::int64_t row;
    std::int64_t items = 0, files = 0;  // living now
    bool was_empty = false;
  };
  Stream& stream(std::uint32_t number);
  void item(Stream& stream, std::string_view key, WireReader value);
  void file(Stream& stream, WireReader key, WireReader value);
  void segments(Stream& stream, WireReader key, WireReader value);
  void gap(WireReader key, WireReader value);
  void validator(std::string_view request, WireReader value);
  void load_counts();

  sqlite::Database& database_;
  std::int64_t source_, previous_, row_;
  const std::vector<std::string>& names_;
  std::vector<Stream*> by_number_;
  std::map<std::int64_t, Stream> streams_;  // by row, those without changes too
  std::uint32_t segment_count_ = 0;         // of the stream file at hand
  ItemWriter items_;
  sqlite::Statement put_segment_, cut_segments_, find_file_, close_file_, put_file_, put_gap_,
      put_validator_, drop_validator_;
};

}  // namespace probackup::catalog
