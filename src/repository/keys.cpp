#include "probackup/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "repository/document.h"
#include "repository/key.h"
#include "repository/sealed_storage.h"

namespace probackup {
namespace {

KeyInfo load_key(Repository& repository, const Id& id) {
  KeyInfo info;
  info.id = id;
  info.in_use = id == repository.key_in_use();
  try {
    auto file = parse_document(repository.objects().load_verified({ObjectKind::key, id.hex()}));
    info.created = time_member(file, "created");
    info.username = optional_text(file, "username");
    info.hostname = optional_text(file, "hostname");
  } catch (const Error& error) {
    info.damage = error.what();
  }
  return info;
}

}  // namespace

std::vector<KeyInfo> list_keys(Repository& repository) {
  std::vector<KeyInfo> out;
  for (const ObjectInfo& key : repository.storage().list(ObjectKind::key))
    out.push_back(load_key(repository, *Id::from_hex(key.name)));
  std::sort(out.begin(), out.end(), [](const KeyInfo& a, const KeyInfo& b) {
    return std::tuple(!a.damage.empty(), a.created, a.id) <
           std::tuple(!b.damage.empty(), b.created, b.id);
  });
  return out;
}

Id add_key(Repository& repository, std::string_view password) {
  std::size_t count = repository.storage().list(ObjectKind::key).size();
  if (count >= keys_tried_max)
    throw Error(fmt::format("there are {} keys: more would not be tried when the repository is "
                            "opened",
                            count),
                "remove one with `probackup key remove`");
  Id id = repository.save_key(password);
  std::string json = repository.objects().load_verified({ObjectKind::key, id.hex()});
  if (!open_key_file(json, password))
    throw Error(fmt::format("the new key {} does not open", id.short_hex()),
                "remove it with `probackup key remove`; the other passwords still work");
  return id;
}

void remove_key(Repository& repository, const Id& id) {
  if (id == repository.key_in_use())
    throw Error(fmt::format("key {} is the one in use", id.short_hex()),
                "open the repository with another password to remove it");
  repository.storage().remove({ObjectKind::key, id.hex()});
}

Id change_password(Repository& repository, std::string_view password) {
  Id old = repository.key_in_use();
  Id fresh = add_key(repository, password);
  repository.storage().remove({ObjectKind::key, old.hex()});
  return fresh;
}

}  // namespace probackup
