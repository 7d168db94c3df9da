#include "engine/level.h"

#include <algorithm>

namespace probackup {

void Level::add(const std::string& key, const std::string& raw, Change change) {
  std::lock_guard lock(mutex_);
  entries_.push_back({key, spool_.append(raw), raw.size(), change});
}

void Level::for_each(const std::function<void(ParentRecord)>& each) {
  std::sort(entries_.begin(), entries_.end(),
            [](const Entry& a, const Entry& b) { return a.key < b.key; });
  for (const auto& entry : entries_)
    each({entry.key, spool_.read(entry.offset, entry.length), entry.change});
}

}  // namespace probackup
