// --object-lock and --retain-days: what a command stored is locked, older parts included.
#include <fmt/format.h>

#include "cli/care.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {

std::optional<LockedObjects> lock_objects(Session& session, Repository& repository,
                                          const std::vector<Snapshot>& snapshots, Time since) {
  auto rule = session.retention();
  if (!rule) return std::nullopt;
  Retention wanted{rule->mode,
                   std::chrono::floor<std::chrono::seconds>(since) + std::chrono::days(rule->days)};
  auto done = extend_retention(repository, snapshots, wanted, session.stop());
  return LockedObjects{session.options().object_lock, format_rfc3339_seconds(wanted.until),
                       done.objects, done.extended};
}

nlohmann::ordered_json to_json(const LockedObjects& locked) {
  return {{"mode", locked.mode},
          {"until", locked.until},
          {"objects", locked.objects},
          {"extended", locked.extended}};
}

void print(Output& out, const LockedObjects& locked) {
  out.line(fmt::format("{} objects are locked ({}) until {}; {} were made longer",
                       format_count(locked.objects), locked.mode, locked.until,
                       format_count(locked.extended)));
}

}  // namespace probackup
