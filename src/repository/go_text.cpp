#include "repository/go_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace probackup {
namespace {

struct Range {
  std::uint32_t first, last;
};

// Code points beyond ASCII that Go's unicode.IsPrint refuses: controls, separators, format
// characters, surrogates and private use (Unicode 15). Sorted.
constexpr Range unprintable[] = {
    {0x80, 0xa0},       {0xad, 0xad},        {0x600, 0x605},     {0x61c, 0x61c},
    {0x6dd, 0x6dd},     {0x70f, 0x70f},      {0x890, 0x891},     {0x8e2, 0x8e2},
    {0x1680, 0x1680},   {0x180e, 0x180e},    {0x2000, 0x200f},   {0x2028, 0x202f},
    {0x205f, 0x206f},   {0x3000, 0x3000},    {0xd800, 0xf8ff},   {0xfdd0, 0xfdef},
    {0xfeff, 0xfeff},   {0xfff0, 0xfffb},    {0xfffe, 0xffff},   {0x110bd, 0x110bd},
    {0x110cd, 0x110cd}, {0x13430, 0x1343f},  {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
    {0xe0000, 0xe00ff}, {0xe01f0, 0x10ffff},
};

bool is_printable(std::uint32_t rune) {
  if (rune < 0x80) return rune >= 0x20 && rune != 0x7f;
  auto next = std::upper_bound(std::begin(unprintable), std::end(unprintable), rune,
                               [](std::uint32_t r, const Range& range) { return r < range.first; });
  return next == std::begin(unprintable) || std::prev(next)->last < rune;
}

struct Rune {
  std::uint32_t value;
  std::size_t bytes;  // 0 when the bytes are not UTF-8
};

Rune first_rune(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return {byte(0), 1};
  std::size_t n = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < n) return {0, 0};
  std::uint32_t value = byte(0) & (0x7fu >> n);
  for (std::size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {0, 0};
    value = value << 6 | (byte(i) & 0x3f);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < least[n] || value > 0x10ffff || surrogate) return {0, 0};
  return {value, n};
}

void append_utf8(std::string& out, std::uint32_t rune) {
  auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (rune < 0x80) return put(rune);
  if (rune < 0x800) {
    put(0xc0 | rune >> 6);
  } else if (rune < 0x10000) {
    put(0xe0 | rune >> 12);
    put(0x80 | (rune >> 6 & 0x3f));
  } else {
    put(0xf0 | rune >> 18);
    put(0x80 | (rune >> 12 & 0x3f));
    put(0x80 | (rune >> 6 & 0x3f));
  }
  put(0x80 | (rune & 0x3f));
}

constexpr std::string_view letters = "abfnrtv", letter_values = "\a\b\f\n\r\t\v";

void append_escaped(std::string& out, std::uint32_t rune) {
  std::size_t at = rune < 0x80 ? letter_values.find(static_cast<char>(rune)) : letters.npos;
  if (at != letters.npos) {
    out += '\\';
    out += letters[at];
  } else if (rune < 0x80) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", rune);
  } else if (rune < 0x10000) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", rune);
  } else {
    fmt::format_to(std::back_inserter(out), "\\U{:08x}", rune);
  }
}

// Takes `count` digits of a base from the front of `text`.
std::optional<std::uint32_t> take_digits(std::string_view& text, std::size_t count, unsigned base) {
  if (text.size() < count) return std::nullopt;
  std::uint32_t value = 0;
  for (char c : text.substr(0, count)) {
    unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                     : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A' + 10)
                                            : base;
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
  }
  text.remove_prefix(count);
  return value;
}

// Takes what follows a backslash.
bool take_escape(std::string_view& text, std::string& out) {
  if (text.empty()) return false;
  char c = text[0];
  if (c >= '0' && c <= '7') {
    auto byte = take_digits(text, 3, 8);
    if (!byte || *byte > 0xff) return false;
    out += static_cast<char>(*byte);
    return true;
  }
  text.remove_prefix(1);
  if (c == '\\' || c == '"') {
    out += c;
    return true;
  }
  if (std::size_t at = letters.find(c); at != letters.npos) {
    out += letter_values[at];
    return true;
  }
  std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  auto value = digits == 0 ? std::nullopt : take_digits(text, digits, 16);
  if (!value) return false;
  if (c == 'x') {
    out += static_cast<char>(*value);
    return true;
  }
  if (*value > 0x10ffff || (*value >= 0xd800 && *value <= 0xdfff)) return false;
  append_utf8(out, *value);
  return true;
}

}  // namespace

std::string go_quote(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    Rune rune = first_rune(text);
    if (rune.bytes == 0) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
      continue;
    }
    if (rune.value == '"' || rune.value == '\\') out += '\\';
    if (is_printable(rune.value)) {
      out += text.substr(0, rune.bytes);
    } else {
      append_escaped(out, rune.value);
    }
    text.remove_prefix(rune.bytes);
  }
  return out;
}

std::optional<std::string> go_unquote(std::string_view quoted) {
  std::string out;
  while (!quoted.empty()) {
    char c = quoted[0];
    if (c == '"' || c == '\n') return std::nullopt;
    quoted.remove_prefix(1);
    if (c != '\\') {
      out += c;
    } else if (!take_escape(quoted, out)) {
      return std::nullopt;
    }
  }
  return out;
}

void append_go_json(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    switch (c) {
      case '"':
      case '\\':
        out += '\\';
        out += c;
        break;
      case '<':
        out += "\\u003c";
        break;
      case '>':
        out += "\\u003e";
        break;
      case '&':
        out += "\\u0026";
        break;
      default:
        out += c;
    }
  }
  out += '"';
}

}  // namespace probackup
