// Finds the snapshot that a user names.
#include <fmt/format.h>

#include <algorithm>

#include "job/layout.h"
#include "probackup/error.h"
#include "probackup/job.h"
#include "util/log.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

constexpr std::size_t listed_max = 5;

std::string newest_ids(const std::vector<Snapshot>& snapshots) {
  std::vector<std::string> ids;
  for (auto it = snapshots.rbegin(); it != snapshots.rend() && ids.size() < listed_max; ++it)
    ids.push_back(it->id.short_hex());
  return join(ids, ", ");
}

std::vector<std::string> source_names(const std::vector<Snapshot>& snapshots) {
  std::vector<std::string> names;
  for (const auto& snapshot : snapshots) names.push_back(source_of(snapshot)->text());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// "trello" means every account of it, "trello:acme" that one.
bool matches(const Snapshot& snapshot, std::string_view wanted) {
  if (wanted.empty()) return true;
  auto source = source_of(snapshot);
  return source->app == wanted || source->text() == wanted;
}

}  // namespace

std::vector<Snapshot> source_snapshots(Repository& repository,
                                       const std::optional<SourceRef>& source) {
  auto all = repository.snapshots([](const std::string& id, const std::string& why) {
    log_warning(fmt::format("snapshot {} cannot be read: {}", id.substr(0, 8), why));
  });
  std::erase_if(all, [&](const Snapshot& snapshot) {
    auto of = source_of(snapshot);
    return !of || (source && *of != *source);
  });
  return all;
}

Snapshot find_snapshot(Repository& repository, const std::string& name,
                       const std::optional<Time>& at) {
  auto all = source_snapshots(repository);
  if (all.empty())
    throw Error("the repository holds no snapshot yet", "run: probackup backup SOURCE");
  std::vector<Snapshot> found;
  if (name == "latest" || name.starts_with("latest:")) {
    std::string wanted = name == "latest" ? "" : name.substr(7);
    for (const auto& snapshot : all)
      if (matches(snapshot, wanted)) found.push_back(snapshot);
    if (found.empty()) {
      auto names = source_names(all);
      throw Error(fmt::format("there is no snapshot of {}{}", wanted, did_you_mean(wanted, names)),
                  "sources in this repository: " + join(names, ", "));
    }
    if (at) {
      std::erase_if(found, [&](const Snapshot& snapshot) { return snapshot.time > *at; });
      if (found.empty())
        throw Error(fmt::format("no snapshot{} is as old as {}",
                                wanted.empty() ? "" : " of " + wanted, format_rfc3339_seconds(*at)),
                    "see: probackup list");
    }
    return found.back();
  }
  for (const auto& snapshot : all)
    if (name.size() >= 4 && snapshot.id.hex().starts_with(to_lower(name)))
      found.push_back(snapshot);
  if (found.size() == 1) return found[0];
  if (found.size() > 1)
    throw Error(fmt::format("snapshot {} is not unique: {}", name, newest_ids(found)),
                "give more digits of the id");
  throw Error(fmt::format("there is no snapshot {}", name),
              fmt::format("newest snapshots: {}; an id needs at least 4 digits, or use latest",
                          newest_ids(all)));
}

}  // namespace probackup
