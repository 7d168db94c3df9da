// Text: URLs, UTF-8, safe names, suggestions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace probackup {

// Percent-encodes everything but RFC 3986's unreserved characters.
std::string url_encode(std::string_view text);
// Decodes percent escapes; a broken escape stays as it is. '+' stays '+'.
std::string url_decode(std::string_view text);
// A file's name as multipart forms carry it (RFC 7578, section 4.2, as browsers do it): quotation
// marks and line ends percent-escaped, nothing else. Many servers keep the escapes in the name.
std::string form_name(std::string_view name);
// Replaces what is not valid UTF-8 by U+FFFD.
std::string valid_utf8(std::string_view text);

// A file name that is safe on every common file system and in a restic tree, made from any bytes:
// letters, digits and "._@=+,-" stay, the rest is percent-escaped; "", ".", "..", names that
// Windows reserves and leading or trailing dots are escaped as well. Names over 200 bytes are cut
// and carry 16 hex digits of the whole name's SHA-256, so that different names stay different.
std::string safe_file_name(std::string_view name);

// The candidates nearest to `word` (edit distance), best first, at most three; maybe none.
std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);
// "; did you mean A, B?" for `nearest`, or "" where nothing is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

// "1.2 GiB", "340 B": sizes for people, binary units.
std::string format_size(std::uint64_t bytes);
// "500", "64K", "10M", "2G", "1T": bytes, binary units; nothing for any other text.
std::optional<std::uint64_t> parse_size(std::string_view text);
// "1,234,567".
std::string format_count(std::uint64_t count);

std::string to_lower(std::string_view text);   // ASCII only
std::string_view trim(std::string_view text);  // ASCII white space
std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);

}  // namespace probackup
