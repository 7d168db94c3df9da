// Hex and base64.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace probackup {

// Lower-case hex of any bytes.
std::string to_hex(std::string_view bytes);
// Bytes of hex text in either case; nothing if the text is not hex.
std::optional<std::string> from_hex(std::string_view hex);
// Standard base64 with padding (RFC 4648, section 4).
std::string to_base64(std::string_view bytes);
// Strict inverse of to_base64; nothing for anything else.
std::optional<std::string> from_base64(std::string_view text);
// URL-safe base64 without padding (RFC 4648, section 5).
std::string to_base64url(std::string_view bytes);

}  // namespace probackup
