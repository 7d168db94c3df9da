#include "catalog/drop.h"

#include <map>
#include <string>

#include "catalog/rows.h"
#include "catalog/search.h"

namespace probackup::catalog {

using sqlite::Blob;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

namespace {

// Ends a condition over rows with a stream; ?1 is the source.
constexpr const char* of_source = " stream IN (SELECT id FROM stream WHERE source = ?1)";

void run(Database& database, const std::string& sql, std::int64_t source) {
  Statement(database, sql).run(source);
}

void drop_state(Database& database, std::int64_t source) {
  run(database, "UPDATE source SET state = NULL WHERE id = ?1", source);
  run(database, std::string("DELETE FROM segment WHERE") + of_source, source);
  run(database, "DELETE FROM http_validator WHERE source = ?1", source);
}

// The newest snapshot is gone: the versions of `newest`, the newest that is left, live again.
void reopen(Database& database, std::int64_t source, std::int64_t newest, DeadDocs& dead) {
  drop_state(database, source);
  std::string later = " WHERE first > ?2 AND" + std::string(of_source);
  dead.add("SELECT id, title FROM item" + later, source, newest);
  Statement(database, "DELETE FROM item" + later).run(source, newest);
  std::string valid = " WHERE first <= ?2 AND last >= ?2 AND" + std::string(of_source);
  Statement(
      database,
      "INSERT INTO item(id, stream, key, parent_stream, parent, title, url, webhook, file, first) "
      "SELECT doc, stream, key, parent_stream, parent, title, url, webhook, file, first "
      "FROM item_version" +
          valid)
      .run(source, newest);
  Statement(database, "DELETE FROM item_version" + valid).run(source, newest);
  Statement(database, "DELETE FROM file" + later).run(source, newest);
  Statement(database, "UPDATE file SET last = NULL" + valid).run(source, newest);
}

// Versions that no snapshot holds any more.
void drop_unreachable(Database& database, std::int64_t source, DeadDocs& dead) {
  std::string unreachable =
      " WHERE NOT EXISTS (SELECT 1 FROM snapshot WHERE source = ?1 AND "
      "snapshot.id BETWEEN first AND last) AND" +
      std::string(of_source);
  dead.add("SELECT doc, title FROM item_version" + unreachable, source);
  run(database, "DELETE FROM item_version" + unreachable, source);
  run(database, "DELETE FROM file" + unreachable + " AND last IS NOT NULL", source);
}

// Removes what the search index knows of this source, before its items go.
void drop_documents(Database& database, std::int64_t source, DeadDocs& dead) {
  std::string others = " WHERE NOT" + std::string(of_source);
  if (database.number("SELECT EXISTS (SELECT 1 FROM item" + others + ")", source) == 0 &&
      database.number("SELECT EXISTS (SELECT 1 FROM item_version" + others + ")", source) == 0) {
    // Nothing else is in there: far quicker than one by one.
    database.execute("INSERT INTO search(search) VALUES('delete-all'); DELETE FROM item_text");
    return;
  }
  dead.add("SELECT id, title FROM item WHERE" + std::string(of_source), source);
  dead.add("SELECT doc, title FROM item_version WHERE" + std::string(of_source), source);
}

}  // namespace

void drop_source(Database& database, const SourceRef& ref) {
  Transaction transaction(database, Transaction::Mode::write);
  auto source = source_row(database, ref);
  if (!source) return;
  DeadDocs dead(database);
  drop_documents(database, *source, dead);
  drop_state(database, *source);
  for (const char* table : {"item", "item_version", "file"})
    run(database, "DELETE FROM " + std::string(table) + " WHERE" + of_source, *source);
  dead.release();
  run(database, "DELETE FROM snapshot WHERE source = ?1", *source);
  transaction.commit();
}

void drop_snapshots(Database& database, const std::vector<Id>& gone) {
  Transaction transaction(database, Transaction::Mode::write);
  std::map<std::int64_t, std::int64_t> newest_before;  // by source
  Statement source_of(database, "SELECT source FROM snapshot WHERE digest = ?");
  Statement release_state(database,
                          "UPDATE source SET state = NULL WHERE state IN "
                          "(SELECT id FROM snapshot WHERE digest = ?)");
  Statement remove(database, "DELETE FROM snapshot WHERE digest = ?");
  for (const Id& id : gone) {
    Blob digest{{reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()}};
    if (!source_of.bind(digest).step()) continue;
    std::int64_t source = source_of.integer(0);
    source_of.reset();
    newest_before.try_emplace(source, newest_snapshot(database, source));
    release_state.run(digest);
    remove.run(digest);
  }
  DeadDocs dead(database);
  for (auto [source, before] : newest_before) {
    std::int64_t newest = newest_snapshot(database, source);
    if (newest != before) reopen(database, source, newest, dead);
    drop_unreachable(database, source, dead);
  }
  dead.release();
  transaction.commit();
}

}  // namespace probackup::catalog
