#include "export/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "probackup/error.h"

namespace probackup {
namespace {

[[noreturn]] void fail(sqlite3* database) {
  int code = database ? sqlite3_errcode(database) : SQLITE_NOMEM;
  std::string hint;
  if (code == SQLITE_FULL || code == SQLITE_CANTOPEN || code == SQLITE_IOERR)
    hint = "the temporary folder may be full; set TMPDIR to a folder with more space";
  throw Error(fmt::format("the export's temporary index failed: {}",
                          database ? sqlite3_errmsg(database) : "out of memory"),
              hint);
}

}  // namespace

Statement::Statement(sqlite3* database, const char* sql) : database_(database) {
  if (sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr) != SQLITE_OK) fail(database);
}

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

void Statement::reset() {
  sqlite3_reset(statement_);
}

void Statement::bind(int at, std::int64_t value) {
  if (sqlite3_bind_int64(statement_, at, value) != SQLITE_OK) fail(database_);
}

void Statement::bind(int at, std::string_view value) {
  const char* bytes = value.empty() ? "" : value.data();
  if (sqlite3_bind_blob64(statement_, at, bytes, value.size(), SQLITE_TRANSIENT) != SQLITE_OK)
    fail(database_);
}

void Statement::bind(int at, const std::optional<std::int64_t>& value) {
  if (value) return bind(at, *value);
  if (sqlite3_bind_null(statement_, at) != SQLITE_OK) fail(database_);
}

bool Statement::step() {
  int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) fail(database_);
  sqlite3_reset(statement_);
  return false;
}

void Statement::run() {
  while (step()) {
  }
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::optional<std::int64_t> Statement::maybe(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

std::string Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  if (!bytes) return {};
  return std::string(static_cast<const char*>(bytes),
                     static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

Database::Database() {
  // An empty name is SQLite's word for a temporary database that spills to disk.
  if (sqlite3_open_v2("", &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr) !=
      SQLITE_OK)
    fail(handle_);
  run("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-32768;"
      "PRAGMA temp_store=FILE");
}

Database::~Database() {
  sqlite3_close(handle_);
}

void Database::run(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail(handle_);
}

std::unique_ptr<Statement> Database::prepare(const char* sql) {
  return std::make_unique<Statement>(handle_, sql);
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(handle_);
}

}  // namespace probackup
