// What a field of an unknown app most likely is, told from its name and value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace probackup {

enum class FieldKind {
  hidden,     // nothing to see for people: null, false, "", tokens, positions, API addresses
  reference,  // the id of something, shown if it is a record of the archive
  time,       // RFC 3339
  link,       // a web address that people may follow
  flag,       // true
  text,       // short text or a number
};

// For a scalar.
FieldKind field_kind(std::string_view name, std::string_view json);
// Whether a scalar is a text to read in full: a description, a comment, anything with lines.
bool is_prose(std::string_view name, std::string_view json);
// "2024-05-31 14:05 UTC", or the date alone; the text itself when it is no time.
std::string readable_time(std::string_view text);
// What an object is called: its name, title, login or the like.
std::optional<std::string> name_of(std::string_view object);
// The name of a field for people: humanize() without what only says that it holds an id.
std::string field_label(std::string_view name);
// Whether the name of a text says no more than that it is one, so that it needs no heading.
bool is_plain_text_name(std::string_view name);
// Whether the name says nothing, because the object only wraps others ("data", "attributes").
bool is_wrapper(std::string_view name);
std::size_t count_scalars(std::string_view object);

}  // namespace probackup
