// Trees: the folders of a snapshot, as restic's JSON (restic, doc/design.rst, "Trees and Data").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probackup/repository.h"

namespace probackup {

// The tree blob, byte for byte as restic would write it: nodes sorted by name, files 0644, folders
// 0755. Throws Error for a name that is no file name or comes twice, and a folder without subtree.
std::string print_tree(std::vector<Node> nodes);
// The nodes in the order of the tree. Members it does not know are passed over. Throws Error for
// anything that is no tree, and for names that could lead out of a folder.
std::vector<Node> parse_tree(std::string_view json);

}  // namespace probackup
