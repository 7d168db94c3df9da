// What a sync remembers, in memory.
#pragma once

#include <map>
#include <set>
#include <string>

#include "probackup/drive.h"

namespace probackup::test {

class MemoryOfDrive final : public DriveMemory {
 public:
  std::map<std::string, DriveFile> known;
  std::map<std::string, std::set<std::string>> held;  // sheet to "stream/key"

  bool knows(const std::string& key) override { return known.contains(key); }
  void put(const DriveNode& node, const DriveFile& file) override { known[node.key] = file; }
  void remove(const std::string& key) override {
    known.erase(key);
    held.erase(key);
  }
  bool wants_items(const std::string& sheet, bool changed) override {
    return changed || !held.contains(sheet);
  }
  void items(
      const std::string& sheet,
      const std::function<void(const std::function<void(const std::string&, const std::string&)>&)>&
          each) override {
    held[sheet].clear();
    each([&](const std::string& stream, const std::string& key) {
      held[sheet].insert(stream + "/" + key);
    });
  }
};

}  // namespace probackup::test
