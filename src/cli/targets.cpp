// Sources and snapshots as commands name them in one list.
#include <fmt/format.h>

#include <set>

#include "cli/care.h"
#include "job/layout.h"
#include "util/text.h"

namespace probackup {
namespace {

bool looks_like_id(const std::string& text) {
  return text.size() >= 4 && text.size() <= 64 &&
         to_lower(text).find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

Targets find_targets(const std::vector<std::string>& names, const std::vector<Snapshot>& all) {
  Targets out;
  std::set<SourceRef> known;
  for (const Snapshot& snapshot : all)
    if (auto source = source_of(snapshot)) known.insert(*source);
  for (const std::string& name : names) {
    std::size_t before = out.sources.size();
    for (const SourceRef& source : known)
      if (source.app == name || source.text() == name) out.sources.push_back(source);
    if (out.sources.size() > before) continue;
    std::vector<Id> found;
    if (looks_like_id(name))
      for (const Snapshot& snapshot : all)
        if (snapshot.id.hex().starts_with(to_lower(name))) found.push_back(snapshot.id);
    if (found.size() > 1)
      throw Error(fmt::format("snapshot {} is not unique", name), "give more digits of the id");
    if (found.empty()) {
      std::vector<std::string> sources;
      for (const SourceRef& source : known) sources.push_back(source.text());
      throw Error(
          fmt::format("there is no source or snapshot {}{}", name, did_you_mean(name, sources)),
          "sources in this repository: " + join(sources, ", "));
    }
    out.ids.push_back(found[0]);
  }
  return out;
}

std::vector<Snapshot> targeted_snapshots(Session& session) {
  auto all = session.repository().snapshots();
  if (session.options().targets.empty()) return all;
  auto targets = find_targets(session.options().targets, all);
  std::erase_if(all, [&](const Snapshot& snapshot) {
    auto source = source_of(snapshot);
    bool named =
        std::find(targets.ids.begin(), targets.ids.end(), snapshot.id) != targets.ids.end();
    return !named && !(source && std::find(targets.sources.begin(), targets.sources.end(),
                                           *source) != targets.sources.end());
  });
  return all;
}

}  // namespace probackup
