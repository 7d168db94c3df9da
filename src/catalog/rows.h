// What the tables' numbers stand for: sources, streams, and which snapshots there still are.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/sqlite.h"
#include "probackup/catalog.h"

namespace probackup::catalog {

// The row of a source; nothing if it is unknown.
std::optional<std::int64_t> source_row(sqlite::Database& database, const SourceRef& source);
// The same, made if need be.
std::int64_t make_source(sqlite::Database& database, const SourceRef& source);
std::optional<std::int64_t> stream_row(sqlite::Database& database, const SourceRef& source,
                                       std::string_view stream);
std::int64_t make_stream(sqlite::Database& database, std::int64_t source, std::string_view stream);
// The newest snapshot of a source, 0 if there is none.
std::int64_t newest_snapshot(sqlite::Database& database, std::int64_t source);

// A 32-byte column. Throws Error for any other length: the file is damaged.
Id read_id(const sqlite::Database& database, std::string_view bytes);

inline std::int64_t to_column(Time time) {
  return time.time_since_epoch().count();
}
inline Time to_time(std::int64_t column) {
  return Time(std::chrono::nanoseconds(column));
}

struct StreamName {
  std::int64_t row, source_row;
  SourceRef source;
  std::string name;
};

// All streams of a catalog, as they are when made; a few hundred.
class StreamNames {
 public:
  explicit StreamNames(sqlite::Database& database);
  // Those that the filter admits ("" and nothing admit all), by source and name.
  std::vector<const StreamName*> matching(const std::optional<SourceRef>& source,
                                          std::string_view stream) const;
  const StreamName* find(std::int64_t row) const;
  // "" for a stream that is unknown or not given.
  std::string name(const std::optional<std::int64_t>& row) const;

 private:
  std::map<std::int64_t, StreamName> streams_;
};

// The snapshots of one source that are still there. A version's interval keeps the rows with which
// it was written; what is shown are the ends of its part that can still be restored.
class Timeline {
 public:
  Timeline(sqlite::Database& database, std::int64_t source);
  // The first snapshot at or after `first`, the last at or before `last`; as given if there is
  // none.
  std::int64_t first(std::int64_t first) const;
  std::int64_t last(std::int64_t last) const;

 private:
  std::vector<std::int64_t> rows_;
};

}  // namespace probackup::catalog
