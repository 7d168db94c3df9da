// Restores of snapshots into apps, with their journals, and the drill that proves a backup.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "probackup/connector.h"
#include "probackup/http.h"
#include "probackup/job.h"
#include "probackup/restore.h"

namespace probackup {

// Which records of a snapshot are restored: all, or those that fit all that is given here.
struct RestoreChoice {
  std::vector<std::string> only;     // streams
  std::vector<std::string> include;  // "STREAM/KEY": these, with everything that hangs below them
  // Those that this earlier snapshot of the same source holds and the one to restore does not.
  // Their contents, files and git repositories come from it.
  std::optional<Snapshot> deleted_since;
  std::uint64_t sample = 0;  // so many of each stream, and what they hang below; 0: no sample
};

struct RestoreReport;

// The app that is restored into, as it is reached now. What it refers to must outlive the restore.
struct RestoreTarget {
  Connector connector;
  SourceRef source;  // app and account
  const nlohmann::json* settings =
      nullptr;  // of the connector, of those credentials that may write
  Http& http;
  AccessTokens* tokens = nullptr;  // as EngineOptions::tokens
  std::chrono::nanoseconds wait_max = RestoreOptions().wait_max;
  bool local_git = false;  // file:// and plain http:// git URLs are allowed (tests, demos)
  bool take_over = false;  // resume_restore() goes on with one that is "elsewhere"
  std::function<void(const RestoreProgress&)> progress = {};
  // Told how far a restore came that broke off, before its error is thrown on.
  std::function<void(const RestoreReport&)> partial = {};
};

// What the user asked for; kept with the restore, so without secrets.
struct RestoreWishes {
  RestoreChoice choice;
  Conflict conflict = Conflict::copy;
  bool notify = false;
  std::map<std::string, std::string> target, known;  // as in RestoreOptions
};

// How a restore stands, from its journal.
struct RestoreReport {
  // Of one kind. Each thing counts once but in `lacking` and `incomplete`, which are about those
  // that are there.
  struct Kind {
    std::string kind;
    std::uint64_t made = 0, adopted = 0, lost = 0, failed = 0, uncertain = 0;
    std::uint64_t lacking = 0;     // something is missing from it, as the connector declares
    std::uint64_t incomplete = 0;  // something else is missing from it, or not all is done
  };
  struct Problem {
    std::string kind, old_id, title, new_id;
    std::string what;  // "lost", "failed", "uncertain", "lacking", "incomplete"
    std::vector<std::string> reasons;
  };
  CatalogRestore restore;          // state, times, requests, until when it is paused
  std::vector<Kind> kinds;         // in the order in which they came up
  std::vector<Problem> problems;   // all of them
  std::vector<std::string> notes;  // about the snapshot, the connector, git, the journal
  std::vector<std::string> lossy;  // what this app's API never takes; empty when only looked up
  std::uint64_t count(std::uint64_t Kind::*member) const {
    std::uint64_t sum = 0;
    for (const auto& kind : kinds) sum += kind.*member;
    return sum;
  }
};

// What a restore would do; nothing is written anywhere. Throws as restore_into().
RestorePlan plan_restore(const JobContext& context, const RestoreTarget& target,
                         const Snapshot& snapshot, const RestoreWishes& wishes);
// The same for what is left of one that was begun.
RestorePlan plan_restore(const JobContext& context, const RestoreTarget& target,
                         const CatalogRestore& restore);

// Restores a snapshot into the app. Holds a shared lock. The journal goes into the repository at
// the end, at a pause and when it breaks off. Throws Error(usage) for a snapshot of another app, a
// choice of what is not there, and settings that the connector does not take; Error for a snapshot
// of another major version of the connector; and what RestoreEngine::run() throws.
RestoreReport restore_into(const JobContext& context, const RestoreTarget& target,
                           const Snapshot& snapshot, const RestoreWishes& wishes,
                           std::stop_token stop);
// Goes on with one that find_restore() gave; what is there already is not made again. Throws
// Error(usage) for another target, Error(locked) when it is under way, here or with another
// catalog, and Error when its snapshot is not there any more.
RestoreReport resume_restore(const JobContext& context, const RestoreTarget& target,
                             const CatalogRestore& restore, std::stop_token stop);
// Of a restore at any time; sends nothing.
RestoreReport restore_report(const JobContext& context, const CatalogRestore& restore);

struct DrillReport {
  RestoreReport restored;
  // Whether it was read back and compared: not when the restore paused. What it made stays then,
  // and resume_drill() goes on.
  bool was_compared = false;
  BackupReport read_back;
  std::uint64_t compared = 0, equal = 0;
  std::vector<RestoreDifference> differences;  // those that the connector does not declare
  bool cleaned = false;                        // what it made was to be removed
  std::vector<std::string> left;               // what could not be, for people
  // All that should be equal is equal, and nothing is missing but by declaration.
  bool good() const {
    return was_compared && compared > 0 && differences.empty() && equal == compared &&
           restored.count(&RestoreReport::Kind::failed) == 0 &&
           restored.count(&RestoreReport::Kind::uncertain) == 0 &&
           restored.count(&RestoreReport::Kind::incomplete) == 0 && read_back.gaps.empty();
  }
};

// Proves a snapshot: restores it, or a sample, into a sandbox account, backs that up through the
// same connector into a repository in a temporary folder, compares record by record, and removes
// what it made unless it is to be kept. `target.http` may be used by many threads. Throws as
// restore_into(); what was made is removed then as well, unless it was stopped.
DrillReport drill(const JobContext& context, const RestoreTarget& target, const Snapshot& snapshot,
                  const RestoreWishes& wishes, bool keep, std::stop_token stop);
// Goes on with one that paused, or was stopped. Throws as resume_restore().
DrillReport resume_drill(const JobContext& context, const RestoreTarget& target,
                         const CatalogRestore& restore, bool keep, std::stop_token stop);

// Restores that the repository knows of, and the catalog does not or less of: they come into the
// catalog, unless this machine is at work on them. `id`: only those whose ids begin like this.
// Returns how many came.
std::size_t import_restores(const JobContext& context, const std::string& id = {});
// The restore whose id begins like this, as the catalog and the repository know it together. Throws
// Error(usage) when there is none, or several.
CatalogRestore find_restore(const JobContext& context, const std::string& id);

}  // namespace probackup
