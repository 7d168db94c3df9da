// A thin RAII wrapper around SQLite's C interface: connections, cached statements, transactions,
// and errors that say what to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace probackup::sqlite {

class Database;

// Bytes that are bound as a BLOB; plain string_views are bound as TEXT.
struct Blob {
  std::string_view bytes;
};

// A prepared statement on loan from its connection's cache, to which it goes back when destroyed.
// Text and blobs are bound by reference: they must live until the statement has run. All calls
// throw Error (see Database). Parameters and columns may hold any bytes, NUL and invalid UTF-8 too.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Starts anew with these values for parameters 1, 2, …
  template <class... Values>
  Statement& bind(const Values&... values) {
    reset();
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }
  // Sets parameter `index`, from 1, of a statement that was reset.
  template <class Value>
  void set(int index, const Value& value) {
    bind_one(index, value);
  }
  // True while there is a row to read.
  bool step();
  // bind() and step() for a statement without rows.
  template <class... Values>
  void run(const Values&... values) {
    bind(values...);
    step();
    reset();
  }
  void reset();

  std::int64_t integer(int column) const;
  std::optional<std::int64_t> maybe_integer(int column) const;  // nothing for NULL
  std::uint64_t count(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  bool flag(int column) const { return integer(column) != 0; }
  bool is_null(int column) const;
  // Valid until the next step.
  std::string_view view(int column) const;
  std::string text(int column) const { return std::string(view(column)); }

 private:
  void bind_one(int index, std::int64_t value);
  void bind_one(int index, std::string_view text);
  void bind_one(int index, Blob blob);
  void bind_one(int index, std::nullopt_t);
  void bind_one(int index, bool value) { bind_one(index, std::int64_t{value}); }
  void bind_one(int index, std::uint32_t value) { bind_one(index, std::int64_t{value}); }
  void bind_one(int index, int value) { bind_one(index, std::int64_t{value}); }
  void bind_one(int index, std::uint64_t value);
  template <class T>
  void bind_one(int index, const std::optional<T>& value) {
    value ? bind_one(index, *value) : bind_one(index, std::nullopt);
  }
  void check(int code) const;

  Database& database_;
  sqlite3_stmt* handle_;
};

// One connection. Not for concurrent calls. Errors name the file and carry a hint: a damaged file,
// a full disk, a lock held by another process (ErrorKind::locked), a folder that cannot be written.
class Database {
 public:
  // Opens or makes the file (mode 0600), or ":memory:". A lock held elsewhere is waited for.
  Database(const std::string& path, int busy_milliseconds);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs statements without parameters.
  void execute(const std::string& sql);
  // The first column of the first row; 0 if there is none.
  template <class... Values>
  std::int64_t number(std::string_view sql, const Values&... values) {
    Statement statement(*this, sql);
    return statement.bind(values...).step() ? statement.integer(0) : 0;
  }
  std::int64_t last_row() const;
  bool in_transaction() const;
  const std::string& path() const { return path_; }
  sqlite3* handle() const { return handle_; }
  [[noreturn]] void fail(int code) const;
  // For contents that this program never writes.
  [[noreturn]] void fail_damaged(std::string_view what) const;

 private:
  friend class Statement;
  sqlite3_stmt* take(std::string_view sql);
  void give_back(sqlite3_stmt* statement);
  void make_file() const;
  void close();

  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::string path_;
  sqlite3* handle_ = nullptr;
  std::unordered_map<std::string, std::vector<sqlite3_stmt*>, Hash, std::equal_to<>> cache_;
};

// Rolled back unless committed. `write` takes the write lock at once, so that it cannot fail later.
class Transaction {
 public:
  enum class Mode { read, write };
  // A read transaction inside another transaction belongs to that one.
  Transaction(Database& database, Mode mode);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
  bool open_ = false;
};

}  // namespace probackup::sqlite
