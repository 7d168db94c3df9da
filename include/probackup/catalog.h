// The local catalog: a cache of what the repository holds, for questions that must be answered
// fast. Its tables mirror those of a hosted backup service (docs/catalog.md). Everything in it can
// be made again from the repository, so losing it loses no backup.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/clock.h"
#include "probackup/engine.h"
#include "probackup/id.h"
#include "probackup/restore.h"

namespace probackup {

// A source is one account of one app.
struct SourceRef {
  std::string app, account;
  std::string text() const { return account.empty() ? app : app + ":" + account; }
  auto operator<=>(const SourceRef&) const = default;
};

struct CatalogSnapshot {
  std::int64_t row = 0;  // grows with time; intervals are between rows of one source
  Id id;                 // in the repository
  SourceRef source;
  Time time{};           // start of the run
  bool complete = true;  // no gaps
  bool suspicious = false;
  std::uint64_t items = 0, added = 0, changed = 0, removed = 0, files = 0, gaps = 0, requests = 0;
};

struct CatalogItem {
  SourceRef source;
  std::string stream, key, parent_stream, parent, title, url;
  bool webhook = false;
  std::uint32_t file = 0;            // number of the stream file that holds the record
  std::int64_t first = 0;            // snapshot row since which this version is there
  std::optional<std::int64_t> last;  // last snapshot row that has it; nothing while it lives
};

struct CatalogFile {
  SourceRef source;
  std::string stream, key, id, name, hash;
  std::uint64_t size = 0;  // bytes
  std::string content;     // blob ids, 32 bytes each
  std::string drive_url;   // Google URL of the synced copy, "" for none
  std::int64_t first = 0;
  std::optional<std::int64_t> last;
};

// A folder, spreadsheet or attachment of a readable copy (drive.h).
struct CatalogDriveFile {
  std::string target;              // where the copy lies, as DriveTarget::name() has it
  std::string key;                 // unique in the target
  std::string source;              // "trello:acme", "" for a folder that several share
  std::string kind;                // "folder", "sheet", "file"
  std::string stream, item, file;  // what it is the copy of, as far as it is of one thing
  std::string name, id, url;       // as the target has them
};
// Calls `each` for every item that a spreadsheet holds.
using DriveItems = std::function<void(
    const std::function<void(const std::string& stream, const std::string& key)>& each)>;

struct CatalogGap {
  std::int64_t snapshot = 0;
  SourceRef source;
  Gap gap;
};

struct CatalogRun {
  std::int64_t row = 0;
  SourceRef source;
  Time started{};
  std::optional<Time> ended;
  std::string status;   // "running", "done", "gaps", "paused", "failed", "interrupted"
  std::string message;  // why it failed
  std::optional<Id> snapshot;
};

// A restore into an app; its journal says what became of each thing.
struct CatalogRestore {
  std::string id;               // 8 hex digits, for people to type
  Id snapshot;                  // in the repository
  SourceRef source, target;     // of the snapshot, and where it goes
  std::string choice, options;  // what the user asked for: JSON objects without secrets
  // "running", "paused", "done", "gaps", "interrupted", "failed", "removed" (a drill whose work was
  // cleaned up), "elsewhere" (another catalog's, which began to write and did not save its end).
  // One that is running although no process holds its journal is read as "interrupted".
  std::string state = "running";
  std::string message;  // why it paused or failed
  Time started{};
  std::optional<Time> ended, paused_until;
  std::uint64_t requests = 0;
  std::uint64_t saved = 0;  // how often it was saved into the repository
};

struct CatalogStream {
  SourceRef source;
  std::string stream;
  std::uint64_t items = 0, files = 0;
};

// One segment of a stream file of the newest snapshot: whole records, one blob.
struct SegmentRow {
  std::uint32_t file = 0;      // number of the stream file
  std::uint32_t position = 0;  // order inside it, dense from 0
  Id blob;
  std::uint32_t count = 0;  // records
  std::uint32_t bytes = 0;  // plain length
  std::string directory;    // keys, scopes and hashes of its records (job/segment.h)
};

// All that one run changed, collected while it runs (beyond a few MiB on disk) and applied at once.
// Not for concurrent calls. Dropped without commit() it leaves no trace. Of several changes of one
// item, file or stream file the last counts.
class CatalogUpdate {
 public:
  virtual ~CatalogUpdate() = default;
  // An added or changed item; the first 256 KiB of `text` go to full-text search and nowhere else.
  // `unchanged` makes no new version: the item has moved to another stream file, or its url has
  // changed.
  virtual void put_item(const std::string& stream, Change change, const CatalogItem& item,
                        std::string_view text) = 0;
  virtual void remove_item(const std::string& stream, std::string_view key) = 0;
  // Replaces the segments of one stream file; none removes it.
  virtual void put_segments(const std::string& stream, std::uint32_t file,
                            const std::vector<SegmentRow>& segments) = 0;
  // A file that is new or changed; one that is there already with the same values stays as it is.
  virtual void put_file(const CatalogFile& file) = 0;
  virtual void remove_file(const std::string& stream, const std::string& key,
                           const std::string& id) = 0;
  virtual void put_gap(const Gap& gap) = 0;
  // Two empty ones are forgotten.
  virtual void put_validators(const std::string& request, const Validators& validators) = 0;
  // One transaction: after it the state describes this snapshot. Returns the snapshot's row. Throws
  // Error, and changes nothing, when another process committed a run of this source meanwhile, when
  // the snapshot is in the catalog already, or when the disk is full. To be called once.
  virtual std::int64_t commit(const CatalogSnapshot& snapshot) = 0;
};

struct ItemQuery {
  std::optional<SourceRef> source;
  std::string stream;                    // "" for all
  std::string parent_stream, parent;     // "" for any; of files: the record that they belong to
  std::optional<std::int64_t> snapshot;  // as of this row; nothing: newest
  bool deleted = false;   // instead, those that are not in the newest snapshot any more
  bool webhooks = false;  // registered webhooks only
  std::uint64_t limit = 0, offset = 0;  // limit 0: all
};

struct FindHit {
  CatalogItem item;
  std::string snippet;  // the matching text around the hit
};

enum class JournalUse { read, write };

// An open catalog. One process may write while others read; the calls of one object must not
// overlap.
class Catalog {
 public:
  // `url`: a file path, "sqlite:PATH", or ":memory:". Made, or migrated to this version's schema.
  // `repository`: the id of the repository it mirrors; a catalog of another one is refused. Throws
  // Error for a schema from the future and for a damaged file (hint: catalog rebuild).
  static std::unique_ptr<Catalog> open(const std::string& url, const std::string& repository);
  virtual ~Catalog() = default;
  virtual std::string location() const = 0;

  // Those with a snapshot or a run.
  virtual std::vector<SourceRef> sources() = 0;
  // Oldest first.
  virtual std::vector<CatalogSnapshot> snapshots(const std::optional<SourceRef>& source = {}) = 0;
  virtual std::optional<CatalogSnapshot> snapshot(const Id& id) = 0;
  // Of a snapshot, or of the newest one of each source; streams without items and files are left
  // out.
  virtual std::vector<CatalogStream> streams(const std::optional<SourceRef>& source,
                                             std::optional<std::int64_t> snapshot) = 0;
  // By source, stream and key, until `each` returns false. Unknown names and snapshots give
  // nothing.
  virtual void items(const ItemQuery& query,
                     const std::function<bool(const CatalogItem&)>& each) = 0;
  // All versions of one item, oldest first; the last one may live.
  virtual std::vector<CatalogItem> versions(const SourceRef& source, const std::string& stream,
                                            const std::string& key) = 0;
  // The same for files.
  virtual void files(const ItemQuery& query,
                     const std::function<bool(const CatalogFile&)>& each) = 0;
  // The living files of one record.
  virtual std::vector<CatalogFile> files_of(const SourceRef& source, const std::string& stream,
                                            const std::string& key) = 0;
  // Of a snapshot, or of the newest one of each source.
  virtual std::vector<CatalogGap> gaps(const std::optional<SourceRef>& source,
                                       std::optional<std::int64_t> snapshot) = 0;
  // Full-text search over titles, texts, and exact keys. Every word must occur; "word*" is a
  // prefix; any other character only separates words. An exact key comes first, then the newest.
  // Looks at what was written at query.snapshot where one is given. query.limit 0: the first 1,000.
  virtual std::vector<FindHit> find(const std::string& text, const ItemQuery& query) = 0;
  // Newest first; limit 0: all.
  virtual std::vector<CatalogRun> runs(const std::optional<SourceRef>& source,
                                       std::size_t limit) = 0;

  // The history of runs, failed ones too. A run of this source that has not ended counts as
  // interrupted.
  virtual std::int64_t begin_run(const SourceRef& source, Time started) = 0;
  virtual void end_run(std::int64_t run, Time ended, const std::string& status,
                       const std::string& message, const std::optional<Id>& snapshot) = 0;

  // Restores into apps, newest first; limit 0: all.
  virtual std::vector<CatalogRestore> restores(std::size_t limit) = 0;
  // The one whose id begins like this; nothing if there is none. Throws Error(usage) when several
  // do.
  virtual std::optional<CatalogRestore> restore(const std::string& id) = 0;
  // Adds one and returns its id, a random one unless it has one already.
  virtual std::string begin_restore(const CatalogRestore& restore) = 0;
  // Everything but id, snapshot, source, target and start may change.
  virtual void update_restore(const CatalogRestore& restore) = 0;
  // Adds a restore that another catalog began, or brings it up to date, with all entries that
  // `next` gives, in one transaction. What is known of a thing that was made is not given up for an
  // entry without a new id.
  virtual void import_restore(const CatalogRestore& restore,
                              const std::function<std::optional<JournalEntry>()>& next) = 0;
  // Of a restore that is there. With `write` no other process can open it so until it is destroyed:
  // Error(locked). It has a connection of its own, which waits for up to 10 minutes while a backup
  // commits; that of a catalog in memory lives as long as the catalog.
  virtual std::unique_ptr<RestoreJournal> open_journal(const std::string& restore,
                                                       JournalUse use) = 0;

  // Files of readable copies, of one target or ("") of all; by target and key.
  virtual void drive_files(const std::string& target,
                           const std::function<void(const CatalogDriveFile&)>& each) = 0;
  virtual void put_drive_file(const CatalogDriveFile& file) = 0;
  virtual void remove_drive_file(const std::string& target, const std::string& key) = 0;
  // The items that a spreadsheet of a copy holds, in place of those that were put before.
  virtual void put_drive_items(const std::string& target, const SourceRef& source,
                               const std::string& sheet, const DriveItems& items) = 0;
  virtual bool has_drive_items(const std::string& target, const std::string& sheet) = 0;
  // URL of the spreadsheet that holds the item, Google's rather than a local one; "" for none.
  virtual std::string drive_item_url(const SourceRef& source, const std::string& stream,
                                     const std::string& key) = 0;
  // Time of the snapshot of a source that was the first to be copied to the target.
  virtual std::optional<Time> drive_since(const std::string& target, const SourceRef& source) = 0;
  virtual void put_drive_since(const std::string& target, const SourceRef& source, Time since) = 0;

  // State of the newest snapshot, for merging. `state_of` names the snapshot that it describes;
  // nothing if there is none, or if it was dropped: then the state must come from the repository.
  virtual std::optional<Id> state_of(const SourceRef& source) = 0;
  // In order; of one stream file, or of all.
  virtual void segments(const SourceRef& source, const std::string& stream,
                        std::optional<std::uint32_t> file,
                        const std::function<void(const SegmentRow&)>& each) = 0;
  // The stream file that holds a living record; nothing if there is none.
  virtual std::optional<std::uint32_t> file_of(const SourceRef& source, const std::string& stream,
                                               std::string_view key) = 0;
  virtual std::optional<Validators> validators(const SourceRef& source,
                                               const std::string& request) = 0;
  virtual std::unique_ptr<CatalogUpdate> begin_update(const SourceRef& source) = 0;
  // Forgets everything about a source that the repository knows, for a rebuild: its runs, Drive
  // files and restore journal stay.
  virtual void drop_source(const SourceRef& source) = 0;
  // Forgets snapshots that are no longer in the repository; unknown ones are passed over. Where the
  // newest one goes, the one before is the newest again.
  virtual void drop_snapshots(const std::vector<Id>& gone) = 0;
};

}  // namespace probackup
