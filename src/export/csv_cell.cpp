#include "export/csv_cell.h"

#include "util/text.h"

namespace probackup {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// A number as JSON writes it: "-5", "1.50", "2e10".
bool is_plain_number(std::string_view text) {
  std::size_t at = 0;
  auto digits = [&] {
    std::size_t start = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at > start;
  };
  if (text.starts_with('-')) ++at;
  if (!digits()) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!digits()) return false;
  }
  return at == text.size();
}

// Takes what spreadsheets skip in front of a cell: spaces, line feeds, no-break spaces, marks of
// byte order.
std::string_view without_leading_space(std::string_view text) {
  for (;;) {
    if (text.starts_with(' ') || text.starts_with('\n'))
      text.remove_prefix(1);
    else if (text.starts_with("\xC2\xA0"))
      text.remove_prefix(2);
    else if (text.starts_with("\xEF\xBB\xBF") || text.starts_with("\xE3\x80\x80"))
      text.remove_prefix(3);
    else
      return text;
  }
}

bool is_formula(std::string_view text) {
  if (is_plain_number(text)) return false;
  text = without_leading_space(text);
  if (text.empty()) return false;
  if (std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos) return true;
  // The full-width forms of = + - @, which East Asian spreadsheets take for the plain ones.
  for (std::string_view wide : {"\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D", "\xEF\xBC\xA0"})
    if (text.starts_with(wide)) return true;
  return false;
}

bool is_control(char c) {
  auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

}  // namespace

std::string csv_cell(std::string_view text) {
  std::string clean;
  for (char c : valid_utf8(text)) {
    if (is_control(c))
      clean += "\xEF\xBF\xBD";
    else
      clean += c;
  }
  if (is_formula(clean)) clean.insert(clean.begin(), '\'');
  bool plain = clean.find_first_of(",\"\r\n\t;") == std::string::npos && !clean.starts_with(' ') &&
               !clean.ends_with(' ');
  if (plain) return clean;
  std::string out = "\"";
  for (char c : clean) {
    if (c == '"') out += '"';
    out += c;
  }
  return out += '"';
}

}  // namespace probackup
