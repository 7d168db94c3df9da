#include "catalog/restore_runs.h"

#include <fmt/format.h>

#include "catalog/restore_lock.h"
#include "catalog/rows.h"
#include "catalog/sqlite_journal.h"
#include "probackup/error.h"
#include "util/bytes.h"
#include "util/random.h"
#include "util/text.h"

namespace probackup::catalog {

using sqlite::Blob;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

namespace {

constexpr const char* columns =
    "SELECT name, snapshot, app, account, target_app, target_account, choice, options, state, "
    "message, started, ended, paused_until, requests, saved FROM restore_run ";

std::optional<Time> maybe_time(const Statement& row, int column) {
  auto value = row.maybe_integer(column);
  return value ? std::optional(to_time(*value)) : std::nullopt;
}

std::optional<std::int64_t> maybe_column(const std::optional<Time>& time) {
  return time ? std::optional(to_column(*time)) : std::nullopt;
}

CatalogRestore read_restore(const Database& database, const Statement& row) {
  CatalogRestore out{.id = row.text(0),
                     .snapshot = read_id(database, row.view(1)),
                     .source = {row.text(2), row.text(3)},
                     .target = {row.text(4), row.text(5)},
                     .choice = row.text(6),
                     .options = row.text(7),
                     .state = row.text(8),
                     .message = row.text(9),
                     .started = to_time(row.integer(10)),
                     .ended = maybe_time(row, 11),
                     .paused_until = maybe_time(row, 12),
                     .requests = row.count(13),
                     .saved = row.count(14)};
  if (out.state == "running" && database.path() != ":memory:" &&
      !restore_is_locked(database.path(), out.id))
    out.state = "interrupted";  // its process died
  return out;
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void insert(Database& database, const CatalogRestore& restore, const std::string& name) {
  std::string_view digest(reinterpret_cast<const char*>(restore.snapshot.bytes.data()),
                          restore.snapshot.bytes.size());
  Statement(database,
            "INSERT INTO restore_run(name, snapshot, app, account, target_app, target_account, "
            "choice, options, state, message, started, ended, paused_until, requests, saved) "
            "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .run(name, Blob{digest}, restore.source.app, restore.source.account, restore.target.app,
           restore.target.account, restore.choice, restore.options, restore.state, restore.message,
           to_column(restore.started), maybe_column(restore.ended),
           maybe_column(restore.paused_until), restore.requests, restore.saved);
}

bool knows(Database& database, const std::string& name) {
  return database.number("SELECT count(*) FROM restore_run WHERE name = ?", name) != 0;
}

}  // namespace

std::vector<CatalogRestore> restores(Database& database, std::size_t limit) {
  Statement read(database, std::string(columns) + "ORDER BY started DESC, id DESC LIMIT ?");
  read.bind(limit == 0 ? std::int64_t{-1} : static_cast<std::int64_t>(limit));
  std::vector<CatalogRestore> out;
  while (read.step()) out.push_back(read_restore(database, read));
  return out;
}

std::optional<CatalogRestore> restore(Database& database, const std::string& id) {
  std::string prefix = to_lower(id);
  if (prefix.empty() || !is_hex(prefix)) return std::nullopt;
  Statement read(database, std::string(columns) + "WHERE name GLOB ? ORDER BY name LIMIT 2");
  std::string pattern = prefix + "*";
  if (!read.bind(pattern).step()) return std::nullopt;
  CatalogRestore found = read_restore(database, read);
  if (read.step())
    throw Error(ErrorKind::usage,
                fmt::format("restore {} is not unique: {}, {}", id, found.id, read.view(0)),
                "give more digits of the id");
  return found;
}

std::string begin_restore(Database& database, const CatalogRestore& restore) {
  Transaction transaction(database, Transaction::Mode::write);
  std::string name = restore.id;
  while (name.empty() || (restore.id.empty() && knows(database, name)))
    name = to_hex(random_bytes(4));
  insert(database, restore, name);
  transaction.commit();
  return name;
}

void update_restore(Database& database, const CatalogRestore& restore) {
  Statement(database,
            "UPDATE restore_run SET choice = ?, options = ?, state = ?, message = ?, ended = ?, "
            "paused_until = ?, requests = ?, saved = ? WHERE name = ?")
      .run(restore.choice, restore.options, restore.state, restore.message,
           maybe_column(restore.ended), maybe_column(restore.paused_until), restore.requests,
           restore.saved, restore.id);
}

void import_restore(Database& database, const CatalogRestore& restore,
                    const std::function<std::optional<JournalEntry>()>& next) {
  Transaction transaction(database, Transaction::Mode::write);
  if (!knows(database, restore.id)) insert(database, restore, restore.id);
  update_restore(database, restore);
  std::int64_t row = restore_row(database, restore.id);
  while (auto entry = next()) put_entry(database, row, *entry, PutRule::keep_made);
  transaction.commit();
}

std::int64_t restore_row(Database& database, const std::string& name) {
  Statement read(database, "SELECT id FROM restore_run WHERE name = ?");
  if (!read.bind(name).step()) throw Error(fmt::format("the catalog knows no restore {}", name));
  return read.integer(0);
}

}  // namespace probackup::catalog
