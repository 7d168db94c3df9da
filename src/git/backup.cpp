#include "git/backup.h"

#include <algorithm>

#include "git/mirror.h"
#include "probackup/error.h"
#include "util/file.h"
#include "util/hash.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr const char* refs_name = "refs.jsonl";
constexpr const char* lfs_folder = "lfs";

}  // namespace

class SnapshotGitFiles::Writer final : public FileSink {
 public:
  Writer(SnapshotGitFiles& files, std::string name)
      : files_(files), name_(std::move(name)), writer_(files.repository_) {}
  void write(std::string_view bytes) override { writer_.write(bytes); }
  void finish() override { files_.created_.emplace_back(name_, writer_.finish()); }

 private:
  SnapshotGitFiles& files_;
  std::string name_;
  FileWriter writer_;
};

SnapshotGitFiles::SnapshotGitFiles(Repository& repository, std::optional<Id> folder)
    : repository_(repository), folder_(folder) {}

void SnapshotGitFiles::read(const std::string& name,
                            const std::function<void(std::string_view)>& piece) {
  for (const auto& [created, node] : created_)
    if (created == name) return read_file_node(repository_, node, piece);
  auto node = folder_ ? find_node(repository_, *folder_, "/" + name) : std::nullopt;
  if (!node)
    throw Error("the snapshot's git data has no " + name, "run: probackup check --read-data");
  read_file_node(repository_, *node, piece);
}

std::unique_ptr<FileSink> SnapshotGitFiles::create(const std::string& name) {
  return std::make_unique<Writer>(*this, name);
}

std::string git_folder(const std::string& id) {
  return "git/" + safe_file_name(id);
}

GitSnapshot load_git(Repository& repository, const Id& folder) {
  GitSnapshot out;
  for (const auto& node : repository.load_tree(folder)) {
    if (node.name == refs_name) {
      out.refs = RefTable::from_json_lines(read_small_file(repository, node));
    } else if (node.name == lfs_folder && node.subtree) {
      for (const auto& object : repository.load_tree(*node.subtree))
        out.lfs.push_back({std::string(lfs_folder) + "/" + object.name, object.size});
    } else {
      out.bundles.push_back({node.name, node.size});  // a tree is sorted by name: oldest first
    }
  }
  return out;
}

GitBackup backup_git(Repository& repository, const GitRef& git, std::optional<Id> before,
                     const std::filesystem::path& cache, bool allow_local, std::stop_token stop) {
  std::optional<GitSnapshot> prior;
  if (before) prior = load_git(repository, *before);
  auto folder = cache / sha256(git.id).hex().substr(0, 32);
  make_folders(folder, 0700);
  SnapshotGitFiles files(repository, before);
  GitRemote remote{git.url, git.authorization, allow_local, allow_local};
  auto result = GitMirror(folder).update(remote, prior, git.missing_is_empty, files, stop);

  GitBackup out;
  out.gaps = std::move(result.gaps);
  if (result.unchanged && prior) return out;
  out.put = files.take_created();
  if (prior) {
    auto lists = {std::pair(&prior->bundles, &result.now.bundles),
                  std::pair(&prior->lfs, &result.now.lfs)};
    for (const auto& [old, now] : lists)
      for (const auto& file : *old)
        if (std::find(now->begin(), now->end(), file) == now->end())
          out.removed.push_back(file.name);
  }
  std::string refs = result.now.refs.to_json_lines();
  Node node;
  node.size = refs.size();
  node.content.push_back(repository.save_blob(BlobType::data, std::move(refs)).get().id);
  out.put.emplace_back(refs_name, std::move(node));
  return out;
}

}  // namespace probackup
