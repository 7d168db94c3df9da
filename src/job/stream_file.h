// Builds one file of a stream: its segments in order, and the index file beside it.
#pragma once

#include <future>
#include <string>
#include <string_view>
#include <vector>

#include "job/segment.h"
#include "probackup/catalog.h"
#include "probackup/repository.h"

namespace probackup {

// A finished stream file: what the tree and the catalog need of it.
struct StreamFile {
  std::vector<Id> content, index;  // blobs of the records and of the index file
  std::uint64_t bytes = 0, index_bytes = 0;
  std::uint64_t records = 0;
  std::vector<SegmentRow> rows;  // for the catalog
};

// Not for concurrent calls.
class StreamFileBuilder {
 public:
  StreamFileBuilder(Repository& repository, bool with_index)
      : repository_(repository), with_index_(with_index) {}

  // Adds a record; the open segment is cut once it holds `target_bytes`.
  void add(const DirectoryEntry& entry, std::string_view raw, std::size_t target_bytes);
  // Adds a segment of the last snapshot as it is. `entries` are those of its directory.
  void keep(SegmentRow row, const std::vector<DirectoryEntry>& entries);
  // Adds all segments of another builder behind those here; `other` is empty after it.
  void append(StreamFileBuilder& other);
  // Plain bytes of the segment that is still open.
  std::size_t open_bytes() const { return open_.size(); }
  std::uint64_t records() const { return records_; }
  // Cuts, waits for the blobs, and writes the index file. The builder is empty after it.
  StreamFile finish(std::uint32_t file);

 private:
  struct Segment {
    SegmentRow row;
    std::future<SavedBlob> saved;  // invalid for one that was kept
  };
  void cut();

  Repository& repository_;
  bool with_index_;
  std::vector<Segment> segments_;
  std::string index_;          // index lines of all cut segments
  std::string open_;           // lines of the open segment
  DirectoryWriter directory_;  // and their entries
  std::uint64_t records_ = 0;
};

}  // namespace probackup
