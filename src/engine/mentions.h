// Mentions of people in texts.
#pragma once

#include <string>
#include <string_view>

namespace probackup {

// The text with an invisible character (U+2060) behind every @ that begins a name, so that an app
// tells nobody of it. Addresses of mail, and code between two lines of ``` or ~~~ with a blank line
// before the first, stay as they are. Linear in time.
std::string without_mentions(std::string_view text);

}  // namespace probackup
