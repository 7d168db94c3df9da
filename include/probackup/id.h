// 32-byte ids: SHA-256 digests that name blobs, packs, indexes and snapshots.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace probackup {

// A SHA-256 digest used as a name. A value type; all zero means "none".
struct Id {
  std::array<std::uint8_t, 32> bytes{};

  // 64 lower-case hex digits.
  std::string hex() const;
  // The first 8 hex digits, as shown to people.
  std::string short_hex() const { return hex().substr(0, 8); }
  // The id written as 64 lower-case hex digits, or nothing for any other text.
  static std::optional<Id> from_hex(std::string_view text);
  bool is_null() const { return *this == Id{}; }

  auto operator<=>(const Id&) const = default;
};

}  // namespace probackup

template <>
struct std::hash<probackup::Id> {
  std::size_t operator()(const probackup::Id& id) const noexcept {
    std::size_t value;  // the digest is already uniform
    std::memcpy(&value, id.bytes.data(), sizeof value);
    return value;
  }
};
