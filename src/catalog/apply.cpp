#include "catalog/apply.h"

#include "catalog/rows.h"

namespace probackup::catalog {

using sqlite::Blob;
using sqlite::Database;
using sqlite::Statement;

Apply::Apply(Database& database, std::int64_t source, std::int64_t previous, std::int64_t row,
             const std::vector<std::string>& streams, std::uint64_t items_expected)
    : database_(database),
      source_(source),
      previous_(previous),
      row_(row),
      names_(streams),
      by_number_(streams.size()),
      items_(database, previous, row, items_expected),
      // A segment that stays as it is costs no write.
      put_segment_(database,
                   "INSERT INTO segment(stream, file, position, blob, count, bytes, directory) "
                   "VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(stream, file, position) DO UPDATE SET "
                   "blob = excluded.blob, count = excluded.count, bytes = excluded.bytes, "
                   "directory = excluded.directory WHERE (blob, count, bytes, directory) IS NOT "
                   "(excluded.blob, excluded.count, excluded.bytes, excluded.directory)"),
      cut_segments_(database,
                    "DELETE FROM segment WHERE stream = ? AND file = ? AND position >= ?"),
      find_file_(database,
                 "SELECT id, name, hash, size, content FROM file WHERE stream = ? AND key = ? AND "
                 "file_id = ? AND last IS NULL"),
      close_file_(database, "UPDATE file SET last = ? WHERE id = ?"),
      put_file_(database,
                "INSERT INTO file(stream, key, file_id, name, hash, size, content, first) "
                "VALUES(?, ?, ?, ?, ?, ?, ?, ?)"),
      put_gap_(database,
               "INSERT INTO gap(snapshot, number, status, stream, scope, key, file, url, reason) "
               "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      put_validator_(database, "INSERT OR REPLACE INTO http_validator VALUES(?, ?, ?, ?)"),
      drop_validator_(database, "DELETE FROM http_validator WHERE source = ? AND request = ?") {
  load_counts();
}

void Apply::load_counts() {
  Statement read(database_, "SELECT stream, items, files FROM stream_count WHERE snapshot = ?");
  read.bind(previous_);
  while (read.step())
    streams_[read.integer(0)] = {read.integer(0), read.integer(1), read.integer(2), false};
}

void Apply::change(std::string_view key, std::string_view value) {
  WireReader name(key.substr(1)), values(value);
  switch (static_cast<Tag>(key[0])) {
    case Tag::item: {
      Stream& in = stream(name.sortable());
      return item(in, name.rest(), values);
    }
    case Tag::file: {
      Stream& in = stream(name.sortable());
      return file(in, name, values);
    }
    case Tag::segments: {
      Stream& in = stream(name.sortable());
      return segments(in, name, values);
    }
    case Tag::gap:
      return gap(name, values);
    case Tag::validator:
      return validator(name.rest(), values);
  }
}

void Apply::finish() {
  items_.finish();
  Statement insert(database_,
                   "INSERT INTO stream_count(snapshot, stream, items, files) VALUES(?, ?, ?, ?)");
  for (const auto& [row, stream] : streams_)
    if (stream.items > 0 || stream.files > 0) insert.run(row_, row, stream.items, stream.files);
}

Apply::Stream& Apply::stream(std::uint32_t number) {
  if (by_number_[number]) return *by_number_[number];
  std::int64_t row = make_stream(database_, source_, names_[number]);
  Stream& out = streams_.try_emplace(row, Stream{row}).first->second;
  out.was_empty = out.items == 0;
  return *(by_number_[number] = &out);
}

void Apply::item(Stream& in, std::string_view key, WireReader value) {
  int operation = value.u8();
  if (operation == static_cast<int>(Operation::remove)) {
    if (!in.was_empty && items_.remove(in.row, key)) --in.items;
    return;
  }
  auto change = static_cast<Change>(operation - static_cast<int>(Operation::put));
  ItemRow row;
  row.stream = in.row;
  row.key = key;
  row.webhook = value.u8() != 0;
  if (auto above = value.u32(); above != 0) row.parent_stream = stream(above - 1).row;
  row.file = value.u32();
  row.parent = value.text();
  row.title = value.text();
  row.url = value.text();
  row.text = value.text();
  if (items_.put(row, change, in.was_empty)) ++in.items;
}

void Apply::file(Stream& in, WireReader key, WireReader value) {
  bool put = value.u8() != static_cast<std::uint8_t>(Operation::remove);
  auto name = put ? value.text() : "", hash = put ? value.text() : "";
  auto size = put ? static_cast<std::int64_t>(value.u64()) : 0;
  auto content = put ? value.text() : "";
  auto item = key.text(), id = key.text();

  if (find_file_.bind(in.row, item, id).step()) {
    bool same = put && find_file_.view(1) == name && find_file_.view(2) == hash &&
                find_file_.integer(3) == size && find_file_.view(4) == content;
    std::int64_t old = find_file_.integer(0);
    find_file_.reset();
    if (same) return;
    close_file_.run(previous_, old);
    --in.files;
  }
  if (!put) return;
  put_file_.run(in.row, item, id, name, hash, size, Blob{content}, row_);
  ++in.files;
}

void Apply::segments(Stream& in, WireReader key, WireReader value) {
  std::uint32_t number = key.sortable();
  if (key.done()) {
    segment_count_ = value.u32();
    cut_segments_.run(in.row, number, segment_count_);
    return;
  }
  std::uint32_t position = key.sortable();
  if (position >= segment_count_) return;  // of a longer list that was put before
  auto blob = value.text();
  auto count = value.u32(), bytes = value.u32();
  put_segment_.run(in.row, number, position, Blob{blob}, count, bytes, Blob{value.text()});
}

void Apply::gap(WireReader key, WireReader value) {
  auto status = static_cast<int>(value.u32());
  auto stream = value.text(), scope = value.text(), record = value.text(), file = value.text(),
       url = value.text(), reason = value.text();
  put_gap_.run(row_, key.sortable(), status, stream, scope, record, file, url, reason);
}

void Apply::validator(std::string_view request, WireReader value) {
  auto etag = value.text(), last_modified = value.text();
  if (etag.empty() && last_modified.empty())
    drop_validator_.run(source_, request);
  else
    put_validator_.run(source_, request, etag, last_modified);
}

}  // namespace probackup::catalog
