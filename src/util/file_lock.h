// A lock between processes of this machine.
#pragma once

#include <filesystem>
#include <stop_token>

#include "util/descriptor.h"

namespace probackup {

// Holds an exclusive lock on a file (made if it is missing, never removed) until the object goes,
// or the process does. Two objects exclude each other also within one process.
class FileLock {
 public:
  // Waits. Throws Error where the file cannot be made, Error(interrupted) when stopped.
  FileLock(const std::filesystem::path& path, std::stop_token stop);

 private:
  Descriptor file_;
};

}  // namespace probackup
