// Changes a snapshot's tree path by path, loading and writing only the folders that change.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/repository.h"

namespace probackup {

// A folder of a snapshot being made, based on the same folder of an earlier one. What is not
// touched keeps its node, times included, so that an unchanged folder is the same tree blob. Not
// for concurrent calls.
class SnapshotTree {
 public:
  // `base`: the tree to start from; nothing starts an empty folder. `time`: of every changed node.
  SnapshotTree(Repository& repository, std::optional<Id> base, Time time);
  ~SnapshotTree();
  SnapshotTree(SnapshotTree&&) noexcept;
  SnapshotTree& operator=(SnapshotTree&&) noexcept;

  // Puts a file at "a/b/c", making folders; an equal one (content and size) keeps its times.
  void put(std::string_view path, Node file);
  // Puts a whole folder that is saved already.
  void put_folder(std::string_view path, const Id& tree);
  // Removes a file or a whole folder; nothing happens if it is not there. Emptied folders go too.
  void remove(std::string_view path);
  // Writes changed folders; the tree's id, or nothing when it is empty.
  std::optional<Id> save();

 private:
  struct Folder;
  Folder& open(Folder& parent, const std::string& name);
  std::unique_ptr<Folder> load(std::optional<Id> tree);
  std::optional<Id> save(Folder& folder);

  Repository* repository_;
  Time time_;
  std::unique_ptr<Folder> root_;
};

}  // namespace probackup
