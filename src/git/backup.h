// Git mirrors in a snapshot: git/<repository>/ holds bundles, LFS objects and refs.jsonl.
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "git/chain.h"
#include "git/files.h"
#include "probackup/engine.h"
#include "probackup/repository.h"

namespace probackup {

// What a run changes in one repository's folder.
struct GitBackup {
  std::vector<std::pair<std::string, Node>> put;  // name below the folder, file
  std::vector<std::string> removed;
  std::vector<std::string> gaps;  // for people
};

// The folder of a mirror below the source's: "git/acme%2Fwebsite".
std::string git_folder(const std::string& id);

// What a snapshot's git folder holds. Throws Error for a damaged one.
GitSnapshot load_git(Repository& repository, const Id& folder);

// Files of a git folder in a snapshot, and new ones that are written to the repository.
class SnapshotGitFiles final : public GitFiles {
 public:
  // `folder`: tree of the last snapshot's git folder, if it has one.
  SnapshotGitFiles(Repository& repository, std::optional<Id> folder);
  void read(const std::string& name, const std::function<void(std::string_view)>& piece) override;
  std::unique_ptr<FileSink> create(const std::string& name) override;
  // The files created and finished so far.
  std::vector<std::pair<std::string, Node>> take_created() { return std::move(created_); }

 private:
  class Writer;
  Repository& repository_;
  std::optional<Id> folder_;
  std::vector<std::pair<std::string, Node>> created_;
};

// Reads one remote repository. `cache`: folder for local mirrors. `before`: tree of its folder in
// the last snapshot. Throws GitRemoteError when the remote cannot be read.
GitBackup backup_git(Repository& repository, const GitRef& git, std::optional<Id> before,
                     const std::filesystem::path& cache, bool allow_local, std::stop_token stop);

}  // namespace probackup
