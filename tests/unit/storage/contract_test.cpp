// What every storage must do, whatever it stands on.
#include <algorithm>
#include <functional>
#include <thread>

#include "catch.h"
#include "storage/memory.h"
#include "storage/object_name.h"
#include "util/file.h"

using namespace probackup;

namespace {

std::string hex(char digit) {
  return std::string(64, digit);
}

std::vector<std::string> names(Storage& storage, ObjectKind kind) {
  std::vector<std::string> out;
  for (const ObjectInfo& info : storage.list(kind)) out.push_back(info.name);
  std::sort(out.begin(), out.end());
  return out;
}

void with_each_storage(const std::function<void(Storage&)>& test) {
  SECTION("a folder") {
    TempFolder folder;
    auto storage = local_storage((folder.path() / "a/b").string());
    storage->create();
    test(*storage);
  }
  SECTION("memory") {
    MemoryStorage storage;
    test(storage);
  }
}

}  // namespace

TEST_CASE("what is saved is loaded again, whole or in part") {
  with_each_storage([](Storage& storage) {
    ObjectName pack{ObjectKind::data, hex('a')};
    std::string bytes("0123456789\0\xff", 12);
    storage.save(pack, bytes);
    storage.save(pack, bytes);
    CHECK(storage.load(pack) == bytes);
    CHECK(storage.load(pack, 3, 4) == "3456");
    CHECK(storage.load(pack, 8) == bytes.substr(8));
    CHECK(storage.load(pack, 12).empty());
    CHECK(storage.size(pack) == 12u);
  });
}

TEST_CASE("a range beyond the end is an error that names the object") {
  with_each_storage([](Storage& storage) {
    ObjectName pack{ObjectKind::data, hex('a')};
    storage.save(pack, "short");
    CHECK_THROWS_WITH(storage.load(pack, 3, 3), ContainsSubstring(hex('a')));
    CHECK_THROWS_AS(storage.load(pack, 6), Error);
    CHECK_THROWS_AS(storage.load(pack, 1, ~std::uint64_t{0}), Error);
  });
}

TEST_CASE("an object that is not there is told apart from other errors") {
  with_each_storage([](Storage& storage) {
    ObjectName key{ObjectKind::key, hex('0')};
    CHECK_THROWS_AS(storage.load(key), NotFound);
    CHECK_THROWS_AS(storage.remove(key), NotFound);
    CHECK_FALSE(storage.size(key));
    CHECK_THROWS_AS(storage.load({ObjectKind::config, {}}), NotFound);
  });
}

TEST_CASE("listing shows each kind's own objects with their sizes") {
  with_each_storage([](Storage& storage) {
    for (ObjectKind kind : {ObjectKind::key, ObjectKind::lock, ObjectKind::snapshot,
                            ObjectKind::index, ObjectKind::data}) {
      CHECK(storage.list(kind).empty());
      storage.save({kind, hex('a')}, "one");
      storage.save({kind, hex('b')}, "three");
      CHECK(names(storage, kind) == std::vector<std::string>{hex('a'), hex('b')});
      storage.remove({kind, hex('a')});
      auto left = storage.list(kind);
      REQUIRE(left.size() == 1);
      CHECK(left[0].name == hex('b'));
      CHECK(left[0].size == 5);
    }
    CHECK(storage.list(ObjectKind::config).empty());
    storage.save({ObjectKind::config, {}}, "x");
    CHECK(storage.list(ObjectKind::config).size() == 1);
  });
}

TEST_CASE("several threads may use a storage at once") {
  with_each_storage([](Storage& storage) {
    std::vector<std::jthread> threads;
    std::atomic<int> wrong{0};
    for (char digit : std::string("0123"))
      threads.emplace_back([&, digit] {
        for (char second : std::string("456789")) {
          ObjectName name{ObjectKind::data, std::string(32, digit) + std::string(32, second)};
          storage.save(name, name.name);
          if (storage.load(name) != name.name) ++wrong;
        }
      });
    threads.clear();
    CHECK(wrong == 0);
    CHECK(storage.list(ObjectKind::data).size() == 24);
  });
}

TEST_CASE("paths are those of restic's layout") {
  CHECK(ObjectName{ObjectKind::config, {}}.path() == "config");
  CHECK(ObjectName{ObjectKind::key, hex('a')}.path() == "keys/" + hex('a'));
  CHECK(ObjectName{ObjectKind::data, hex('a')}.path() == "data/aa/" + hex('a'));
  CHECK(is_object_name(hex('f')));
  CHECK_FALSE(is_object_name(hex('F')));
  CHECK_FALSE(is_object_name(hex('f').substr(1)));
}
