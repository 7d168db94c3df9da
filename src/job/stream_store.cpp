#include "job/stream_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <future>
#include <thread>

#include "job/segment_reader.h"
#include "probackup/error.h"

namespace probackup {
namespace {

// Directories kept decoded: room for some 60 files, a million records.
constexpr std::size_t loaded_bytes_max = 48 << 20;
constexpr std::size_t entry_overhead_bytes = 128;
constexpr std::size_t shared_max = 1000;  // they stand in the manifest

std::vector<SegmentRow> rows_of(const StreamStore::Places& places, const std::string& stream,
                                std::uint32_t file) {
  std::vector<SegmentRow> rows;
  places.catalog.segments(places.source, stream, file,
                          [&](const SegmentRow& row) { rows.push_back(row); });
  return rows;
}

std::vector<std::string_view> lines_of(std::string_view blob, const SegmentRow& row) {
  std::vector<std::string_view> lines;
  for_each_line(blob, [&](std::string_view line) { lines.push_back(line); });
  if (lines.size() != row.count)
    throw Error(
        fmt::format("the catalog does not fit the repository: blob {} holds {} records, not {}",
                    row.blob.hex(), lines.size(), row.count),
        "run: probackup catalog rebuild");
  return lines;
}

}  // namespace

// The directory of one file of the last snapshot, decoded.
struct StreamStore::LoadedFile {
  std::vector<std::string> directories;
  std::vector<DirectoryEntry> entries;
  std::unordered_map<std::string_view, std::uint32_t> by_key;  // made when first needed
  std::size_t bytes = 0;

  std::optional<std::uint32_t> find(std::string_view key) {
    if (by_key.empty())
      for (std::uint32_t i = 0; i < entries.size(); ++i) by_key.emplace(entries[i].key, i);
    auto found = by_key.find(key);
    if (found == by_key.end()) return std::nullopt;
    return found->second;
  }
};

// The segments of the files that this run wrote, on disk until the stream ends.
class StreamStore::RowSpool {
 public:
  // A later list of the same file takes the place of the earlier one.
  void put(std::uint32_t file, const std::vector<SegmentRow>& rows) {
    auto& places = files_[file];
    places.clear();
    for (const auto& row : rows) {
      SegmentRow head = row;
      head.directory = {};
      places.push_back({std::move(head), directories_.append(row.directory), row.directory.size()});
    }
  }
  std::vector<SegmentRow> get(std::uint32_t file) {
    std::vector<SegmentRow> rows;
    for (const auto& place : files_.at(file)) {
      rows.push_back(place.head);
      rows.back().directory = directories_.read(place.offset, place.bytes);
    }
    return rows;
  }

 private:
  struct Place {
    SegmentRow head;
    std::uint64_t offset;  // of the directory
    std::size_t bytes;
  };
  std::map<std::uint32_t, std::vector<Place>> files_;
  SpoolFile directories_;
};

StreamStore::StreamStore(const Places& places, std::string stream, const SegmentPolicy& policy,
                         const Shape& shape)
    : places_(places),
      stream_(std::move(stream)),
      policy_(policy),
      has_children_(shape.has_children),
      has_parents_(shape.has_parents),
      shared_before_(shape.shared) {}
StreamStore::~StreamStore() = default;

void StreamStore::begin(bool full) {
  if (began_) return;
  began_ = true;
  full_ = full;
  places_.catalog.segments(places_.source, stream_, std::nullopt, [&](const SegmentRow& row) {
    prior_[row.file].count += row.count;
    counts_.prior += row.count;
  });
  for (auto& [file, prior] : prior_) {
    prior.seen.resize(prior.count);
    if (has_children_) prior.spooled.resize(prior.count);
  }
  counts_.records = counts_.prior;
  if (!prior_.empty()) {
    cursor_file_ = prior_.begin()->first;
    tail_file_ = prior_.rbegin()->first;
    tail_records_ = prior_.rbegin()->second.count;
    tail_joins_prior_ = true;
  }
}

StreamStore::LoadedFile& StreamStore::load(std::uint32_t file) {
  for (auto it = loaded_.begin(); it != loaded_.end(); ++it) {
    if (it->first != file) continue;
    loaded_.splice(loaded_.begin(), loaded_, it);
    return *loaded_.front().second;
  }
  auto made = std::make_unique<LoadedFile>();
  for (auto& row : rows_of(places_, stream_, file))
    made->directories.push_back(std::move(row.directory));
  for (const auto& directory : made->directories) {
    made->bytes += directory.size();
    for (const auto& entry : read_directory(directory)) made->entries.push_back(entry);
  }
  made->bytes += made->entries.size() * entry_overhead_bytes;
  loaded_bytes_ += made->bytes;
  loaded_.emplace_front(file, std::move(made));
  while (loaded_bytes_ > loaded_bytes_max && loaded_.size() > 1) {
    loaded_bytes_ -= loaded_.back().second->bytes;
    loaded_.pop_back();
  }
  return *loaded_.front().second;
}

// Apps list in the same order every time, so the record behind the last one found is the best
// guess.
bool StreamStore::step_cursor(std::string_view key) {
  auto prior = prior_.find(cursor_file_);
  if (prior != prior_.end() && cursor_position_ >= prior->second.count) {
    if (++prior == prior_.end()) return false;
    cursor_file_ = prior->first;
    cursor_position_ = 0;
  }
  if (prior == prior_.end()) return false;
  auto& entries = load(cursor_file_).entries;
  return cursor_position_ < entries.size() && entries[cursor_position_].key == key;
}

std::optional<StreamStore::Place> StreamStore::search(std::string_view key) {
  auto look = [&](std::uint32_t file) -> std::optional<Place> {
    auto position = load(file).find(key);
    if (!position) return std::nullopt;
    return Place{file, *position};
  };
  if (policy_.with_index) {
    auto file = places_.catalog.file_of(places_.source, stream_, key);
    return file && prior_.contains(*file) ? look(*file) : std::nullopt;
  }
  for (const auto& [file, prior] : prior_)  // a list that the catalog has no items of
    if (auto place = look(file)) return place;
  return std::nullopt;
}

std::optional<StreamStore::Place> StreamStore::locate(std::string_view key) {
  if (prior_.empty()) return std::nullopt;
  if (!step_cursor(key)) {
    auto place = search(key);
    if (!place) return std::nullopt;
    cursor_file_ = place->file;
    cursor_position_ = place->position;
  }
  return Place{cursor_file_, cursor_position_++};
}

StreamStore::Put StreamStore::record(const Record& record) {
  auto place = locate(record.key);
  if (!place) {
    note_place(record.key, record.scope);
    bool is_new = added_.insert(record.key);
    // What hangs below several parents comes once for each of them.
    if (has_parents_ && !versions_.insert(record.key + '\0' + record.compare))
      return {Change::unchanged, tail_file_};
    append(record);
    if (is_new)
      spool_parent(record, Change::added);
    else
      repeated_.insert(record.key);
    return {Change::added, tail_file_};
  }
  auto& prior = prior_[place->file];
  const bool seen_before = prior.seen[place->position];
  if (seen_before) drop_pending(*place);
  prior.seen[place->position] = true;
  if (has_children_) prior.spooled[place->position] = true;
  const auto& entry = load(place->file).entries[place->position];
  const bool is_same = entry.compare == record.compare;
  // One that changed takes its new place along.
  if (entry.scope == record.scope ? named_.contains(record.key) : is_same || seen_before)
    note_shared(record.key);
  else if (!is_same)
    note_place(record.key, record.scope);
  // A record that several listings name keeps its first place: which one comes first is chance.
  if (is_same) {
    spool_parent(record, Change::unchanged);
    return {Change::unchanged, place->file};
  }
  DirectoryWriter directory;
  directory.add(entry_of(record));
  std::string bytes = directory.take();
  if (!changes_) changes_ = std::make_unique<SpoolFile>();
  PendingChange change{place->position, static_cast<std::uint32_t>(bytes.size()),
                       static_cast<std::uint32_t>(record.raw.size()), 0};
  change.offset = changes_->append(bytes + record.raw);
  auto& list = pending_[place->file];
  list.push_back(change);
  spool_parent(record, Change::changed);
  return {Change::changed, place->file};
}

// The same record twice in one run: the later one counts.
void StreamStore::drop_pending(const Place& place) {
  auto found = pending_.find(place.file);
  if (found == pending_.end()) return;
  std::erase_if(found->second,
                [&](const auto& change) { return change.position == place.position; });
}

std::optional<std::string> StreamStore::prior_mark(std::string_view key) {
  auto place = locate(key);
  if (!place) return std::nullopt;
  return std::string(load(place->file).entries[place->position].mark);
}

bool StreamStore::keep(std::string_view key) {
  auto place = locate(key);
  if (!place) return false;
  prior_[place->file].seen[place->position] = true;
  return true;
}

void StreamStore::named(std::string_view key, std::string_view scope) {
  if (!has_parents_) return;
  // Mostly it is the record that was kept last.
  std::optional<Place> place;
  if (cursor_position_ > 0) place = Place{cursor_file_, cursor_position_ - 1};
  const bool is_last = place && prior_.contains(place->file) &&
                       place->position < prior_[place->file].count &&
                       load(place->file).entries[place->position].key == key;
  if (!is_last) place = prior_.empty() ? std::nullopt : search(key);
  if (!place) return note_place(key, scope);
  if (load(place->file).entries[place->position].scope != scope) note_shared(key);
}

void StreamStore::note_place(std::string_view key, std::string_view scope) {
  if (!has_parents_) return;
  const bool is_new_place = placed_.insert(std::string(scope).append(1, '\0').append(key));
  const bool is_new = named_.insert(key);
  if (is_new_place && !is_new) note_shared(key);
}

// Beyond the limit "" stands for any record.
void StreamStore::note_shared(std::string_view key) {
  shared_.emplace(shared_.size() < shared_max ? key : "");
}

void StreamStore::gone(std::string_view key) {
  gone_.insert(key);
}

void StreamStore::listed(const std::string& scope, bool complete) {
  (complete ? complete_ : incomplete_).insert(scope);
}

void StreamStore::keep_scope(const std::string& scope) {
  kept_.insert(scope);
}

void StreamStore::abandon() {
  begin(false);
  full_ = false;
  complete_ = {};
}

void StreamStore::append(const Record& record) {
  if (tail_records_ >= policy_.records_per_file) close_tail();
  if (!tail_) tail_ = std::make_unique<StreamFileBuilder>(places_.repository, policy_.with_index);
  tail_->add(entry_of(record), record.raw, policy_.fresh_bytes);
  ++tail_records_;
}

// The last file is full: what comes next goes to a new one.
void StreamStore::close_tail() {
  if (tail_joins_prior_) {
    joined_ = std::move(tail_);
    joined_file_ = tail_file_;
    tail_joins_prior_ = false;
  } else if (tail_) {
    store(tail_file_, tail_->finish(tail_file_));
    tail_.reset();
  }
  ++tail_file_;
  tail_records_ = 0;
}

void StreamStore::store(std::uint32_t file, StreamFile built) {
  places_.update.put_segments(stream_, file, built.rows);
  if (!rows_) rows_ = std::make_unique<RowSpool>();
  rows_->put(file, built.rows);
  built.rows = {};
  changed_files_[file] = std::move(built);
}

// Reads and writes a few files side by side, in order.
void StreamStore::rewrite_changed() {
  if (changes_) changes_->flush();
  const std::size_t at_once = std::clamp(std::thread::hardware_concurrency(), 1u, 4u);
  std::deque<std::pair<std::uint32_t, std::future<StreamFile>>> running;
  auto store_first = [&] {
    auto [file, built] = std::move(running.front());
    running.pop_front();
    store(file, built.get());
  };
  for (const auto& [file, prior] : prior_) {
    bool joins = joined_ && joined_file_ == file;
    if (prior.gone.empty() && !pending_.contains(file) && !joins) continue;
    auto& changes = pending_[file];
    std::sort(changes.begin(), changes.end(),
              [](const auto& a, const auto& b) { return a.position < b.position; });
    if (running.size() == at_once) store_first();
    auto task = [this, number = file, rows = rows_of(places_, stream_, file), &gone = prior.gone,
                 &changes]() mutable { return rewrite(number, std::move(rows), gone, changes); };
    running.emplace_back(file, std::async(std::launch::async, std::move(task)));
  }
  while (!running.empty()) store_first();
  joined_.reset();
}

// New records stand where they came last; what came before under the same key is dropped.
void StreamStore::drop_repeated() {
  std::unordered_set<std::string> later;
  for (auto at = changed_files_.rbegin(); at != changed_files_.rend(); ++at) {
    auto rows = rows_->get(at->first);
    std::vector<bool> gone;
    std::size_t end = at->second.records;
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
      auto entries = read_directory(row->directory);
      end -= entries.size();
      for (std::size_t i = entries.size(); i-- > 0;) {
        if (!repeated_.contains(entries[i].key)) continue;
        if (later.emplace(entries[i].key).second) continue;
        gone.resize(at->second.records);
        gone[end + i] = true;
      }
    }
    if (!gone.empty()) store(at->first, rewrite(at->first, rows, gone, {}));
  }
}

// The rules of BackupSink::begin_stream and listed() for a record that the run did not name.
bool StreamStore::is_gone(const DirectoryEntry& entry,
                          const std::function<bool(std::string_view)>& parent_gone) const {
  if (gone_.contains(entry.key)) return true;
  if (kept_.contains(entry.scope) || incomplete_.contains(entry.scope)) return false;
  for (const auto* keys : {&shared_, &shared_before_})
    if (!keys->empty() && (keys->contains(std::string(entry.key)) || keys->contains("")))
      return read_all();
  if (complete_.contains(entry.scope)) return true;
  // Nobody asked for this listing: nothing leads to it any more, unless something was not read.
  if (full_) return incomplete_.size() == 0;
  return !entry.scope.empty() && parent_gone(entry.scope);
}

void StreamStore::find_removed(const std::function<bool(std::string_view)>& parent_gone) {
  for (auto& [file, prior] : prior_) {
    if (std::find(prior.seen.begin(), prior.seen.end(), false) == prior.seen.end()) continue;
    const auto& entries = load(file).entries;
    for (std::uint32_t i = 0; i < prior.count; ++i) {
      if (prior.seen[i] || !is_gone(entries[i], parent_gone)) continue;
      if (prior.gone.empty()) prior.gone.resize(prior.count);
      prior.gone[i] = true;
      removed_.emplace(entries[i].key);
      places_.update.remove_item(stream_, entries[i].key);
    }
  }
}

void StreamStore::finish(const std::function<bool(std::string_view)>& parent_gone) {
  begin(false);
  find_removed(parent_gone);
  if (!read_all())
    for (const auto& key : shared_before_) note_shared(key);
  for (const auto& [file, list] : pending_) counts_.changed += list.size();
  counts_.removed = removed_.size();
  counts_.records = counts_.prior + counts_.added - counts_.removed;
  if (tail_joins_prior_ && tail_) {
    joined_ = std::move(tail_);
    joined_file_ = tail_file_;
  } else if (tail_) {
    store(tail_file_, tail_->finish(tail_file_));
    tail_.reset();
  }
  rewrite_changed();
  if (repeated_.size() > 0) drop_repeated();
  rows_.reset();
  loaded_.clear();
  loaded_bytes_ = 0;
}

// Which segments lose or change a record. `changes` are sorted by position.
std::vector<bool> StreamStore::touched_rows(const std::vector<SegmentRow>& rows,
                                            const std::vector<bool>& gone,
                                            const std::vector<PendingChange>& changes) {
  std::vector<bool> out;
  auto change = changes.begin();
  std::uint32_t position = 0;
  for (const SegmentRow& row : rows) {
    std::uint32_t end = position + row.count;
    bool shrinks = !gone.empty() && std::find(gone.begin() + position, gone.begin() + end, true) !=
                                        gone.begin() + end;
    bool changed = change != changes.end() && change->position < end;
    while (change != changes.end() && change->position < end) ++change;
    out.push_back(changed || shrinks);
    position = end;
  }
  return out;
}

// Writes a file again: segments without a change are kept as they are, small neighbours are joined.
StreamFile StreamStore::rewrite(std::uint32_t file, std::vector<SegmentRow> rows,
                                const std::vector<bool>& gone,
                                const std::vector<PendingChange>& changes) {
  StreamFileBuilder out(places_.repository, policy_.with_index);
  std::vector<bool> touched = touched_rows(rows, gone, changes);
  SegmentReader reader(places_.repository, rows, touched);
  auto change = changes.begin();
  std::uint32_t position = 0;
  for (std::size_t i = 0; i < rows.size(); position += rows[i].count, ++i) {
    auto& row = rows[i];
    auto entries = read_directory(row.directory);
    bool small = row.bytes < policy_.touched_bytes;
    bool next_small = i + 1 < rows.size() && rows[i + 1].bytes < policy_.touched_bytes;
    bool joins = small && (out.open_bytes() > 0 || next_small);
    if (!touched[i] && !joins) {
      out.keep(row, entries);
      continue;
    }
    std::string blob = reader.take(i);
    auto lines = lines_of(blob, row);
    for (std::uint32_t k = 0; k < row.count; ++k) {
      if (!gone.empty() && gone[position + k]) continue;
      if (change == changes.end() || change->position != position + k) {
        out.add(entries[k], lines[k], policy_.touched_bytes);
        continue;
      }
      std::string bytes = changes_->read(change->offset, change->entry_bytes + change->raw_bytes);
      auto entry = read_directory(std::string_view(bytes).substr(0, change->entry_bytes));
      out.add(entry.at(0), std::string_view(bytes).substr(change->entry_bytes),
              policy_.touched_bytes);
      ++change;
    }
  }
  if (joined_ && joined_file_ == file) {
    out.append(*joined_);
  }
  return out.finish(file);
}

void StreamStore::spool_parent(const Record& record, Change change) {
  if (change == Change::added) ++counts_.added;
  if (!has_children_) return;
  if (!parents_) parents_ = std::make_unique<SpoolFile>();
  std::uint32_t sizes[3] = {static_cast<std::uint32_t>(change),
                            static_cast<std::uint32_t>(record.key.size()),
                            static_cast<std::uint32_t>(record.raw.size())};
  parents_->append({reinterpret_cast<const char*>(sizes), sizeof sizes});
  parents_->append(record.key);
  parents_->append(record.raw);
}

bool StreamStore::next_parents(ParentCursor& cursor, bool changed_only, std::size_t batch_bytes,
                               std::vector<ParentRecord>& batch) {
  if (next_spooled(cursor, changed_only, batch_bytes, batch)) return true;
  if (changed_only) return false;
  // Records that this run did not read but that live on: they come from the repository, file by
  // file.
  auto prior = prior_.lower_bound(cursor.file);
  for (; prior != prior_.end(); ++prior, cursor.segment = 0) {
    cursor.file = prior->first;
    auto rows = rows_of(places_, stream_, prior->first);
    std::uint32_t first = 0;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < rows.size(); first += rows[i].count, ++i) {
      if (i < cursor.segment) continue;
      kept_parents(prior->first, first, rows[i], batch);
      bytes += rows[i].bytes;
      cursor.segment = i + 1;
      if (bytes >= batch_bytes) return true;
    }
  }
  return false;
}

bool StreamStore::next_spooled(ParentCursor& cursor, bool changed_only, std::size_t batch_bytes,
                               std::vector<ParentRecord>& batch) {
  std::uint64_t end = parents_ ? parents_->size() : 0;
  std::size_t bytes = 0;
  while (cursor.spool_at < end && bytes < batch_bytes) {
    std::uint32_t sizes[3];  // change, key, raw
    std::string head = parents_->read(cursor.spool_at, sizeof sizes);
    std::memcpy(sizes, head.data(), sizeof sizes);
    cursor.spool_at += sizeof sizes;
    auto change = static_cast<Change>(sizes[0]);
    if (!changed_only || change != Change::unchanged) {
      std::string text = parents_->read(cursor.spool_at, sizes[1] + sizes[2]);
      batch.push_back({text.substr(0, sizes[1]), text.substr(sizes[1]), change});
      bytes += text.size();
    }
    cursor.spool_at += sizes[1] + sizes[2];
  }
  return cursor.spool_at < end;
}

void StreamStore::kept_parents(std::uint32_t file, std::uint32_t first, const SegmentRow& row,
                               std::vector<ParentRecord>& batch) {
  const auto& prior = prior_[file];
  auto lives = [&](std::uint32_t at) {
    return !prior.spooled[at] && (prior.gone.empty() || !prior.gone[at]);
  };
  bool any = false;
  for (std::uint32_t k = 0; k < row.count; ++k) any = any || lives(first + k);
  if (!any) return;
  std::string blob = places_.repository.load_blob(BlobType::data, row.blob);
  auto lines = lines_of(blob, row);
  auto entries = read_directory(row.directory);
  for (std::uint32_t k = 0; k < row.count; ++k)
    if (lives(first + k))
      batch.push_back({std::string(entries[k].key), std::string(lines[k]), Change::unchanged});
}

}  // namespace probackup
