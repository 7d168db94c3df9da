#include "expr/markup.h"

#include <algorithm>

namespace probackup {
namespace {

constexpr std::string_view spaces = " \t\r\n";

bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '/';
}

// Where the tag that begins at `start` ends, behind its ">"; npos if nothing closes it. Values in
// quotes may hold a ">".
std::size_t tag_end(std::string_view text, std::size_t start) {
  char quote = 0;
  for (std::size_t i = start; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '>') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

std::string_view name_of(std::string_view tag) {
  const std::size_t begin = tag.size() > 1 && tag[1] == '/' ? 2 : 1;
  return tag.substr(begin, tag.find_first_of(" \t\r\n/>", begin) - begin);
}

// Calls `use` for each tag and appends what it gives; the text between is appended as it is.
template <typename Use>
std::string each_tag(std::string_view text, const Use& use) {
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t start = text.find('<', at);
    out.append(text, at, start - at);
    if (start == std::string_view::npos) return out;
    const bool is_tag = start + 1 < text.size() && begins_name(text[start + 1]);
    const std::size_t end = is_tag ? tag_end(text, start) : start + 1;
    if (end == std::string_view::npos) return out.append(text, start);
    const std::string_view tag = text.substr(start, end - start);
    out += is_tag ? use(tag) : std::string(tag);
    at = end;
  }
}

// The end of the attribute that begins at `at`: behind its value if it has one.
std::size_t attribute_end(std::string_view tag, std::size_t at) {
  std::size_t i = tag.find_first_of(" \t\r\n=/>", at);
  if (i == std::string_view::npos || tag[i] != '=') return std::min(i, tag.size());
  ++i;
  const bool is_quoted = i < tag.size() && (tag[i] == '"' || tag[i] == '\'');
  i = is_quoted ? tag.find(tag[i], i + 1) : tag.find_first_of(" \t\r\n>", i);
  if (i == std::string_view::npos) return tag.size();
  return is_quoted ? i + 1 : i;
}

}  // namespace

std::string without_attributes(std::string_view text, std::string_view prefix) {
  return each_tag(text, [&](std::string_view tag) {
    std::string out;
    for (std::size_t at = 0; at < tag.size();) {
      const std::size_t space = tag.find_first_of(spaces, at);
      const std::size_t begin = tag.find_first_not_of(spaces, space);
      if (space == std::string_view::npos || begin == std::string_view::npos)
        return out.append(tag, at);
      out.append(tag, at, space - at);
      const std::size_t end = std::max(attribute_end(tag, begin), begin + 1);
      if (!tag.substr(begin).starts_with(prefix)) out.append(tag, space, end - space);
      at = end;
    }
    return out;
  });
}

std::string without_tags(std::string_view text, std::span<const std::string> names) {
  return each_tag(text, [&](std::string_view tag) {
    const bool goes = std::find(names.begin(), names.end(), name_of(tag)) != names.end();
    return goes ? std::string() : std::string(tag);
  });
}

}  // namespace probackup
