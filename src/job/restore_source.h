// The chosen part of a snapshot, as the restore engine reads it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "job/restore_choice.h"
#include "job/restore_files.h"
#include "probackup/restore_job.h"

namespace probackup {

class SnapshotSource final : public RestoreSource {
 public:
  // `snapshot` is the one to restore, also with `choice.deleted_since`. `local_git`: file:// and
  // plain http:// URLs may be pushed to (tests, demos). Throws Error(usage) for a choice of what is
  // not there, and for an earlier snapshot of another source.
  SnapshotSource(Repository& repository, const Snapshot& snapshot, const RestoreChoice& choice,
                 ListedBelow listed_below, bool local_git = false);

  void records(const std::string& stream,
               const std::function<bool(const RestoreRecord&)>& each) override;
  void all_records(const std::string& stream,
                   const std::function<bool(const RestoreRecord&)>& each) override;
  std::optional<RestoreFile> file(const std::string& stream, const std::string& key,
                                  const std::string& id) override;
  void read_file(const std::string& stream, const std::string& key, const std::string& id,
                 const std::function<void(std::string_view)>& piece) override;
  bool push_git(const GitTarget& target, std::stop_token stop) override;

  // The snapshot that contents come from.
  SnapshotReader& reader() { return reader_; }
  // What could not be pushed, for people.
  const std::vector<std::string>& git_notes() const { return git_notes_; }

 private:
  bool has_stream(const std::string& stream) const;
  RestoreFiles& files();

  Repository& repository_;
  ListedBelow listed_below_;
  std::unique_ptr<SnapshotReader> newer_;  // only to see what was deleted
  SnapshotReader reader_;
  std::vector<std::string> streams_;
  ChosenRecords chosen_;
  std::optional<RestoreFiles> files_;
  std::vector<std::string> git_notes_;
  bool local_git_;
};

}  // namespace probackup
