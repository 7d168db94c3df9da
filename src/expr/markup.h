// Rich text of apps, which is XML or close to it: takes out what another app, or another account of
// the same one, would not understand.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace probackup {

// The text without the attributes whose names begin with `prefix`.
std::string without_attributes(std::string_view text, std::string_view prefix);

// The text without the tags of these elements; what stands between them stays.
std::string without_tags(std::string_view text, std::span<const std::string> names);

}  // namespace probackup
