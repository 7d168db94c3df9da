// File names that are safe and unique in their folder on every file system.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "export/database.h"

namespace probackup {

// Not for concurrent calls.
class FileNames {
 public:
  // `database` must outlive the object.
  explicit FileNames(Database& database);

  // safe_file_name(name) if no earlier claim in `folder` has it, not even in another case;
  // otherwise with "~" and 16 hex digits of the name's SHA-256 (and a number, for the same name
  // again) before the extension. "~" is in no safe name, so the result can hit no other. At most
  // 232 bytes.
  std::string claim(std::string_view folder, std::string_view name);

 private:
  bool take(std::string_view folder, const std::string& name);

  Database& database_;
  std::unique_ptr<Statement> insert_;
};

}  // namespace probackup
