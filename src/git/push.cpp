#include "git/push.h"

#include <fmt/format.h>

#include "util/file.h"
#include "util/text.h"

namespace probackup {
namespace {

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> starts) {
  for (auto start : starts)
    if (text.starts_with(start)) return true;
  return false;
}

bool made_by_host(std::string_view ref) {
  return starts_with_any(ref, {"refs/pull/", "refs/merge-requests/", "refs/keep-around/",
                               "refs/pipelines/", "refs/environments/", own_refs});
}

bool is_plain(std::string_view ref) {
  return starts_with_any(ref, {"refs/heads/", "refs/tags/", "refs/notes/"});
}

void push(const GitProgram& git, const GitRemote& remote, bool replace,
          const std::vector<std::string>& refspecs, std::stop_token stop) {
  std::vector<std::string> arguments = {"push", "--quiet", "--no-verify"};
  if (replace) arguments.emplace_back("--force");
  arguments.insert(arguments.end(), {"--", remote.url});
  arguments.insert(arguments.end(), refspecs.begin(), refspecs.end());
  git.remote(remote, arguments, true, stop);
}

void push_lfs(const GitProgram& git, const GitSnapshot& snapshot, const GitRemote& remote,
              std::vector<std::string>& notes, std::stop_token stop) {
  if (snapshot.lfs.empty()) return;
  if (!git.has_lfs(stop)) {
    notes.push_back(fmt::format(
        "{} large files (Git LFS) were not pushed: install git-lfs on this machine, and restore "
        "again",
        format_count(snapshot.lfs.size())));
    return;
  }
  // Objects that the snapshot lacks must not hold back those that it has.
  git.remote(remote, {"-c", "lfs.allowincompletepush=true", "lfs", "push", "--all", "origin"}, true,
             stop);
  if (snapshot.refs.lfs == RefTable::Lfs::incomplete)
    notes.emplace_back("some large files (Git LFS) are missing: the backup could not read them");
}

}  // namespace

std::vector<std::string> push_git(const GitSnapshot& snapshot, GitFiles& files,
                                  const GitRemote& remote, bool replace, std::stop_token stop) {
  check_git_url(remote);
  GitRemote target = remote;
  target.write = true;
  TempFolder folder;
  const auto home = folder.path() / "home", repository = folder.path() / "repository.git";
  make_folders(home);
  restore_git(snapshot, files, repository, stop);
  GitProgram git(home, repository);

  std::vector<std::string> notes, others;
  std::map<std::string, std::string> kept;
  std::size_t dropped = 0;
  for (const auto& [ref, id] : snapshot.refs.ids) {
    if (made_by_host(ref)) {
      ++dropped;
      continue;
    }
    kept.emplace(ref, id);
    if (!is_plain(ref)) others.push_back(ref);
  }
  if (dropped > 0)
    notes.push_back(fmt::format("{} git refs were not pushed: the host makes them by itself",
                                format_count(dropped)));
  git.set_refs(kept, snapshot.refs.head);
  if (kept.empty()) return notes;
  push_lfs(git, snapshot, target, notes, stop);
  // A pattern, not names: there may be more of them than a command line takes.
  push(git, target, replace,
       {"refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*", "refs/notes/*:refs/notes/*"}, stop);
  for (const auto& ref : others) {
    try {
      push(git, target, replace, {ref + ":" + ref}, stop);
    } catch (const GitRemoteError& error) {
      notes.push_back(fmt::format("the git ref {} was not pushed: {}", ref, error.what()));
    }
  }
  return notes;
}

}  // namespace probackup
