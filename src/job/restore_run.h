// One restore with everything it works on: source, journal, engine.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "job/restore_source.h"
#include "probackup/restore_job.h"

namespace probackup {

// What must be true before a snapshot is restored into this target. Throws Error as restore_into();
// returns what the report is to say of snapshot and connector.
std::vector<std::string> check_restore(SnapshotReader& reader, const RestoreTarget& target);

// Counts and problems of a journal.
void add_journal(RestoreJournal& journal, RestoreReport& report);

class RestoreRun {
 public:
  // Begins one, unless `restore` has an id already. Opens its journal for writing.
  RestoreRun(const JobContext& context, const RestoreTarget& target, const Snapshot& snapshot,
             const RestoreWishes& wishes, CatalogRestore restore);

  // Runs the engine and saves the journal in any case.
  RestoreReport go(std::stop_token stop);

  RestoreEngine& engine() { return *engine_; }
  const CatalogRestore& restore() const { return restore_; }
  // Removes what was made; returns what could not be. The restore cannot go on after it.
  std::vector<std::string> remove_made(std::stop_token stop);

 private:
  void begin(const Snapshot& snapshot);
  void claim();
  void save(std::vector<std::string>& notes);
  void break_off(std::exception_ptr failure);
  void end(const std::string& state, const std::string& message);
  RestoreReport report();

  const JobContext& context_;
  const RestoreTarget& target_;
  RestoreWishes wishes_;
  std::optional<RepositoryLock> lock_;
  SnapshotSource source_;
  std::vector<std::string> notes_, lossy_;
  RestoreOptions options_;
  CatalogRestore restore_;
  std::uint64_t requests_before_ = 0, requests_ = 0;
  std::unique_ptr<RestoreJournal> journal_;
  std::unique_ptr<RestoreEngine> engine_;
};

// One that goes on. Throws Error as resume_restore().
RestoreRun resumed_run(const JobContext& context, const RestoreTarget& target,
                       const CatalogRestore& restore);

// The engine's options for these wishes.
RestoreOptions restore_options(const RestoreTarget& target, const RestoreWishes& wishes,
                               const SourceRef& source);

}  // namespace probackup
