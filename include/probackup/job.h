// What the commands do: backup, reading snapshots, rebuilding the catalog.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "probackup/catalog.h"
#include "probackup/clock.h"
#include "probackup/engine.h"
#include "probackup/export.h"
#include "probackup/repository.h"

namespace probackup {

// What every job works on; all must outlive the job.
struct JobContext {
  Repository& repository;
  Catalog& catalog;
  Clock& clock;
};

// Fills what can be derived from a record's raw text: compare, mark, title, url, text, webhook.
// Implementations need not be safe for concurrent calls.
class RecordDescriber {
 public:
  virtual ~RecordDescriber() = default;
  virtual void describe(Record& record) = 0;
};

// A source as a backup sees it, whether a connector or a Singer tap feeds it.
struct BackupSource {
  struct Stream {
    std::string name, title;
    std::vector<std::string> parents;       // streams that its records hang below
    std::vector<std::string> listed_below;  // streams whose records its listings are asked for
    bool has_files = false;                 // the feed calls record_done()
    bool is_container = false;              // projects, boards: that one is gone is an alarm
  };
  SourceRef source;
  std::string title;                     // of the app
  std::string version;                   // of the connector
  std::string settings;                  // JSON object without secrets
  std::vector<Stream> streams;           // empty: as they come
  RecordDescriber* describer = nullptr;  // required
  // Reads the source into the sink. Throws Error when it cannot go on.
  std::function<void(BackupSink&, std::stop_token)> feed;
  // Where git mirrors are kept between runs; may be lost at any time.
  std::string git_cache;
  bool local_git = false;  // file:// and plain http:// git URLs are allowed (tests, demos)
};

struct StreamReport {
  std::string name;
  std::uint64_t records = 0, added = 0, changed = 0, removed = 0, requests = 0;
  bool complete = true;
  // Else kept from the last snapshot (--only, --exclude, or read by a run that paused).
  bool read = true;
};

// A container that the last snapshot had and this one has not: deleted in the app, or not visible
// to the credentials any more.
struct GoneContainer {
  std::string stream, key, title;
};

struct BackupReport {
  SourceRef source;
  Id snapshot;
  std::optional<Id> parent;
  Time started{}, ended{};
  std::vector<StreamReport> streams;
  std::vector<Gap> gaps;
  std::vector<std::string> suspicious;
  std::vector<GoneContainer> gone_containers;
  bool partial = false;
  // The app's limits ended the run: the next one goes on from this snapshot after this time.
  std::optional<Time> paused_until;
  std::string paused_why;
  std::vector<std::string> unread;  // of a partial one: streams that were not read through
  std::uint64_t requests = 0, files_added = 0;
  RepositoryStats stored;
  std::uint64_t count(std::uint64_t StreamReport::*member) const {
    std::uint64_t sum = 0;
    for (const auto& stream : streams) sum += stream.*member;
    return sum;
  }
};

// How streams are cut. Fresh segments are large, because they compress better; one that loses or
// changes a record is cut small, because it is likely to change again. docs/design.md has the
// figures.
struct SegmentPolicy {
  std::size_t fresh_bytes = 64 << 10;
  std::size_t touched_bytes = 8 << 10;
  std::uint32_t records_per_file = 16384;  // keeps every tree blob and directory small
  bool with_index = true;                  // write the index file that tells keys and parents
};

struct BackupOptions {
  SegmentPolicy segments;
  // Share of a stream's records that may vanish without an alarm; from 1 on nothing is one, gone
  // containers neither.
  double max_delete = 0.2;
  // Told of the snapshot that a run which was cut short still made, before its error is thrown on.
  std::function<void(const BackupReport&)> partial = {};
};

// One run: reads the source, merges with the last snapshot, writes a new one, then the catalog.
// Holds a shared lock. When the feed throws, everything read until then is kept in a snapshot
// tagged "partial" if it adds anything, and the error is thrown on; but QuotaUsedUp is told in the
// report if there is such a snapshot. The run after such a pause goes on: what was read through in
// the last week stays as it is. Throws Error.
BackupReport backup(const JobContext& context, const BackupSource& source,
                    const BackupOptions& options, std::stop_token stop);

// The snapshots that probackup wrote, oldest first, of one source or of all.
std::vector<Snapshot> source_snapshots(Repository& repository,
                                       const std::optional<SourceRef>& source = {});
// What the user named: an id prefix, "latest", or "latest:APP[:ACCOUNT]"; with `at`, the newest one
// not after it. Throws Error(failed) naming what exists.
Snapshot find_snapshot(Repository& repository, const std::string& name,
                       const std::optional<Time>& at = {});

// One record of a snapshot.
struct SnapshotRecord {
  std::string_view key, scope, parent_stream, parent;
  std::string_view raw;
};

// What a stream's index file says of one record.
struct IndexedRecord {
  std::string key, scope, parent_stream, parent;
};

// An attachment in a snapshot, named as the app named it.
struct SnapshotFile {
  std::string stream, key;  // the record it belongs to
  std::string id, name, hash;
  Node node;
};

// Reads one snapshot. Not for concurrent calls.
class SnapshotReader {
 public:
  // One file of a stream and the index file beside it.
  struct StreamFileNodes {
    Node records, index;
  };

  // Throws Error when the snapshot was not written by probackup.
  SnapshotReader(Repository& repository, const Snapshot& snapshot);
  ~SnapshotReader();
  const Snapshot& snapshot() const;
  SourceRef source() const;
  std::string manifest_text();
  // A file or folder below the source's folder ("/files/cards"); nothing if there is none.
  std::optional<Node> node(const std::string& path);
  std::vector<Gap> gaps();
  std::vector<std::string> streams();  // names, sorted
  // In the snapshot's order; `each` returns false to stop. Throws Error(failed) for an unknown
  // stream, naming those that exist.
  void records(const std::string& stream, const std::function<bool(const SnapshotRecord&)>& each);
  // The same without the records of the segments in `skip`; and the blob ids of all segments.
  void records(const std::string& stream, const std::unordered_set<Id>& skip,
               const std::function<bool(const SnapshotRecord&)>& each);
  std::unordered_set<Id> segments(const std::string& stream);
  // The files of a stream by number, and the index of one: a list of records for every segment.
  std::map<std::uint32_t, StreamFileNodes> stream_files(const std::string& stream);
  std::vector<std::vector<IndexedRecord>> index_of(const StreamFileNodes& file);
  // One record's raw JSON. `file`: the stream file that holds it if known, else all are searched.
  std::optional<std::string> record(const std::string& stream, const std::string& key,
                                    std::optional<std::uint32_t> file = {});
  // Attachments, in the order in which they were first seen.
  void files(const std::function<bool(const SnapshotFile&)>& each);
  // Git mirrors: each(path below git/, file node).
  void git(const std::function<bool(const std::string& path, const Node& node)>& each);
  // Tree of one mirror's folder below git/. Throws Error if it is not there.
  Id git_tree(const std::string& folder);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What is different between two snapshots of one source; `each` gets "added", "changed" or
// "removed".
struct DiffEntry {
  std::string stream, key, kind;
  std::string before, after;  // raw JSON; empty where there is none
};
void diff_snapshots(Repository& repository, const Snapshot& before, const Snapshot& after,
                    const std::function<bool(const DiffEntry&)>& each);

// Brings the catalog to what the repository holds: all snapshots of one source, or of every source
// and the journals of restores.
// `describer_of` gives the describer of a source (never null).
struct RebuildReport {
  std::size_t sources = 0, snapshots = 0;
  std::size_t restores = 0;  // that the catalog did not know, or knew less of
  std::uint64_t records = 0;
  // Snapshots that could not be read, oldest first, and why; the catalog is without them.
  std::vector<std::pair<Id, std::string>> unreadable;
};
RebuildReport rebuild_catalog(const JobContext& context, const std::optional<SourceRef>& source,
                              const std::function<RecordDescriber*(const SourceRef&)>& describer_of,
                              std::stop_token stop);

// The view of a snapshot that exports are written from. `describer` may be null (no titles).
std::unique_ptr<ExportSource> export_source(Repository& repository, const Snapshot& snapshot,
                                            RecordDescriber* describer);

}  // namespace probackup
