// Names in trees as Go writes them: strconv.Quote inside a JSON string.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace probackup {

// What strconv.Quote gives, without the quotes around it. Any bytes are allowed.
std::string go_quote(std::string_view text);
// The inverse, as strconv.Unquote; nothing for text it would refuse.
std::optional<std::string> go_unquote(std::string_view quoted);
// Appends a JSON string, quotes included, with the escapes of Go's encoding/json. `text` must be
// valid UTF-8 without control characters, as go_quote's result is.
void append_go_json(std::string& out, std::string_view text);

}  // namespace probackup
