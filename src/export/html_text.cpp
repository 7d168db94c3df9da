#include "export/html_text.h"

#include <fmt/format.h>

#include "util/text.h"

namespace probackup {
namespace {

constexpr std::size_t url_bytes_max = 2000;

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// Where the web URL that begins at `at` ends: at white space and at signs that enclose it; full
// stops and the like at its end belong to the sentence.
std::size_t url_end(std::string_view text, std::size_t at) {
  std::size_t end = std::min(text.find_first_of(" \t\r\n<>\"'`()[]{}|\\^", at), text.size());
  while (end > at && std::string_view(".,;:!?*_").find(text[end - 1]) != std::string_view::npos)
    --end;
  return end;
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 16);
  for (char c : valid_utf8(text)) {
    auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\n':
      case '\t':
        out += c;
        break;
      case '\r':
        break;
      default:
        if (byte < 0x20 || byte == 0x7F)
          out += "\xEF\xBF\xBD";
        else
          out += c;
    }
  }
  return out;
}

std::string clip_text(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return std::string(text);
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

bool is_web_url(std::string_view text) {
  std::string start = to_lower(text.substr(0, 8));
  std::size_t scheme = start.starts_with("http://") ? 7 : start == "https://" ? 8 : 0;
  if (scheme == 0 || text.size() <= scheme || text.size() > url_bytes_max) return false;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F || c == '"' || c == '<' || c == '>' || c == '\\') return false;
  }
  return true;
}

std::string web_link(std::string_view url, std::string_view shown) {
  return fmt::format(R"(<a href="{}" rel="noopener noreferrer nofollow">{}</a>)", escape_html(url),
                     escape_html(shown));
}

std::string prose_html(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t start = text.find("http", at);
    while (start != std::string_view::npos && !text.substr(start).starts_with("http://") &&
           !text.substr(start).starts_with("https://"))
      start = text.find("http", start + 4);
    out += escape_html(text.substr(at, start - at));
    if (start == std::string_view::npos) break;
    at = std::max(url_end(text, start), start + 4);
    std::string_view url = text.substr(start, at - start);
    out += is_web_url(url) ? web_link(url, url) : escape_html(url);
  }
  return out;
}

std::string path_url(std::string_view path) {
  std::string out;
  for (const auto& part : split(path, '/')) {
    if (!out.empty()) out += '/';
    out += part == ".." ? part : url_encode(part);
  }
  return out;
}

std::string humanize(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    bool starts_word = is_upper(c) && i > 0 && is_lower_or_digit(name[i - 1]);
    bool lone_capital = i + 1 < name.size() && is_lower_or_digit(name[i + 1]);
    if (starts_word && !out.ends_with(' ')) out += ' ';
    if (c == '_' || c == '-')
      out += ' ';
    else
      out += starts_word && lone_capital ? static_cast<char>(c + 32) : c;
  }
  out = std::string(trim(out));
  if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 32);
  return out;
}

}  // namespace probackup
