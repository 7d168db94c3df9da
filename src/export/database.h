// A temporary SQLite database for what an export must look up but must not hold in memory. It lives
// in the system's temporary folder (SQLite picks the file, which has no name) and goes with the
// object.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace probackup {

// A prepared statement. Text is stored as blobs, so that any bytes, NUL included, compare exactly.
class Statement {
 public:
  Statement(sqlite3* database, const char* sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Starts anew with these values for the ?s: integers, text, nullopt for NULL.
  template <typename... Values>
  Statement& with(const Values&... values) {
    reset();
    int at = 0;
    (bind(++at, values), ...);
    return *this;
  }
  // The next row; false at the end. Throws Error (disk full).
  bool step();
  // Runs to the end.
  void run();
  std::int64_t integer(int column) const;
  std::optional<std::int64_t> maybe(int column) const;  // nothing for NULL
  std::string text(int column) const;

 private:
  void reset();
  void bind(int at, std::int64_t value);
  void bind(int at, std::uint64_t value) { bind(at, static_cast<std::int64_t>(value)); }
  void bind(int at, std::string_view value);
  void bind(int at, const std::string& value) { bind(at, std::string_view(value)); }
  void bind(int at, const std::optional<std::int64_t>& value);

  sqlite3* database_;
  sqlite3_stmt* statement_ = nullptr;
};

// Not for concurrent calls. Throws Error.
class Database {
 public:
  Database();
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  void run(const char* sql);
  std::unique_ptr<Statement> prepare(const char* sql);
  std::int64_t changes() const;  // rows changed by the last statement

 private:
  sqlite3* handle_ = nullptr;
};

}  // namespace probackup
