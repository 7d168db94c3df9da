// Content-defined borders in a stream of bytes (gear hash: W. Xia et al., "Ddelta", 2014), so that
// an insertion changes only the blobs around it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "repository/polynomial.h"

namespace probackup {

inline constexpr std::size_t chunk_bytes_min = 512 << 10, chunk_bytes_max = 8 << 20;

// Not for concurrent calls.
class Chunker {
 public:
  // Other secrets give other borders: stored lengths do not tell what a known file would.
  explicit Chunker(Polynomial secret);

  // How many of the first of `bytes` still belong to the present chunk. When `at_border()` is true
  // afterwards the chunk ends there and the next call begins another; else all of them belong to
  // it.
  std::size_t feed(std::string_view bytes);
  bool at_border() const { return at_border_; }

 private:
  std::array<std::uint64_t, 256> gear_;
  std::uint64_t hash_ = 0;
  std::size_t length_ = 0;  // of the present chunk
  bool at_border_ = false;
};

}  // namespace probackup
