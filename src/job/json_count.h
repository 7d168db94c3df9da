// Counts in the JSON of a snapshot's own files.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

namespace probackup {

// The whole number at a member of `object`, 0 where there is none. Throws nlohmann's type_error for
// anything else: it would turn -1 and 1e300 into some number.
inline std::uint64_t count_at(const nlohmann::json& object, const char* name) {
  auto found = object.find(name);
  return found == object.end() ? 0 : found->get_ref<const std::uint64_t&>();
}

}  // namespace probackup
