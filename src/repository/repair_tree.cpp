// Trees without what is lost.
#include <algorithm>

#include "probackup/repair.h"

namespace probackup {
namespace {

constexpr unsigned folder_depth_max = 512;

}  // namespace

TreeRepair::Result TreeRepair::repair(const Id& tree) {
  return make(tree, 0);
}

TreeRepair::Result TreeRepair::make(const Id& id, unsigned depth) {
  if (intact_.contains(id)) return {id, {}};
  if (auto known = repaired_.find(id); known != repaired_.end()) return known->second;
  std::vector<Node> nodes;
  try {
    if (depth > folder_depth_max) throw Error("too many folders in one another");
    nodes = repository_.load_tree(id);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) throw;
    return repaired_[id] = {};
  }
  Result result;
  std::vector<Node> left;
  for (Node& node : nodes) {
    if (node.folder) {
      Result below = make(*node.subtree, depth + 1);
      for (LostPiece& piece : below.lost) {
        piece.path = node.name + "/" + piece.path;
        result.lost.push_back(std::move(piece));
      }
      if (below.tree) {
        node.subtree = below.tree;
        left.push_back(std::move(node));
      } else {
        result.lost.push_back({node.name, true, {}, {}});
      }
      continue;
    }
    LostPiece piece{node.name, false, {}, node};
    Node healthy = node;
    healthy.content.clear();
    healthy.size = 0;
    for (std::size_t i = 0; i < node.content.size(); ++i) {
      if (auto size = repository_.blob_size(BlobType::data, node.content[i])) {
        healthy.content.push_back(node.content[i]);
        healthy.size += *size;
      } else {
        piece.positions.push_back(i);
      }
    }
    left.push_back(piece.positions.empty() ? node : healthy);
    if (!piece.positions.empty()) result.lost.push_back(std::move(piece));
  }
  if (result.lost.empty()) {
    intact_.insert(id);
    return {id, {}};
  }
  result.tree = dry_run_ ? id : repository_.save_tree(left);
  return repaired_[id] = result;
}

}  // namespace probackup
