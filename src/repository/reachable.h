// Visits every tree of a repository's snapshots once.
#pragma once

#include <functional>
#include <mutex>
#include <stop_token>
#include <vector>

#include "probackup/repository.h"
#include "repository/blob_marks.h"

namespace probackup {

// Walks over trees by a few threads, level by level, so that the waiting of a distant storage
// overlaps.
class TreeWalk {
 public:
  // `load` gives the nodes of a tree, on several threads at once. `visit` gets each tree and its
  // nodes once, whatever refers to it; its calls do not overlap.
  TreeWalk(std::function<std::vector<Node>(const Id&)> load,
           std::function<void(const Id&, const std::vector<Node>&)> visit, unsigned threads,
           std::stop_token stop);
  // Everything below `tree` that was not visited yet. Throws what `load` and `visit` throw, and
  // Error(interrupted) after a request to stop.
  void walk(const Id& tree);
  std::size_t visited() const { return seen_.size(); }

 private:
  const std::function<std::vector<Node>(const Id&)> load_;
  const std::function<void(const Id&, const std::vector<Node>&)> visit_;
  const unsigned threads_;
  const std::stop_token stop_;
  std::mutex mutex_;  // guards `seen_` and calls of visit_
  BlobMarks seen_;
};

}  // namespace probackup
