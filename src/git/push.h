// Puts a repository that a snapshot holds back onto a server.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "git/chain.h"
#include "git/program.h"

namespace probackup {

// Pushes branches, tags, notes and whatever else lies below refs/, but for names that a host makes
// by itself (refs/pull/*, refs/merge-requests/*), and before them the Git LFS objects. Nothing is
// removed, and nothing forced but with `replace`: in a remote that has other commits already, the
// push fails without it. Safe to repeat. Throws GitRemoteError. Returns what could not be pushed,
// for people.
std::vector<std::string> push_git(const GitSnapshot& snapshot, GitFiles& files,
                                  const GitRemote& remote, bool replace, std::stop_token stop);

}  // namespace probackup
