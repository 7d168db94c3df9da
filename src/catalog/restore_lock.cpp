#include "catalog/restore_lock.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "probackup/error.h"

namespace probackup::catalog {
namespace {

constexpr std::string_view suffix = "-restores";

// The restore's byte of the file: locks of different bytes do not touch.
struct flock byte_of(std::string_view name) {
  std::uint32_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number, 16);
  struct flock out {};
  out.l_type = F_WRLCK;
  out.l_whence = SEEK_SET;
  out.l_start = number;
  out.l_len = 1;
  return out;
}

}  // namespace

RestoreLock::RestoreLock(const std::string& catalog_path, const std::string& name)
    : file_(::open((catalog_path + suffix.data()).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  struct flock byte = byte_of(name);
  if (file_.get() >= 0 && ::fcntl(file_.get(), F_OFD_SETLK, &byte) == 0) return;
  if (file_.get() >= 0 && (errno == EAGAIN || errno == EACCES))
    throw Error(ErrorKind::locked, fmt::format("restore {} is under way in another process", name),
                "wait until it has ended, or end it: what it did is kept");
  throw Error(fmt::format("cannot lock {}{}: {}", catalog_path, suffix, std::strerror(errno)),
              "check the permissions of that folder");
}

bool restore_is_locked(const std::string& catalog_path, std::string_view name) {
  Descriptor file(::open((catalog_path + suffix.data()).c_str(), O_RDWR | O_CLOEXEC));
  struct flock byte = byte_of(name);
  return file.get() >= 0 && ::fcntl(file.get(), F_OFD_GETLK, &byte) == 0 && byte.l_type != F_UNLCK;
}

}  // namespace probackup::catalog
