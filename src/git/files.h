// The files in which a snapshot keeps one git repository.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "probackup/engine.h"

namespace probackup {

struct GitFile {
  std::string name;  // "0001-0123456789abcdef.bundle"; "lfs/" and 64 hex digits for an LFS object
  std::uint64_t size = 0;
  bool operator==(const GitFile&) const = default;
};

// Where the files of one repository are kept.
class GitFiles {
 public:
  virtual ~GitFiles() = default;
  // Hands the bytes of a file of the last snapshot to `piece`. Throws Error.
  virtual void read(const std::string& name,
                    const std::function<void(std::string_view)>& piece) = 0;
  // A new file. What is not finished leaves no trace.
  virtual std::unique_ptr<FileSink> create(const std::string& name) = 0;
};

// Writes a file of the last snapshot to `path`, whose folders are made. Throws Error, also when it
// has another size than it should.
void copy_out(GitFiles& files, const GitFile& file, const std::filesystem::path& path);

}  // namespace probackup
