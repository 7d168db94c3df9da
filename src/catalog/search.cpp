#include "catalog/search.h"

#include <map>
#include <set>
#include <utility>

#include "catalog/read_items.h"
#include "catalog/rows.h"
#include "util/text.h"

namespace probackup::catalog {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

namespace {

constexpr std::size_t hits_max = 1000;  // where the query sets no limit

// Turns keys and documents into hits, each item once.
class Hits {
 public:
  Hits(Database& database, const ItemQuery& query, const Tokenizer& tokenizer,
       std::vector<Term> terms)
      : database_(database),
        query_(query),
        tokenizer_(tokenizer),
        terms_(std::move(terms)),
        names_(database),
        select_(query),
        by_key_(database,
                select_.sql("v.stream = ?4 AND v.key = ?5", "v.stream = ?4 AND v.key = ?5")),
        by_doc_(database, select_.sql("v.id = ?4", "v.doc = ?4")),
        text_(database, "SELECT text FROM item_text WHERE id = ?"),
        skip_(query.offset),
        limit_(query.limit == 0 ? hits_max : query.limit) {
    for (const StreamName* stream : streams_of(database, names_, query)) streams_.insert(stream);
    select_.bind(by_key_);
    select_.bind(by_doc_);
  }

  bool full() const { return hits_.size() >= limit_; }
  std::vector<FindHit> take() { return std::move(hits_); }

  void add_key(std::string_view key) {
    for (const StreamName* stream : names_.matching(query_.source, query_.stream)) {
      if (full() || !streams_.contains(stream)) continue;
      by_key_.reset();
      by_key_.set(4, stream->row);
      by_key_.set(5, key);
      if (by_key_.step()) add(by_key_, *stream, {});
    }
  }

  void add_doc(std::int64_t doc) {
    by_doc_.reset();
    by_doc_.set(4, doc);
    if (!by_doc_.step()) return;
    const StreamName* stream = names_.find(by_doc_.integer(0));
    if (!stream || !streams_.contains(stream)) return;
    bool found = text_.bind(doc).step();
    add(by_doc_, *stream, found ? text_.view(0) : std::string_view());
    text_.reset();
  }

 private:
  void add(const Statement& row, const StreamName& stream, std::string_view text) {
    CatalogItem item = read_item(row, names_, stream, timeline(stream.source_row));
    if (!seen_.emplace(stream.row, item.key).second) return;
    if (skip_ > 0) {
      --skip_;
      return;
    }
    std::string snippet = tokenizer_.snippet(item.title, text, terms_);
    hits_.push_back({std::move(item), std::move(snippet)});
  }

  const Timeline& timeline(std::int64_t source) {
    return timelines_.try_emplace(source, database_, source).first->second;
  }

  Database& database_;
  const ItemQuery& query_;
  const Tokenizer& tokenizer_;
  std::vector<Term> terms_;
  StreamNames names_;
  VersionSelect select_;
  Statement by_key_, by_doc_, text_;
  std::uint64_t skip_, limit_;
  std::set<const StreamName*> streams_;
  std::map<std::int64_t, Timeline> timelines_;
  std::set<std::pair<std::int64_t, std::string>> seen_;
  std::vector<FindHit> hits_;
};

}  // namespace

void index_documents(Database& database, std::int64_t first) {
  Statement read(database,
                 "SELECT id, title, text FROM item LEFT JOIN item_text USING(id) "
                 "WHERE id >= ? ORDER BY id");
  Statement insert(database, "INSERT INTO search(rowid, body) VALUES(?, ?)");
  read.bind(first);
  while (read.step())
    if (std::string body = searchable(read.view(1), read.view(2)); !body.empty())
      insert.run(read.integer(0), body);
}

DeadDocs::DeadDocs(Database& database) : database_(database) {
  database.execute(
      "CREATE TABLE IF NOT EXISTS temp.dead_doc(id INTEGER PRIMARY KEY, title TEXT NOT NULL);"
      "DELETE FROM temp.dead_doc");
}

// In the order of ids, as the index wants it.
void DeadDocs::release() {
  Statement dead(
      database_,
      "SELECT d.id, d.title, t.text FROM temp.dead_doc AS d LEFT JOIN item_text AS t USING(id) "
      "WHERE NOT EXISTS (SELECT 1 FROM item WHERE item.id = d.id) "
      "AND NOT EXISTS (SELECT 1 FROM item_version WHERE doc = d.id) ORDER BY d.id");
  // The index keeps no text: it must be told what it has to forget.
  Statement forget(database_, "INSERT INTO search(search, rowid, body) VALUES('delete', ?, ?)");
  while (dead.step())
    if (std::string body = searchable(dead.view(1), dead.view(2)); !body.empty())
      forget.run(dead.integer(0), body);
  database_.execute(
      "DELETE FROM item_text WHERE id IN (SELECT id FROM temp.dead_doc) "
      "AND NOT EXISTS (SELECT 1 FROM item WHERE item.id = item_text.id) "
      "AND NOT EXISTS (SELECT 1 FROM item_version WHERE doc = item_text.id);"
      "DELETE FROM temp.dead_doc");
}

std::vector<FindHit> find(Database& database, const std::string& text, const ItemQuery& query) {
  Transaction transaction(database, Transaction::Mode::read);
  Tokenizer tokenizer(database);
  auto terms = tokenizer.terms(text);
  std::string expression = match_expression(terms);
  Hits hits(database, query, tokenizer, std::move(terms));
  hits.add_key(text);
  if (auto bare = trim(text); bare != text) hits.add_key(bare);
  if (expression.empty()) return hits.take();
  // Newest first: the order in which the index gives them for nothing.
  Statement search(database, "SELECT rowid FROM search WHERE search MATCH ? ORDER BY rowid DESC");
  search.bind(expression);
  while (!hits.full() && search.step()) hits.add_doc(search.integer(0));
  return hits.take();
}

}  // namespace probackup::catalog
