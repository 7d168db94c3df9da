#include "catalog/update.h"

#include "catalog/rows.h"
#include "catalog/search_text.h"
#include "probackup/error.h"

namespace probackup::catalog {

using sqlite::Blob;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

namespace {

constexpr std::size_t streams_max = 100'000;  // per source

std::int64_t base_of(Database& database, const SourceRef& source) {
  auto row = source_row(database, source);
  return row ? newest_snapshot(database, *row) : 0;
}

std::int64_t insert_snapshot(Database& database, std::int64_t source, const CatalogSnapshot& s) {
  std::string_view digest(reinterpret_cast<const char*>(s.id.bytes.data()), s.id.bytes.size());
  if (database.number("SELECT 1 FROM snapshot WHERE digest = ?", Blob{digest}) != 0)
    throw Error("snapshot " + s.id.short_hex() + " is in the catalog already",
                "make the catalog again with `probackup catalog rebuild`");
  Statement(
      database,
      "INSERT INTO snapshot(digest, source, time, complete, suspicious, items, added, changed, "
      "removed, files, gaps, requests) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
      .run(Blob{digest}, source, to_column(s.time), s.complete, s.suspicious, s.items, s.added,
           s.changed, s.removed, s.files, s.gaps, s.requests);
  return database.last_row();
}

}  // namespace

Update::Update(Database& database, const SourceRef& source)
    : database_(database), source_(source), base_(base_of(database, source)) {}

std::uint32_t Update::number_of(const std::string& stream) {
  auto [at, added] =
      stream_numbers_.try_emplace(stream, static_cast<std::uint32_t>(streams_.size()));
  if (added) {
    if (streams_.size() == streams_max) throw Error("a source has more than 100,000 streams");
    streams_.push_back(stream);
  }
  return at->second;
}

void Update::start_key(Tag tag, const std::string* stream) {
  key_.assign(1, static_cast<char>(tag));
  if (stream) append_sortable(key_, number_of(*stream));
}

void Update::put_item(const std::string& stream, Change change, const CatalogItem& item,
                      std::string_view text) {
  ++items_put_;
  start_key(Tag::item, &stream);
  key_ += item.key;
  value_.assign(1, static_cast<char>(static_cast<int>(Operation::put) + static_cast<int>(change)));
  value_ += static_cast<char>(item.webhook);
  append_u32(value_, item.parent_stream.empty() ? 0 : number_of(item.parent_stream) + 1);
  append_u32(value_, item.file);
  append_text(value_, item.parent);
  append_text(value_, item.title);
  append_text(value_, item.url);
  append_text(value_, kept_text(text));
  changes_.put(key_, value_);
}

void Update::remove_item(const std::string& stream, std::string_view key) {
  start_key(Tag::item, &stream);
  key_ += key;
  value_.assign(1, static_cast<char>(Operation::remove));
  changes_.put(key_, value_);
}

void Update::put_segments(const std::string& stream, std::uint32_t file,
                          const std::vector<SegmentRow>& segments) {
  start_key(Tag::segments, &stream);
  append_sortable(key_, file);
  value_.clear();
  append_u32(value_, static_cast<std::uint32_t>(segments.size()));
  changes_.put(key_, value_);
  std::size_t file_key_bytes = key_.size();
  std::uint32_t position = 0;
  for (const SegmentRow& segment : segments) {
    key_.resize(file_key_bytes);
    append_sortable(key_, position++);
    value_.clear();
    append_text(value_, {reinterpret_cast<const char*>(segment.blob.bytes.data()),
                         segment.blob.bytes.size()});
    append_u32(value_, segment.count);
    append_u32(value_, segment.bytes);
    append_text(value_, segment.directory);
    changes_.put(key_, value_);
  }
}

void Update::put_file(const CatalogFile& file) {
  start_key(Tag::file, &file.stream);
  append_text(key_, file.key);
  append_text(key_, file.id);
  value_.assign(1, static_cast<char>(Operation::put));
  append_text(value_, file.name);
  append_text(value_, file.hash);
  append_u64(value_, file.size);
  append_text(value_, file.content);
  changes_.put(key_, value_);
}

void Update::remove_file(const std::string& stream, const std::string& key, const std::string& id) {
  start_key(Tag::file, &stream);
  append_text(key_, key);
  append_text(key_, id);
  value_.assign(1, static_cast<char>(Operation::remove));
  changes_.put(key_, value_);
}

void Update::put_gap(const Gap& gap) {
  start_key(Tag::gap, nullptr);
  append_sortable(key_, gaps_++);
  value_.clear();
  append_u32(value_, static_cast<std::uint32_t>(gap.status));
  for (const std::string* part :
       {&gap.stream, &gap.scope, &gap.key, &gap.file, &gap.url, &gap.reason})
    append_text(value_, *part);
  changes_.put(key_, value_);
}

void Update::put_validators(const std::string& request, const Validators& validators) {
  start_key(Tag::validator, nullptr);
  key_ += request;
  value_.clear();
  append_text(value_, validators.etag);
  append_text(value_, validators.last_modified);
  changes_.put(key_, value_);
}

std::int64_t Update::commit(const CatalogSnapshot& snapshot) {
  if (committed_) throw Error("this catalog update was committed already");
  committed_ = true;
  Transaction transaction(database_, Transaction::Mode::write);
  if (base_of(database_, source_) != base_)
    throw Error(
        ErrorKind::locked,
        "another run of " + source_.text() + " has changed the catalog meanwhile",
        "run one backup of a source at a time; `probackup catalog rebuild` puts it in order");
  std::int64_t source = make_source(database_, source_);
  std::int64_t row = insert_snapshot(database_, source, snapshot);
  Apply apply(database_, source, base_, row, streams_, items_put_);
  changes_.each([&](std::string_view key, std::string_view value) { apply.change(key, value); });
  apply.finish();
  Statement(database_, "UPDATE source SET state = ? WHERE id = ?").run(row, source);
  transaction.commit();
  return row;
}

}  // namespace probackup::catalog
