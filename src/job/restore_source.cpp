#include "job/restore_source.h"

#include <fmt/format.h>

#include <algorithm>

#include "git/backup.h"
#include "git/push.h"
#include "util/log.h"

namespace probackup {
namespace {

RestoreRecord to_record(const SnapshotRecord& record) {
  return {std::string(record.key), std::string(record.scope), std::string(record.parent_stream),
          std::string(record.parent), std::string(record.raw)};
}

std::unique_ptr<SnapshotReader> newer_of(Repository& repository, const Snapshot& snapshot,
                                         const RestoreChoice& choice) {
  if (!choice.deleted_since) return nullptr;
  auto newer = std::make_unique<SnapshotReader>(repository, snapshot);
  SnapshotReader older(repository, *choice.deleted_since);
  if (newer->source() != older.source())
    throw Error(ErrorKind::usage,
                fmt::format("snapshot {} is of {}, snapshot {} of {}", snapshot.id.short_hex(),
                            newer->source().text(), choice.deleted_since->id.short_hex(),
                            older.source().text()),
                "name an earlier snapshot of the same source");
  return newer;
}

}  // namespace

SnapshotSource::SnapshotSource(Repository& repository, const Snapshot& snapshot,
                               const RestoreChoice& choice, ListedBelow listed_below,
                               bool local_git)
    : repository_(repository),
      listed_below_(std::move(listed_below)),
      newer_(newer_of(repository, snapshot, choice)),
      reader_(repository, choice.deleted_since ? *choice.deleted_since : snapshot),
      streams_(reader_.streams()),
      chosen_(choice, listed_below_, reader_, newer_.get()),
      local_git_(local_git) {}

bool SnapshotSource::has_stream(const std::string& stream) const {
  return std::binary_search(streams_.begin(), streams_.end(), stream);
}

RestoreFiles& SnapshotSource::files() {
  if (!files_) files_.emplace(repository_, reader_, chosen_);
  return *files_;
}

void SnapshotSource::records(const std::string& stream,
                             const std::function<bool(const RestoreRecord&)>& each) {
  if (!has_stream(stream)) return;
  if (!chosen_.is_partial(stream)) return all_records(stream, each);
  // Segments without a chosen record are not read.
  std::unordered_set<Id> skip;
  for (const auto& [number, file] : reader_.stream_files(stream)) {
    auto index = reader_.index_of(file);
    for (std::size_t i = 0; i < index.size(); ++i)
      if (std::none_of(index[i].begin(), index[i].end(), [&](const IndexedRecord& record) {
            return chosen_.contains(stream, record.key);
          }))
        skip.insert(file.records.content[i]);
  }
  reader_.records(stream, skip, [&](const SnapshotRecord& record) {
    return !chosen_.contains(stream, record.key) || each(to_record(record));
  });
}

void SnapshotSource::all_records(const std::string& stream,
                                 const std::function<bool(const RestoreRecord&)>& each) {
  if (!has_stream(stream)) return;
  reader_.records(stream, [&](const SnapshotRecord& record) { return each(to_record(record)); });
}

std::optional<RestoreFile> SnapshotSource::file(const std::string& stream, const std::string& key,
                                                const std::string& id) {
  return files().find(stream, key, id);
}

void SnapshotSource::read_file(const std::string& stream, const std::string& key,
                               const std::string& id,
                               const std::function<void(std::string_view)>& piece) {
  files().read(stream, key, id, piece);
}

bool SnapshotSource::push_git(const GitTarget& target, std::stop_token stop) {
  auto node = reader_.node("/" + git_folder(target.id));
  if (!node || !node->subtree) return false;
  GitSnapshot held = load_git(repository_, *node->subtree);
  if (held.refs.ids.empty()) return false;
  SnapshotGitFiles files(repository_, *node->subtree);
  GitRemote remote;
  remote.url = target.url;
  remote.authorization = target.authorization;
  remote.allow_plain_http = remote.allow_file = local_git_;
  for (const auto& note : probackup::push_git(held, files, remote, target.replace, stop)) {
    log_warning(fmt::format("{}: {}", target.id, note));
    git_notes_.push_back(fmt::format("{}: {}", target.id, note));
  }
  return true;
}

}  // namespace probackup
