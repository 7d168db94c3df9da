#include "catalog/item_writer.h"

#include <algorithm>

#include "catalog/schema.h"

namespace probackup::catalog {

namespace {

// From here on it is quicker to sort the index over parents, which come in no order, than to keep
// it up to date: half the time for a million items.
constexpr std::uint64_t bulk_min = 50'000;

}  // namespace

ItemWriter::ItemWriter(sqlite::Database& database, std::int64_t previous, std::int64_t row,
                       std::uint64_t expected)
    : database_(database),
      previous_(previous),
      row_(row),
      first_id_(1 + std::max(database.number("SELECT max(id) FROM item"),
                             database.number("SELECT max(doc) FROM item_version"))),
      next_id_(first_id_),
      bulk_(expected >= bulk_min && expected * 2 >= static_cast<std::uint64_t>(first_id_)),
      dead_(database),
      find_(database,
            "SELECT id, first, title, parent_stream, parent, webhook FROM item WHERE stream = ? "
            "AND key = ?"),
      find_text_(database, "SELECT text FROM item_text WHERE id = ?"),
      insert_(database,
              "INSERT INTO item(id, stream, key, parent_stream, parent, title, url, webhook, file, "
              "first) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      insert_text_(database, "INSERT INTO item_text(id, text) VALUES(?, ?)"),
      close_(
          database,
          "INSERT INTO item_version(stream, key, first, last, doc, parent_stream, parent, title, "
          "url, webhook, file) SELECT stream, key, first, ?2, id, parent_stream, parent, title, "
          "url, webhook, file FROM item WHERE id = ?1"),
      move_(database, "UPDATE item SET parent_stream = ?, parent = ?, webhook = ? WHERE id = ?"),
      update_(database, "UPDATE item SET url = ?, file = ?, first = ? WHERE id = ?"),
      delete_(database, "DELETE FROM item WHERE id = ?") {
  if (bulk_) database.execute("DROP INDEX item_parent");
}

bool ItemWriter::put(const ItemRow& item, Change change, bool stream_was_empty) {
  if (!stream_was_empty) {
    if (auto old = living(item)) {
      replace(item, *old, change);
      return false;
    }
  }
  insert(item, row_);
  return true;
}

bool ItemWriter::remove(std::int64_t stream, std::string_view key) {
  if (!find_.bind(stream, key).step()) return false;
  std::int64_t id = find_.integer(0);
  find_.reset();
  close(id);
  delete_.run(id);
  return true;
}

void ItemWriter::finish() {
  dead_.release();
  index_documents(database_, first_id_);
  if (bulk_) database_.execute(parent_index);
}

std::optional<ItemWriter::Living> ItemWriter::living(const ItemRow& item) {
  if (!find_.bind(item.stream, item.key).step()) return std::nullopt;
  Living out{.id = find_.integer(0),
             .first = find_.integer(1),
             .same_document = find_.view(2) == item.title,
             .same_place = find_.maybe_integer(3) == item.parent_stream &&
                           find_.view(4) == item.parent && find_.flag(5) == item.webhook};
  find_.reset();
  if (out.same_document) out.same_document = same_text(out.id, item.text);
  return out;
}

bool ItemWriter::same_text(std::int64_t id, std::string_view text) {
  bool found = find_text_.bind(id).step();
  bool same = found ? find_text_.view(0) == text : text.empty();
  find_text_.reset();
  return same;
}

void ItemWriter::insert(const ItemRow& item, std::int64_t first) {
  std::int64_t id = next_id_++;
  insert_.run(id, item.stream, item.key, item.parent_stream, item.parent, item.title, item.url,
              item.webhook, item.file, first);
  if (!item.text.empty()) insert_text_.run(id, item.text);
}

void ItemWriter::close(std::int64_t id) {
  close_.run(id, previous_);
}

// The living row keeps its id as long as it reads the same, so that the search index need not
// change.
void ItemWriter::replace(const ItemRow& item, const Living& old, Change change) {
  bool new_version = change != Change::unchanged;
  std::int64_t first = new_version ? row_ : old.first;
  if (new_version) close(old.id);
  if (old.same_document) {
    // Apart, because it also writes the indexes over these columns.
    if (!old.same_place) move_.run(item.parent_stream, item.parent, item.webhook, old.id);
    update_.run(item.url, item.file, first, old.id);
    return;
  }
  if (!new_version) dead_.add("SELECT id, title FROM item WHERE id = ?", old.id);
  delete_.run(old.id);
  insert(item, first);
}

}  // namespace probackup::catalog
