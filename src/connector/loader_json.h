// Reads the text of a connector file: plain JSON, but with every mistake of syntax placed, no
// member twice, and the order of members remembered where it matters.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/connector.h"

namespace probackup {

inline constexpr std::size_t connector_bytes_max = std::size_t{2} << 20;
inline constexpr std::size_t connector_depth_max = 48;

struct ConnectorDocument {
  nlohmann::json root;
  // By JSON pointer, for the document and its direct members: the keys in the file's order.
  std::map<std::string, std::vector<std::string>> order;
};

// Adds mistakes to `problems`; without any, `root` is the whole document.
ConnectorDocument read_connector_document(std::string_view text, const std::string& file,
                                          std::vector<LintProblem>& problems);

}  // namespace probackup
