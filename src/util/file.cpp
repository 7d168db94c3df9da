#include "util/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "probackup/error.h"
#include "util/bytes.h"
#include "util/descriptor.h"
#include "util/random.h"

namespace probackup {
namespace {

constexpr std::size_t spool_buffer_bytes = 1 << 20;

[[noreturn]] void fail(const char* verb, const std::filesystem::path& path) {
  int code = errno;
  std::string hint;
  if (code == ENOSPC) hint = "free space on that disk, then run the same command again";
  if (code == EACCES || code == EPERM) hint = "check the permissions of that path";
  throw Error(fmt::format("cannot {} {}: {}", verb, path.string(), std::strerror(code)), hint);
}

void write_all(int fd, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::filesystem::path xdg(const char* variable, const char* below_home) {
  const char* base = std::getenv(variable);
  if (base && base[0] == '/') return std::filesystem::path(base) / "probackup";
  const char* home = std::getenv("HOME");
  if (!home || !*home)
    throw Error(fmt::format("neither {} nor HOME is set", variable), "set one of them");
  return std::filesystem::path(home) / below_home / "probackup";
}

std::filesystem::path temp_root() {
  const char* base = std::getenv("TMPDIR");
  return base && *base ? base : "/tmp";
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) fail("read", path);
  std::string out;
  struct stat info {};
  if (::fstat(file.get(), &info) == 0 && S_ISREG(info.st_mode))
    out.reserve(static_cast<std::size_t>(info.st_size));
  char buffer[65536];
  for (;;) {
    ssize_t n = ::read(file.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail("read", path);
    if (n == 0) return out;
    out.append(buffer, static_cast<std::size_t>(n));
  }
}

void write_file_atomic(const std::filesystem::path& path, std::string_view bytes, unsigned mode) {
  auto temporary = path;
  temporary += ".tmp-" + to_hex(random_bytes(6));
  {
    Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (file.get() < 0) fail("create", temporary);
    try {
      write_all(file.get(), bytes, temporary);
      if (::fsync(file.get()) != 0) fail("sync", temporary);
    } catch (...) {
      ::unlink(temporary.c_str());
      throw;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    int code = errno;
    ::unlink(temporary.c_str());
    errno = code;
    fail("rename to", path);
  }
  sync_folder(path.has_parent_path() ? path.parent_path() : ".");
}

void make_folders(const std::filesystem::path& path, unsigned mode) {
  if (path.empty() || std::filesystem::is_directory(path)) return;
  make_folders(path.parent_path(), mode);
  if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) fail("make the folder", path);
}

void sync_folder(const std::filesystem::path& path) {
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) fail("open the folder", path);
  // Some network file systems cannot sync a folder and say EINVAL: nothing more can be done there.
  if (::fsync(folder.get()) != 0 && errno != EINVAL) fail("sync the folder", path);
}

std::filesystem::path config_folder() {
  return xdg("XDG_CONFIG_HOME", ".config");
}
std::filesystem::path data_folder() {
  return xdg("XDG_DATA_HOME", ".local/share");
}
std::filesystem::path cache_folder() {
  return xdg("XDG_CACHE_HOME", ".cache");
}

TempFolder::TempFolder() {
  std::string pattern = (temp_root() / "probackup-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) fail("make a temporary folder", pattern);
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

SpoolFile::SpoolFile() {
  std::string pattern = (temp_root() / "probackup-spool-XXXXXX").string();
  descriptor_ = ::mkostemp(pattern.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail("make a temporary file", pattern);
  ::unlink(pattern.c_str());
}

SpoolFile::~SpoolFile() {
  ::close(descriptor_);
}

std::uint64_t SpoolFile::append(std::string_view bytes) {
  std::uint64_t offset = size_;
  pending_ += bytes;
  size_ += bytes.size();
  if (pending_.size() >= spool_buffer_bytes) flush();
  return offset;
}

std::string SpoolFile::read(std::uint64_t offset, std::size_t length) {
  if (offset + length > flushed_) flush();
  std::string out(length, '\0');
  std::size_t done = 0;
  while (done < length) {
    ssize_t n =
        ::pread(descriptor_, out.data() + done, length - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("read back", "a temporary file");
    done += static_cast<std::size_t>(n);
  }
  return out;
}

void SpoolFile::flush() {
  write_all(descriptor_, pending_, "a temporary file");
  flushed_ += pending_.size();
  pending_.clear();
}

}  // namespace probackup
