#include "drive/column_names.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include "export/field_kind.h"
#include "util/text.h"

namespace probackup {
namespace {

// Without case and separators; the better ones first.
constexpr std::array<std::string_view, 11> created_names{
    "createdat",  "createdon",    "createdtime",  "created",      "datecreated", "createddate",
    "createdate", "creationdate", "creationtime", "datecreation", "date"};
constexpr std::array<std::string_view, 14> changed_names{
    "updatedat",      "updatedon",    "updatedtime",      "updated",      "modifiedat",
    "modifiedon",     "modifiedtime", "modified",         "lastmodified", "lastmodifieddate",
    "lasteditedtime", "dateupdated",  "datelastactivity", "editedat"};

std::string plain(std::string_view name) {
  std::string out;
  for (char c : to_lower(name))
    if (c != '_' && c != '-' && c != ' ') out += c;
  return out;
}

}  // namespace

std::string ColumnNames::claim(const std::string& path) {
  std::string name;
  auto parts = split(path, '.');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i + 1 < parts.size() && is_wrapper(parts[i])) continue;
    std::string label = field_label(parts[i]);
    if (!name.empty()) name += ": ";
    name += label.empty() ? parts[i] : label;
  }
  if (name.empty()) name = "Value";
  if (taken_.insert(name).second) return name;
  std::string other = path;
  for (unsigned i = 2; !taken_.insert(other).second; ++i) other = path + " " + std::to_string(i);
  return other;
}

int column_rank(const std::string& path, bool flags) {
  auto parts = split(path, '.');
  for (std::size_t i = 0; i + 1 < parts.size(); ++i)
    if (!is_wrapper(parts[i])) return 3;
  // The value is of no matter, only the name.
  if (is_prose(parts.back(), "\"text\"")) return 0;
  return flags ? 2 : 1;
}

std::size_t choose_time_column(std::size_t count,
                               const std::function<std::string(std::size_t)>& path,
                               TimeColumn which) {
  auto rank_of = [&](std::string_view name) -> std::ptrdiff_t {
    if (which == TimeColumn::created)
      return std::find(created_names.begin(), created_names.end(), name) - created_names.begin();
    return std::find(changed_names.begin(), changed_names.end(), name) - changed_names.begin();
  };
  std::ptrdiff_t last = which == TimeColumn::created ? created_names.size() : changed_names.size();
  auto best = std::tuple(std::ptrdiff_t{3}, last, static_cast<std::size_t>(-1));
  for (std::size_t i = 0; i < count; ++i) {
    std::string text = path(i);
    if (text.empty()) continue;
    auto depth = std::count(text.begin(), text.end(), '.');
    auto rank = rank_of(plain(std::string_view(text).substr(text.rfind('.') + 1)));
    // Deeper down a time speaks of something else: two levels are for wrappers.
    if (rank < last && depth <= 1) best = std::min(best, std::tuple(depth, rank, i));
  }
  return std::get<2>(best);
}

}  // namespace probackup
