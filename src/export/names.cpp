#include "export/names.h"

#include <fmt/format.h>

#include "probackup/error.h"
#include "util/hash.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr unsigned same_name_max = 1'000'000;
constexpr std::size_t extension_bytes_max = 12;

std::string with_suffix(const std::string& name, const std::string& suffix) {
  auto dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0 || name.size() - dot > extension_bytes_max)
    return name + suffix;
  return name.substr(0, dot) + suffix + name.substr(dot);
}

}  // namespace

FileNames::FileNames(Database& database) : database_(database) {
  database_.run(
      "CREATE TABLE name (folder BLOB, name BLOB, PRIMARY KEY (folder, name)) WITHOUT ROWID");
  insert_ = database_.prepare("INSERT OR IGNORE INTO name VALUES (?, ?)");
}

bool FileNames::take(std::string_view folder, const std::string& name) {
  insert_->with(to_lower(folder), to_lower(name)).run();
  return database_.changes() == 1;
}

std::string FileNames::claim(std::string_view folder, std::string_view name) {
  std::string safe = safe_file_name(name);
  if (take(folder, safe)) return safe;
  std::string suffix = "~" + sha256(name).hex().substr(0, 16);
  if (auto other = with_suffix(safe, suffix); take(folder, other)) return other;
  for (unsigned i = 2; i < same_name_max; ++i)
    if (auto other = with_suffix(safe, fmt::format("{}~{}", suffix, i)); take(folder, other))
      return other;
  throw Error(fmt::format("too many files are called \"{}\"", safe));
}

}  // namespace probackup
