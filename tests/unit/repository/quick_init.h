// What Repository::init makes, with a key that opens at once.
#pragma once

#include <string>

#include "probackup/storage.h"
#include "repository/config.h"
#include "repository/crypto.h"
#include "repository/key.h"
#include "util/hash.h"

namespace probackup {

inline void quick_init(Storage& storage, const std::string& password, Clock& clock) {
  SealKey master = SealKey::random();
  std::string key = make_key_file(master, password, clock.now(), "user", "host", {16, 1, 1});
  storage.save({ObjectKind::key, sha256(key).hex()}, key);
  std::string config;
  Sealer(master).seal(print_config(RepositoryConfig::random()), config);
  storage.save({ObjectKind::config, {}}, config);
}

}  // namespace probackup
