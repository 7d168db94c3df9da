// Small JSON documents of a repository: members taken out strictly, written in a fixed order.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/clock.h"
#include "probackup/id.h"

namespace probackup {

// The parsed document. Throws Error unless it is a JSON object.
nlohmann::json parse_document(std::string_view json);
// Compact JSON; bytes that are not UTF-8 become U+FFFD.
std::string print_document(const nlohmann::ordered_json& document);

// Members of `object`. The first group throws Error naming the member when it is missing or of
// another type; the optional ones throw only for another type, and take null as missing.
std::string text_member(const nlohmann::json& object, const char* name);
std::uint64_t number_member(const nlohmann::json& object, const char* name);
Time time_member(const nlohmann::json& object, const char* name);
Id id_member(const nlohmann::json& object, const char* name);
std::string optional_text(const nlohmann::json& object, const char* name);
std::uint64_t optional_number(const nlohmann::json& object, const char* name);
bool optional_flag(const nlohmann::json& object, const char* name);
std::optional<Id> optional_id(const nlohmann::json& object, const char* name);
std::vector<std::string> optional_texts(const nlohmann::json& object, const char* name);

// A time as Go prints it. Times that Time cannot hold (Go's zero is in year 1) give Time{}; nothing
// for text that is no time.
std::optional<Time> parse_time(std::string_view text);

}  // namespace probackup
