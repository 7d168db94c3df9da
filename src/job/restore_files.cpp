#include "job/restore_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "job/layout.h"
#include "job/segment.h"
#include "util/text.h"

namespace probackup {
namespace {

std::uint64_t hash_of(const std::string& stream, const std::string& key, const std::string& id) {
  return std::hash<std::string>{}(stream + '\0' + key + '\0' + id);
}

// The folders of one stream's attachments, by name.
std::unordered_map<std::string, Id> folders_of(Repository& repository, SnapshotReader& reader,
                                               const std::string& stream) {
  std::unordered_map<std::string, Id> out;
  auto folder = reader.node("/files/" + safe_file_name(stream));
  if (!folder || !folder->subtree) return out;
  for (const auto& node : repository.load_tree(*folder->subtree))
    if (node.subtree) out.emplace(node.name, *node.subtree);
  return out;
}

}  // namespace

RestoreFiles::RestoreFiles(Repository& repository, SnapshotReader& reader,
                           const ChosenRecords& chosen)
    : repository_(repository) {
  std::string stream;
  std::unordered_map<std::string, Id> folders;
  auto take = [&](std::string_view line) {
    SnapshotFile file = parse_file_line(line);
    if (!chosen.contains(file.stream, file.key)) return;
    if (file.stream != stream) {
      stream = file.stream;
      folders = folders_of(repository, reader, stream);
    }
    auto folder = folders.find(safe_file_name(file.id));
    if (folder == folders.end()) return;
    auto length = static_cast<std::uint32_t>(line.size());
    std::string entry(reinterpret_cast<const char*>(&length), sizeof length);
    entry.append(reinterpret_cast<const char*>(folder->second.bytes.data()), 32);
    entry += line;
    places_.push_back({hash_of(file.stream, file.key, file.id), spool_.append(entry)});
  };
  for (const auto& [number, list] : reader.stream_files(std::string(files_stream)))
    read_file_node(repository, list.records,
                   [&](std::string_view blob) { for_each_line(blob, take); });
  std::sort(places_.begin(), places_.end(),
            [](const Place& a, const Place& b) { return a.hash < b.hash; });
}

std::optional<RestoreFiles::Entry> RestoreFiles::entry(const std::string& stream,
                                                       const std::string& key,
                                                       const std::string& id) {
  std::uint64_t hash = hash_of(stream, key, id);
  auto at =
      std::lower_bound(places_.begin(), places_.end(), hash,
                       [](const Place& place, std::uint64_t value) { return place.hash < value; });
  for (; at != places_.end() && at->hash == hash; ++at) {
    Entry out;
    std::uint32_t length = 0;
    std::string head = spool_.read(at->offset, sizeof length + 32);
    std::memcpy(&length, head.data(), sizeof length);
    std::memcpy(out.folder.bytes.data(), head.data() + sizeof length, 32);
    out.file = parse_file_line(spool_.read(at->offset + head.size(), length));
    if (out.file.stream == stream && out.file.key == key && out.file.id == id) return out;
  }
  return std::nullopt;
}

std::optional<RestoreFile> RestoreFiles::find(const std::string& stream, const std::string& key,
                                              const std::string& id) {
  auto found = entry(stream, key, id);
  if (!found) return std::nullopt;
  return RestoreFile{found->file.name, found->file.node.size};
}

void RestoreFiles::read(const std::string& stream, const std::string& key, const std::string& id,
                        const std::function<void(std::string_view)>& piece) {
  auto found = entry(stream, key, id);
  if (found)
    for (const auto& node : repository_.load_tree(found->folder))
      if (node.name == safe_file_name(found->file.name))
        return read_file_node(repository_, node, piece);
  throw Error(fmt::format("the snapshot does not hold the file {} of {}/{}", id, stream, key),
              "run: probackup check --read-data");
}

}  // namespace probackup
