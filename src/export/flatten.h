// A record as cells of a table.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace probackup {

// A longer path makes no column of its own.
inline constexpr std::size_t cell_path_bytes_max = 200;

// Calls each(path, value) for everything in a record that makes a cell: scalars, lists, and objects
// that are empty or too deep. Null makes none. Names along a path are joined by dots. `json` must
// be checked and minified; the values are parts of it.
void flatten(std::string_view json,
             const std::function<void(const std::string& path, std::string_view value)>& each);

}  // namespace probackup
