// The spreadsheet that says what a copy holds: when it was backed up, how much, and what is
// missing.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "probackup/drive.h"

namespace probackup {

struct IndexLink {
  std::string name, link;
};

// Not for concurrent calls.
class IndexSheet {
 public:
  struct Entry {
    std::string folder, sheet;  // keys
    std::string name;
    std::uint64_t items = 0, deleted = 0;
  };
  void add(Entry entry) { entries_.push_back(std::move(entry)); }
  // `link_to` gives name and link of what was placed under a key.
  void write(const ExportSource& snapshot, const DriveReport& report, SheetSink& sink,
             const std::function<IndexLink(const std::string& key)>& link_to) const;

 private:
  std::vector<Entry> entries_;
};

}  // namespace probackup
