// Makes the catalog again from the repository, snapshot by snapshot.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "job/layout.h"
#include "job/manifest.h"
#include "job/segment.h"
#include "probackup/drive_job.h"
#include "probackup/error.h"
#include "probackup/job.h"
#include "probackup/restore_job.h"
#include "util/log.h"
#include "util/text.h"

namespace probackup {
namespace {

// Applies one snapshot on top of what the catalog holds of the one before.
class Applier {
 public:
  Applier(const JobContext& context, const Snapshot& snapshot, const SourceRef& source,
          RecordDescriber& describer)
      : context_(context),
        reader_(context.repository, snapshot),
        source_(source),
        describer_(describer),
        update_(context.catalog.begin_update(source)) {}

  std::uint64_t apply(const std::optional<Snapshot>& before) {
    auto manifest = Manifest::parse(reader_.manifest_text());
    auto streams = reader_.streams();
    std::set<std::string> names(streams.begin(), streams.end());
    if (before) {
      SnapshotReader earlier(context_.repository, *before);
      for (const auto& name : earlier.streams()) names.insert(name);
    }
    for (const auto& name : names)
      apply_stream(name, std::count(streams.begin(), streams.end(), name) > 0);
    apply_files();
    auto gaps = reader_.gaps();
    for (const auto& gap : gaps) update_->put_gap(gap);

    const auto& snapshot = reader_.snapshot();
    row_.id = snapshot.id;
    row_.source = source_;
    row_.time = snapshot.time;
    row_.complete = gaps.empty() && !has_tag(snapshot, tag_partial);
    row_.suspicious = has_tag(snapshot, tag_suspicious);
    row_.gaps = gaps.size();
    for (const auto& [name, stream] : manifest.streams) {
      row_.items += stream.records;
      row_.requests += stream.requests;
    }
    update_->commit(row_);
    return row_.items;
  }

 private:
  struct Old {
    std::string compare, scope, parent_stream, parent;
  };

  void apply_stream(const std::string& stream, bool exists) {
    std::map<std::uint32_t, std::vector<SegmentRow>> old_files;
    context_.catalog.segments(source_, stream, std::nullopt,
                              [&](const SegmentRow& row) { old_files[row.file].push_back(row); });
    std::map<std::uint32_t, SnapshotReader::StreamFileNodes> files;
    if (exists) files = reader_.stream_files(stream);
    for (const auto& [number, rows] : old_files) files[number];
    // A record that was deleted and came back may have moved to another file.
    std::unordered_set<std::string> gone, come;
    for (auto& [number, file] : files)
      apply_file(stream, number, file, old_files[number], gone, come);
    for (const auto& key : gone) {
      if (come.contains(key)) continue;
      update_->remove_item(stream, key);
      ++row_.removed;
    }
  }

  void apply_file(const std::string& stream, std::uint32_t number,
                  const SnapshotReader::StreamFileNodes& file, std::vector<SegmentRow>& old_rows,
                  std::unordered_set<std::string>& gone, std::unordered_set<std::string>& come) {
    std::vector<Id> old_blobs;
    for (const auto& row : old_rows) old_blobs.push_back(row.blob);
    if (old_blobs == file.records.content) return;

    std::unordered_map<Id, const SegmentRow*> kept;
    std::unordered_set<Id> now(file.records.content.begin(), file.records.content.end());
    std::unordered_map<std::string, Old> old_records;
    for (const auto& row : old_rows) {
      if (now.contains(row.blob)) {
        kept.emplace(row.blob, &row);
        continue;
      }
      for (const auto& entry : read_directory(row.directory))
        old_records.emplace(entry.key,
                            Old{std::string(entry.compare), std::string(entry.scope),
                                std::string(entry.parent_stream), std::string(entry.parent)});
    }

    auto index = file.records.content.empty() ? std::vector<std::vector<IndexedRecord>>{}
                                              : reader_.index_of(file);
    std::vector<SegmentRow> rows;
    for (std::size_t i = 0; i < index.size(); ++i) {
      auto found = kept.find(file.records.content[i]);
      SegmentRow row = found != kept.end() ? *found->second
                                           : read_segment(stream, number, file.records.content[i],
                                                          index[i], old_records, come);
      row.file = number;
      row.position = static_cast<std::uint32_t>(i);
      rows.push_back(std::move(row));
    }
    for (auto& [key, old] : old_records) gone.insert(key);
    update_->put_segments(stream, number, rows);
  }

  SegmentRow read_segment(const std::string& stream, std::uint32_t number, const Id& blob,
                          const std::vector<IndexedRecord>& index,
                          std::unordered_map<std::string, Old>& old_records,
                          std::unordered_set<std::string>& come) {
    std::string text = context_.repository.load_blob(BlobType::data, blob);
    DirectoryWriter directory;
    std::size_t k = 0;
    for_each_line(text, [&](std::string_view line) {
      if (k >= index.size()) return;
      Record record;
      record.stream = stream;
      record.key = index[k].key;
      record.scope = index[k].scope;
      record.parent_stream = index[k].parent_stream;
      record.parent = index[k].parent;
      record.raw = line;
      describer_.describe(record);
      directory.add(entry_of(record));
      put_record(number, record, old_records, come);
      ++k;
    });
    SegmentRow row;
    row.blob = blob;
    row.count = directory.count();
    row.bytes = static_cast<std::uint32_t>(text.size());
    row.directory = directory.take();
    return row;
  }

  void put_record(std::uint32_t number, const Record& record,
                  std::unordered_map<std::string, Old>& old_records,
                  std::unordered_set<std::string>& come) {
    Change change = Change::added;
    auto old = old_records.find(record.key);
    if (old != old_records.end()) {
      bool same = old->second.compare == record.compare && old->second.scope == record.scope &&
                  old->second.parent == record.parent &&
                  old->second.parent_stream == record.parent_stream;
      change = same ? Change::unchanged : Change::changed;
      old_records.erase(old);
    }
    if (change == Change::unchanged) return;
    if (change == Change::added) come.insert(record.key);
    ++(change == Change::added ? row_.added : row_.changed);
    CatalogItem item;
    item.source = source_;
    item.stream = record.stream;
    item.key = record.key;
    item.parent_stream = record.parent_stream;
    item.parent = record.parent;
    item.title = record.title;
    item.url = record.url;
    item.webhook = record.webhook;
    item.file = number;
    update_->put_item(record.stream, change, item, record.text);
  }

  void apply_files() {
    std::map<std::pair<std::string, std::string>, CatalogFile> old;  // by stream and id
    ItemQuery query;
    query.source = source_;
    context_.catalog.files(query, [&](const CatalogFile& file) {
      old.emplace(std::pair(file.stream, file.id), file);
      return true;
    });
    reader_.files([&](const SnapshotFile& file) {
      CatalogFile row;
      row.source = source_;
      row.stream = file.stream;
      row.key = file.key;
      row.id = file.id;
      row.name = file.name;
      row.hash = file.hash;
      row.size = file.node.size;
      row.content = pack_ids(file.node.content);
      auto before = old.find({file.stream, file.id});
      bool same = before != old.end() && before->second.content == row.content &&
                  before->second.name == row.name && before->second.key == row.key;
      if (before != old.end()) old.erase(before);
      if (same) return true;
      update_->put_file(row);
      ++row_.files;
      return true;
    });
    for (const auto& [place, file] : old) update_->remove_file(file.stream, file.key, file.id);
    apply_file_list();
  }

  // The segments of the list of attachments, for the next run to merge with.
  void apply_file_list() {
    std::string stream(files_stream);
    std::set<std::uint32_t> old_files;
    context_.catalog.segments(source_, stream, std::nullopt,
                              [&](const SegmentRow& row) { old_files.insert(row.file); });
    for (const auto& [number, nodes] : reader_.stream_files(stream)) {
      std::vector<SegmentRow> rows;
      for (const auto& blob : nodes.records.content) {
        std::string text = context_.repository.load_blob(BlobType::data, blob);
        DirectoryWriter directory;
        for_each_line(text, [&](std::string_view line) {
          Record record = file_record(parse_file_line(line), std::string(line));
          directory.add(entry_of(record));
        });
        SegmentRow row;
        row.file = number;
        row.position = static_cast<std::uint32_t>(rows.size());
        row.blob = blob;
        row.count = directory.count();
        row.bytes = static_cast<std::uint32_t>(text.size());
        row.directory = directory.take();
        rows.push_back(std::move(row));
      }
      update_->put_segments(stream, number, rows);
      old_files.erase(number);
    }
    for (auto number : old_files) update_->put_segments(stream, number, {});
  }

  const JobContext& context_;
  SnapshotReader reader_;
  const SourceRef& source_;
  RecordDescriber& describer_;
  std::unique_ptr<CatalogUpdate> update_;
  CatalogSnapshot row_;
};

}  // namespace

RebuildReport rebuild_catalog(const JobContext& context, const std::optional<SourceRef>& source,
                              const std::function<RecordDescriber*(const SourceRef&)>& describer_of,
                              std::stop_token stop) {
  std::map<SourceRef, std::vector<Snapshot>> by_source;
  for (auto& snapshot : source_snapshots(context.repository, source)) {
    auto of = *source_of(snapshot);
    by_source[of].push_back(std::move(snapshot));
  }
  RebuildReport report;
  for (const auto& known : context.catalog.sources())
    if (!source || known == *source) context.catalog.drop_source(known);
  for (const auto& [of, snapshots] : by_source) {
    RecordDescriber* describer = describer_of(of);
    std::optional<Snapshot> before;
    for (const auto& snapshot : snapshots) {
      if (stop.stop_requested())
        throw Error(ErrorKind::interrupted, "catalog rebuild was interrupted");
      try {
        report.records += Applier(context, snapshot, of, *describer).apply(before);
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        // One damaged snapshot must not hide the others.
        report.unreadable.emplace_back(snapshot.id, error.what());
        log_warning(fmt::format("snapshot {} of {} is not in the catalog: {}",
                                snapshot.id.short_hex(), of.text(), error.what()));
        continue;
      }
      ++report.snapshots;
      before = snapshot;
    }
    ++report.sources;
  }
  if (!source) {
    report.restores = import_restores(context);
    import_drive_files(context);
  }
  return report;
}

}  // namespace probackup
