// Names that are told apart in their folder.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace probackup {

// Not for concurrent calls.
class FolderNames {
 public:
  // `name` if nothing in the folder is called so, whatever the case; otherwise with a mark made
  // from `key`, before the extension of a file. At most a few bytes longer than `name`.
  std::string claim(const std::string& folder, const std::string& name, const std::string& key,
                    bool has_extension);

  // The name with that mark.
  static std::string marked(const std::string& name, const std::string& key, bool has_extension);

 private:
  std::set<std::string> taken_;  // folder and lower-case name
};

// A name without characters that no file system or spreadsheet program takes, at most
// `characters_max` characters and `bytes_max` bytes. `forbidden` become "_"; never empty.
std::string plain_name(std::string_view title, std::string_view forbidden,
                       std::size_t characters_max, std::size_t bytes_max);

}  // namespace probackup
