#include "drive/folder_names.h"

#include <fmt/format.h>

#include "drive/cells.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::size_t mark_digits = 6;
constexpr std::size_t extension_bytes_max = 12;

// ".pdf"; "" for none.
std::string extension_of(const std::string& name) {
  auto dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0 || name.size() - dot > extension_bytes_max) return "";
  return name.substr(dot);
}

std::string with_mark(const std::string& name, const std::string& mark, bool has_extension) {
  std::string extension = has_extension ? extension_of(name) : "";
  return name.substr(0, name.size() - extension.size()) + mark + extension;
}

}  // namespace

std::string FolderNames::marked(const std::string& name, const std::string& key,
                                bool has_extension) {
  return with_mark(name, " ~" + key.substr(0, mark_digits), has_extension);
}

std::string FolderNames::claim(const std::string& folder, const std::string& name,
                               const std::string& key, bool has_extension) {
  auto take = [&](const std::string& wanted) {
    return taken_.insert(folder + "/" + to_lower(wanted)).second;
  };
  if (take(name)) return name;
  std::string mark = " ~" + key.substr(0, mark_digits);
  std::string other = with_mark(name, mark, has_extension);
  for (unsigned i = 2; !take(other); ++i)
    other = with_mark(name, fmt::format("{}-{}", mark, i), has_extension);
  return other;
}

std::string plain_name(std::string_view title, std::string_view forbidden,
                       std::size_t characters_max, std::size_t bytes_max) {
  std::string out;
  for (char c : cell_text(title)) {
    bool is_space = c == '\n' || c == '\t';
    out += is_space ? ' ' : forbidden.find(c) != std::string_view::npos ? '_' : c;
  }
  out = std::string(trim(out));
  std::string extension = extension_of(out);
  out.resize(out.size() - extension.size());
  if (extension.size() >= bytes_max || extension.size() >= characters_max) extension.clear();
  out = std::string(clip_units(out, characters_max - utf16_units(extension)));
  while (out.size() + extension.size() > bytes_max)
    out = std::string(clip_units(out, utf16_units(out) - 1));
  out = std::string(trim(out));
  return out.empty() && extension.empty() ? "Untitled" : out + extension;
}

}  // namespace probackup
