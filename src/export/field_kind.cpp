#include "export/field_kind.h"

#include <algorithm>
#include <array>

#include "export/html_text.h"
#include "export/json_text.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

constexpr std::size_t short_text_bytes = 140;
constexpr std::size_t token_bytes_min = 20;

template <std::size_t size>
bool one_of(std::string_view name, const std::array<std::string_view, size>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_id_name(std::string_view name) {
  static constexpr std::array<std::string_view, 8> ids{"id",  "ids", "uuid", "guid",
                                                       "gid", "sha", "etag", "nodeId"};
  if (one_of(name, ids)) return true;
  for (std::string_view end : {"_id", "Id", "_ids", "Ids", "ID", "_gid", "_uuid", "_sha"})
    if (name.ends_with(end)) return true;
  // "idBoard", "idMembers"
  return name.size() > 2 && name.starts_with("id") && name[2] >= 'A' && name[2] <= 'Z';
}

bool is_technical_name(std::string_view name) {
  static constexpr std::array<std::string_view, 9> names{
      "pos",          "position",   "object", "resource_type",     "avatarHash",
      "color_scheme", "__typename", "rank",   "nonPublicAvailable"};
  return one_of(name, names) || name.starts_with('_');
}

// A long run of letters and digits without a space: a token, a hash, an encoded value.
bool is_token(std::string_view text) {
  if (text.size() < token_bytes_min || text.find(' ') != std::string_view::npos) return false;
  bool digit = false;
  for (char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80 || c == '@' || c == '.') return false;
    digit = digit || (c >= '0' && c <= '9');
  }
  return digit;
}

bool is_link_name(std::string_view name) {
  static constexpr std::array<std::string_view, 9> names{
      "url", "link", "homepage", "website", "blog", "html_url", "web_url", "permalink", "href"};
  return one_of(name, names);
}

}  // namespace

FieldKind field_kind(std::string_view name, std::string_view json) {
  if (json == "null" || json == "false" || json == "\"\"") return FieldKind::hidden;
  if (name == "id") return FieldKind::hidden;
  if (is_id_name(name)) return FieldKind::reference;
  if (is_technical_name(name)) return FieldKind::hidden;
  if (json == "true") return FieldKind::flag;
  if (!json.starts_with('"')) return FieldKind::text;
  std::string text = json_as_text(json);
  if (trim(text).empty()) return FieldKind::hidden;
  if (is_web_url(text)) return is_link_name(name) ? FieldKind::link : FieldKind::hidden;
  if (text.size() >= 10 && parse_rfc3339(text)) return FieldKind::time;
  return is_token(text) ? FieldKind::hidden : FieldKind::text;
}

bool is_prose(std::string_view name, std::string_view json) {
  static constexpr std::array<std::string_view, 9> names{
      "desc", "description", "body", "text", "content", "notes", "note", "comment", "message"};
  if (!json.starts_with('"') || json == "\"\"") return false;
  if (one_of(name, names)) return true;
  if (json.find("\\n") != std::string_view::npos) return true;
  return json.size() > short_text_bytes && json.find(' ') != std::string_view::npos;
}

std::string readable_time(std::string_view text) {
  auto time = parse_rfc3339(text);
  if (!time) return std::string(text);
  if (text.size() == 10) return std::string(text);
  return format_time(*time, "%Y-%m-%d %H:%M UTC");
}

std::optional<std::string> name_of(std::string_view object) {
  static constexpr std::array<std::string_view, 12> names{
      "fullName", "full_name", "display_name", "displayName", "name",  "title",
      "username", "login",     "email",        "label",       "value", "text"};
  std::optional<std::string> found;
  std::size_t best = names.size();
  for_each_child(object, [&](const std::string& name, std::string_view value) {
    auto rank =
        static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    if (rank >= best || !value.starts_with('"') || value == "\"\"") return true;
    std::string text = json_as_text(value);
    // "text" and "value" name an object only while they are short.
    if (text.size() > short_text_bytes || text.find('\n') != std::string::npos) return true;
    if (rank + 2 >= names.size() && count_scalars(object) > 2) return true;
    best = rank;
    found = std::move(text);
    return true;
  });
  return found;
}

std::string field_label(std::string_view name) {
  std::string_view plain = name;
  if (is_id_name(name)) {
    for (std::string_view end : {"_id", "_ids", "Id", "Ids"})
      if (plain.ends_with(end) && plain.size() > end.size()) {
        plain.remove_suffix(end.size());
        break;
      }
    if (plain.size() == name.size() && name.size() > 3 && name.starts_with("id"))
      plain.remove_prefix(2);
  }
  return humanize(plain);
}

bool is_plain_text_name(std::string_view name) {
  static constexpr std::array<std::string_view, 7> names{"desc",    "description", "body",   "text",
                                                         "content", "comment",     "message"};
  return one_of(name, names);
}

bool is_wrapper(std::string_view name) {
  static constexpr std::array<std::string_view, 4> names{"data", "attributes", "fields",
                                                         "properties"};
  return one_of(name, names);
}

std::size_t count_scalars(std::string_view object) {
  std::size_t count = 0;
  for_each_child(object, [&](const std::string&, std::string_view value) {
    if (!value.starts_with('{') && !value.starts_with('[')) ++count;
    return true;
  });
  return count;
}

}  // namespace probackup
