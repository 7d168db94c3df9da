#include "git/files.h"

#include <fmt/format.h>

#include <fstream>

#include "util/file.h"

namespace probackup {

void copy_out(GitFiles& files, const GitFile& file, const std::filesystem::path& path) {
  make_folders(path.parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  std::uint64_t size = 0;
  files.read(file.name, [&](std::string_view piece) {
    size += piece.size();
    if (!out.write(piece.data(), static_cast<std::streamsize>(piece.size())))
      throw Error(fmt::format("cannot write {}", path.string()), "free space on that disk");
  });
  out.close();
  if (!out) throw Error(fmt::format("cannot write {}", path.string()), "free space on that disk");
  if (size != file.size)
    throw Error(fmt::format("{} has {} bytes instead of {}", file.name, size, file.size));
}

}  // namespace probackup
