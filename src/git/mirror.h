// Reads a remote git repository into a chain of incremental bundles (job/git_chain.h).
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "git/chain.h"
#include "git/files.h"
#include "git/program.h"
#include "git/refs.h"

namespace probackup {

struct GitResult {
  bool unchanged = false;  // refs as in the last snapshot: nothing was fetched
  bool restarted = false;  // one full bundle replaces the earlier ones
  GitSnapshot now;         // what the new snapshot is to hold; new files were given to `files`
  std::vector<std::string> gaps;  // what could not be read, for people
};

// One remote repository and a folder for a local copy that makes the next run quick. The folder may
// be lost or damaged at any time: it is made again, from the earlier bundles where they can be read
// and from the remote otherwise. Not for concurrent calls, nor two objects on one folder.
class GitMirror {
 public:
  // A longer chain is replaced by one full bundle, so that reading it back stays quick.
  static constexpr std::size_t bundles_max = 50;

  explicit GitMirror(std::filesystem::path folder);

  // `before`: what the last snapshot holds, nothing for a first run. With `missing_is_empty` a
  // remote that is not there, and never held anything, counts as empty. Throws GitRemoteError when
  // the remote cannot be read (a gap for the caller), Error(usage) for a URL that is refused, Error
  // for anything else.
  GitResult update(const GitRemote& remote, const std::optional<GitSnapshot>& before,
                   bool missing_is_empty, GitFiles& files, std::stop_token stop = {});

 private:
  RefTable list(const GitRemote& remote, bool missing_is_empty, std::vector<std::string>& gaps,
                std::stop_token stop) const;
  void read(const GitRemote& remote, const RefTable& wanted,
            const std::optional<GitSnapshot>& before, GitFiles& files, GitResult& result,
            std::stop_token stop) const;
  bool prepare(const std::optional<GitSnapshot>& before, std::size_t id_digits, GitFiles& files,
               std::stop_token stop) const;
  bool take_as_base(const RefTable& refs, std::stop_token stop) const;
  RefTable fetch(const GitRemote& remote, const RefTable& wanted, std::stop_token stop) const;
  bool is_sound(std::stop_token stop) const;
  void start_anew(std::size_t id_digits, std::stop_token stop) const;

  std::filesystem::path folder_;
  GitProgram git_;
};

}  // namespace probackup
