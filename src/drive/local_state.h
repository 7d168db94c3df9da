// What a local copy knows of itself: ".probackup-copy.jsonl" in its folder.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "probackup/drive.h"

namespace probackup {

struct LocalEntry {
  std::string key, source, parent;  // parent: a key, "" for the folder at the top
  DriveKind kind = DriveKind::folder;
  std::string name;                 // without the extension of spreadsheets
  std::string content;              // "" until it is written
  std::vector<std::string> sheets;  // of spreadsheets: each has a CSV file
};

// Each change is appended before and after it is made, so that a sync that was killed knows its
// files. Not for concurrent calls. Throws Error.
class LocalState {
 public:
  explicit LocalState(std::filesystem::path file);
  const std::map<std::string, LocalEntry>& entries() const { return entries_; }
  const LocalEntry* find(const std::string& key) const;
  void put(const LocalEntry& entry);
  void remove(const std::string& key);
  // Writes the file anew without what is outdated.
  void compact();

 private:
  void read();
  void append(const std::string& line);

  const std::filesystem::path file_;
  std::map<std::string, LocalEntry> entries_;
  std::ofstream out_;
  std::size_t lines_ = 0;
};

}  // namespace probackup
