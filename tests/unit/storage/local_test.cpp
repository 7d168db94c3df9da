#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include <filesystem>

#include "catch.h"
#include "probackup/storage.h"
#include "util/file.h"

using namespace probackup;
namespace fs = std::filesystem;

namespace {

const std::string name(64, 'a');
const ObjectName pack{ObjectKind::data, name};

// Acts as a user without rights where the tests run as root.
class WithoutRights {
 public:
  WithoutRights() { changed_ = ::geteuid() == 0 && ::seteuid(65534) == 0; }
  ~WithoutRights() {
    if (changed_ && ::seteuid(0) != 0) std::abort();
  }
  WithoutRights(const WithoutRights&) = delete;
  WithoutRights& operator=(const WithoutRights&) = delete;

 private:
  bool changed_ = false;
};

std::size_t files_below(const fs::path& folder) {
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) ++count;
  return count;
}

}  // namespace

TEST_CASE("a new folder has restic's layout and is closed to other users") {
  TempFolder folder;
  fs::path root = folder.path() / "new/repository";
  local_storage(root.string())->create();
  local_storage(root.string())->create();
  for (const char* below : {"keys", "locks", "snapshots", "index", "data/00", "data/ff"})
    CHECK(fs::is_directory(root / below));
  struct stat info {};
  REQUIRE(::stat(root.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
}

TEST_CASE("files that are no objects are not listed") {
  TempFolder folder;
  auto storage = local_storage(folder.path().string());
  storage->create();
  storage->save(pack, "x");
  write_file_atomic(folder.path() / "data/README", "notes");
  write_file_atomic(folder.path() / "data/bb" / name, "in the wrong folder");
  write_file_atomic(folder.path() / "data/aa" / (name + "-tmp-0011"), "half");
  fs::create_directories(folder.path() / "data/bb" / std::string(64, 'b'));
  fs::create_directories(folder.path() / "probackup");
  CHECK(storage->list(ObjectKind::data).size() == 1);
}

TEST_CASE("half-written files of a crash are removed a day later") {
  TempFolder folder;
  auto storage = local_storage(folder.path().string());
  storage->create();
  fs::path old = folder.path() / "data/aa" / (name + "-tmp-000000000001");
  fs::path young = folder.path() / "data/aa" / (name + "-tmp-000000000002");
  write_file_atomic(old, "half");
  write_file_atomic(young, "of another process that is at work");
  struct stat info {};
  REQUIRE(::stat(old.c_str(), &info) == 0);
  utimbuf yesterday{info.st_mtime - 25 * 3600, info.st_mtime - 25 * 3600};
  REQUIRE(::utime(old.c_str(), &yesterday) == 0);
  storage->save(pack, "whole");
  CHECK_FALSE(fs::exists(old));
  CHECK(fs::exists(young));
  CHECK(storage->load(pack) == "whole");
}

TEST_CASE("a data folder that somebody removed is made again") {
  TempFolder folder;
  auto storage = local_storage(folder.path().string());
  storage->create();
  fs::remove_all(folder.path() / "data");
  CHECK(storage->list(ObjectKind::data).empty());
  storage->save(pack, "x");
  CHECK(storage->load(pack) == "x");
}

TEST_CASE("saving where no folder is fails and leaves nothing") {
  TempFolder folder;
  auto storage = local_storage((folder.path() / "gone").string());
  CHECK_THROWS_WITH(storage->save(pack, "x"), ContainsSubstring(name));
  CHECK_FALSE(fs::exists(folder.path() / "gone"));
}

TEST_CASE("a folder without rights gives an error that says so") {
  TempFolder folder;
  auto storage = local_storage(folder.path().string());
  storage->create();
  storage->save(pack, "x");
  fs::permissions(folder.path(), fs::perms::none);
  {
    WithoutRights rights;
    for (auto call :
         {+[](Storage& s) { s.save(pack, "y"); }, +[](Storage& s) { s.load(pack); },
          +[](Storage& s) { s.list(ObjectKind::data); }, +[](Storage& s) { s.remove(pack); }}) {
      try {
        call(*storage);
        FAIL("no error");
      } catch (const NotFound&) {
        FAIL("taken for missing");
      } catch (const Error& error) {
        CHECK_THAT(error.what(), ContainsSubstring("ermission denied"));
        CHECK_FALSE(error.hint().empty());
      }
    }
  }
  fs::permissions(folder.path(), fs::perms::owner_all);
  CHECK(storage->load(pack) == "x");
}

TEST_CASE("a full disk gives an error that says so, and no half object") {
  TempFolder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=2m") != 0) {
    WARN("SKIP: a small file system cannot be mounted here");
    return;
  }
  struct Unmount {
    fs::path path;
    ~Unmount() { ::umount(path.c_str()); }
  } unmount{folder.path()};
  auto storage = local_storage(folder.path().string());
  storage->create();
  storage->save(pack, "small");
  ObjectName large{ObjectKind::data, std::string(64, 'b')};
  std::size_t before = files_below(folder.path());
  try {
    storage->save(large, std::string(4 << 20, 'x'));
    FAIL("no error");
  } catch (const Error& error) {
    CHECK_THAT(error.what(), ContainsSubstring("No space left"));
    CHECK_THAT(error.hint(), ContainsSubstring("free space"));
  }
  CHECK(files_below(folder.path()) == before);
  CHECK_FALSE(storage->size(large));
  CHECK(storage->load(pack) == "small");
}
