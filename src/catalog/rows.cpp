#include "catalog/rows.h"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace probackup::catalog {

using sqlite::Database;
using sqlite::Statement;

std::optional<std::int64_t> source_row(Database& database, const SourceRef& source) {
  Statement find(database, "SELECT id FROM source WHERE app = ? AND account = ?");
  if (!find.bind(source.app, source.account).step()) return std::nullopt;
  return find.integer(0);
}

std::int64_t make_source(Database& database, const SourceRef& source) {
  if (auto row = source_row(database, source)) return *row;
  Statement(database, "INSERT INTO source(app, account) VALUES(?, ?)")
      .run(source.app, source.account);
  return database.last_row();
}

std::optional<std::int64_t> stream_row(Database& database, const SourceRef& source,
                                       std::string_view stream) {
  Statement find(database,
                 "SELECT stream.id FROM source JOIN stream ON stream.source = source.id "
                 "WHERE app = ? AND account = ? AND name = ?");
  if (!find.bind(source.app, source.account, stream).step()) return std::nullopt;
  return find.integer(0);
}

std::int64_t make_stream(Database& database, std::int64_t source, std::string_view stream) {
  Statement find(database, "SELECT id FROM stream WHERE source = ? AND name = ?");
  if (find.bind(source, stream).step()) return find.integer(0);
  Statement(database, "INSERT INTO stream(source, name) VALUES(?, ?)").run(source, stream);
  return database.last_row();
}

std::int64_t newest_snapshot(Database& database, std::int64_t source) {
  return database.number("SELECT max(id) FROM snapshot WHERE source = ?", source);
}

Id read_id(const Database& database, std::string_view bytes) {
  Id id;
  if (bytes.size() != id.bytes.size()) database.fail_damaged("an id has the wrong length");
  std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
  return id;
}

StreamNames::StreamNames(Database& database) {
  Statement read(database,
                 "SELECT stream.id, source.id, app, account, name FROM stream "
                 "JOIN source ON source.id = stream.source");
  while (read.step())
    streams_[read.integer(0)] = {
        read.integer(0), read.integer(1), {read.text(2), read.text(3)}, read.text(4)};
}

std::vector<const StreamName*> StreamNames::matching(const std::optional<SourceRef>& source,
                                                     std::string_view stream) const {
  std::vector<const StreamName*> out;
  for (const auto& [row, name] : streams_)
    if ((!source || name.source == *source) && (stream.empty() || name.name == stream))
      out.push_back(&name);
  std::sort(out.begin(), out.end(), [](const StreamName* a, const StreamName* b) {
    return std::tie(a->source, a->name) < std::tie(b->source, b->name);
  });
  return out;
}

const StreamName* StreamNames::find(std::int64_t row) const {
  auto found = streams_.find(row);
  return found == streams_.end() ? nullptr : &found->second;
}

std::string StreamNames::name(const std::optional<std::int64_t>& row) const {
  const StreamName* stream = row ? find(*row) : nullptr;
  return stream ? stream->name : std::string();
}

Timeline::Timeline(Database& database, std::int64_t source) {
  Statement read(database, "SELECT id FROM snapshot WHERE source = ? ORDER BY id");
  read.bind(source);
  while (read.step()) rows_.push_back(read.integer(0));
}

std::int64_t Timeline::first(std::int64_t first) const {
  auto at = std::lower_bound(rows_.begin(), rows_.end(), first);
  return at == rows_.end() ? first : *at;
}

std::int64_t Timeline::last(std::int64_t last) const {
  auto after = std::upper_bound(rows_.begin(), rows_.end(), last);
  return after == rows_.begin() ? last : *(after - 1);
}

}  // namespace probackup::catalog
