#include "export/json_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "probackup/error.h"
#include "util/text.h"

namespace probackup {
namespace {

// Where the string that begins at `at` ends (behind its closing quote).
std::size_t string_end(std::string_view json, std::size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at)
    if (json[at] == '\\') ++at;
  return std::min(at + 1, json.size());
}

// Where the value that begins at `at` ends.
std::size_t value_end(std::string_view json, std::size_t at) {
  for (std::size_t depth = 0; at < json.size();) {
    char c = json[at];
    if (c == '"') {
      at = string_end(json, at);
    } else if (c == '{' || c == '[') {
      ++depth, ++at;
      continue;
    } else if (c == '}' || c == ']') {
      --depth, ++at;
    } else if (depth > 0 && (c == ',' || c == ':')) {
      ++at;
      continue;
    } else {
      at = std::min(json.find_first_of(",:]}", at), json.size());
    }
    if (depth == 0) return at;
  }
  return at;
}

// Deeper levels are indented no further: a small record of deep nesting must not become a huge
// file.
constexpr std::size_t indent_depth_max = 20;

void new_line(std::string& out, std::size_t depth) {
  (out += '\n').append(2 * std::min(depth, indent_depth_max), ' ');
}

}  // namespace

std::optional<std::string> checked_json(RawJson& parser, std::string_view text) {
  try {
    return parser.without(text, {});
  } catch (const Error&) {
    return std::nullopt;
  }
}

void for_each_child(
    std::string_view json,
    const std::function<bool(const std::string& name, std::string_view value)>& each) {
  bool object = json.starts_with('{');
  if (!object && !json.starts_with('[')) return;
  std::string name;
  for (std::size_t at = 1; at + 1 < json.size(); ++at) {
    if (object) {
      std::size_t end = string_end(json, at);
      name = json_as_text(json.substr(at, end - at));
      at = end + 1;
    }
    std::size_t end = value_end(json, at);
    if (!each(name, json.substr(at, end - at))) return;
    at = end;
  }
}

std::string json_as_text(std::string_view json) {
  if (!json.starts_with('"')) return std::string(json);
  std::string_view inner = json.substr(1, json.size() - 2);
  if (inner.find('\\') == std::string_view::npos) return std::string(inner);
  return parse_json(json).get<std::string>();
}

std::string json_quote(std::string_view text) {
  return nlohmann::json(valid_utf8(text)).dump();
}

std::string indent_json(std::string_view json) {
  std::string out;
  out.reserve(json.size() + json.size() / 2);
  std::size_t depth = 0;
  for (std::size_t at = 0; at < json.size(); ++at) {
    char c = json[at];
    if (c == '"') {
      std::size_t end = string_end(json, at);
      out += json.substr(at, end - at);
      at = end - 1;
    } else if ((c == '{' || c == '[') && at + 1 < json.size() && json[at + 1] == c + 2) {
      (out += c) += json[++at];  // "{}" and "[]": the closing sign is two behind the opening one
    } else if (c == '{' || c == '[') {
      out += c;
      new_line(out, ++depth);
    } else if (c == '}' || c == ']') {
      new_line(out, --depth);
      out += c;
    } else if (c == ',') {
      out += c;
      new_line(out, depth);
    } else {
      out += c;
      if (c == ':') out += ' ';
    }
  }
  return out;
}

}  // namespace probackup
