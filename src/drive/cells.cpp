#include "drive/cells.h"

#include <charconv>
#include <cmath>

#include "export/field_kind.h"
#include "export/html_text.h"
#include "export/json_text.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

using std::chrono::days;

constexpr std::size_t exact_digits_max = 15;
constexpr std::size_t link_bytes_max = 2000;  // Excel takes 2,079 characters
constexpr std::size_t list_shown_max = 1000;
constexpr std::string_view replacement = "\xEF\xBF\xBD";

// Excel and Sheets count days from here, and know no time before 1900-03-01 alike.
constexpr std::chrono::sys_days day_zero = std::chrono::year(1899) / 12 / 30;
constexpr std::chrono::sys_days first_day = std::chrono::year(1900) / 3 / 1;
constexpr std::chrono::sys_days last_day = std::chrono::year(2262) / 1 / 1;

bool looks_like_time(std::string_view text) {
  return text.size() >= 10 && text.size() <= 40 && text[4] == '-' && text[7] == '-' &&
         text[0] >= '0' && text[0] <= '9';
}

std::size_t digits(std::string_view text) {
  std::size_t count = 0;
  for (char c : text.substr(0, text.find_first_of("eE"))) count += c >= '0' && c <= '9';
  return count;
}

SheetCell number_value(std::string_view json) {
  SheetCell out = text_cell(json);
  double number = 0;
  auto [end, error] = std::from_chars(json.data(), json.data() + json.size(), number);
  if (error != std::errc() || end != json.data() + json.size()) return out;
  if (!std::isfinite(number) || digits(json) > exact_digits_max) return out;
  out.kind = SheetCell::Kind::number;
  out.number = number;
  return out;
}

SheetCell string_value(std::string_view json) {
  std::string text = json_as_text(json);
  if (text.empty()) return {};
  if (looks_like_time(text))
    if (auto time = parse_rfc3339(text); time && *time >= first_day && *time < last_day) {
      SheetCell out = time_cell(*time);
      if (text.size() > 10) return out;
      out.kind = SheetCell::Kind::date;
      out.text = text;
      return out;
    }
  bool is_link = text.size() <= link_bytes_max && is_web_url(text);
  return text_cell(text, is_link ? text : "");
}

// "A, B" where every element is a scalar or an object with a name; the JSON itself otherwise.
SheetCell list_value(std::string_view json) {
  std::string shown;
  std::size_t count = 0;
  bool readable = true;
  for_each_child(json, [&](const std::string&, std::string_view value) {
    std::string name;
    if (value.starts_with('{')) {
      auto found = name_of(value);
      readable = found.has_value();
      name = found.value_or("");
    } else {
      readable = !value.starts_with('[') && ++count <= list_shown_max;
      name = value == "null" ? "" : json_as_text(value);
    }
    if (!shown.empty()) shown += ", ";
    shown += name;
    return readable;
  });
  return readable ? text_cell(shown) : text_cell(json);
}

// The length in bytes of the character at the front of valid UTF-8.
std::size_t character_bytes(std::string_view text) {
  auto c = static_cast<unsigned char>(text[0]);
  return std::min<std::size_t>(text.size(), c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4);
}

}  // namespace

SheetCell text_cell(std::string_view text, std::string link) {
  SheetCell out;
  out.text = cell_text(text);
  if (!out.text.empty()) out.kind = SheetCell::Kind::text;
  if (link.size() <= link_bytes_max) out.link = std::move(link);
  return out;
}

SheetCell number_cell(std::uint64_t number) {
  return {SheetCell::Kind::number, std::to_string(number), static_cast<double>(number), ""};
}

SheetCell time_cell(Time time) {
  if (time < first_day || time >= last_day) return text_cell(format_rfc3339_seconds(time));
  auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  double number = std::chrono::duration<double>(seconds - day_zero).count() / 86'400;
  return {SheetCell::Kind::time, format_time(time, "%Y-%m-%d %H:%M:%S"), number, ""};
}

SheetCell value_cell(std::string_view json) {
  if (json == "null" || json.empty()) return {};
  if (json == "true" || json == "false") return text_cell(json == "true" ? "yes" : "no");
  if (json.starts_with('"')) return string_value(json);
  if (json.starts_with('[')) return list_value(json);
  if (json.starts_with('{')) return json == "{}" ? SheetCell{} : text_cell(json);
  return number_value(json);
}

std::string cell_text(std::string_view text) {
  std::string out;
  std::string valid = valid_utf8(text);
  out.reserve(valid.size());
  for (std::size_t i = 0; i < valid.size(); ++i) {
    auto byte = static_cast<unsigned char>(valid[i]);
    if (byte == '\r') {
      if (i + 1 == valid.size() || valid[i + 1] != '\n') out += '\n';
    } else if ((byte < 0x20 && byte != '\t' && byte != '\n') || byte == 0x7F) {
      out += replacement;
    } else if (byte == 0xEF && (valid.compare(i, 3, "\xEF\xBF\xBE") == 0 ||
                                valid.compare(i, 3, "\xEF\xBF\xBF") == 0)) {
      out += replacement;  // U+FFFE and U+FFFF are no characters of XML
      i += 2;
    } else {
      out += valid[i];
    }
  }
  return out;
}

std::size_t utf16_units(std::string_view text) {
  std::size_t units = 0;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    units += (byte & 0xC0) == 0x80 ? 0 : byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

std::string_view clip_units(std::string_view text, std::size_t units) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t bytes = character_bytes(text.substr(at)), cost = bytes == 4 ? 2 : 1;
    if (cost > units) break;
    units -= cost;
    at += bytes;
  }
  return text.substr(0, at);
}

}  // namespace probackup
