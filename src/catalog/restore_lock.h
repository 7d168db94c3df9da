// Says which restores are under way: one process at a time may write a restore's journal.
#pragma once

#include <string>
#include <string_view>

#include "util/descriptor.h"

namespace probackup::catalog {

// Held as long as the object lives; the system lets go of it when the process dies. All restores of
// a catalog share one small file beside it.
class RestoreLock {
 public:
  // `name`: 8 hex digits. Throws Error(locked) while another object, of any process, holds it.
  RestoreLock(const std::string& catalog_path, const std::string& name);

 private:
  Descriptor file_;
};

// Whether somebody holds it. A catalog in memory has no such locks.
bool restore_is_locked(const std::string& catalog_path, std::string_view name);

}  // namespace probackup::catalog
