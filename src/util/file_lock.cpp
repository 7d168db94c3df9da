#include "util/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "probackup/clock.h"
#include "probackup/error.h"

namespace probackup {

FileLock::FileLock(const std::filesystem::path& path, std::stop_token stop)
    : file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (file_.get() < 0)
    throw Error(fmt::format("cannot open the lock {}: {}", path.string(), std::strerror(errno)));
  while (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      throw Error(fmt::format("cannot lock {}: {}", path.string(), std::strerror(errno)));
    if (!system_clock().sleep(std::chrono::milliseconds(50), stop))
      throw Error(ErrorKind::interrupted, "interrupted");
  }
}

}  // namespace probackup
