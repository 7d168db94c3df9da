#include "repository/chunker.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "util/hash.h"

namespace probackup {
namespace {

// The hash depends on the last 64 bytes; a border wherever its top 20 bits are zero makes chunks
// 1 MiB longer than the least on average.
constexpr std::size_t window_bytes = 64;
constexpr int quiet_bits = 64 - 20;

}  // namespace

Chunker::Chunker(Polynomial secret) {
  for (std::size_t block = 0; block < gear_.size() / 4; ++block) {
    std::uint64_t seed[2] = {secret, block};
    Id digest = sha256({reinterpret_cast<const char*>(seed), sizeof seed});
    std::memcpy(&gear_[4 * block], digest.bytes.data(), digest.bytes.size());
  }
}

std::size_t Chunker::feed(std::string_view bytes) {
  if (at_border_) {
    at_border_ = false;
    length_ = 0;
    hash_ = 0;
  }
  std::size_t end = std::min(bytes.size(), chunk_bytes_max - length_);
  // What lies further back than the window has no say in the first possible border.
  constexpr std::size_t silent = chunk_bytes_min - window_bytes;
  std::size_t at = length_ < silent ? std::min(end, silent - length_) : 0;
  while (at < end) {
    hash_ = (hash_ << 1) + gear_[static_cast<unsigned char>(bytes[at])];
    ++at;
    if (hash_ >> quiet_bits == 0 && length_ + at >= chunk_bytes_min) {
      at_border_ = true;
      break;
    }
  }
  length_ += at;
  if (length_ == chunk_bytes_max) at_border_ = true;
  return at;
}

}  // namespace probackup
