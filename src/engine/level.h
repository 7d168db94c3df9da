// Records that wait until the level of a recursion that they stand on is done. Their text waits on
// disk, so that memory holds only keys.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "probackup/engine.h"
#include "util/file.h"

namespace probackup {

class Level {
 public:
  // Safe for concurrent calls.
  void add(const std::string& key, const std::string& raw, Change change);
  bool empty() const { return entries_.empty(); }
  // In the order of their keys, so that runs are alike. Not while add() is called.
  void for_each(const std::function<void(ParentRecord)>& each);

 private:
  struct Entry {
    std::string key;
    std::uint64_t offset;
    std::size_t length;
    Change change;
  };
  std::mutex mutex_;  // guards what follows
  SpoolFile spool_;
  std::vector<Entry> entries_;
};

}  // namespace probackup
