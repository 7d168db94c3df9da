#include "export/html_tree.h"

namespace probackup {
namespace {

constexpr const char* columns = "number, stream, parent, key, title, url, name, start, length";

std::string select_records(const char* rest) {
  return std::string("SELECT ") + columns + " FROM record " + rest;
}

std::optional<std::size_t> stream_number(const std::vector<StreamFolder>& streams,
                                         const std::string& name) {
  for (std::size_t i = 0; i < streams.size(); ++i)
    if (streams[i].stream.name == name) return i;
  return std::nullopt;
}

}  // namespace

Tree::Tree(const std::vector<StreamFolder>& streams)
    : streams_(streams), has_pages_(streams.size()) {
  database_.run(
      "CREATE TABLE record (number INTEGER PRIMARY KEY, stream INT, parent INT, parent_stream INT,"
      " parent_key BLOB, key BLOB, title BLOB, url BLOB, name BLOB, start INT, length INT);"
      "CREATE TABLE file (number INTEGER PRIMARY KEY, stream INT, key BLOB, record INT, id BLOB,"
      " name BLOB, path BLOB, reason BLOB, size INT); BEGIN");
  add_ = database_.prepare(
      "INSERT INTO record (stream, parent_stream, parent_key, key, title, url, name, start, length)"
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  add_file_ = database_.prepare(
      "INSERT INTO file (stream, key, id, name, path, reason, size) VALUES (?, ?, ?, ?, ?, ?, ?)");
}

void Tree::add(std::size_t stream, const ExportRecord& record, const std::string& name) {
  std::optional<std::int64_t> parent_stream;
  if (auto found = stream_number(streams_, record.parent_stream))
    parent_stream = static_cast<std::int64_t>(*found);
  std::uint64_t offset = texts_.append(record.raw);
  add_->with(std::uint64_t{stream}, parent_stream, record.parent, record.key, record.title,
             record.url, name, offset, std::uint64_t{record.raw.size()})
      .run();
}

void Tree::add_file(const WrittenFile& file) {
  std::optional<std::int64_t> stream;
  if (auto found = stream_number(streams_, file.file.stream))
    stream = static_cast<std::int64_t>(*found);
  add_file_
      ->with(stream, file.file.key, file.file.id, file.file.name, file.path, file.reason,
             file.file.size)
      .run();
}

void Tree::link() {
  database_.run(
      "COMMIT; CREATE INDEX record_key ON record (key, stream);"
      "UPDATE record SET parent = (SELECT min(p.number) FROM record p"
      " WHERE p.key = record.parent_key AND p.stream = record.parent_stream)"
      " WHERE parent_stream IS NOT NULL;"
      "UPDATE file SET record = (SELECT min(r.number) FROM record r"
      " WHERE r.key = file.key AND r.stream = file.stream) WHERE stream IS NOT NULL;"
      "CREATE INDEX record_parent ON record (parent, stream, number);"
      "CREATE INDEX record_stream ON record (stream, number);"
      "CREATE INDEX file_record ON file (record, number)");
  break_rings();
  choose_pages();
  find_ = database_.prepare(select_records("WHERE number = ?").c_str());
  find_key_ = database_.prepare(
      select_records("WHERE key = ? AND stream = ? ORDER BY number LIMIT 1").c_str());
  find_unique_ = database_.prepare(select_records("WHERE key = ? LIMIT 2").c_str());
  children_ = database_.prepare(
      select_records("WHERE parent IS ? AND stream = ? AND number > ? ORDER BY number LIMIT ?")
          .c_str());
  count_ = database_.prepare(
      "SELECT stream, count(*) FROM record WHERE parent IS ? GROUP BY stream ORDER BY stream");
  records_ = database_.prepare(
      select_records("WHERE stream = ? AND number > ? ORDER BY number LIMIT ?").c_str());
  files_ = database_.prepare(
      "SELECT number, id, name, path, reason, size FROM file WHERE record IS ? AND number > ?"
      " ORDER BY number LIMIT ?");
  count_files_ = database_.prepare("SELECT count(*) FROM file WHERE record IS ?");
}

// `level` holds every record that can be reached from the top, with its depth among its like.
void Tree::break_rings() {
  database_.run(
      "CREATE TABLE level (number INTEGER PRIMARY KEY, nest INT);"
      "INSERT INTO level WITH RECURSIVE reached (number, stream, nest) AS ("
      " SELECT number, stream, 0 FROM record WHERE parent IS NULL UNION ALL"
      " SELECT c.number, c.stream, CASE WHEN c.stream = r.stream THEN r.nest + 1 ELSE 0 END"
      " FROM reached r JOIN record c ON c.parent = r.number) SELECT number, nest FROM reached;"
      "UPDATE record SET parent = NULL WHERE parent IS NOT NULL AND"
      " NOT EXISTS (SELECT 1 FROM level WHERE level.number = record.number)");
}

void Tree::choose_pages() {
  auto rows = database_.prepare(
      "SELECT DISTINCT p.stream FROM record c JOIN record p ON p.number = c.parent"
      " WHERE c.stream <> p.stream UNION SELECT DISTINCT r.stream FROM level l JOIN record r"
      " ON r.number = l.number WHERE l.nest > ?");
  rows->with(nest_max);
  while (rows->step()) has_pages_[static_cast<std::size_t>(rows->integer(0))] = true;
}

RecordNode Tree::node(const Statement& row) const {
  RecordNode out;
  out.number = row.integer(0);
  out.stream = static_cast<std::size_t>(row.integer(1));
  out.parent = row.maybe(2);
  out.key = row.text(3);
  out.title = row.text(4);
  out.url = row.text(5);
  out.name = row.text(6);
  out.offset = static_cast<std::uint64_t>(row.integer(7));
  out.length = static_cast<std::uint64_t>(row.integer(8));
  return out;
}

std::optional<RecordNode> Tree::find(std::int64_t number) {
  if (!find_->with(number).step()) return std::nullopt;
  return node(*find_);
}

std::optional<RecordNode> Tree::find(std::size_t stream, const std::string& key) {
  if (!find_key_->with(key, std::uint64_t{stream}).step()) return std::nullopt;
  return node(*find_key_);
}

std::optional<RecordNode> Tree::find_unique(const std::string& key) {
  if (!find_unique_->with(key).step()) return std::nullopt;
  RecordNode found = node(*find_unique_);
  if (find_unique_->step()) return std::nullopt;
  return found;
}

std::vector<RecordNode> Tree::children(std::optional<std::int64_t> parent, std::size_t stream,
                                       std::int64_t after, std::size_t count_max) {
  std::vector<RecordNode> out;
  children_->with(parent, std::uint64_t{stream}, after, std::uint64_t{count_max});
  while (children_->step()) out.push_back(node(*children_));
  return out;
}

std::vector<ChildCount> Tree::count_children(std::optional<std::int64_t> parent) {
  std::vector<ChildCount> out;
  count_->with(parent);
  while (count_->step())
    out.push_back({static_cast<std::size_t>(count_->integer(0)),
                   static_cast<std::uint64_t>(count_->integer(1))});
  return out;
}

std::vector<RecordNode> Tree::records(std::size_t stream, std::int64_t after,
                                      std::size_t count_max) {
  std::vector<RecordNode> out;
  records_->with(std::uint64_t{stream}, after, std::uint64_t{count_max});
  while (records_->step()) out.push_back(node(*records_));
  return out;
}

std::string Tree::raw(const RecordNode& node) {
  return texts_.read(node.offset, static_cast<std::size_t>(node.length));
}

std::vector<NodeFile> Tree::files(std::optional<std::int64_t> node, std::int64_t after,
                                  std::size_t count_max) {
  std::vector<NodeFile> out;
  files_->with(node, after, std::uint64_t{count_max});
  while (files_->step())
    out.push_back({files_->integer(0), files_->text(1), files_->text(2), files_->text(3),
                   files_->text(4), static_cast<std::uint64_t>(files_->integer(5))});
  return out;
}

std::uint64_t Tree::count_files(std::optional<std::int64_t> node) {
  count_files_->with(node).step();
  return static_cast<std::uint64_t>(count_files_->integer(0));
}

}  // namespace probackup
