#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "job/layout.h"
#include "job/manifest.h"
#include "job/segment.h"
#include "probackup/error.h"
#include "probackup/job.h"
#include "util/bytes.h"
#include "util/text.h"

namespace probackup {

struct SnapshotReader::State {
  using Pair = StreamFileNodes;

  Repository& repository;
  Snapshot snapshot;
  SourceRef source;
  Id folder;

  std::vector<Node> list(const std::string& path) {
    auto node = find_node(repository, folder, path);
    return node && node->subtree ? repository.load_tree(*node->subtree) : std::vector<Node>{};
  }

  void collect(const std::string& path, bool index, std::map<std::uint32_t, Pair>& out) {
    for (auto& node : list(path)) {
      if (node.subtree) {
        collect(path + "/" + node.name, index, out);
        continue;
      }
      auto number = parse_stream_file_name(node.name);
      if (!number) continue;
      auto& pair = out[*number];
      (index ? pair.index : pair.records) = std::move(node);
    }
  }

  std::map<std::uint32_t, Pair> stream_files(const std::string& stream) {
    std::map<std::uint32_t, Pair> out;
    collect("/streams/" + safe_file_name(stream), false, out);
    if (out.empty()) unknown_stream(stream);
    collect("/index/" + safe_file_name(stream), true, out);
    return out;
  }

  std::vector<std::string> streams() {
    std::vector<std::string> out;
    for (const auto& node : list("/streams")) out.push_back(url_decode(node.name));
    return out;
  }

  // A stream that was read and had no record has no folder; any other name is a mistake.
  void unknown_stream(const std::string& stream) {
    auto manifest = Manifest::parse(small_file("/manifest.json"));
    if (manifest.streams.contains(stream)) return;
    std::vector<std::string> names;
    for (const auto& [name, entry] : manifest.streams) names.push_back(name);
    throw Error(
        fmt::format("{} has no stream {}{}", source.text(), stream, did_you_mean(stream, names)),
        "streams: " + join(names, ", "));
  }

  Node attachment(const std::map<std::string, Node>& by_id, const SnapshotFile& file) {
    auto found = by_id.find(safe_file_name(file.id));
    if (found != by_id.end() && found->second.subtree)
      for (auto& node : repository.load_tree(*found->second.subtree))
        if (node.name == safe_file_name(file.name)) return node;
    throw Error(fmt::format("snapshot {} lists {} but does not hold it", snapshot.id.short_hex(),
                            file_path(file.stream, file.id, file.name)),
                "run: probackup check --read-data");
  }

  std::string small_file(const std::string& path) {
    auto node = find_node(repository, folder, path);
    if (!node) throw Error(fmt::format("snapshot {} has no {}", snapshot.id.short_hex(), path));
    return read_small_file(repository, *node);
  }

  std::vector<std::vector<IndexedRecord>> index_of(const Pair& pair) {
    std::vector<std::vector<IndexedRecord>> out;
    std::string text = read_small_file(repository, pair.index);
    for_each_line(text, [&](std::string_view line) { out.push_back(parse_index_line(line)); });
    check_index(pair, out.size());
    return out;
  }

  void check_index(const Pair& pair, std::size_t lines) const {
    if (lines != pair.records.content.size())
      throw Error(fmt::format("snapshot {}: the index of a stream file {} does not fit its records",
                              snapshot.id.short_hex(), pair.records.name),
                  "run: probackup check --read-data");
  }
};

SnapshotReader::SnapshotReader(Repository& repository, const Snapshot& snapshot) {
  auto source = source_of(snapshot);
  if (!source)
    throw Error(fmt::format("snapshot {} was not written by probackup", snapshot.id.short_hex()),
                "use restic to restore it");
  auto folder = find_node(repository, snapshot.tree, source_path(*source));
  if (!folder || !folder->subtree)
    throw Error(
        fmt::format("snapshot {} has no folder {}", snapshot.id.short_hex(), source_path(*source)),
        "run: probackup check");
  state_ = std::make_unique<State>(State{repository, snapshot, *source, *folder->subtree});
  auto manifest = Manifest::parse(manifest_text());
  state_->source.account = manifest.account;
}

SnapshotReader::~SnapshotReader() = default;

const Snapshot& SnapshotReader::snapshot() const {
  return state_->snapshot;
}
SourceRef SnapshotReader::source() const {
  return state_->source;
}
std::string SnapshotReader::manifest_text() {
  return state_->small_file("/manifest.json");
}
std::optional<Node> SnapshotReader::node(const std::string& path) {
  return find_node(state_->repository, state_->folder, path);
}
std::vector<std::string> SnapshotReader::streams() {
  return state_->streams();
}

std::vector<Gap> SnapshotReader::gaps() {
  auto node = find_node(state_->repository, state_->folder, "/gaps.jsonl");
  return node ? parse_gaps(read_small_file(state_->repository, *node)) : std::vector<Gap>{};
}

std::unordered_set<Id> SnapshotReader::segments(const std::string& stream) {
  std::unordered_set<Id> out;
  for (const auto& [number, pair] : state_->stream_files(stream))
    out.insert(pair.records.content.begin(), pair.records.content.end());
  return out;
}

void SnapshotReader::records(const std::string& stream,
                             const std::function<bool(const SnapshotRecord&)>& each) {
  records(stream, {}, each);
}

void SnapshotReader::records(const std::string& stream, const std::unordered_set<Id>& skip,
                             const std::function<bool(const SnapshotRecord&)>& each) {
  for (const auto& [number, pair] : state_->stream_files(stream)) {
    auto index = state_->index_of(pair);
    for (std::size_t i = 0; i < index.size(); ++i) {
      if (skip.contains(pair.records.content[i])) continue;
      std::string blob = state_->repository.load_blob(BlobType::data, pair.records.content[i]);
      std::size_t k = 0;
      bool more = true;
      for_each_line(blob, [&](std::string_view raw) {
        if (!more || k >= index[i].size()) return;
        const auto& entry = index[i][k++];
        more = each({entry.key, entry.scope, entry.parent_stream, entry.parent, raw});
      });
      if (!more) return;
      state_->check_index(pair, k == index[i].size() ? index.size() : index.size() + 1);
    }
  }
}

std::optional<std::string> SnapshotReader::record(const std::string& stream, const std::string& key,
                                                  std::optional<std::uint32_t> file) {
  // The quoted key must stand in the line: most lines need no parsing.
  std::string quoted = nlohmann::json(valid_utf8(key)).dump();
  for (const auto& [number, pair] : state_->stream_files(stream)) {
    if (file && number != *file) continue;
    std::string text = read_small_file(state_->repository, pair.index);
    std::size_t segment = 0;
    std::optional<std::pair<std::size_t, std::size_t>> place;
    for_each_line(text, [&](std::string_view line) {
      if (!place && line.find(quoted) != std::string_view::npos) {
        auto records = parse_index_line(line);
        for (std::size_t k = 0; k < records.size(); ++k)
          if (records[k].key == valid_utf8(key)) place = {segment, k};
      }
      ++segment;
    });
    if (!place) continue;
    state_->check_index(pair, segment);
    std::string blob =
        state_->repository.load_blob(BlobType::data, pair.records.content[place->first]);
    std::optional<std::string> found;
    std::size_t k = 0;
    for_each_line(blob, [&](std::string_view line) {
      if (k++ == place->second) found = std::string(line);
    });
    return found;
  }
  return std::nullopt;
}

std::map<std::uint32_t, SnapshotReader::StreamFileNodes> SnapshotReader::stream_files(
    const std::string& stream) {
  if (stream != files_stream) return state_->stream_files(stream);
  std::map<std::uint32_t, StreamFileNodes> out;
  state_->collect("/index/" + std::string(files_stream), false, out);
  return out;
}

std::vector<std::vector<IndexedRecord>> SnapshotReader::index_of(const StreamFileNodes& file) {
  return state_->index_of(file);
}

void SnapshotReader::files(const std::function<bool(const SnapshotFile&)>& each) {
  std::string stream;
  std::map<std::string, Node> folders;  // of that stream, by name
  bool more = true;
  for (const auto& [number, list] : stream_files(std::string(files_stream)))
    read_file_node(state_->repository, list.records, [&](std::string_view blob) {
      for_each_line(blob, [&](std::string_view line) {
        if (!more) return;
        SnapshotFile file = parse_file_line(line);
        if (file.stream != stream) {
          stream = file.stream;
          folders.clear();
          for (auto& node : state_->list("/files/" + safe_file_name(stream)))
            folders.emplace(node.name, std::move(node));
        }
        file.node = state_->attachment(folders, file);
        more = each(file);
      });
    });
}

namespace {

bool walk(Repository& repository, const Id& tree, const std::string& prefix,
          const std::function<bool(const std::string&, const Node&)>& each) {
  for (const auto& node : repository.load_tree(tree)) {
    std::string path = prefix + node.name;
    bool more = node.subtree ? walk(repository, *node.subtree, path + "/", each) : each(path, node);
    if (!more) return false;
  }
  return true;
}

}  // namespace

void SnapshotReader::git(const std::function<bool(const std::string&, const Node&)>& each) {
  auto node = find_node(state_->repository, state_->folder, "/git");
  if (node && node->subtree) walk(state_->repository, *node->subtree, "", each);
}

Id SnapshotReader::git_tree(const std::string& folder) {
  auto node = find_node(state_->repository, state_->folder, "/git/" + folder);
  if (!node || !node->subtree)
    throw Error(
        fmt::format("snapshot {} has no git data {}", state_->snapshot.id.short_hex(), folder));
  return *node->subtree;
}

}  // namespace probackup
