// Random bytes fit for keys.
#pragma once

#include <cstddef>
#include <string>

namespace probackup {

// `count` bytes from the system's generator. Throws Error if it has none. Safe for concurrent
// calls.
std::string random_bytes(std::size_t count);

}  // namespace probackup
