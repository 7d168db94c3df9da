// Merges what a run reads of one stream with the segments of the last snapshot.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "job/segment.h"
#include "job/stream_file.h"
#include "probackup/catalog.h"
#include "probackup/repository.h"
#include "util/file.h"
#include "util/hash_set.h"

namespace probackup {

// One stream in one run. A record that is as before costs a look-up; one that changed is spooled
// and its segment is written again at the end; a new one goes to the end of the stream. So records
// stay in the order in which they were first seen. Not for concurrent calls.
class StreamStore {
 public:
  struct Counts {
    std::uint64_t prior = 0, records = 0, added = 0, changed = 0, removed = 0;
  };
  struct Places {
    Repository& repository;
    Catalog& catalog;
    CatalogUpdate& update;
    SourceRef source;
  };

  struct Shape {
    bool has_children = false;  // listings are fanned out over it: next_parents() will be asked
    bool has_parents = false;   // its own listings are fanned out over others
    std::set<std::string> shared{};  // as of the last snapshot, see shared()
  };

  StreamStore(const Places& places, std::string stream, const SegmentPolicy& policy,
              const Shape& shape);
  ~StreamStore();

  void begin(bool full);
  // What the record is beside the last snapshot, and the number of the file that it is in.
  struct Put {
    Change change;
    std::uint32_t file;
  };
  Put record(const Record& record);
  std::optional<std::string> prior_mark(std::string_view key);
  bool keep(std::string_view key);
  void named(std::string_view key, std::string_view scope);
  void gone(std::string_view key);
  void listed(const std::string& scope, bool complete);
  void keep_scope(const std::string& scope);
  // The stream was not read to its end: nothing in it counts as deleted.
  void abandon();

  // Removes what is gone, writes what changed. `parent_gone` tells whether this run removed the
  // record that a listing's scope names. After it only the getters and next_parents() may be
  // called.
  void finish(const std::function<bool(std::string_view)>& parent_gone);

  const Counts& counts() const { return counts_; }
  // The files that differ from the last snapshot; one without records is to be left out.
  std::map<std::uint32_t, StreamFile>& changed_files() { return changed_files_; }
  const std::unordered_set<std::string>& removed() const { return removed_; }
  // Keys of records that several listings name, as far as is known: that one of them does not name
  // a record any more does not prove that it is gone. Valid after finish().
  const std::set<std::string>& shared() const { return shared_; }

  // Where next_parents() goes on.
  struct ParentCursor {
    std::uint64_t spool_at = 0;
    std::uint32_t file = 0;
    std::size_t segment = 0;
  };
  // The next records of this run in about `batch_bytes`: those it read, then (unless
  // `changed_only`) those that stay from the last snapshot. False when there are no more.
  bool next_parents(ParentCursor& cursor, bool changed_only, std::size_t batch_bytes,
                    std::vector<ParentRecord>& batch);

 private:
  struct LoadedFile;
  class RowSpool;
  struct PriorFile {
    std::uint32_t count = 0;  // records
    std::vector<bool> seen, gone;
    std::vector<bool> spooled;  // in parents_; only with has_children_
  };
  struct PendingChange {
    std::uint32_t position;  // record number in its file
    std::uint32_t entry_bytes, raw_bytes;
    std::uint64_t offset;  // in changes_
  };
  struct Place {
    std::uint32_t file, position;
  };

  LoadedFile& load(std::uint32_t file);
  std::optional<Place> locate(std::string_view key);
  std::optional<Place> search(std::string_view key);
  bool step_cursor(std::string_view key);
  void note_place(std::string_view key, std::string_view scope);
  void note_shared(std::string_view key);
  // Every listing of the stream was read to its end.
  bool read_all() const { return full_ && incomplete_.size() == 0 && kept_.size() == 0; }
  void drop_pending(const Place& place);
  void append(const Record& record);
  void close_tail();
  void spool_parent(const Record& record, Change change);
  bool is_gone(const DirectoryEntry& entry,
               const std::function<bool(std::string_view)>& parent_gone) const;
  void find_removed(const std::function<bool(std::string_view)>& parent_gone);
  static std::vector<bool> touched_rows(const std::vector<SegmentRow>& rows,
                                        const std::vector<bool>& gone,
                                        const std::vector<PendingChange>& changes);
  StreamFile rewrite(std::uint32_t file, std::vector<SegmentRow> rows,
                     const std::vector<bool>& gone, const std::vector<PendingChange>& changes);
  void rewrite_changed();
  void drop_repeated();
  void store(std::uint32_t file, StreamFile built);
  bool next_spooled(ParentCursor& cursor, bool changed_only, std::size_t batch_bytes,
                    std::vector<ParentRecord>& batch);
  void kept_parents(std::uint32_t file, std::uint32_t first, const SegmentRow& row,
                    std::vector<ParentRecord>& batch);

  Places places_;
  std::string stream_;
  SegmentPolicy policy_;
  const bool has_children_, has_parents_;
  const std::set<std::string> shared_before_;
  std::set<std::string> shared_;
  bool full_ = true, began_ = false;
  Counts counts_;

  std::map<std::uint32_t, PriorFile> prior_;
  std::list<std::pair<std::uint32_t, std::unique_ptr<LoadedFile>>> loaded_;  // newest first
  std::size_t loaded_bytes_ = 0;
  std::uint32_t cursor_file_ = 0, cursor_position_ = 0;  // where the next record is expected

  // What was said of listings: which ended well, which did not, which are as in the last snapshot.
  HashSet complete_, incomplete_, kept_;
  HashSet gone_;              // keys of records of which the app said so
  HashSet added_, repeated_;  // keys of new records; of those that were named twice
  HashSet versions_;          // keys of new records with what they held, where listings overlap
  HashSet named_, placed_;    // of new and changed records: keys; scopes with keys
  std::unique_ptr<RowSpool> rows_;
  std::unordered_set<std::string> removed_;
  std::map<std::uint32_t, std::vector<PendingChange>> pending_;
  std::unique_ptr<SpoolFile> changes_, parents_;

  std::unique_ptr<StreamFileBuilder> tail_;  // new records
  std::uint32_t tail_file_ = 0;
  std::uint64_t tail_records_ = 0;  // in that file, prior ones too
  bool tail_joins_prior_ = false;
  std::unique_ptr<StreamFileBuilder>
      joined_;  // new records of the last prior file, once it is full
  std::uint32_t joined_file_ = 0;
  std::map<std::uint32_t, StreamFile> changed_files_;
};

}  // namespace probackup
