// Keys of the things of a copy (DriveNode::key).
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace probackup {

// 32 hex digits of these parts; what the parts are separated by occurs in none of them by accident,
// because each is preceded by its length.
std::string drive_key(std::initializer_list<std::string_view> parts);
// 16 hex digits.
std::string short_digest(std::string_view text);

}  // namespace probackup
