#include "job/snapshot_tree.h"

#include "probackup/error.h"
#include "util/text.h"

namespace probackup {

struct SnapshotTree::Folder {
  std::map<std::string, Node, std::less<>> nodes;
  std::map<std::string, std::unique_ptr<Folder>, std::less<>> open;  // loaded because they change
  std::optional<Id> saved;                                           // the tree as it was loaded
  bool changed = false;
};

SnapshotTree::SnapshotTree(Repository& repository, std::optional<Id> base, Time time)
    : repository_(&repository), time_(time), root_(load(base)) {}
SnapshotTree::~SnapshotTree() = default;
SnapshotTree::SnapshotTree(SnapshotTree&&) noexcept = default;
SnapshotTree& SnapshotTree::operator=(SnapshotTree&&) noexcept = default;

std::unique_ptr<SnapshotTree::Folder> SnapshotTree::load(std::optional<Id> tree) {
  auto folder = std::make_unique<Folder>();
  folder->saved = tree;
  if (tree)
    for (auto& node : repository_->load_tree(*tree)) {
      std::string name = node.name;
      folder->nodes.emplace(std::move(name), std::move(node));
    }
  return folder;
}

SnapshotTree::Folder& SnapshotTree::open(Folder& parent, const std::string& name) {
  auto found = parent.open.find(name);
  if (found != parent.open.end()) return *found->second;
  auto node = parent.nodes.find(name);
  auto folder = load(node == parent.nodes.end() ? std::nullopt : node->second.subtree);
  return *parent.open.emplace(name, std::move(folder)).first->second;
}

void SnapshotTree::put(std::string_view path, Node file) {
  auto parts = split(path, '/');
  Folder* folder = root_.get();
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) folder = &open(*folder, parts[i]);
  file.name = parts.back();
  file.folder = false;
  file.time = time_;
  auto found = folder->nodes.find(parts.back());
  if (found != folder->nodes.end() && found->second.content == file.content &&
      found->second.size == file.size && !found->second.folder)
    return;
  folder->nodes.insert_or_assign(parts.back(), std::move(file));
  folder->changed = true;
}

void SnapshotTree::put_folder(std::string_view path, const Id& tree) {
  auto parts = split(path, '/');
  Folder* folder = root_.get();
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) folder = &open(*folder, parts[i]);
  auto found = folder->nodes.find(parts.back());
  if (found != folder->nodes.end() && found->second.subtree == tree) return;
  Node node;
  node.name = parts.back();
  node.folder = true;
  node.time = time_;
  node.subtree = tree;
  folder->open.erase(parts.back());
  folder->nodes.insert_or_assign(parts.back(), std::move(node));
  folder->changed = true;
}

void SnapshotTree::remove(std::string_view path) {
  auto parts = split(path, '/');
  Folder* folder = root_.get();
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (!folder->nodes.contains(parts[i]) && !folder->open.contains(parts[i])) return;
    folder = &open(*folder, parts[i]);
  }
  folder->open.erase(parts.back());
  if (folder->nodes.erase(parts.back()) > 0) folder->changed = true;
}

std::optional<Id> SnapshotTree::save() {
  return save(*root_);
}

std::optional<Id> SnapshotTree::save(Folder& folder) {
  for (auto& [name, child] : folder.open) {
    auto tree = save(*child);
    auto node = folder.nodes.find(name);
    bool was = node != folder.nodes.end();
    if (was && node->second.subtree == tree) continue;
    if (!was && !tree) continue;
    folder.changed = true;
    if (!tree) {
      folder.nodes.erase(node);
      continue;
    }
    Node made;
    made.name = name;
    made.folder = true;
    made.time = time_;
    made.subtree = tree;
    folder.nodes.insert_or_assign(name, std::move(made));
  }
  folder.open.clear();
  if (folder.nodes.empty()) return std::nullopt;
  if (!folder.changed && folder.saved) return folder.saved;
  std::vector<Node> nodes;
  nodes.reserve(folder.nodes.size());
  for (const auto& [name, node] : folder.nodes) nodes.push_back(node);
  folder.saved = repository_->save_tree(std::move(nodes));
  folder.changed = false;
  return folder.saved;
}

}  // namespace probackup
