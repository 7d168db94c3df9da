// What every storage must do, whatever it stands on.
#include <algorithm>
#include <functional>
#include <thread>

#include "catch.h"
#include "s3_server.h"
#include "s3_test.h"
#include "storage/memory.h"
#include "storage/object_name.h"
#include "unit/http/fake_clock.h"
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

// An S3 storage against a server of the test; what the other wrappers do is tested on memory.
struct S3Fixture {
  explicit S3Fixture(const std::string& place = "bucket") : server() {
    server.add_bucket("bucket");
    storage = open_storage(server.repository(place), s3_test_options(server));
    storage->create();
  }
  S3Server server;
  std::unique_ptr<Storage> storage;
};

double no_randomness() {
  return 0;
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
  SECTION("S3") {
    S3Fixture s3;
    test(*s3.storage);
  }
  SECTION("S3, below a prefix that needs escapes") {
    S3Fixture s3("bucket/a%20b+c/%C3%BC%25d");
    test(*s3.storage);
  }
  SECTION("S3, where the server knows no ranges") {
    S3Fixture s3;
    s3.server.set_options([](S3ServerOptions& options) { options.honours_ranges = false; });
    test(*s3.storage);
  }
  SECTION("retrying") {
    FakeClock clock;
    auto storage = retrying_storage(std::make_unique<MemoryStorage>(), {}, clock, no_randomness);
    test(*storage);
  }
  SECTION("limited") {
    FakeClock clock;
    auto storage = limited_storage(std::make_unique<MemoryStorage>(), {1000, 1000, 2}, clock);
    test(*storage);
  }
  SECTION("caching") {
    TempFolder folder;
    auto storage =
        caching_storage(std::make_unique<MemoryStorage>(), {(folder.path() / "cache").string()});
    test(*storage);
  }
  SECTION("a dry run") {
    auto storage = dry_run_storage(std::make_unique<MemoryStorage>());
    storage->create();
    test(*storage);
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

TEST_CASE("without object lock nothing is locked, and hiding is removing") {
  with_each_storage([](Storage& storage) {
    ObjectName pack{ObjectKind::data, hex('a')};
    storage.save(pack, "x");
    CHECK_FALSE(storage.active_lock(pack));
    storage.hide(pack);
    CHECK_FALSE(storage.size(pack));
    CHECK_THROWS_AS(storage.hide(pack), NotFound);
  });
}

TEST_CASE("what belongs to a repository is no stranger") {
  with_each_storage([](Storage& storage) {
    CHECK_FALSE(storage.stranger());
    storage.save({ObjectKind::config, ""}, "x");
    for (ObjectKind kind : {ObjectKind::key, ObjectKind::lock, ObjectKind::snapshot,
                            ObjectKind::index, ObjectKind::data})
      storage.save({kind, hex('b')}, "x");
    CHECK_FALSE(storage.stranger());
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

TEST_CASE("many objects are removed at once, and those that are gone do not matter") {
  with_each_storage([](Storage& storage) {
    std::vector<std::string> some;
    for (char digit : std::string("0123456")) {
      storage.save({ObjectKind::data, hex(digit)}, "x");
      if (digit < '5') some.push_back(hex(digit));
    }
    some.push_back(hex('f'));
    CHECK(storage.remove_many(ObjectKind::data, some).empty());
    CHECK(names(storage, ObjectKind::data) == std::vector<std::string>{hex('5'), hex('6')});
    CHECK(storage.remove_many(ObjectKind::data, {}).empty());
  });
}

TEST_CASE("an empty object is an object") {
  with_each_storage([](Storage& storage) {
    ObjectName name{ObjectKind::lock, hex('e')};
    storage.save(name, "");
    CHECK(storage.size(name) == 0u);
    CHECK(storage.load(name).empty());
  });
}

TEST_CASE("a storage without object lock says so") {
  ObjectName name{ObjectKind::data, hex('a')};
  auto refuses = [&](Storage& storage) {
    storage.save(name, "x");
    CHECK_THROWS_WITH(storage.retention(name), ContainsSubstring("has no object lock"));
    CHECK_THROWS_WITH(storage.set_retention(name, {RetentionMode::governance, Time{}}),
                      ContainsSubstring("has no object lock"));
  };
  TempFolder folder;
  refuses(*local_storage(folder.path().string()));
  FakeClock clock;
  refuses(*retrying_storage(std::make_unique<MemoryStorage>(), {}, clock, no_randomness));
}

TEST_CASE("paths are those of restic's layout") {
  CHECK(ObjectName{ObjectKind::config, {}}.path() == "config");
  CHECK(ObjectName{ObjectKind::key, hex('a')}.path() == "keys/" + hex('a'));
  CHECK(ObjectName{ObjectKind::data, hex('a')}.path() == "data/aa/" + hex('a'));
  CHECK(is_object_name(hex('f')));
  CHECK_FALSE(is_object_name(hex('F')));
  CHECK_FALSE(is_object_name(hex('f').substr(1)));
}
