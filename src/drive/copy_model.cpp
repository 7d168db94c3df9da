#include "drive/copy_model.h"

#include <algorithm>

#include "probackup/error.h"

namespace probackup {
namespace {

constexpr std::size_t batch = 500;
constexpr std::size_t cached_max = 100'000;
constexpr unsigned folder_depth_max = 20;  // Drive's limit is 100 levels, and people's lower
constexpr unsigned deleted_steps_max = 50;

std::vector<StreamFolder> streams_of(const ExportSource& snapshot) {
  std::vector<StreamFolder> out;
  for (auto& stream : snapshot.streams()) out.push_back({stream, stream.name});
  return out;
}

void check_stop(const std::stop_token& stop) {
  if (stop.stop_requested())
    throw Error(ErrorKind::interrupted, "the sync was interrupted", "run it again to go on");
}

}  // namespace

CopyModel::CopyModel(ExportSource& snapshot, const std::set<std::string>& folders,
                     std::stop_token stop,
                     const std::function<void(std::uint64_t records)>& progress)
    : streams_(streams_of(snapshot)), tree_(streams_) {
  for (const auto& stream : streams_) is_folder_.push_back(folders.contains(stream.stream.name));
  rank_streams();
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < streams_.size(); ++i)
    snapshot.records(streams_[i].stream.name, [&](const ExportRecord& record) {
      check_stop(stop);
      tree_.add(i, record, "");
      progress(++count);
      return true;
    });
  snapshot.files([&](const ExportFile& file) {
    tree_.add_file({file, "", ""});
    return true;
  });
  tree_.link();
  database_.run(
      "CREATE TABLE place (number INTEGER PRIMARY KEY, folder INT, stream INT);"
      "CREATE TABLE gone (stream INT, stream_name BLOB, key BLOB, parent_stream BLOB, parent BLOB,"
      " title BLOB, url BLOB, last INT, vanished INT, snapshot BLOB, folder INT); BEGIN");
  add_deleted_ = database_.prepare("INSERT INTO gone VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)");
  place_records(stop);
}

// A stream comes after all streams above it, as far as they do not stand above one another.
void CopyModel::rank_streams() {
  std::vector<std::size_t> order;
  std::vector<int> marks(streams_.size());
  auto visit = [&](auto& self, std::size_t at) -> void {
    if (marks[at]++ > 0) return;
    for (const auto& parent : streams_[at].stream.parents)
      if (auto above = stream_number(parent)) self(self, *above);
    order.push_back(at);
  };
  for (std::size_t i = 0; i < streams_.size(); ++i) visit(visit, i);
  ranks_.resize(streams_.size());
  for (std::size_t i = 0; i < order.size(); ++i) ranks_[order[i]] = i;
}

std::optional<std::size_t> CopyModel::stream_number(const std::string& name) const {
  for (std::size_t i = 0; i < streams_.size(); ++i)
    if (streams_[i].stream.name == name) return i;
  return std::nullopt;
}

FolderNumber CopyModel::folder_below(std::optional<std::int64_t> parent) {
  std::vector<RecordNode> way;
  Above at;
  while (parent) {
    if (auto known = above_.find(*parent); known != above_.end()) {
      at = known->second;
      break;
    }
    auto node = tree_.find(*parent);
    if (!node) break;
    parent = node->parent;
    way.push_back(std::move(*node));
  }
  if (above_.size() + way.size() > cached_max) above_.clear();
  for (auto node = way.rbegin(); node != way.rend(); ++node) {
    if (is_folder(*node) && at.depth < folder_depth_max) at = {node->number, at.depth + 1};
    above_[node->number] = at;
  }
  return at.folder;
}

void CopyModel::place_records(std::stop_token stop) {
  auto add = database_.prepare("INSERT INTO place VALUES (?, ?, ?)");
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    std::int64_t after = 0;
    for (auto nodes = tree_.records(i, after, batch); !nodes.empty();
         nodes = tree_.records(i, after, batch)) {
      check_stop(stop);
      for (const RecordNode& node : nodes)
        add->with(node.number, folder_of(node), std::uint64_t{i}).run();
      after = nodes.back().number;
    }
  }
}

void CopyModel::add_deleted(const DeletedItem& item) {
  auto stream = stream_number(item.stream);
  if (!stream) return;  // the connector does not read it any more
  add_deleted_
      ->with(static_cast<std::uint64_t>(*stream), item.stream, item.key, item.parent_stream,
             item.parent, item.title, item.url,
             static_cast<std::int64_t>(item.last.time_since_epoch().count()),
             static_cast<std::int64_t>(item.vanished.time_since_epoch().count()), item.snapshot)
      .run();
}

FolderNumber CopyModel::folder_of_deleted(std::string parent_stream, std::string parent) {
  for (unsigned step = 0; step < deleted_steps_max && !parent_stream.empty(); ++step) {
    auto stream = stream_number(parent_stream);
    if (!stream) return 0;
    if (auto living = tree_.find(*stream, parent)) return folder_below(living->number);
    if (!parent_of_deleted_->with(parent_stream, parent).step()) return 0;
    std::string above = parent_of_deleted_->text(0);
    parent = parent_of_deleted_->text(1);
    parent_stream = above;
  }
  return 0;
}

void CopyModel::place_deleted() {
  database_.run("CREATE INDEX gone_key ON gone (stream_name, key)");
  parent_of_deleted_ = database_.prepare(
      "SELECT parent_stream, parent FROM gone WHERE stream_name = ? AND key = ? LIMIT 1");
  auto read = database_.prepare("SELECT rowid, parent_stream, parent FROM gone");
  auto set = database_.prepare("UPDATE gone SET folder = ? WHERE rowid = ?");
  read->with();
  while (read->step())
    set->with(folder_of_deleted(read->text(1), read->text(2)), read->integer(0)).run();
}

void CopyModel::finish() {
  place_deleted();
  database_.run(
      "COMMIT; CREATE INDEX place_table ON place (folder, stream, number);"
      "CREATE INDEX gone_table ON gone (folder, stream)");
}

std::vector<CopyModel::Folder> CopyModel::folders() {
  std::set<FolderNumber> known;
  std::vector<Folder> out;
  auto read = database_.prepare("SELECT folder FROM place UNION SELECT folder FROM gone");
  read->with();
  while (read->step()) {
    std::vector<Folder> way;
    for (FolderNumber at = read->integer(0); at != 0 && known.insert(at).second;) {
      FolderNumber above = folder_of(tree_.find(at).value());
      way.push_back({at, above});
      at = above;
    }
    out.insert(out.end(), way.rbegin(), way.rend());
  }
  return out;
}

std::vector<CopyTable> CopyModel::tables() {
  std::vector<CopyTable> out;
  auto read = database_.prepare(
      "SELECT folder, stream, sum(items), sum(gone) FROM (SELECT folder, stream, count(*) AS items,"
      " 0 AS gone FROM place GROUP BY folder, stream UNION ALL SELECT folder, stream, 0, count(*)"
      " FROM gone GROUP BY folder, stream) GROUP BY folder, stream ORDER BY folder, stream");
  read->with();
  while (read->step())
    out.push_back({read->integer(0), static_cast<std::size_t>(read->integer(1)),
                   static_cast<std::uint64_t>(read->integer(2)),
                   static_cast<std::uint64_t>(read->integer(3))});
  std::stable_sort(out.begin(), out.end(), [&](const CopyTable& a, const CopyTable& b) {
    return ranks_[a.stream] < ranks_[b.stream];
  });
  return out;
}

void CopyModel::items(const CopyTable& table, std::int64_t after,
                      const std::function<bool(const RecordNode&)>& each) {
  auto read = database_.prepare(
      "SELECT number FROM place WHERE folder = ? AND stream = ? AND number > ? ORDER BY number");
  read->with(table.folder, std::uint64_t{table.stream}, after);
  while (read->step())
    if (!each(tree_.find(read->integer(0)).value())) return;
}

void CopyModel::deleted(const CopyTable& table,
                        const std::function<void(const DeletedItem&)>& each) {
  auto read = database_.prepare(
      "SELECT stream_name, key, parent_stream, parent, title, url, last, vanished, snapshot FROM"
      " gone WHERE folder = ? AND stream = ? ORDER BY vanished DESC, key");
  read->with(table.folder, std::uint64_t{table.stream});
  while (read->step())
    each({read->text(0), read->text(1), read->text(2), read->text(3), read->text(4), read->text(5),
          Time(std::chrono::nanoseconds(read->integer(6))),
          Time(std::chrono::nanoseconds(read->integer(7))), read->text(8)});
}

std::set<std::string> folder_streams(const std::vector<ExportStream>& streams) {
  // How many levels of other streams hang below each: 0, 1, or 2 for more.
  std::unordered_map<std::string, int> below;
  for (int round = 0; round < 2; ++round) {
    auto next = below;
    for (const auto& stream : streams)
      for (const auto& parent : stream.parents)
        if (parent != stream.name) next[parent] = std::max(next[parent], below[stream.name] + 1);
    below = std::move(next);
  }
  std::set<std::string> out;
  for (const auto& stream : streams)
    if (below[stream.name] >= 2) out.insert(stream.name);
  return out;
}

}  // namespace probackup
