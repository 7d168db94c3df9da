// The local copies of what is read again and again.
#include <filesystem>
#include <fstream>
#include <map>

#include "catch.h"
#include "storage/memory.h"
#include "storage/wrapper.h"
#include "util/file.h"
#include "util/hash.h"

using namespace probackup;
namespace fs = std::filesystem;

namespace {

// Counts the loads that reach the store.
class Counting final : public StorageWrapper {
 public:
  Counting(const MemoryStorage& store, int& loads)
      : StorageWrapper(std::make_unique<MemoryStorage>(store)), loads_(loads) {}
  std::string load(const ObjectName& name, std::uint64_t offset, std::uint64_t length) override {
    ++loads_;
    return inner().load(name, offset, length);
  }

 private:
  int& loads_;
};

ObjectName named(ObjectKind kind, const std::string& bytes, bool metadata = false) {
  return {kind, sha256(bytes).hex(), metadata};
}

struct Cache {
  TempFolder folder;
  MemoryStorage store;
  int loads = 0;
  std::uint64_t bytes_max = 1 << 20;

  fs::path root() const { return folder.path() / "cache"; }
  // As the next process would open it.
  std::unique_ptr<Storage> open() {
    return caching_storage(std::make_unique<Counting>(store, loads), {root().string(), bytes_max});
  }
  std::map<fs::path, std::uintmax_t> copies() const {
    std::map<fs::path, std::uintmax_t> out;
    if (fs::exists(root()))
      for (const auto& entry : fs::recursive_directory_iterator(root()))
        if (entry.is_regular_file() && entry.path().filename() != "CACHEDIR.TAG")
          out[entry.path()] = entry.file_size();
    return out;
  }
};

}  // namespace

TEST_CASE("indexes, snapshots and packs of trees are fetched once, data each time") {
  Cache cache;
  std::string text = "0123456789";
  auto index = named(ObjectKind::index, text), snapshot = named(ObjectKind::snapshot, text);
  auto trees = named(ObjectKind::data, text, true);
  auto data = named(ObjectKind::data, "other bytes");
  cache.store.save(index, text);
  cache.store.save(snapshot, text);
  cache.store.save(trees, text);
  cache.store.save(data, "other bytes");
  for (int process = 0; process < 3; ++process) {
    auto storage = cache.open();
    for (int again = 0; again < 2; ++again) {
      CHECK(storage->load(index) == text);
      CHECK(storage->load(snapshot) == text);
      CHECK(storage->load(trees, 2, 3) == "234");
      CHECK(storage->load(trees, 7) == "789");
    }
    CHECK(cache.loads == 3);
  }
  auto storage = cache.open();
  CHECK(storage->load(data) == "other bytes");
  CHECK(storage->load(data) == "other bytes");
  CHECK(cache.loads == 5);
  CHECK(fs::exists(cache.root() / "CACHEDIR.TAG"));
}

TEST_CASE("what this machine saved need not be fetched") {
  Cache cache;
  auto storage = cache.open();
  auto index = named(ObjectKind::index, "index"), trees = named(ObjectKind::data, "trees", true);
  storage->save(index, "index");
  storage->save(trees, "trees");
  CHECK(storage->load(index) == "index");
  CHECK(storage->load(trees, 1, 2) == "re");
  CHECK(cache.loads == 0);
}

TEST_CASE("a damaged or removed copy is fetched again") {
  Cache cache;
  auto index = named(ObjectKind::index, "index");
  cache.store.save(index, "index");
  cache.open()->load(index);
  REQUIRE(cache.copies().size() == 1);
  std::ofstream(cache.copies().begin()->first) << "iNdex";
  CHECK(cache.open()->load(index) == "index");
  CHECK(cache.loads == 2);
  CHECK(cache.open()->load(index) == "index");
  CHECK(cache.loads == 2);
  auto storage = cache.open();
  storage->load(index);
  fs::remove_all(cache.root());
  CHECK(storage->load(index) == "index");
  CHECK(cache.loads == 3);
}

TEST_CASE("copies of what the store no longer has are removed by a listing") {
  Cache cache;
  auto kept = named(ObjectKind::snapshot, "kept"), gone = named(ObjectKind::snapshot, "gone");
  cache.store.save(kept, "kept");
  cache.store.save(gone, "gone");
  cache.open()->load(kept);
  cache.open()->load(gone);
  CHECK(cache.copies().size() == 2);
  cache.store.remove(gone);  // by another machine
  CHECK(cache.open()->list(ObjectKind::snapshot).size() == 1);
  CHECK(cache.copies().size() == 1);
}

TEST_CASE("the cache keeps below its size, and what was used last stays") {
  Cache cache;
  cache.bytes_max = 10'000;
  std::vector<ObjectName> names;
  for (char c = 'a'; c < 'a' + 20; ++c) {
    std::string bytes(1000, c);
    names.push_back(named(ObjectKind::index, bytes));
    cache.store.save(names.back(), bytes);
  }
  auto storage = cache.open();
  auto oldest = fs::file_time_type::clock::now() - std::chrono::hours(24);
  for (const auto& name : names) {
    CHECK(storage->load(name).size() == 1000);
    // File times are coarse: tell the order.
    for (const auto& [path, bytes] : cache.copies())
      if (path.filename() == name.name)
        fs::last_write_time(path, oldest += std::chrono::minutes(1));
    std::uintmax_t total = 0;
    for (const auto& [path, bytes] : cache.copies()) total += bytes;
    CHECK(total <= cache.bytes_max);
  }
  int before = cache.loads;
  cache.open()->load(names.back());
  CHECK(cache.loads == before);
  cache.open()->load(names.front());
  CHECK(cache.loads == before + 1);
}

TEST_CASE("an object that the cache has no room for is loaded in part, and not kept") {
  Cache cache;
  cache.bytes_max = 1000;
  std::string bytes(600, 'x');
  auto trees = named(ObjectKind::data, bytes, true);
  cache.store.save(trees, bytes);
  auto storage = cache.open();
  CHECK(storage->load(trees, 10, 5) == "xxxxx");
  CHECK(storage->load(trees, 10, 5) == "xxxxx");
  CHECK(cache.loads == 2);
  CHECK(cache.copies().empty());
}

TEST_CASE("a cache that cannot be written does not stop the work") {
  Cache cache;
  std::ofstream(cache.root()) << "a file where the folder should be";
  auto index = named(ObjectKind::index, "index");
  auto storage = cache.open();
  storage->save(index, "index");
  CHECK(storage->load(index) == "index");
  CHECK(storage->list(ObjectKind::index).size() == 1);
}
