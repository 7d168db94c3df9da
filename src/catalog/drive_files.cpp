#include "catalog/drive_files.h"

#include "catalog/rows.h"

namespace probackup::catalog {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

void drive_files(Database& database, const std::string& target,
                 const std::function<void(const CatalogDriveFile&)>& each) {
  Statement read(
      database,
      "SELECT target, key, source, kind, stream, item, file_id, name, drive_id, url FROM "
      "drive_file WHERE ?1 = '' OR target = ?1 ORDER BY target, key");
  read.bind(target);
  while (read.step())
    each({.target = read.text(0),
          .key = read.text(1),
          .source = read.text(2),
          .kind = read.text(3),
          .stream = read.text(4),
          .item = read.text(5),
          .file = read.text(6),
          .name = read.text(7),
          .id = read.text(8),
          .url = read.text(9)});
}

void put_drive_file(Database& database, const CatalogDriveFile& file) {
  Statement(database,
            "INSERT OR REPLACE INTO drive_file(target, key, source, kind, stream, item, file_id, "
            "name, drive_id, url) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .run(file.target, file.key, file.source, file.kind, file.stream, file.item, file.file,
           file.name, file.id, file.url);
}

void remove_drive_file(Database& database, const std::string& target, const std::string& key) {
  Transaction transaction(database, Transaction::Mode::write);
  Statement(database, "DELETE FROM drive_file WHERE target = ? AND key = ?").run(target, key);
  Statement(database, "DELETE FROM drive_item WHERE target = ? AND sheet = ?").run(target, key);
  transaction.commit();
}

bool has_drive_items(Database& database, const std::string& target, const std::string& sheet) {
  return database.number("SELECT EXISTS(SELECT 1 FROM drive_item WHERE target = ? AND sheet = ?)",
                         target, sheet) != 0;
}

void put_drive_items(Database& database, const std::string& target, const std::string& source,
                     const std::string& sheet, const DriveItems& items) {
  Transaction transaction(database, Transaction::Mode::write);
  Statement(database, "DELETE FROM drive_item WHERE target = ? AND sheet = ?").run(target, sheet);
  Statement insert(database,
                   "INSERT OR REPLACE INTO drive_item(target, source, stream, key, sheet) "
                   "VALUES(?, ?, ?, ?, ?)");
  items([&](const std::string& stream, const std::string& key) {
    insert.run(target, source, stream, key, sheet);
  });
  transaction.commit();
}

std::string drive_item_url(Database& database, const SourceRef& source, const std::string& stream,
                           const std::string& key) {
  // Google's before those of local folders.
  Statement read(
      database,
      "SELECT f.url FROM drive_item AS i JOIN drive_file AS f ON f.target = i.target AND "
      "f.key = i.sheet WHERE i.source = ? AND i.stream = ? AND i.key = ? "
      "ORDER BY f.url LIKE 'http%' DESC, i.target LIMIT 1");
  std::string name = source.text();
  return read.bind(name, stream, key).step() ? read.text(0) : "";
}

std::optional<Time> drive_since(Database& database, const std::string& target,
                                const SourceRef& source) {
  Statement read(database, "SELECT since FROM drive_sync WHERE target = ? AND source = ?");
  std::string name = source.text();
  if (!read.bind(target, name).step()) return std::nullopt;
  return to_time(read.integer(0));
}

void put_drive_since(Database& database, const std::string& target, const SourceRef& source,
                     Time since) {
  Statement(database, "INSERT OR REPLACE INTO drive_sync(target, source, since) VALUES(?, ?, ?)")
      .run(target, source.text(), to_column(since));
}

}  // namespace probackup::catalog
