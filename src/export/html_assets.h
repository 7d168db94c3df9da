// The style and the script of the readable archive.
#pragma once

#include <string_view>

namespace probackup {

std::string_view style_sheet();
// Expects `probackupChunks`, the number of index files html/search/N.js.
std::string_view search_script();

}  // namespace probackup
