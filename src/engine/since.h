// What a run reads of a stream: everything, or what changed.
#pragma once

#include <map>
#include <set>
#include <string>

#include "connector/model.h"
#include "probackup/clock.h"
#include "probackup/engine.h"

namespace probackup {

// Decided once per stream and run. Immutable; safe for concurrent use.
struct ReadPlan {
  bool full = true;       // as for BackupSink::begin_stream
  bool lists_all = true;  // as in StreamResult::full
  bool reads_all = true;  // as in StreamResult::refreshed
  bool reuse = false;     // listings below unchanged parents are not read
  bool trust = false;     // marks, validators and times of the last snapshot may be used
  std::optional<Time> since;
  std::map<std::string, std::string> feeds;    // scope to the token of its feed
  std::set<std::string> gap_scopes, gap_keys;  // where the last run had gaps

  // True when this listing must be read whole, whatever the last snapshot says.
  bool distrusts(const std::string& scope) const;
};

// `parents_complete`: every stream above was read without a gap in this run.
ReadPlan plan_stream(const StreamModel& stream, const PriorStream& prior, bool forced_full,
                     bool parents_complete, Time now);

// True for streams whose next run needs to know when this one was: filters by time, trust for a
// while.
bool uses_times(const StreamModel& stream);

// The time that a source asks changes from: `since` minus its look-back.
Time since_time(const SinceModel& model, Time since);
// In the source's format, without the prefix; a number for unix times.
nlohmann::json format_since(const SinceModel& model, Time time);

}  // namespace probackup
