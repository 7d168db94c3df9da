#include "apps.h"

#include "probackup/error.h"

namespace probackup::test {

std::vector<std::string> app_names() {
  return {"trello", "redmine",   "github:org-1", "github:user-1",
          "asana",  "asana:all", "monday",       "monday:all"};
}

std::unique_ptr<App> make_app(const std::string& name, std::uint64_t seed,
                              const AppOptions& options, Clock& clock) {
  if (name == "trello") return make_trello(seed, options, clock);
  if (name == "redmine") return make_redmine(seed, options, clock);
  if (name.starts_with("github:")) return make_github(name.substr(7), seed, options, clock);
  if (name.starts_with("asana")) return make_asana(name == "asana:all", seed, options, clock);
  if (name.starts_with("monday")) return make_monday(name == "monday:all", seed, options, clock);
  throw Error("no test account for " + name);
}

}  // namespace probackup::test
