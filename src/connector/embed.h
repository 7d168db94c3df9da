// The connector files that are built into the program; embed.cmake writes the definition.
#pragma once

#include <string_view>
#include <vector>

namespace probackup {

struct BuiltInConnector {
  std::string_view app;   // the file's name without ".json"
  std::string_view text;  // the whole file
};

const std::vector<BuiltInConnector>& built_in_connectors();

}  // namespace probackup
