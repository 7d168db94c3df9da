// Random GitHub accounts and random changes to them.
#pragma once

#include <cstdint>
#include <string>

#include "fake/github_data.h"

namespace probackup {

struct GithubSize {
  unsigned users = 4, organizations = 1, repositories = 3;
  unsigned issues = 40, pulls = 10;  // a repository
  unsigned comments = 3;             // an issue, at most twice as many
  // What logins begin with.
  std::string user = "user-", organization = "org-";
};

// An account with nothing in it: the user guest-1 and the organization sandbox-1, who share it with
// `others` more users.
GithubSize empty_github(unsigned others = 0);

// What owners set up in a repository: keys, autolinks, variables, environments, rules, invitations.
// A discussion gets a reply.
void furnish_randomly(GithubData& data, std::uint64_t seed, const std::string& repo);
// Without repositories there are no teams and no projects either.
void fill_randomly(GithubData& data, std::uint64_t seed, const GithubSize& size);
// One seeded change. With `only_dated`, nothing is done that moves no updated_at (a reaction, a
// renamed label) or that only a full listing shows (a deleted comment or issue).
void change_randomly(GithubData& data, std::uint64_t seed, bool only_dated);

}  // namespace probackup
