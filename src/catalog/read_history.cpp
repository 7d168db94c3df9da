#include "catalog/read_history.h"

#include "catalog/rows.h"

namespace probackup::catalog {

using sqlite::Blob;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

namespace {

// Parameters ?1 and ?2 are app and account, or NULL for every source.
constexpr const char* of_source = " (?1 IS NULL OR (app = ?1 AND account = ?2)) ";

// The snapshots that an answer is about: ?3, or the newest of each source.
constexpr const char* of_snapshot =
    " (snapshot.id = ?3 OR (?3 IS NULL AND snapshot.id = "
    "(SELECT max(s.id) FROM snapshot AS s WHERE s.source = snapshot.source))) ";

template <class... More>
void bind_source(Statement& statement, const std::optional<SourceRef>& source,
                 const More&... more) {
  std::optional<std::string_view> app, account;
  if (source) app = source->app, account = source->account;
  statement.bind(app, account, more...);
}

std::string_view bytes_of(const Id& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

constexpr const char* snapshot_columns =
    "SELECT snapshot.id, digest, app, account, time, complete, suspicious, items, added, changed, "
    "removed, files, gaps, requests FROM snapshot JOIN source ON source.id = snapshot.source WHERE";

CatalogSnapshot read_snapshot(const Database& database, const Statement& row) {
  return {.row = row.integer(0),
          .id = read_id(database, row.view(1)),
          .source = {row.text(2), row.text(3)},
          .time = to_time(row.integer(4)),
          .complete = row.flag(5),
          .suspicious = row.flag(6),
          .items = row.count(7),
          .added = row.count(8),
          .changed = row.count(9),
          .removed = row.count(10),
          .files = row.count(11),
          .gaps = row.count(12),
          .requests = row.count(13)};
}

}  // namespace

std::vector<SourceRef> sources(Database& database) {
  Statement read(database,
                 "SELECT app, account FROM source WHERE "
                 "EXISTS (SELECT 1 FROM snapshot WHERE snapshot.source = source.id) OR "
                 "EXISTS (SELECT 1 FROM run WHERE run.source = source.id) ORDER BY app, account");
  std::vector<SourceRef> out;
  while (read.step()) out.push_back({read.text(0), read.text(1)});
  return out;
}

std::vector<CatalogSnapshot> snapshots(Database& database, const std::optional<SourceRef>& source) {
  Statement read(database,
                 std::string(snapshot_columns) + of_source + "ORDER BY time, snapshot.id");
  bind_source(read, source);
  std::vector<CatalogSnapshot> out;
  while (read.step()) out.push_back(read_snapshot(database, read));
  return out;
}

std::optional<CatalogSnapshot> snapshot(Database& database, const Id& id) {
  Statement read(database, std::string(snapshot_columns) + " digest = ?");
  if (!read.bind(Blob{bytes_of(id)}).step()) return std::nullopt;
  return read_snapshot(database, read);
}

std::vector<CatalogStream> streams(Database& database, const std::optional<SourceRef>& source,
                                   std::optional<std::int64_t> snapshot) {
  Statement read(database,
                 "SELECT app, account, name, c.items, c.files FROM snapshot "
                 "JOIN source ON source.id = snapshot.source "
                 "JOIN stream_count AS c ON c.snapshot = snapshot.id "
                 "JOIN stream ON stream.id = c.stream WHERE" +
                     std::string(of_source) + "AND" + of_snapshot + "ORDER BY app, account, name");
  bind_source(read, source, snapshot);
  std::vector<CatalogStream> out;
  while (read.step())
    out.push_back({{read.text(0), read.text(1)}, read.text(2), read.count(3), read.count(4)});
  return out;
}

std::vector<CatalogGap> gaps(Database& database, const std::optional<SourceRef>& source,
                             std::optional<std::int64_t> snapshot) {
  Statement read(
      database,
      "SELECT snapshot.id, app, account, gap.stream, scope, key, file, url, status, reason "
      "FROM snapshot JOIN source ON source.id = snapshot.source "
      "JOIN gap ON gap.snapshot = snapshot.id WHERE" +
          std::string(of_source) + "AND" + of_snapshot +
          "ORDER BY app, account, snapshot.id, number");
  bind_source(read, source, snapshot);
  std::vector<CatalogGap> out;
  while (read.step())
    out.push_back({.snapshot = read.integer(0),
                   .source = {read.text(1), read.text(2)},
                   .gap = {.stream = read.text(3),
                           .scope = read.text(4),
                           .key = read.text(5),
                           .file = read.text(6),
                           .url = read.text(7),
                           .status = static_cast<int>(read.integer(8)),
                           .reason = read.text(9)}});
  return out;
}

std::vector<CatalogRun> runs(Database& database, const std::optional<SourceRef>& source,
                             std::size_t limit) {
  Statement read(database,
                 "SELECT run.id, app, account, started, ended, status, message, snapshot FROM run "
                 "JOIN source ON source.id = run.source WHERE" +
                     std::string(of_source) + "ORDER BY run.id DESC LIMIT ?3");
  bind_source(read, source, limit == 0 ? std::int64_t{-1} : static_cast<std::int64_t>(limit));
  std::vector<CatalogRun> out;
  while (read.step()) {
    CatalogRun run{.row = read.integer(0),
                   .source = {read.text(1), read.text(2)},
                   .started = to_time(read.integer(3)),
                   .ended = {},
                   .status = read.text(5),
                   .message = read.text(6),
                   .snapshot = {}};
    if (auto ended = read.maybe_integer(4)) run.ended = to_time(*ended);
    if (!read.is_null(7)) run.snapshot = read_id(database, read.view(7));
    out.push_back(std::move(run));
  }
  return out;
}

std::int64_t begin_run(Database& database, const SourceRef& source, Time started) {
  Transaction transaction(database, Transaction::Mode::write);
  std::int64_t row = make_source(database, source);
  // Runs of one source do not overlap: what still counts as running has died.
  Statement(database,
            "UPDATE run SET status = 'interrupted' WHERE source = ? AND status = 'running'")
      .run(row);
  Statement(database,
            "INSERT INTO run(source, started, status, message) VALUES(?, ?, 'running', '')")
      .run(row, to_column(started));
  std::int64_t run = database.last_row();
  transaction.commit();
  return run;
}

void end_run(Database& database, std::int64_t run, Time ended, const std::string& status,
             const std::string& message, const std::optional<Id>& snapshot) {
  std::optional<Blob> digest;
  if (snapshot) digest = Blob{bytes_of(*snapshot)};
  Statement(database,
            "UPDATE run SET ended = ?, status = ?, message = ?, snapshot = ? WHERE id = ?")
      .run(to_column(ended), status, message, digest, run);
}

}  // namespace probackup::catalog
