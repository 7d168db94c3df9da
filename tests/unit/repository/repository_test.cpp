#include "probackup/repository.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "catch.h"
#include "helpers.h"
#include "util/file.h"

using namespace probackup;
using namespace probackup::test;
using namespace std::chrono_literals;

namespace {

ErrorKind kind_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.kind();
  }
  FAIL("no error");
  return ErrorKind::failed;
}

}  // namespace

TEST_CASE("opening says whether the place or the password is wrong") {
  MemoryStorage storage;
  ManualClock clock;
  CHECK(kind_of([&] { Repository::open(storage, password, clock); }) == ErrorKind::no_repository);
  Repository::init(storage, password, clock);
  CHECK(kind_of([&] { Repository::open(storage, "wrong", clock); }) == ErrorKind::wrong_password);
  CHECK(Repository::open(storage, password, clock)->id().size() == 64);
}

TEST_CASE("a second init does not touch the repository") {
  TestRepository repository;
  auto before = repository.storage.objects();
  CHECK_THROWS_WITH(Repository::init(repository.storage, "other", repository.clock),
                    ContainsSubstring("already"));
  CHECK(repository.storage.objects() == before);
}

TEST_CASE("an init that was interrupted can be repeated") {
  MemoryStorage storage;
  ManualClock clock;
  storage.crash_at_write(1);
  CHECK_THROWS_AS(Repository::init(storage, password, clock), Error);
  storage.heal();
  CHECK(kind_of([&] { Repository::open(storage, password, clock); }) == ErrorKind::no_repository);
  Repository::init(storage, password, clock);
  CHECK(storage.list(ObjectKind::key).size() == 1);
  CHECK(Repository::open(storage, password, clock));
}

TEST_CASE("init does not settle among other things") {
  TempFolder folder;
  ManualClock clock;
  auto storage = local_storage((folder.path() / "place").string());
  std::filesystem::create_directories(folder.path() / "place");
  write_file_atomic(folder.path() / "place/letter.txt", "hello");
  CHECK_THROWS_WITH(Repository::init(*storage, password, clock),
                    ContainsSubstring("holds something else: letter.txt"));
  CHECK_FALSE(std::filesystem::exists(folder.path() / "place/data"));
  std::filesystem::remove(folder.path() / "place/letter.txt");
  write_file_atomic(folder.path() / "place/.hidden", "of the system");
  Repository::init(*storage, password, clock);
  CHECK(Repository::open(*storage, password, clock));
}

TEST_CASE("another program's config is not taken for a repository") {
  MemoryStorage storage;
  ManualClock clock;
  storage.put("config", "[core]\n\tbare = true\n");
  CHECK_THROWS_WITH(Repository::open(storage, password, clock),
                    ContainsSubstring("has a config but no keys"));
}

TEST_CASE("init does not replace the keys of a repository that lost its config") {
  TestRepository repository;
  save_files(*repository, {{"a", "text"}}, repository.clock.now());
  repository.storage.drop("config");
  auto before = repository.storage.objects();
  CHECK_THROWS_WITH(Repository::init(repository.storage, password, repository.clock),
                    ContainsSubstring("lost its config"));
  CHECK(repository.storage.objects() == before);
}

TEST_CASE("what was saved is there before and after it is written") {
  TestRepository repository;
  std::string text_blob = text(50'000, 1), noise_blob = noise(50'000, 2);
  SavedBlob a = repository->save_blob(BlobType::data, text_blob).get();
  SavedBlob b = repository->save_blob(BlobType::data, noise_blob).get();
  SavedBlob plain = repository->save_blob(BlobType::data, text(50'000, 3), false).get();
  CHECK(a.added);
  CHECK(a.id == sha256(text_blob));
  CHECK(a.stored_bytes < 20'000);
  CHECK(b.stored_bytes == 50'032);
  CHECK(plain.stored_bytes == 50'032);
  auto look = [&] {
    CHECK(repository->load_blob(BlobType::data, a.id) == text_blob);
    CHECK(repository->load_blob(BlobType::data, b.id) == noise_blob);
    CHECK(repository->blob_size(BlobType::data, a.id) == 50'000u);
    CHECK(repository->blob_size(BlobType::data, b.id) == 50'000u);
    CHECK(repository->has_blob(BlobType::data, a.id));
    CHECK_FALSE(repository->has_blob(BlobType::tree, a.id));
    CHECK_THROWS_WITH(repository->load_blob(BlobType::tree, a.id), ContainsSubstring(a.id.hex()));
  };
  look();
  CHECK(repository.storage.list(ObjectKind::data).empty());
  repository->flush();
  look();
  repository.open();
  look();
}

TEST_CASE("a blob is stored once") {
  TestRepository repository;
  std::string blob = text(10'000, 1);
  CHECK(repository->save_blob(BlobType::data, blob).get().added);
  SavedBlob again = repository->save_blob(BlobType::data, blob).get();
  CHECK_FALSE(again.added);
  CHECK(again.stored_bytes == 0);
  repository->flush();
  CHECK_FALSE(repository->save_blob(BlobType::data, blob).get().added);
  CHECK(repository->save_blob(BlobType::tree, blob).get().added);
  repository.open();
  CHECK_FALSE(repository->save_blob(BlobType::data, blob).get().added);
  CHECK(repository->stats().data_blobs_added == 0);
}

TEST_CASE("an empty blob is refused: the format has none") {
  TestRepository repository;
  CHECK_THROWS_AS(repository->save_blob(BlobType::data, ""), Error);
}

TEST_CASE("many threads save the same and other blobs, load and flush at once") {
  TestRepository repository;
  std::atomic<int> wrong{0}, added{0};
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (std::uint64_t i = 0; i < 150; ++i) {
          std::string blob = i % 2 ? noise(20'000, i) : noise(20'000, 1000 * (t + 1) + i);
          SavedBlob saved = repository->save_blob(BlobType::data, blob).get();
          added += saved.added;
          if (repository->load_blob(BlobType::data, saved.id) != blob) ++wrong;
          if (repository->blob_size(BlobType::data, saved.id) != blob.size()) ++wrong;
          if (i % 50 == 49) repository->flush();
        }
      });
  }
  CHECK(wrong == 0);
  CHECK(added == 75 + 4 * 75);
  CHECK(repository->stats().data_blobs_added == 75 + 4 * 75);
  repository->flush();
  repository.open();
  for (std::uint64_t i = 1; i < 150; i += 2)
    CHECK(repository->has_blob(BlobType::data, sha256(noise(20'000, i))));
  auto report = repository->check(true, {}, {});
  CHECK(report.problems.empty());
  CHECK(report.blobs == 75 + 4 * 75);
}

TEST_CASE("trees and data never share a pack, and packs have the wanted size") {
  TestRepository repository;
  for (std::uint64_t i = 0; i < 300; ++i) {
    repository->save_blob(BlobType::data, noise(20'000, i));
    repository->save_tree({file_node("f" + std::to_string(i), {}, 0)});
  }
  repository->flush();
  std::vector<std::uint64_t> sizes;
  for (const ObjectInfo& pack : repository.storage.list(ObjectKind::data))
    sizes.push_back(pack.size);
  std::sort(sizes.begin(), sizes.end());
  REQUIRE(sizes.size() == 7);  // 6 MB in packs of 1 MiB, and one of trees
  CHECK(sizes.front() < 100'000);
  CHECK(sizes.back() < (1 << 20) + 30'000);
}

TEST_CASE("a flush has nothing to write twice") {
  TestRepository repository;
  repository->save_blob(BlobType::data, "x");
  repository->flush();
  auto before = repository.storage.objects();
  repository->flush();
  CHECK(repository.storage.objects() == before);
}

TEST_CASE("a long run writes its index now and then") {
  TestRepository repository;
  repository->save_blob(BlobType::data, noise(1 << 20, 1)).get();
  repository.clock.advance(11min);
  repository->save_blob(BlobType::data, noise(1 << 20, 2)).get();
  while (repository.storage.list(ObjectKind::index).empty()) std::this_thread::yield();
  // A crash now leaves what was indexed for the next run: one pack or both, as they were uploaded.
  repository.open();
  int kept = repository->has_blob(BlobType::data, sha256(noise(1 << 20, 1))) +
             repository->has_blob(BlobType::data, sha256(noise(1 << 20, 2)));
  CHECK(kept >= 1);
}

TEST_CASE("snapshots come oldest first, and a damaged one does not hide the others") {
  TestRepository repository;
  Time now = repository.clock.now();
  Id later = save_files(*repository, {{"a", "2"}}, now + 1h);
  Id earlier = save_files(*repository, {{"a", "1"}}, now);
  auto all = repository->snapshots();
  REQUIRE(all.size() == 2);
  CHECK(all[0].id == earlier);
  CHECK(all[1].id == later);
  CHECK_FALSE(all[0].hostname.empty());
  CHECK(repository->load_snapshot(later).time == now + 1h);

  repository.storage.put("snapshots/" + earlier.hex(), "garbage");
  CHECK_THROWS_WITH(repository->snapshots(), ContainsSubstring(earlier.hex()));
  std::vector<std::string> damaged;
  auto left = repository->snapshots(
      [&](const std::string& id, const std::string&) { damaged.push_back(id); });
  CHECK(left.size() == 1);
  CHECK(damaged == std::vector<std::string>{earlier.hex()});
  repository->remove_snapshot(later);
  CHECK_THROWS_AS(repository->load_snapshot(later), NotFound);
}

TEST_CASE("a snapshot's files are found by path and read") {
  TestRepository repository;
  Files files{{"empty", ""}, {"large", text(100'000, 1)}, {"small", "x"}};
  Id id = save_files(*repository, files, repository.clock.now());
  CHECK(load_files(*repository, id) == files);
  Id tree = repository->load_snapshot(id).tree;
  CHECK(find_node(*repository, tree, "/")->folder);
  CHECK(find_node(*repository, tree, "/app/small")->size == 1);
  CHECK(find_node(*repository, tree, "app/large/")->content.size() == 100);
  CHECK_FALSE(find_node(*repository, tree, "/app/small/x"));
  CHECK_FALSE(find_node(*repository, tree, "/app/other"));
  Node large = *find_node(*repository, tree, "/app/large");
  CHECK(read_small_file(*repository, large, 100'000).size() == 100'000);
  CHECK_THROWS_AS(read_small_file(*repository, large, 99'999), Error);
  CHECK_THROWS_AS(read_small_file(*repository, *find_node(*repository, tree, "/app")), Error);
}

TEST_CASE("a write that failed is reported by everything that follows") {
  TestRepository repository;
  repository->load_index();
  repository.storage.crash_at_write(0);
  auto saved = repository->save_blob(BlobType::data, noise(2 << 20, 1));
  CHECK_THROWS_AS(repository->flush(), Error);
  CHECK_THROWS_AS(repository->save_blob(BlobType::data, "more").get(), Error);
  CHECK_THROWS_AS(repository->save_snapshot({}), Error);
  CHECK(repository.storage.objects().size() == 2);  // key and config
}

TEST_CASE("closing with work in the queue ends cleanly") {
  std::vector<std::future<SavedBlob>> saves;
  {
    TestRepository repository;
    for (std::uint64_t i = 0; i < 100; ++i)
      saves.push_back(repository->save_blob(BlobType::data, noise(200'000, i)));
  }
  int done = 0, dropped = 0;
  for (auto& save : saves) {
    try {
      save.get();
      ++done;
    } catch (const Error&) {
      ++dropped;
    }
  }
  CHECK(done + dropped == 100);
}

TEST_CASE("a repository in a folder survives being opened anew") {
  TempFolder folder;
  ManualClock clock;
  auto storage = local_storage((folder.path() / "r").string());
  Repository::init(*storage, password, clock);
  Files files{{"a", text(5'000, 1)}};
  Id id = save_files(*Repository::open(*storage, password, clock), files, clock.now());
  auto repository = Repository::open(*storage, password, clock);
  CHECK(load_files(*repository, id) == files);
  CHECK(repository->check(true, {}, {}).problems.empty());
}
