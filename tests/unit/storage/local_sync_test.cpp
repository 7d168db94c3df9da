// A folder's objects are on the disk when save() returns, so that a power cut takes nothing back
// that was reported done. The system's calls are watched here on their way.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "catch.h"
#include "probackup/storage.h"
#include "util/file.h"

namespace {

std::mutex calls_mutex;  // guards what follows
std::vector<std::string> calls;

void note(const std::string& call) {
  std::lock_guard lock(calls_mutex);
  calls.push_back(call);
}

std::vector<std::string> take_calls() {
  std::lock_guard lock(calls_mutex);
  return std::exchange(calls, {});
}

// The last part of a path, without the random end of a temporary name.
std::string name_of(const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  auto random = name.find("-tmp-");
  return random == std::string::npos ? name : name.substr(0, random + 4);
}

}  // namespace

extern "C" int fsync(int fd) {
  char path[4096];
  ssize_t n = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  struct stat info {};
  ::fstat(fd, &info);
  std::string size = S_ISREG(info.st_mode) ? " with " + std::to_string(info.st_size) : "";
  note("sync " + name_of({path, n > 0 ? static_cast<std::size_t>(n) : 0}) + size);
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

extern "C" int rename(const char* from, const char* to) noexcept {
  note("rename " + name_of(from) + " to " + name_of(to));
  return static_cast<int>(::syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to));
}

extern "C" int unlink(const char* path) noexcept {
  note("remove " + name_of(path));
  return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

using namespace probackup;

TEST_CASE("what a folder has saved or removed is on the disk before the call returns") {
  TempFolder folder;
  auto storage = local_storage((folder.path() / "repository").string());
  storage->create();
  take_calls();
  const std::string name(64, 'a');
  storage->save({ObjectKind::data, name}, "0123456789");
  CHECK(take_calls() == std::vector<std::string>{"sync " + name + "-tmp with 10",
                                                 "rename " + name + "-tmp to " + name, "sync aa"});
  storage->save({ObjectKind::snapshot, name}, "x");
  CHECK(take_calls() == std::vector<std::string>{"sync " + name + "-tmp with 1",
                                                 "rename " + name + "-tmp to " + name,
                                                 "sync snapshots"});
  storage->remove({ObjectKind::data, name});
  CHECK(take_calls() == std::vector<std::string>{"remove " + name, "sync aa"});
}

TEST_CASE("a data folder that is made on the way is on the disk, too") {
  TempFolder folder;
  auto storage = local_storage((folder.path() / "repository").string());
  storage->create();
  std::filesystem::remove(folder.path() / "repository/data/bb");
  take_calls();
  storage->save({ObjectKind::data, std::string(64, 'b')}, "x");
  auto seen = take_calls();
  REQUIRE(seen.size() == 4);
  CHECK(seen.front() == "sync data");
  CHECK(seen.back() == "sync bb");
}
