#include "repository/pack.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>

#include "probackup/error.h"
#include "repository/crypto.h"

namespace probackup {
namespace {

constexpr std::size_t footer_bytes = 4;
constexpr std::size_t plain_entry_bytes = 37, compressed_entry_bytes = 41;
constexpr std::uint8_t tree_flag = 1, compressed_flag = 2;

void append_u32(std::string& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  return value;
}

std::size_t entry_bytes(bool compressed) {
  return compressed ? compressed_entry_bytes : plain_entry_bytes;
}

}  // namespace

std::uint64_t PackEntry::size() const {
  return plain_length != 0 ? plain_length : length - seal_overhead;
}

std::string print_pack_header(const std::vector<PackEntry>& entries) {
  std::string out;
  out.reserve(entries.size() * compressed_entry_bytes);
  for (const PackEntry& entry : entries) {
    unsigned kind = (entry.type == BlobType::tree ? tree_flag : 0) |
                    (entry.plain_length != 0 ? compressed_flag : 0);
    out += static_cast<char>(kind);
    append_u32(out, entry.length);
    if (entry.plain_length != 0) append_u32(out, entry.plain_length);
    out.append(reinterpret_cast<const char*>(entry.id.bytes.data()), entry.id.bytes.size());
  }
  return out;
}

std::vector<PackEntry> parse_pack_header(std::string_view header) {
  std::vector<PackEntry> entries;
  std::uint64_t offset = 0;
  while (!header.empty()) {
    auto kind = static_cast<std::uint8_t>(header[0]);
    bool compressed = kind & compressed_flag;
    if (kind > (tree_flag | compressed_flag))
      throw Error(fmt::format("its header has an entry of the unknown kind {}", kind));
    if (header.size() < entry_bytes(compressed)) throw Error("its header ends within an entry");
    PackEntry entry;
    entry.type = kind & tree_flag ? BlobType::tree : BlobType::data;
    entry.offset = static_cast<std::uint32_t>(offset);
    entry.length = read_u32(header.substr(1));
    if (compressed) entry.plain_length = read_u32(header.substr(5));
    std::memcpy(entry.id.bytes.data(), header.data() + entry_bytes(compressed) - 32, 32);
    offset += entry.length;
    if (entry.length < seal_overhead || (compressed && entry.plain_length == 0) ||
        offset > std::numeric_limits<std::uint32_t>::max())
      throw Error("its header has an entry with an impossible length");
    entries.push_back(entry);
    header.remove_prefix(entry_bytes(compressed));
  }
  return entries;
}

std::uint64_t pack_bytes(const std::vector<PackEntry>& entries) {
  std::uint64_t total = seal_overhead + footer_bytes;
  for (const PackEntry& entry : entries)
    total += entry.length + entry_bytes(entry.plain_length != 0);
  return total;
}

std::string print_pack_footer(std::size_t sealed_header_bytes) {
  std::string out;
  append_u32(out, static_cast<std::uint32_t>(sealed_header_bytes));
  return out;
}

std::uint32_t parse_pack_footer(std::string_view footer, std::uint64_t pack_bytes) {
  std::uint32_t length = footer.size() == footer_bytes ? read_u32(footer) : 0;
  if (length < seal_overhead || length > pack_header_bytes_max + seal_overhead ||
      length + footer_bytes > pack_bytes)
    throw Error("its header has an impossible length");
  return length;
}

}  // namespace probackup
