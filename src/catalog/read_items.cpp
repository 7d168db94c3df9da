#include "catalog/read_items.h"

namespace probackup::catalog {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

namespace {

enum Column { stream_row, key, parent_stream, parent, title, url, webhook, file, first, last };

constexpr const char* shared_columns =
    "SELECT v.stream, v.key, v.parent_stream, v.parent, v.title, v.url, v.webhook, v.file, v.first";

constexpr const char* no_living =
    " AND NOT EXISTS (SELECT 1 FROM item AS l WHERE l.stream = v.stream AND l.key = v.key)";
constexpr const char* no_later =
    " AND NOT EXISTS (SELECT 1 FROM item_version AS w WHERE w.stream = v.stream AND w.key = v.key "
    "AND w.first > v.first)";

// Counts answers over several SELECTs: some are skipped, some given, then it is enough.
class Window {
 public:
  explicit Window(const ItemQuery& query) : skip_(query.offset), limit_(query.limit) {}
  bool skipped() {
    if (skip_ == 0) return false;
    --skip_;
    return true;
  }
  // To be asked after each answer that was given.
  bool full() { return limit_ != 0 && ++given_ == limit_; }

 private:
  std::uint64_t skip_, limit_, given_ = 0;
};

std::string file_condition(const ItemQuery& query) {
  std::string out = " WHERE f.stream = ?4";
  if (query.snapshot) out += " AND f.first <= ?1 AND ifnull(f.last, ?1) >= ?1";
  if (!query.snapshot && !query.deleted) out += " AND f.last IS NULL";
  if (query.deleted)
    out +=
        " AND f.last IS NOT NULL AND NOT EXISTS (SELECT 1 FROM file AS g WHERE g.stream = f.stream "
        "AND g.key = f.key AND g.file_id = f.file_id AND " +
        std::string(query.snapshot ? "g.last IS NULL)" : "g.first > f.first)");
  if (!query.parent.empty()) out += " AND f.key = ?3";
  return out;
}

CatalogFile read_file(const Statement& row, const StreamName& stream, const Timeline& timeline) {
  CatalogFile out{.source = stream.source,
                  .stream = stream.name,
                  .key = row.text(0),
                  .id = row.text(1),
                  .name = row.text(2),
                  .hash = row.text(3),
                  .size = row.count(4),
                  .content = row.text(5),
                  .drive_url = row.text(6),
                  .first = timeline.first(row.integer(7)),
                  .last = row.maybe_integer(8)};
  if (out.last) out.last = timeline.last(*out.last);
  return out;
}

}  // namespace

std::string VersionSelect::narrowed() const {
  std::string out;
  if (!query_.parent_stream.empty())
    out += " AND v.parent_stream IN (SELECT id FROM stream WHERE name = ?2)";
  // The second condition is what the partial index asks for.
  if (!query_.parent.empty()) out += " AND v.parent = ?3 AND v.parent <> ''";
  if (query_.webhooks) out += " AND v.webhook";
  return out;
}

std::string VersionSelect::from_item(const std::string& filter) const {
  std::string out = shared_columns;
  out += ", NULL AS last FROM item AS v WHERE " + filter + narrowed();
  return query_.snapshot ? out + " AND v.first <= ?1" : out;
}

std::string VersionSelect::from_version(const std::string& filter) const {
  std::string out = shared_columns;
  out += ", v.last FROM item_version AS v WHERE " + filter + narrowed();
  return query_.snapshot ? out + " AND v.first <= ?1 AND v.last >= ?1" : out;
}

std::string VersionSelect::sql(const std::string& living, const std::string& closed) const {
  std::string out;
  if (query_.deleted)
    out = from_version(closed) + no_living + (query_.snapshot ? "" : no_later);
  else if (query_.snapshot)
    out = from_item(living) + " UNION ALL " + from_version(closed);
  else
    out = from_item(living);
  // The plus keeps SQLite from walking a whole stream in order of keys to find one parent's items.
  return query_.parent.empty() ? out + " ORDER BY key"
                               : "SELECT * FROM (" + out + ") ORDER BY +key";
}

void VersionSelect::bind(Statement& statement) const {
  if (query_.snapshot) statement.set(1, *query_.snapshot);
  if (!query_.parent_stream.empty()) statement.set(2, query_.parent_stream);
  if (!query_.parent.empty()) statement.set(3, query_.parent);
}

std::vector<const StreamName*> streams_of(Database& database, const StreamNames& names,
                                          const ItemQuery& query) {
  auto out = names.matching(query.source, query.stream);
  if (!query.snapshot) return out;
  auto source = database.number("SELECT source FROM snapshot WHERE id = ?", *query.snapshot);
  std::erase_if(out, [&](const StreamName* name) { return name->source_row != source; });
  return out;
}

CatalogItem read_item(const Statement& row, const StreamNames& names, const StreamName& stream,
                      const Timeline& timeline) {
  CatalogItem out{.source = stream.source,
                  .stream = stream.name,
                  .key = row.text(key),
                  .parent_stream = names.name(row.maybe_integer(parent_stream)),
                  .parent = row.text(parent),
                  .title = row.text(title),
                  .url = row.text(url),
                  .webhook = row.flag(webhook),
                  .file = static_cast<std::uint32_t>(row.integer(file)),
                  .first = timeline.first(row.integer(first)),
                  .last = row.maybe_integer(last)};
  if (out.last) out.last = timeline.last(*out.last);
  return out;
}

void items(Database& database, const ItemQuery& query,
           const std::function<bool(const CatalogItem&)>& each) {
  Transaction transaction(database, Transaction::Mode::read);
  StreamNames names(database);
  VersionSelect select(query);
  Statement read(database, select.sql("v.stream = ?4", "v.stream = ?4"));
  Window window(query);
  for (const StreamName* stream : streams_of(database, names, query)) {
    Timeline timeline(database, stream->source_row);
    read.reset();
    select.bind(read);
    read.set(4, stream->row);
    while (read.step()) {
      if (window.skipped()) continue;
      if (!each(read_item(read, names, *stream, timeline)) || window.full()) return;
    }
  }
}

std::vector<CatalogItem> versions(Database& database, const SourceRef& source,
                                  const std::string& stream, const std::string& item) {
  Transaction transaction(database, Transaction::Mode::read);
  StreamNames names(database);
  std::vector<CatalogItem> out;
  std::string closed_columns = shared_columns, living_columns = shared_columns;
  Statement read(database,
                 closed_columns +
                     ", v.last FROM item_version AS v WHERE v.stream = ?1 AND v.key = ?2 "
                     "UNION ALL " +
                     living_columns +
                     ", NULL FROM item AS v WHERE v.stream = ?1 AND v.key = ?2 ORDER BY 9");
  for (const StreamName* name : names.matching(source, stream)) {
    Timeline timeline(database, name->source_row);
    read.bind(name->row, item);
    while (read.step()) out.push_back(read_item(read, names, *name, timeline));
  }
  return out;
}

void files(Database& database, const ItemQuery& query,
           const std::function<bool(const CatalogFile&)>& each) {
  Transaction transaction(database, Transaction::Mode::read);
  StreamNames names(database);
  Statement read(
      database,
      // Of several copies Google's is named.
      "SELECT f.key, f.file_id, f.name, f.hash, f.size, f.content, ifnull((SELECT d.url FROM "
      "drive_file AS d WHERE d.kind = 'file' AND d.source = ?5 AND d.stream = ?6 AND "
      "d.file_id = f.file_id AND d.item = f.key ORDER BY d.url LIKE 'http%' DESC, d.target "
      "LIMIT 1), ''), f.first, f.last FROM file AS f" +
          file_condition(query) + " ORDER BY f.key, f.file_id");
  Window window(query);
  for (const StreamName* stream : streams_of(database, names, query)) {
    if (!query.parent_stream.empty() && stream->name != query.parent_stream) continue;
    Timeline timeline(database, stream->source_row);
    read.reset();
    if (query.snapshot) read.set(1, *query.snapshot);
    if (!query.parent.empty()) read.set(3, query.parent);
    read.set(4, stream->row);
    const std::string source = stream->source.text();
    read.set(5, std::string_view(source));
    read.set(6, std::string_view(stream->name));
    while (read.step()) {
      if (window.skipped()) continue;
      if (!each(read_file(read, *stream, timeline)) || window.full()) return;
    }
  }
}

std::vector<CatalogFile> files_of(Database& database, const SourceRef& source,
                                  const std::string& stream, const std::string& item) {
  ItemQuery query;
  query.source = source;
  query.stream = stream;
  query.parent = item;
  std::vector<CatalogFile> out;
  // A key may be empty, which as a parent means any.
  files(database, query, [&](const CatalogFile& file) {
    if (file.key == item) out.push_back(file);
    return true;
  });
  return out;
}

}  // namespace probackup::catalog
