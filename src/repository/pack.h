// The header of a pack file (restic, doc/design.rst, "Pack Format"):
//   blob_1 || … || blob_n || sealed(header) || length of the sealed header (u32, little endian)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/id.h"
#include "probackup/repository.h"

namespace probackup {

// One blob in a pack.
struct PackEntry {
  BlobType type = BlobType::data;
  Id id;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;        // sealed bytes
  std::uint32_t plain_length = 0;  // bytes before compression; 0 when it is not compressed

  // Bytes that load_blob gives.
  std::uint64_t size() const;
  auto operator<=>(const PackEntry&) const = default;
};

inline constexpr std::size_t pack_header_bytes_max = 16 << 20;

// The plain header. Entries are in the order of the blobs, without gaps.
std::string print_pack_header(const std::vector<PackEntry>& entries);
// Offsets are counted from the lengths. Throws Error for anything that is no header.
std::vector<PackEntry> parse_pack_header(std::string_view header);
// Bytes of the whole pack with these blobs.
std::uint64_t pack_bytes(const std::vector<PackEntry>& entries);

// The length field at the end of a pack.
std::string print_pack_footer(std::size_t sealed_header_bytes);
// Bytes of the sealed header of a pack of `pack_bytes`, from its last 4 bytes. Throws Error when it
// cannot be right.
std::uint32_t parse_pack_footer(std::string_view footer, std::uint64_t pack_bytes);

}  // namespace probackup
