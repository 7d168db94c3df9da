#include "catalog/schema.h"

#include <fmt/format.h>

#include <array>

#include "probackup/error.h"

namespace probackup::catalog {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr std::int64_t application_id = 0x70626361;  // "pbca": marks the file as ours

// docs/catalog.md explains every table and column. Rows written by the million have no needless
// index: an item costs one row, one key, and one entry under its parent.
constexpr const char* version_1 = R"sql(
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE source(
  id INTEGER PRIMARY KEY, app TEXT NOT NULL, account TEXT NOT NULL,
  state INTEGER REFERENCES snapshot(id), UNIQUE(app, account));
CREATE TABLE run(
  id INTEGER PRIMARY KEY AUTOINCREMENT, source INTEGER NOT NULL REFERENCES source(id),
  started INTEGER NOT NULL, ended INTEGER, status TEXT NOT NULL, message TEXT NOT NULL,
  snapshot BLOB);
CREATE INDEX run_source ON run(source, id);
CREATE TABLE snapshot(
  id INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL UNIQUE,
  source INTEGER NOT NULL REFERENCES source(id), time INTEGER NOT NULL,
  complete INTEGER NOT NULL, suspicious INTEGER NOT NULL, items INTEGER NOT NULL,
  added INTEGER NOT NULL, changed INTEGER NOT NULL, removed INTEGER NOT NULL,
  files INTEGER NOT NULL, gaps INTEGER NOT NULL, requests INTEGER NOT NULL);
CREATE INDEX snapshot_source ON snapshot(source, id);
CREATE TABLE stream(
  id INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES source(id), name TEXT NOT NULL,
  UNIQUE(source, name));
CREATE TABLE stream_count(
  snapshot INTEGER NOT NULL REFERENCES snapshot(id) ON DELETE CASCADE,
  stream INTEGER NOT NULL REFERENCES stream(id),
  items INTEGER NOT NULL, files INTEGER NOT NULL, PRIMARY KEY(snapshot, stream)) WITHOUT ROWID;
CREATE TABLE item(
  id INTEGER PRIMARY KEY, stream INTEGER NOT NULL REFERENCES stream(id), key TEXT NOT NULL,
  parent_stream INTEGER REFERENCES stream(id), parent TEXT NOT NULL, title TEXT NOT NULL,
  url TEXT NOT NULL, webhook INTEGER NOT NULL, file INTEGER NOT NULL, first INTEGER NOT NULL);
CREATE UNIQUE INDEX item_key ON item(stream, key);
CREATE INDEX item_webhook ON item(stream, key) WHERE webhook;
CREATE TABLE item_version(
  stream INTEGER NOT NULL REFERENCES stream(id), key TEXT NOT NULL, first INTEGER NOT NULL,
  last INTEGER NOT NULL, doc INTEGER NOT NULL, parent_stream INTEGER REFERENCES stream(id),
  parent TEXT NOT NULL, title TEXT NOT NULL, url TEXT NOT NULL, webhook INTEGER NOT NULL,
  file INTEGER NOT NULL, PRIMARY KEY(stream, key, first)) WITHOUT ROWID;
CREATE INDEX item_version_doc ON item_version(doc);
CREATE TABLE item_text(id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE VIRTUAL TABLE search USING fts5(
  body, content='', columnsize=0, detail=none, tokenize='unicode61 remove_diacritics 2');
INSERT INTO search(search, rank) VALUES('hashsize', 16777216);
CREATE TABLE segment(
  id INTEGER PRIMARY KEY, stream INTEGER NOT NULL REFERENCES stream(id), file INTEGER NOT NULL,
  position INTEGER NOT NULL, blob BLOB NOT NULL, count INTEGER NOT NULL, bytes INTEGER NOT NULL,
  directory BLOB NOT NULL, UNIQUE(stream, file, position));
CREATE TABLE file(
  id INTEGER PRIMARY KEY, stream INTEGER NOT NULL REFERENCES stream(id), key TEXT NOT NULL,
  file_id TEXT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL, size INTEGER NOT NULL,
  content BLOB NOT NULL, first INTEGER NOT NULL, last INTEGER,
  UNIQUE(stream, key, file_id, first));
CREATE TABLE gap(
  snapshot INTEGER NOT NULL REFERENCES snapshot(id) ON DELETE CASCADE, number INTEGER NOT NULL,
  stream TEXT NOT NULL, scope TEXT NOT NULL, key TEXT NOT NULL, file TEXT NOT NULL,
  url TEXT NOT NULL, status INTEGER NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY(snapshot, number)) WITHOUT ROWID;
CREATE TABLE http_validator(
  source INTEGER NOT NULL REFERENCES source(id), request TEXT NOT NULL, etag TEXT NOT NULL,
  last_modified TEXT NOT NULL, PRIMARY KEY(source, request)) WITHOUT ROWID;
CREATE VIEW webhook AS
  SELECT source.app, source.account, stream.name AS stream, item.key, above.name AS parent_stream,
         item.parent, item.title, item.url, item.first
  FROM item JOIN stream ON stream.id = item.stream JOIN source ON source.id = stream.source
       LEFT JOIN stream AS above ON above.id = item.parent_stream
  WHERE item.webhook;
)sql";

constexpr const char* parent_index_sql =
    "CREATE INDEX item_parent ON item(stream, parent) WHERE parent <> ''";

// What a restore into an app and the copy in Google Drive will know.
constexpr const char* version_2 = R"sql(
CREATE TABLE drive_file(
  stream INTEGER NOT NULL REFERENCES stream(id), key TEXT NOT NULL, file_id TEXT NOT NULL,
  drive_id TEXT NOT NULL, url TEXT NOT NULL, PRIMARY KEY(stream, key, file_id)) WITHOUT ROWID;
CREATE TABLE restore_journal(
  id INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES source(id), target TEXT NOT NULL,
  stream TEXT NOT NULL, old_id TEXT NOT NULL, new_id TEXT, state TEXT NOT NULL,
  time INTEGER NOT NULL);
CREATE INDEX restore_journal_old ON restore_journal(target, stream, old_id);
)sql";

// Ids of things are text here, as the journal has them; the order of rows is that in which things
// were first put.
constexpr const char* version_3 = R"sql(
DROP TABLE restore_journal;
CREATE TABLE restore_run(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, snapshot BLOB NOT NULL,
  app TEXT NOT NULL, account TEXT NOT NULL, target_app TEXT NOT NULL, target_account TEXT NOT NULL,
  choice TEXT NOT NULL, options TEXT NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL,
  started INTEGER NOT NULL, ended INTEGER, paused_until INTEGER, requests INTEGER NOT NULL,
  saved INTEGER NOT NULL);
CREATE TABLE restore_entry(
  id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES restore_run(id) ON DELETE CASCADE,
  kind TEXT NOT NULL, old_id TEXT NOT NULL, state TEXT NOT NULL, adopted INTEGER NOT NULL,
  relink INTEGER NOT NULL, new_id TEXT NOT NULL, old_url TEXT NOT NULL, new_url TEXT NOT NULL,
  title TEXT NOT NULL, sent INTEGER NOT NULL, notes TEXT NOT NULL);
CREATE UNIQUE INDEX restore_entry_old ON restore_entry(run, kind, old_id);
CREATE INDEX restore_entry_new ON restore_entry(run, kind, new_id) WHERE new_id <> '';
CREATE INDEX restore_entry_url ON restore_entry(run, old_url) WHERE new_url <> '';
)sql";

// A file of a copy belongs to the place where the copy lies; names of sources and streams are text
// here, because a copy outlives a rebuild of its source.
constexpr const char* version_4 = R"sql(
DROP TABLE drive_file;
CREATE TABLE drive_file(
  target TEXT NOT NULL, key TEXT NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL,
  stream TEXT NOT NULL, item TEXT NOT NULL, file_id TEXT NOT NULL, name TEXT NOT NULL,
  drive_id TEXT NOT NULL, url TEXT NOT NULL, PRIMARY KEY(target, key)) WITHOUT ROWID;
CREATE INDEX drive_file_of ON drive_file(source, stream, file_id) WHERE kind = 'file';
CREATE TABLE drive_item(
  target TEXT NOT NULL, source TEXT NOT NULL, stream TEXT NOT NULL, key TEXT NOT NULL,
  sheet TEXT NOT NULL, PRIMARY KEY(source, stream, key, target)) WITHOUT ROWID;
CREATE INDEX drive_item_sheet ON drive_item(target, sheet);
CREATE TABLE drive_sync(
  target TEXT NOT NULL, source TEXT NOT NULL, since INTEGER NOT NULL,
  PRIMARY KEY(target, source)) WITHOUT ROWID;
)sql";

// Each migration is some SQL; a later one never changes an earlier one.
struct Migration {
  const char* sql;
  const char* more = "";
};
constexpr std::array migrations{Migration{version_1, parent_index_sql}, Migration{version_2},
                                Migration{version_3}, Migration{version_4}};

void refuse_foreign(Database& database) {
  // In this order: between the two another process may make the catalog, tables and id at once.
  if (database.number("SELECT count(*) FROM sqlite_schema") == 0) return;
  if (database.number("PRAGMA application_id") == application_id) return;
  throw Error(fmt::format("{} is a database, but no catalog of probackup", database.path()),
              "choose another file with --catalog");
}

}  // namespace

const char* const parent_index = parent_index_sql;

int schema_version() {
  return static_cast<int>(migrations.size());
}

void migrate(Database& database, int version) {
  refuse_foreign(database);
  auto found = database.number("PRAGMA user_version");
  if (found == version) return;
  if (found > version)
    throw Error(fmt::format("catalog {} has version {}, and this probackup knows versions up to {}",
                            database.path(), found, version),
                "use a newer probackup, or another place with --catalog");
  Transaction transaction(database, Transaction::Mode::write);
  // Another process may have done it while this one waited for the lock.
  found = database.number("PRAGMA user_version");
  for (auto next = found; next < version; ++next) {
    const Migration& migration = migrations.at(static_cast<std::size_t>(next));
    database.execute(migration.sql);
    database.execute(migration.more);
  }
  if (found < version)
    database.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                 application_id, version));
  transaction.commit();
}

void claim(Database& database, const std::string& repository) {
  Statement read(database, "SELECT value FROM meta WHERE name = 'repository'");
  if (!read.step()) {
    // Another process may be doing the same.
    Statement(database, "INSERT OR IGNORE INTO meta(name, value) VALUES('repository', ?)")
        .run(repository);
    read.reset();
    if (!read.step()) database.fail_damaged("it names no repository");
  }
  if (read.view(0) == repository) return;
  throw Error(fmt::format("catalog {} belongs to repository {}, not to {}", database.path(),
                          read.view(0).substr(0, 8), repository.substr(0, 8)),
              "use one catalog per repository: choose another file with --catalog");
}

}  // namespace probackup::catalog
