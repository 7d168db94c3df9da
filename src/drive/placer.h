// Brings one thing of a copy after the other to what it should be.
#pragma once

#include <map>
#include <set>
#include <string>

#include "drive/folder_names.h"
#include "probackup/drive.h"

namespace probackup {

// Not for concurrent calls.
class Placer {
 public:
  Placer(DriveTarget& target, DriveMemory& memory, const DriveOptions& options,
         DriveReport& report);

  // The target's name of a thing with this title in this folder, told apart from the others.
  std::string name(const std::string& folder, std::string_view title, const std::string& key,
                   bool has_extension);
  // Makes or updates it; its folder must have been placed before. Null when it stays away, because
  // a person deleted it or a folder above. The pointer lives as long as the object.
  const DriveFile* place(const DriveNode& node, const DriveContent& content);
  // Leaves the thing as it is, if it is there; null if it is not.
  const DriveFile* keep(const std::string& key);
  // The one placed or kept in this run.
  const DriveFile* placed(const std::string& key) const;
  // Whether place() would have to read its content.
  bool needs_content(const DriveNode& node) const;
  // Removes what belongs to the source and was neither placed nor kept.
  void remove_rest(const std::string& source);

 private:
  const DriveFile* create(const DriveNode& node, const DriveFile* folder,
                          const DriveContent& content);
  const DriveFile* update(DriveFile& file, const DriveNode& node, const DriveFile* folder,
                          const DriveContent& content);
  void count(const DriveNode& node);
  void count(const DriveTarget::Changes& changes);
  bool stays_away(const DriveFile* file, const std::string& key) const;

  DriveTarget& target_;
  DriveMemory& memory_;
  const DriveOptions& options_;
  DriveReport& report_;
  FolderNames names_;
  std::map<std::string, DriveFile> files_;  // by key: what is there
  std::vector<DriveFile> doubles_;          // what is there twice
  std::set<std::string> seen_;
};

}  // namespace probackup
