#include "engine/mentions.h"

#include <cctype>

namespace probackup {
namespace {

constexpr std::string_view word_joiner = "\xe2\x81\xa0";

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// The run of ` or ~ that a line begins with, if it is three or longer.
std::string_view fence_of(std::string_view line) {
  if (line.empty() || (line[0] != '`' && line[0] != '~')) return {};
  auto end = line.find_first_not_of(line[0]);
  auto run = line.substr(0, end);
  return run.size() >= 3 ? run : std::string_view();
}

bool closes(std::string_view line, std::string_view fence) {
  auto run = fence_of(line);
  return !run.empty() && run[0] == fence[0] && run.size() >= fence.size() &&
         line.find_first_not_of(" \t\r\n", run.size()) == std::string_view::npos;
}

std::string_view line_at(std::string_view text, std::size_t at) {
  auto end = text.find('\n', at);
  return text.substr(at, end == std::string_view::npos ? end : end + 1 - at);
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

void append_muted(std::string& out, std::string_view line) {
  for (std::size_t i = 0; i < line.size(); ++i) {
    out += line[i];
    const bool begins_name = line[i] == '@' && i + 1 < line.size() && is_word(line[i + 1]) &&
                             (i == 0 || !is_word(line[i - 1]));
    if (begins_name) out += word_joiner;
  }
}

// Where the block of code that a fence begins ends; 0 for one that nothing ends.
std::size_t end_of_code(std::string_view text, std::size_t at, std::string_view fence) {
  for (std::size_t next = at + line_at(text, at).size(); next < text.size();) {
    auto line = line_at(text, next);
    next += line.size();
    if (closes(line, fence)) return next;
  }
  return 0;
}

}  // namespace

std::string without_mentions(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool after_blank = true, may_be_code = true;
  for (std::size_t at = 0; at < text.size();) {
    auto line = line_at(text, at);
    if (auto fence = fence_of(line); may_be_code && after_blank && !fence.empty()) {
      if (std::size_t end = end_of_code(text, at, fence); end > 0) {
        out += text.substr(at, end - at);
        at = end;
        after_blank = false;
        continue;
      }
      may_be_code = false;  // nothing closes it, nor one behind it: each is looked for once
    }
    append_muted(out, line);
    at += line.size();
    after_blank = is_blank(line);
  }
  return out;
}

}  // namespace probackup
