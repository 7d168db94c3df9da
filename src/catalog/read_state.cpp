#include "catalog/read_state.h"

#include <limits>

#include "catalog/rows.h"

namespace probackup::catalog {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

std::optional<Id> state_of(Database& database, const SourceRef& source) {
  Statement read(database,
                 "SELECT digest FROM source JOIN snapshot ON snapshot.id = source.state "
                 "WHERE app = ? AND account = ?");
  if (!read.bind(source.app, source.account).step()) return std::nullopt;
  return read_id(database, read.view(0));
}

void segments(Database& database, const SourceRef& source, const std::string& stream,
              std::optional<std::uint32_t> file,
              const std::function<void(const SegmentRow&)>& each) {
  Transaction transaction(database, Transaction::Mode::read);
  auto row = stream_row(database, source, stream);
  if (!row) return;
  Statement read(database,
                 "SELECT file, position, blob, count, bytes, directory FROM segment "
                 "WHERE stream = ? AND file BETWEEN ? AND ? ORDER BY file, position");
  read.bind(*row, file.value_or(0), file.value_or(std::numeric_limits<std::uint32_t>::max()));
  while (read.step())
    each({.file = static_cast<std::uint32_t>(read.integer(0)),
          .position = static_cast<std::uint32_t>(read.integer(1)),
          .blob = read_id(database, read.view(2)),
          .count = static_cast<std::uint32_t>(read.integer(3)),
          .bytes = static_cast<std::uint32_t>(read.integer(4)),
          .directory = read.text(5)});
}

std::optional<std::uint32_t> file_of(Database& database, const SourceRef& source,
                                     const std::string& stream, std::string_view key) {
  Statement read(database,
                 "SELECT file FROM source JOIN stream ON stream.source = source.id "
                 "JOIN item ON item.stream = stream.id "
                 "WHERE app = ? AND account = ? AND name = ? AND key = ?");
  if (!read.bind(source.app, source.account, stream, key).step()) return std::nullopt;
  return static_cast<std::uint32_t>(read.integer(0));
}

std::optional<Validators> validators(Database& database, const SourceRef& source,
                                     const std::string& request) {
  Statement read(database,
                 "SELECT etag, last_modified FROM source JOIN http_validator AS v "
                 "ON v.source = source.id WHERE app = ? AND account = ? AND request = ?");
  if (!read.bind(source.app, source.account, request).step()) return std::nullopt;
  return Validators{read.text(0), read.text(1)};
}

}  // namespace probackup::catalog
