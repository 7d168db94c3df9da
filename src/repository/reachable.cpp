#include "repository/reachable.h"

#include "repository/parallel.h"

namespace probackup {

TreeWalk::TreeWalk(std::function<std::vector<Node>(const Id&)> load,
                   std::function<void(const Id&, const std::vector<Node>&)> visit, unsigned threads,
                   std::stop_token stop)
    : load_(std::move(load)), visit_(std::move(visit)), threads_(threads), stop_(std::move(stop)) {}

void TreeWalk::walk(const Id& tree) {
  auto is_new = [&](const Id& id) {
    std::uint8_t& mark = seen_.add(id);
    bool fresh = mark == 0;
    mark = 1;
    return fresh;
  };
  std::vector<Id> level, below;
  if (is_new(tree)) level.push_back(tree);
  while (!level.empty()) {
    parallel_for(level.size(), threads_, [&](std::size_t i) {
      if (stop_.stop_requested()) throw Error(ErrorKind::interrupted, "interrupted");
      auto nodes = load_(level[i]);
      std::lock_guard lock(mutex_);
      visit_(level[i], nodes);
      for (const Node& node : nodes)
        if (node.subtree && is_new(*node.subtree)) below.push_back(*node.subtree);
    });
    level.swap(below);
    below.clear();
  }
}

}  // namespace probackup
