// A small repository in memory whose keys and content are always the same.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fuzz.h"
#include "probackup/repository.h"
#include "repository/config.h"
#include "repository/crypto.h"
#include "repository/key.h"
#include "storage/memory.h"
#include "util/hash.h"

namespace probackup::fuzz {

inline const char* const password = "password";

// The key that seals everything in it.
inline SealKey master_key() {
  SealKey key;
  key.encrypt.fill(1);
  key.mac_k.fill(2);
  key.mac_r.fill(3);
  return key;
}

// A key file that opens at once.
inline std::string cheap_key_file() {
  return make_key_file(master_key(), password, Time{std::chrono::seconds{1'600'000'000}}, "user",
                       "host", {2, 1, 1});
}

inline std::string sealed(std::string_view plain) {
  std::string out;
  Sealer(master_key()).seal(plain, out);
  return out;
}

inline void init(Storage& storage) {
  std::string key = cheap_key_file();
  storage.save({ObjectKind::key, sha256(key).hex()}, key);
  storage.save({ObjectKind::config, {}}, sealed(R"({"version":2,"id":")" + std::string(64, 'c') +
                                                R"(","chunker_polynomial":"3DA3358B4DC173"})"));
}

inline RepositoryOptions one_worker() {
  RepositoryOptions options;
  options.workers = 1;
  options.hostname = "host";
  options.username = "user";
  return options;
}

// Adds an object under the name that its bytes give it.
inline Id put(MemoryStorage& storage, ObjectKind kind, const std::string& bytes) {
  Id id = sha256(bytes);
  storage.put(ObjectName{kind, id.hex()}.path(), bytes);
  return id;
}

}  // namespace probackup::fuzz
