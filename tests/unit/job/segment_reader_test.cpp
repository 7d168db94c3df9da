// Changed segments are read by few requests, since a distant store answers each one late.
#include <atomic>

#include "catch.h"
#include "job_fixture.h"
#include "repository/load_blobs.h"
#include "storage/wrapper.h"

using namespace probackup;
using namespace probackup::test;

namespace {

// Memory that counts how often packs are read.
class CountedPacks final : public StorageWrapper {
 public:
  CountedPacks() : StorageWrapper(std::make_unique<MemoryStorage>()) {}
  std::string load(const ObjectName& name, std::uint64_t offset, std::uint64_t length) override {
    if (name.kind == ObjectKind::data && !name.metadata) ++loads;
    return StorageWrapper::load(name, offset, length);
  }
  std::atomic<int> loads = 0;
};

std::string raw(int number, int version) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += std::to_string(number * 7919 + i * 104729 + version) + " ";
  return R"({"v":")" + text + "\"}";
}

}  // namespace

TEST_CASE("changes all over a stream are merged with few reads, and none is lost") {
  CountedPacks storage;
  Fixture fixture;
  fixture.repository.reset();
  Repository::init(storage, "secret", fixture.clock);
  auto open = [&] { fixture.repository = Repository::open(storage, "secret", fixture.clock); };
  open();
  fixture.catalog = Catalog::open(":memory:", fixture.repository->id());
  std::map<std::string, std::string> truth;
  auto back_up = [&] {
    return fixture
        .run([&](BackupSink& sink, std::stop_token) {
          list_all(sink, fixture.describer, "parents", truth);
        })
        .snapshot;
  };
  for (int i = 0; i < 4000; ++i) truth["k" + std::to_string(i)] = raw(i, 0);
  back_up();  // some sixty segments
  for (int i = 0; i < 4000; i += 40) truth["k" + std::to_string(i)] = raw(i, 1);
  truth.erase("k77");
  open();
  storage.loads = 0;
  Id second = back_up();
  CHECK(storage.loads > 0);
  CHECK(storage.loads < 10);
  open();
  CHECK(fixture.records(second, "parents") == truth);
}

TEST_CASE("many blobs are loaded in their order, repeated ones and those still under way too") {
  Fixture fixture;
  std::vector<Id> ids;
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i) {
    if (i == 10) fixture.repository->flush();
    expected.push_back(raw(i, 0));
    ids.push_back(fixture.repository->save_blob(BlobType::data, raw(i, 0)).get().id);
  }
  ids.push_back(ids[3]);
  expected.push_back(expected[3]);
  CHECK(load_blobs(*fixture.repository, BlobType::data, ids) == expected);
  ids.emplace_back();
  CHECK_THROWS_AS(load_blobs(*fixture.repository, BlobType::data, ids), Error);
}
