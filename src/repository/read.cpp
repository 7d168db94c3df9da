// Reading files out of a snapshot.

#include <fmt/format.h>

#include <algorithm>

#include "probackup/repository.h"
#include "util/text.h"

namespace probackup {

std::optional<Node> find_node(Repository& repository, const Id& tree, std::string_view path) {
  Node node;
  node.folder = true;
  node.type = "dir";
  node.subtree = tree;
  for (const std::string& name : split(path, '/')) {
    if (name.empty()) continue;
    if (!node.folder) return std::nullopt;
    auto nodes = repository.load_tree(*node.subtree);
    auto found = std::find_if(nodes.begin(), nodes.end(),
                              [&](const Node& candidate) { return candidate.name == name; });
    if (found == nodes.end()) return std::nullopt;
    node = std::move(*found);
  }
  return node;
}

void read_file_node(Repository& repository, const Node& node,
                    const std::function<void(std::string_view)>& each) {
  if (node.type != "file" && (node.folder || !node.type.empty()))
    throw Error(fmt::format("\"{}\" is no file", node.name));
  for (const Id& id : node.content) each(repository.load_blob(BlobType::data, id));
}

std::string read_small_file(Repository& repository, const Node& node, std::uint64_t bytes_max) {
  std::string out;
  read_file_node(repository, node, [&](std::string_view bytes) {
    if (bytes.size() > bytes_max - out.size())
      throw Error(fmt::format("\"{}\" is larger than {}", node.name, format_size(bytes_max)));
    out += bytes;
  });
  return out;
}

}  // namespace probackup
