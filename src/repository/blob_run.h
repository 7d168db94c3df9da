// Reads blobs of one pack by few requests.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "repository/pack.h"
#include "repository/sealed_storage.h"

namespace probackup {

// What lies unread between two blobs is read too when it is less than this: a request costs more.
inline constexpr std::uint64_t run_gap_bytes_max = 256 << 10;
inline constexpr std::uint64_t run_bytes_max = 16 << 20;

// Calls `each(entry, sealed bytes)` for these blobs of a pack, by offset. Throws what the storage
// throws.
template <typename Each>
void read_blobs(Storage& storage, const Id& pack, std::vector<PackEntry> blobs, Each each) {
  std::sort(blobs.begin(), blobs.end(),
            [](const PackEntry& a, const PackEntry& b) { return a.offset < b.offset; });
  // A cache may have them: whoever copies trees has walked them before.
  const bool trees = !blobs.empty() && blobs.front().type == BlobType::tree;
  for (std::size_t begin = 0, end; begin < blobs.size(); begin = end) {
    std::uint64_t from = blobs[begin].offset, to = from + blobs[begin].length;
    for (end = begin + 1; end < blobs.size() && blobs[end].offset - to <= run_gap_bytes_max &&
                          to - from < run_bytes_max;
         ++end)
      to = std::uint64_t{blobs[end].offset} + blobs[end].length;
    std::string bytes = storage.load({ObjectKind::data, pack.hex(), trees}, from, to - from);
    for (std::size_t i = begin; i < end; ++i)
      each(blobs[i], std::string_view(bytes).substr(blobs[i].offset - from, blobs[i].length));
  }
}

}  // namespace probackup
