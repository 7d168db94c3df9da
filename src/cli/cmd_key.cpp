// key list, add, remove, passwd.
#include <fmt/format.h>

#include "cli/commands.h"
#include "probackup/keys.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

int tell(Session& session, const Id& id, const char* what) {
  if (session.out().json())
    session.out().document({{"id", id.hex()}});
  else
    session.out().line(fmt::format("{} key {}", what, id.short_hex()));
  return 0;
}

}  // namespace

int run_key_list(Session& session) {
  RepositoryLock lock(session.repository(), false, session.clock());
  auto keys = list_keys(session.repository());
  auto& out = session.out();
  if (out.json()) {
    auto document = nlohmann::ordered_json::array();
    for (const KeyInfo& key : keys) {
      nlohmann::ordered_json one = {{"id", key.id.hex()}, {"in_use", key.in_use}};
      if (key.damage.empty()) {
        one["created"] = format_rfc3339(key.created);
        one["username"] = key.username;
        one["hostname"] = key.hostname;
      } else {
        one["damage"] = key.damage;
      }
      document.push_back(one);
    }
    out.document(document);
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const KeyInfo& key : keys)
    rows.push_back({key.id.short_hex(),
                    key.damage.empty() ? format_time(key.created, "%Y-%m-%d %H:%M:%S") : "damaged",
                    key.username, key.hostname, key.in_use ? "in use" : ""});
  out.table({"ID", "CREATED (UTC)", "USER", "HOST", ""}, rows);
  return 0;
}

int run_key_add(Session& session) {
  auto& repository = session.repository();
  std::string password = session.new_password();
  RepositoryLock lock(repository, true, session.clock());
  return tell(session, add_key(repository, password), "added");
}

int run_key_passwd(Session& session) {
  auto& repository = session.repository();
  std::string password = session.new_password();
  RepositoryLock lock(repository, true, session.clock());
  Id id = change_password(repository, password);
  session.out().message("The old password does not open the repository any more.");
  return tell(session, id, "changed the password:");
}

int run_key_remove(Session& session) {
  auto& repository = session.repository();
  RepositoryLock lock(repository, true, session.clock());
  std::string wanted = to_lower(session.options().id);
  std::vector<Id> found;
  for (const KeyInfo& key : list_keys(repository))
    if (wanted.size() >= 4 && key.id.hex().starts_with(wanted)) found.push_back(key.id);
  if (found.size() != 1)
    throw Error(fmt::format("{} {}", session.options().id,
                            found.empty() ? "is no key of the repository" : "is not unique"),
                "see: probackup key list; an id needs at least 4 digits");
  remove_key(repository, found[0]);
  return tell(session, found[0], "removed");
}

}  // namespace probackup
