#include "export/flatten.h"

#include "export/json_text.h"

namespace probackup {
namespace {

constexpr std::size_t flatten_depth_max = 8;

void flatten_below(std::string_view json, const std::string& path, std::size_t depth,
                   const std::function<void(const std::string&, std::string_view)>& each) {
  if (json == "null") return;
  bool splits = json.starts_with('{') && (json != "{}" || depth == 0) && depth < flatten_depth_max;
  if (!splits) return each(path, json);
  for_each_child(json, [&](const std::string& name, std::string_view value) {
    // A path that is too long goes to `more`, where its length does no harm.
    std::string below = depth == 0 ? name : path + "." + name;
    if (below.size() > cell_path_bytes_max)
      each(below, value);
    else
      flatten_below(value, below, depth + 1, each);
    return true;
  });
}

}  // namespace

void flatten(std::string_view json,
             const std::function<void(const std::string& path, std::string_view value)>& each) {
  flatten_below(json, "", 0, each);
}

}  // namespace probackup
