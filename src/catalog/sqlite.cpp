#include "catalog/sqlite.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "probackup/error.h"
#include "util/file.h"

namespace probackup::sqlite {
namespace {

constexpr const char* rebuild_hint =
    "no backup is lost: make the catalog again with `probackup catalog rebuild`";
constexpr const char* place_hint =
    "check the permissions of the file and its folder, or choose another place with --catalog";

// Nested calls may need the same statement more than once; more than this are not kept.
constexpr std::size_t spare_statements_max = 4;

ErrorKind kind_of(int code) {
  return (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED ? ErrorKind::locked
                                                                        : ErrorKind::failed;
}

std::string hint_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:
    case SQLITE_SCHEMA:
    case SQLITE_ERROR:
      return rebuild_hint;
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return "free space on that disk and check that it works, then run the same command again";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another process is writing this catalog: wait until it has ended";
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return place_hint;
    default:
      return {};
  }
}

// Nobody asks SQLite how much memory it uses; counting it takes a lock at each allocation.
void configure_once() {
  static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(done);
}

}  // namespace

Database::Database(const std::string& path, int busy_milliseconds) : path_(path) {
  configure_once();
  if (path_ != ":memory:") {
    // An absolute path is never taken for a URI.
    path_ = std::filesystem::absolute(path_).string();
    make_file();
  }
  int code =
      sqlite3_open_v2(path_.c_str(), &handle_,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  try {
    if (code != SQLITE_OK) fail(code);
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, busy_milliseconds);
    // A damaged or hostile file must not be able to run functions or write its own schema.
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  } catch (...) {
    close();
    throw;
  }
}

Database::~Database() {
  close();
}

void Database::make_file() const {
  make_folders(std::filesystem::path(path_).parent_path(), 0700);
  // SQLite gives its companion files the mode of this one.
  // One that is there is not opened: closing it would take the locks of this process's other
  // connections away (https://www.sqlite.org/howtocorrupt.html, section 2.2).
  struct stat info {};
  if (::stat(path_.c_str(), &info) == 0) {
    if ((info.st_mode & 077) != 0) ::chmod(path_.c_str(), 0600);
    return;
  }
  int file = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno != EEXIST)
    throw Error(fmt::format("cannot open the catalog {}: {}", path_, std::strerror(errno)),
                place_hint);
  if (file >= 0) ::close(file);
}

void Database::close() {
  for (auto& [sql, statements] : cache_)
    for (sqlite3_stmt* statement : statements) sqlite3_finalize(statement);
  cache_.clear();
  sqlite3_close_v2(handle_);
  handle_ = nullptr;
}

void Database::execute(const std::string& sql) {
  int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

std::int64_t Database::last_row() const {
  return sqlite3_last_insert_rowid(handle_);
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

void Database::fail(int code) const {
  throw Error(kind_of(code),
              fmt::format("catalog {}: {}", path_,
                          handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code)),
              hint_of(code));
}

void Database::fail_damaged(std::string_view what) const {
  throw Error(fmt::format("catalog {} is damaged: {}", path_, what), rebuild_hint);
}

sqlite3_stmt* Database::take(std::string_view sql) {
  if (auto found = cache_.find(sql); found != cache_.end() && !found->second.empty()) {
    sqlite3_stmt* statement = found->second.back();
    found->second.pop_back();
    return statement;
  }
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) fail(code);
  return statement;
}

void Database::give_back(sqlite3_stmt* statement) {
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  auto& spare = cache_[sqlite3_sql(statement)];
  if (spare.size() < spare_statements_max)
    spare.push_back(statement);
  else
    sqlite3_finalize(statement);
}

Statement::Statement(Database& database, std::string_view sql)
    : database_(database), handle_(database.take(sql)) {}

Statement::~Statement() {
  database_.give_back(handle_);
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) database_.fail(code);
}

bool Statement::step() {
  int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  database_.fail(code);
}

// The result only repeats the error of the last step, which was thrown then.
void Statement::reset() {
  sqlite3_reset(handle_);
}

void Statement::bind_one(int index, std::int64_t value) {
  check(sqlite3_bind_int64(handle_, index, value));
}

void Statement::bind_one(int index, std::uint64_t value) {
  bind_one(index, static_cast<std::int64_t>(value));
}

void Statement::bind_one(int index, std::string_view text) {
  // A null pointer would be bound as NULL.
  check(sqlite3_bind_text64(handle_, index, text.data() ? text.data() : "", text.size(),
                            SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::bind_one(int index, Blob blob) {
  check(sqlite3_bind_blob64(handle_, index, blob.bytes.data() ? blob.bytes.data() : "",
                            blob.bytes.size(), SQLITE_STATIC));
}

void Statement::bind_one(int index, std::nullopt_t) {
  check(sqlite3_bind_null(handle_, index));
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_, column);
}

std::optional<std::int64_t> Statement::maybe_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::string_view Statement::view(int column) const {
  auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  auto length = sqlite3_column_bytes(handle_, column);
  return bytes ? std::string_view(bytes, static_cast<std::size_t>(length)) : std::string_view();
}

Transaction::Transaction(Database& database, Mode mode) : database_(database) {
  if (mode == Mode::read && database.in_transaction()) return;
  database.execute(mode == Mode::write ? "BEGIN IMMEDIATE" : "BEGIN");
  open_ = true;
}

Transaction::~Transaction() {
  // A failed statement may have rolled back already; a failure here leaves nothing to be done.
  if (open_ && database_.in_transaction())
    sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  if (!open_) return;
  database_.execute("COMMIT");
  open_ = false;
}

}  // namespace probackup::sqlite
