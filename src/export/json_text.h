// Looking at JSON text without parsing it into values, so that every digit stays. Input must be
// checked and minified: what checked_json() returns, or a part of it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "util/raw_json.h"

namespace probackup {

// The text checked and minified; nothing when it is no JSON.
std::optional<std::string> checked_json(RawJson& parser, std::string_view text);

// Calls each(name, value) for an object's members (name unescaped), each("", value) for a list's
// elements, in order; nothing for other values. `each` returns false to stop.
void for_each_child(
    std::string_view json,
    const std::function<bool(const std::string& name, std::string_view value)>& each);

// A string unescaped (broken UTF-8 replaced), any other value as it is written.
std::string json_as_text(std::string_view json);

// The text as a JSON string, quotes included.
std::string json_quote(std::string_view text);

// With line breaks and two spaces for each level; values stay byte for byte.
std::string indent_json(std::string_view json);

}  // namespace probackup
