#include "probackup/http.h"
#include "util/text.h"

namespace probackup {

std::optional<std::string> header(const Headers& headers, std::string_view name) {
  std::string wanted = to_lower(name);
  for (auto it = headers.rbegin(); it != headers.rend(); ++it)
    if (to_lower(it->first) == wanted) return it->second;
  return std::nullopt;
}

}  // namespace probackup
