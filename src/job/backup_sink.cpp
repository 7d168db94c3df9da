#include "job/backup_sink.h"

#include <algorithm>

#include "git/backup.h"
#include "git/program.h"
#include "job/layout.h"
#include "probackup/http.h"
#include "util/text.h"

namespace probackup {
namespace {

SegmentPolicy file_list_policy() {
  SegmentPolicy policy;
  policy.with_index = false;  // each line says all
  return policy;
}

}  // namespace

// What a failure of the repository or the catalog leaves half-done must not become a snapshot.
class RunSink::Whole {
 public:
  explicit Whole(RunSink& sink) : sink_(sink), before_(std::uncaught_exceptions()) {}
  ~Whole() {
    if (std::uncaught_exceptions() > before_) sink_.half_done_ = true;
  }
  Whole(const Whole&) = delete;
  Whole& operator=(const Whole&) = delete;

 private:
  RunSink& sink_;
  const int before_;
};

struct RunSink::OpenStream {
  OpenStream(const StreamStore::Places& places, const std::string& stream,
             const SegmentPolicy& segments, const StreamStore::Shape& shape)
      : store(places, stream, segments, shape) {}
  StreamStore store;
  bool ended = false, abandoned = false, kept = false, has_files = false;
};

// An attachment on its way into the repository.
class RunSink::OpenFile final : public FileSink {
 public:
  OpenFile(RunSink& sink, FileRef file)
      : sink_(sink), file_(std::move(file)), writer_(sink.context_.repository) {}
  void write(std::string_view bytes) override { writer_.write(bytes); }
  void finish() override {
    Node node = writer_.finish();
    std::lock_guard lock(sink_.mutex_);
    sink_.store_file(file_, node, writer_.hash());
  }

 private:
  RunSink& sink_;
  FileRef file_;
  FileWriter writer_;
};

RunSink::RunSink(const JobContext& context, const BackupSource& source,
                 const SegmentPolicy& segments, CatalogUpdate& update, SnapshotTree& tree,
                 Prior prior, std::stop_token stop)
    : context_(context),
      source_(source),
      segments_(segments),
      update_(update),
      tree_(tree),
      prior_folder_(prior.folder),
      prior_(prior.manifest),
      prior_gaps_(std::move(prior.gaps)),
      kept_since_(prior.kept_since),
      started_(prior.started),
      stop_(stop),
      files_({context.repository, context.catalog, update, source.source},
             std::string(files_stream), file_list_policy(), {}) {
  files_.begin(false);
  for (const auto& gap : prior_gaps_)
    if (!gap.file.empty()) gap_records_.emplace(gap.stream, gap.key);
}
RunSink::~RunSink() = default;

const ManifestStream* RunSink::prior_entry(const std::string& stream) const {
  if (!prior_) return nullptr;
  auto found = prior_->streams.find(stream);
  return found == prior_->streams.end() ? nullptr : &found->second;
}

const BackupSource::Stream* RunSink::describe(const std::string& stream) const {
  for (const auto& description : source_.streams)
    if (description.name == stream) return &description;
  return nullptr;
}

// With those above it: what hangs below records that are read again may have to be read again.
bool RunSink::is_kept(const std::string& stream) const {
  const ManifestStream* entry = prior_entry(stream);
  if (!kept_since_ || !entry || !entry->read || *entry->read < *kept_since_) return false;
  const auto* description = describe(stream);
  if (!description) return false;
  for (const auto* above : {&description->parents, &description->listed_below})
    for (const auto& name : *above)
      if (name != stream && !is_kept(name)) return false;
  return true;
}

PriorStream RunSink::prior(const std::string& stream) {
  PriorStream out;
  const ManifestStream* entry = prior_entry(stream);
  if (!entry) return out;
  out.exists = true;
  out.kept = is_kept(stream);
  out.complete = entry->complete;
  out.behind = entry->behind;
  out.since = entry->since;
  out.last_full = entry->last_full;
  out.last_refresh = entry->last_refresh;
  out.feeds = entry->feeds;
  for (const auto& gap : prior_gaps_)
    if (gap.stream == stream) out.gaps.push_back(gap);
  return out;
}

RunSink::OpenStream& RunSink::open(const std::string& stream) {
  auto& slot = open_[stream];
  if (slot) return *slot;
  StreamStore::Shape shape;
  for (const auto& other : source_.streams) {
    const auto& below = other.listed_below;
    shape.has_children |= std::find(below.begin(), below.end(), stream) != below.end();
    if (other.name == stream) shape.has_parents = !below.empty();
  }
  if (prior_)
    if (auto found = prior_->streams.find(stream); found != prior_->streams.end())
      shape.shared = found->second.shared;
  StreamStore::Places places{context_.repository, context_.catalog, update_, source_.source};
  slot = std::make_unique<OpenStream>(places, stream, segments_, shape);
  for (const auto& description : source_.streams)
    if (description.name == stream) slot->has_files = description.has_files;
  return *slot;
}

void RunSink::begin_stream(const std::string& stream, bool full) {
  std::lock_guard lock(mutex_);
  open(stream).store.begin(full);
}

Change RunSink::record(Record record) {
  std::lock_guard lock(mutex_);
  Whole whole(*this);
  auto& store = open(record.stream).store;
  CatalogItem item;
  auto [change, file] = store.record(record);
  item.file = file;
  bool retry_files = gap_records_.contains({record.stream, record.key});
  if (change == Change::unchanged && !retry_files) return change;
  if (open(record.stream).has_files) unfinished_[{record.stream, record.key}] = record.scope;
  if (change == Change::changed || retry_files) forget_files_of(record.stream, record.key);
  if (change == Change::unchanged) return Change::changed;
  item.source = source_.source;
  item.stream = record.stream;
  item.key = std::move(record.key);
  item.parent_stream = std::move(record.parent_stream);
  item.parent = std::move(record.parent);
  item.title = std::move(record.title);
  item.url = std::move(record.url);
  item.webhook = record.webhook;
  update_.put_item(item.stream, change, item, record.text);
  return change;
}

void RunSink::record_done(const std::string& stream, const std::string& key) {
  std::lock_guard lock(mutex_);
  unfinished_.erase({stream, key});
}

// A changed record's files count as gone unless the app names them again before the run ends.
void RunSink::forget_files_of(const std::string& stream, const std::string& key) {
  if (unlisted_.contains({stream, key})) return;  // a listing may name a record twice
  auto files = context_.catalog.files_of(source_.source, stream, key);
  if (files.empty()) return;
  files_.listed(file_scope(stream, key), true);
  unlisted_[{stream, key}] = std::move(files);
}

std::optional<std::string> RunSink::prior_mark(const std::string& stream, const std::string& key) {
  std::lock_guard lock(mutex_);
  // A record with a missing file must be looked at again.
  if (gap_records_.contains({stream, key})) return std::nullopt;
  return open(stream).store.prior_mark(key);
}

bool RunSink::keep(const std::string& stream, const std::string& key) {
  std::lock_guard lock(mutex_);
  return open(stream).store.keep(key);
}

void RunSink::named(const std::string& stream, const std::string& key, const std::string& scope) {
  std::lock_guard lock(mutex_);
  open(stream).store.named(key, scope);
}

void RunSink::gone(const std::string& stream, const std::string& key) {
  std::lock_guard lock(mutex_);
  open(stream).store.gone(key);
}

void RunSink::listed(const std::string& stream, const std::string& scope, bool complete) {
  std::lock_guard lock(mutex_);
  open(stream).store.listed(scope, complete);
}

void RunSink::keep_scope(const std::string& stream, const std::string& scope) {
  std::lock_guard lock(mutex_);
  open(stream).store.keep_scope(scope);
}

// A scope is the parent's key; where a stream hangs below several streams, "STREAM/KEY".
bool RunSink::parent_removed(const std::string& stream, std::string_view scope) const {
  for (const auto& description : source_.streams) {
    if (description.name != stream) continue;
    for (const auto& above : description.listed_below) {
      auto found = open_.find(above);
      if (above == stream || found == open_.end()) continue;
      const auto& removed = found->second->store.removed();
      if (removed.contains(std::string(scope))) return true;
      bool named = scope.starts_with(above + "/");
      if (named && removed.contains(std::string(scope.substr(above.size() + 1)))) return true;
    }
  }
  return false;
}

std::vector<std::string> RunSink::removed(const std::string& stream) const {
  std::lock_guard lock(mutex_);
  auto found = open_.find(stream);
  if (found == open_.end()) return {};
  const auto& keys = found->second->store.removed();
  return {keys.begin(), keys.end()};
}

void RunSink::end_stream(const StreamResult& result) {
  std::lock_guard lock(mutex_);
  Whole whole(*this);
  auto& stream = open(result.stream);
  if (stream.ended) return;
  stream.ended = true;
  stream.kept = result.kept;
  stream.store.finish([&](std::string_view key) { return parent_removed(result.stream, key); });
  for (const auto& key : stream.store.removed()) forget_files_of(result.stream, key);

  const auto& counts = stream.store.counts();
  StreamReport report{result.stream,  counts.records,  counts.added,    counts.changed,
                      counts.removed, result.requests, result.complete, !result.kept};
  finished_.push_back(report);
  requests_ += result.requests;

  ManifestStream entry;
  const auto* before = prior_entry(result.stream);
  if (before) entry = *before;
  entry.title = result.stream;
  if (const auto* description = describe(result.stream)) {
    entry.title = description->title;
    entry.parents = description->parents;
  }
  entry.records = counts.records;
  entry.complete = result.complete;
  entry.requests = result.requests;
  entry.shared = stream.store.shared();
  // One that was behind is so until it is read through, though what is above it may be kept now.
  entry.behind = stream.abandoned && (was_read_above(result.stream) || (before && before->behind));
  if (stream.abandoned)
    entry.read.reset();
  else if (!stream.kept)
    entry.read = started_;
  if (stream.kept)
    for (const auto& gap : prior_gaps_)
      if (gap.stream == result.stream) gaps_.push_back(gap);
  // One that was not read to its end asks again for what it was asked for.
  if (!stream.kept && !stream.abandoned) entry.feeds = result.feeds;
  if (result.since) {
    entry.since = result.since;
    if (result.full) entry.last_full = result.since;
    if (result.refreshed) entry.last_refresh = result.since;
  }
  if (counts.added + counts.changed + counts.removed > 0) changed_ = true;
  streams_[result.stream] = entry;
}

void RunSink::parents(const std::string& stream, bool changed_only,
                      const std::function<bool(ParentRecord)>& each) {
  // The callback asks the network; the spool of an ended stream is read in batches under the lock.
  constexpr std::size_t batch_bytes = 4 << 20;
  StreamStore* store;
  {
    std::lock_guard lock(mutex_);
    store = &open(stream).store;
  }
  StreamStore::ParentCursor cursor;
  for (bool more = true; more;) {
    std::vector<ParentRecord> batch;
    {
      std::lock_guard lock(mutex_);
      more = store->next_parents(cursor, changed_only, batch_bytes, batch);
    }
    for (auto& parent : batch)
      if (!each(std::move(parent))) return;
  }
}

std::unique_ptr<FileSink> RunSink::file(const FileRef& file) {
  std::lock_guard lock(mutex_);
  named_.insert(file_key(file.stream, file.id));
  auto same = [&](const CatalogFile& old) {
    bool sure = file.size || !file.hash.empty();  // else only the bytes tell
    return sure && old.id == file.id && old.name == file.name &&
           (!file.size || *file.size == old.size) && (file.hash.empty() || file.hash == old.hash);
  };
  auto found = unlisted_.find({file.stream, file.key});
  if (found == unlisted_.end()) {
    auto held = context_.catalog.files_of(source_.source, file.stream, file.key);
    if (std::any_of(held.begin(), held.end(), same)) return nullptr;
  } else if (auto old = std::find_if(found->second.begin(), found->second.end(), same);
             old != found->second.end()) {
    files_.keep(file_key(file.stream, file.id));
    found->second.erase(old);
    return nullptr;
  }
  return std::make_unique<OpenFile>(*this, file);
}

void RunSink::store_file(const FileRef& file, const Node& node, const Id& hash) {
  Whole whole(*this);
  auto found = unlisted_.find({file.stream, file.key});
  if (found != unlisted_.end())
    std::erase_if(found->second, [&](const CatalogFile& old) {
      if (old.id != file.id) return false;
      if (old.name != file.name) tree_.remove(file_path(old.stream, old.id, old.name));
      return true;
    });
  CatalogFile row;
  row.source = source_.source;
  row.stream = file.stream;
  row.key = file.key;
  row.id = file.id;
  row.name = file.name;
  row.hash = file.hash.empty() ? hash.hex() : file.hash;
  row.size = node.size;
  row.content = pack_ids(node.content);
  update_.put_file(row);
  SnapshotFile line{file.stream, file.key, file.id, file.name, row.hash, node};
  files_.record(file_record(line, print_file_line(line)));
  tree_.put(file_path(file.stream, file.id, file.name), node);
  ++files_added_;
  changed_ = true;
}

void RunSink::drop_unlisted_files() {
  for (const auto& [record, files] : unlisted_) {
    for (const auto& file : files) {
      bool unread = std::any_of(gaps_.begin(), gaps_.end(), [&](const Gap& gap) {
        return gap.stream == file.stream && gap.key == file.key &&
               (gap.file == file.id || gap.file == "*");
      });
      // The old bytes are better than none; and what was named counts, whoever it was named by.
      if (unread || named_.contains(file_key(file.stream, file.id))) {
        files_.keep(file_key(file.stream, file.id));
        continue;
      }
      tree_.remove(file_path(file.stream, file.id, file.name));
      update_.remove_file(file.stream, file.key, file.id);
      changed_ = true;
    }
  }
  unlisted_.clear();
}

void RunSink::git(const GitRef& git) {
  std::string folder = git_folder(git.id);
  std::optional<Id> before;
  if (prior_folder_)
    if (auto node = find_node(context_.repository, *prior_folder_, "/" + folder))
      before = node->subtree;
  try {
    auto result =
        backup_git(context_.repository, git, before, source_.git_cache, source_.local_git, stop_);
    std::lock_guard lock(mutex_);
    for (auto& [name, node] : result.put) tree_.put(folder + "/" + name, std::move(node));
    for (const auto& name : result.removed) tree_.remove(folder + "/" + name);
    for (const auto& why : result.gaps)
      gaps_.push_back({git.stream, "", git.key, "git", safe_url(git.url), 0, why});
    changed_ = changed_ || !result.put.empty();
  } catch (const GitRemoteError& error) {
    gap({git.stream, "", git.key, "git", safe_url(git.url), error.status(), error.what()});
  }
}

void RunSink::gap(const Gap& gap) {
  std::lock_guard lock(mutex_);
  gaps_.push_back(gap);
}

std::optional<Validators> RunSink::validators(const std::string& request) {
  std::lock_guard lock(mutex_);
  return context_.catalog.validators(source_.source, request);
}

void RunSink::remember(const std::string& request, const Validators& validators) {
  std::lock_guard lock(mutex_);
  update_.put_validators(request, validators);
}

void RunSink::abandon_open_streams() {
  std::vector<std::string> names;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [name, stream] : open_)
      if (!stream->ended) names.push_back(name);
    for (const auto& name : names) {
      open_[name]->store.abandon();
      open_[name]->abandoned = true;
    }
    for (const auto& [record, scope] : unfinished_)
      gaps_.push_back({.stream = record.first,
                       .scope = scope,
                       .key = record.second,
                       .file = "*",
                       .reason = "the run broke off before the files of this record were read"});
    unfinished_.clear();
  }
  for (const auto& name : names) {
    StreamResult result;
    result.stream = name;
    end_stream(result);
  }
}

void RunSink::write_tree() {
  std::lock_guard lock(mutex_);
  drop_unlisted_files();
  for (auto& [name, stream] : open_) {
    std::string folder = safe_file_name(name);
    put_stream_files("streams/" + folder, "index/" + folder, stream->store);
  }
  files_.finish([](std::string_view) { return false; });
  put_stream_files("index/" + std::string(files_stream), "", files_);
  if (!prior_) return;
  // Streams that were not asked for stay as they are, with their gaps.
  for (const auto& [name, entry] : prior_->streams) {
    if (streams_.contains(name)) continue;
    streams_[name] = entry;
    streams_[name].behind |= was_read_above(name);
    if (!is_kept(name)) streams_[name].read.reset();
    finished_.push_back({name, entry.records, 0, 0, 0, 0, entry.complete, false});
    for (const auto& gap : prior_gaps_)
      if (gap.stream == name) gaps_.push_back(gap);
  }
}

// Whether this run read records that this stream's listings are asked for.
bool RunSink::was_read_above(const std::string& stream) const {
  const auto* description = describe(stream);
  if (!description) return false;
  return std::any_of(description->listed_below.begin(), description->listed_below.end(),
                     [&](const std::string& above) {
                       auto found = open_.find(above);
                       return found != open_.end() && !found->second->kept;
                     });
}

std::vector<std::string> RunSink::unread() const {
  std::vector<std::string> out;
  for (const auto& description : source_.streams) {
    auto entry = streams_.find(description.name);
    if (entry == streams_.end() || !entry->second.read) out.push_back(description.name);
  }
  return out;
}

bool RunSink::read_any() const {
  return std::any_of(open_.begin(), open_.end(), [](const auto& stream) {
    return !stream.second->abandoned && !stream.second->kept;
  });
}

void RunSink::put_stream_files(const std::string& folder, const std::string& index,
                               StreamStore& store) {
  for (auto& [number, file] : store.changed_files()) {
    std::string group = stream_group_name(number / stream_files_per_group);
    std::string name = "/" + (group.empty() ? "" : group + "/") + stream_file_name(number);
    if (file.records == 0) {
      tree_.remove(folder + name);
      if (!index.empty()) tree_.remove(index + name);
      continue;
    }
    Node node;
    node.content = std::move(file.content);
    node.size = file.bytes;
    tree_.put(folder + name, node);
    if (index.empty()) continue;
    node.content = std::move(file.index);
    node.size = file.index_bytes;
    tree_.put(index + name, std::move(node));
  }
}

std::vector<StreamReport> RunSink::reports() const {
  auto out = finished_;
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

std::vector<Gap> RunSink::take_gaps() {
  std::sort(gaps_.begin(), gaps_.end(), [](const Gap& a, const Gap& b) {
    return std::tie(a.stream, a.scope, a.key, a.file, a.url) <
           std::tie(b.stream, b.scope, b.key, b.file, b.url);
  });
  return std::move(gaps_);
}

}  // namespace probackup
