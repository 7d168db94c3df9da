// The passwords of a repository: each opens a key file that holds the same master key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probackup/repository.h"

namespace probackup {

struct KeyInfo {
  Id id;
  bool in_use = false;  // it opened this repository
  Time created{};
  std::string username, hostname;
  std::string damage;  // why it cannot be read; empty when it can
};

// Oldest first, damaged ones last.
std::vector<KeyInfo> list_keys(Repository& repository);
// Adds a password. Throws Error when there are as many keys as programs try (20).
Id add_key(Repository& repository, std::string_view password);
// Throws Error for the key in use, so that one is always left, and for one that is not there.
void remove_key(Repository& repository, const Id& id);
// Replaces the password that opened the repository: the new key is written and tried before the old
// one is removed. Returns the new key.
Id change_password(Repository& repository, std::string_view password);

}  // namespace probackup
