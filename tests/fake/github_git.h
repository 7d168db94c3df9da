// The git data of a GitHub test account: bare repositories in a folder, which tests push to.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fake/github_data.h"

namespace probackup {

// Names are "OWNER/REPO", and "OWNER/REPO.wiki" for the wiki. Repositories that this class did not
// make are left alone. Throws Error if git fails. Not for concurrent calls.
class GithubGit {
 public:
  // Lines of a file that a comparison shows, with some around them.
  struct Hunk {
    int left = 0, left_lines = 0, right = 0, right_lines = 0;
    std::string text;
  };

  // An empty path: the account has no git data.
  explicit GithubGit(std::filesystem::path folder) : folder_(std::move(folder)) {}

  bool is_on() const { return !folder_.empty(); }
  bool has(const std::string& name) const;
  std::filesystem::path path(const std::string& name) const { return folder_ / (name + ".git"); }
  // An empty repository. Like GitHub, it takes no pushes to refs/pull/ and does not let its default
  // branch be deleted.
  void create(const std::string& name, const std::string& default_branch);
  void remove(const std::string& name);
  void rename(const std::string& from, const std::string& to);
  // One commit on the default branch, as auto_init makes it.
  void add_first_commit(const std::string& name, const std::string& branch);
  // Full names and ids, whatever kind of object they name.
  std::map<std::string, std::string> refs(const std::string& name) const;
  void set_ref(const std::string& name, const std::string& ref, const std::string& sha);
  void set_head(const std::string& name, const std::string& branch);
  // The id of the commit that a branch, tag or id names.
  std::optional<std::string> commit(const std::string& name, const std::string& revision) const;
  // How many commits `head` has that `base` has not; nothing if they have no history in common.
  std::optional<int> ahead(const std::string& name, const std::string& base,
                           const std::string& head) const;
  std::vector<Hunk> hunks(const std::string& name, const std::string& base, const std::string& head,
                          const std::string& file) const;
  // Makes the account's branches those of git.
  void sync(GithubData& data, const std::string& repo);

 private:
  struct Output {
    int exit_code = 0;
    std::string text;
  };
  Output git(const std::string& name, std::vector<std::string> arguments) const;
  std::string must(const std::string& name, const std::vector<std::string>& arguments) const;

  const std::filesystem::path folder_;
};

}  // namespace probackup
