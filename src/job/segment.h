// Segments: a stream file is a list of blobs that each hold whole records, one JSON line a record.
// The directory of a segment names its records, so that a run reads and writes only segments that
// change.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/engine.h"
#include "probackup/job.h"

namespace probackup {

// What a segment's directory knows of one record. The views point into the directory's text.
struct DirectoryEntry {
  std::string_view key, scope, parent_stream, parent, mark;
  std::string_view compare;  // 16 bytes, Record::compare
};

DirectoryEntry entry_of(const Record& record);

// Writes a directory entry by entry: lengths as LEB128, what equals the entry before left out.
class DirectoryWriter {
 public:
  void add(const DirectoryEntry& entry);
  std::string take();
  std::uint32_t count() const { return count_; }

 private:
  std::string out_;
  std::string scope_, parent_stream_;  // of the entry before
  std::uint32_t count_ = 0;
};

// The entries of a directory. Throws Error for a damaged one (hint: catalog rebuild).
std::vector<DirectoryEntry> read_directory(std::string_view directory);

// One line of a stream's index file: the keys and parents of one segment, as JSON, so that the
// repository alone tells whose each record is (docs/repository.md).
std::string index_line(const std::vector<DirectoryEntry>& entries);

// The records of one index line, in order. Throws Error for text that is no such line.
std::vector<IndexedRecord> parse_index_line(std::string_view line);

// Calls each(line) for every '\n'-ended line.
template <typename Fn>
void for_each_line(std::string_view text, Fn each) {
  while (!text.empty()) {
    auto end = text.find('\n');
    each(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace probackup
