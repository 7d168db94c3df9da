// Receives what a run reads and turns it into changes of the last snapshot.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "job/manifest.h"
#include "job/snapshot_tree.h"
#include "job/stream_store.h"
#include "probackup/job.h"
#include "util/hash_set.h"

namespace probackup {

// The BackupSink of a run. Safe for concurrent calls, as the engine makes them; finish() and what
// follows it is for one thread.
class RunSink final : public BackupSink {
 public:
  // What the last snapshot holds of the source; all empty for a first run.
  struct Prior {
    std::optional<Id> folder;
    const Manifest* manifest = nullptr;
    std::vector<Gap> gaps;
    // Streams that a paused run read through since then stay as they are; nothing: none do.
    std::optional<Time> kept_since;
    Time started{};  // of this run
  };
  // `tree`: the source's folder, based on the last snapshot.
  RunSink(const JobContext& context, const BackupSource& source, const SegmentPolicy& segments,
          CatalogUpdate& update, SnapshotTree& tree, Prior prior, std::stop_token stop);
  ~RunSink() override;

  PriorStream prior(const std::string& stream) override;
  void begin_stream(const std::string& stream, bool full) override;
  Change record(Record record) override;
  void record_done(const std::string& stream, const std::string& key) override;
  std::optional<std::string> prior_mark(const std::string& stream, const std::string& key) override;
  bool keep(const std::string& stream, const std::string& key) override;
  void named(const std::string& stream, const std::string& key, const std::string& scope) override;
  void gone(const std::string& stream, const std::string& key) override;
  void listed(const std::string& stream, const std::string& scope, bool complete) override;
  void keep_scope(const std::string& stream, const std::string& scope) override;
  void end_stream(const StreamResult& result) override;
  void parents(const std::string& stream, bool changed_only,
               const std::function<bool(ParentRecord)>& each) override;
  std::unique_ptr<FileSink> file(const FileRef& file) override;
  void git(const GitRef& git) override;
  void gap(const Gap& gap) override;
  std::optional<Validators> validators(const std::string& request) override;
  void remember(const std::string& request, const Validators& validators) override;

  // Ends streams that the feed left open (it threw): nothing in them counts as deleted.
  void abandon_open_streams();
  // Puts the changed stream files into the tree.
  void write_tree();

  // What the run amounts to; valid after write_tree().
  std::vector<StreamReport> reports() const;
  const std::map<std::string, ManifestStream>& streams() const { return streams_; }
  std::vector<Gap> take_gaps();
  // Keys of the stream's records that this run found gone.
  std::vector<std::string> removed(const std::string& stream) const;
  bool changed() const { return changed_; }
  // Streams that neither this run read through nor the one that it goes on with.
  std::vector<std::string> unread() const;
  // Whether this run read any stream through.
  bool read_any() const;
  // A call failed on the way: what was read so far cannot be told from what was not.
  bool half_done() const { return half_done_; }
  std::uint64_t requests() const { return requests_; }
  std::uint64_t files_added() const { return files_added_; }

 private:
  class OpenFile;
  class Whole;
  struct OpenStream;

  OpenStream& open(const std::string& stream);
  void forget_files_of(const std::string& stream, const std::string& key);
  void drop_unlisted_files();
  bool was_read_above(const std::string& stream) const;
  const ManifestStream* prior_entry(const std::string& stream) const;
  const BackupSource::Stream* describe(const std::string& stream) const;
  bool is_kept(const std::string& stream) const;
  void store_file(const FileRef& file, const Node& node, const Id& hash);
  void put_stream_files(const std::string& folder, const std::string& index, StreamStore& store);
  bool parent_removed(const std::string& stream, std::string_view scope) const;

  JobContext context_;
  const BackupSource& source_;
  const SegmentPolicy segments_;
  CatalogUpdate& update_;
  SnapshotTree& tree_;
  const std::optional<Id> prior_folder_;
  const Manifest* prior_;
  std::vector<Gap> prior_gaps_;
  const std::optional<Time> kept_since_;
  const Time started_;
  std::stop_token stop_;

  mutable std::mutex mutex_;  // guards everything below, the update and the catalog
  std::map<std::string, std::unique_ptr<OpenStream>> open_;
  StreamStore files_;  // the list of attachments
  std::map<std::string, ManifestStream> streams_;
  std::vector<StreamReport> finished_;
  std::vector<Gap> gaps_;
  // Files of changed records that the app has not named again in this run.
  std::map<std::pair<std::string, std::string>, std::vector<CatalogFile>> unlisted_;
  // New and changed records whose files may not have been asked for yet: stream and key to scope.
  std::map<std::pair<std::string, std::string>, std::string> unfinished_;
  HashSet named_;  // files that the app named in this run
  std::set<std::pair<std::string, std::string>> gap_records_;  // stream, key with a missing file
  bool changed_ = false, half_done_ = false;
  std::uint64_t requests_ = 0, files_added_ = 0;
};

}  // namespace probackup
