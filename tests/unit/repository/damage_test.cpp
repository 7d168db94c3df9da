// Truncated, swapped and bit-flipped objects of every kind: a clear error that names the object,
// never wrong data.
#include <set>

#include "catch.h"
#include "helpers.h"

using namespace probackup;
using namespace probackup::test;
using namespace std::chrono_literals;

namespace {

const Files files{{"a", text(2'500, 1)}, {"b", noise(1'500, 2)}, {"empty", ""}};

struct Damaged : TestRepository {
  Damaged() {
    snapshot = save_files(**this, files, clock.now());
    original = storage.objects();
  }

  std::vector<std::string> paths(const std::string& folder) const {
    std::vector<std::string> out;
    for (const auto& [path, bytes] : original)
      if (path.starts_with(folder)) out.push_back(path);
    return out;
  }

  // Each object of a folder, damaged in each way, one at a time.
  void each_damage(const std::string& folder, const std::function<void(const std::string&)>& test) {
    for (const std::string& path : paths(folder)) {
      const std::string& bytes = original.at(path);
      auto with = [&](std::string changed, const std::string& how) {
        CAPTURE(path, how, bytes.size());
        storage.put(path, std::move(changed));
        test(path);
        storage.put(path, bytes);
      };
      for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string changed = bytes;
        changed[i] = static_cast<char>(changed[i] ^ (1 << i % 8));
        with(changed, "flipped at " + std::to_string(i));
      }
      for (std::size_t length = 0; length < bytes.size(); length += 1 + bytes.size() / 50)
        with(bytes.substr(0, length), "cut to " + std::to_string(length));
      with(bytes + '\0', "longer by a byte");
    }
  }

  // The name that messages must hold for the object at a path.
  static std::string name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

  std::string problems(bool read_data) {
    std::string out;
    for (const CheckProblem& problem : repository->check(read_data, {}, {}).problems)
      if (problem.fatal) out += problem.what + "\n";
    return out;
  }

  // Reads everything anew; throws or gives what was saved.
  void read_all() {
    open();
    Files read = load_files(*repository, snapshot);
    if (read != files) FAIL("wrong data came out");
  }

  Id snapshot;
  std::map<std::string, std::string> original;
};

// A failing check here would be thousands: counts what is wrong instead, and tells the first.
void expect_error(const std::function<void()>& work, const std::string& named) {
  try {
    work();
  } catch (const Error& error) {
    std::string what = error.what();
    if (what.find(named) == std::string::npos) FAIL("not named in: " + what);
    return;
  }
  FAIL("the damage was not noticed");
}

}  // namespace

TEST_CASE("an intact repository has no problems") {
  Damaged repository;
  CHECK(repository.problems(true).empty());
  repository.read_all();
}

TEST_CASE("a damaged snapshot is named") {
  Damaged repository;
  repository.each_damage("snapshots/", [&](const std::string& path) {
    expect_error([&] { repository->load_snapshot(repository.snapshot); }, repository.name(path));
    if (repository.problems(false).find(repository.name(path)) == std::string::npos)
      FAIL("check did not name it");
  });
}

TEST_CASE("a damaged index file is named") {
  Damaged repository;
  repository.each_damage("index/", [&](const std::string& path) {
    expect_error([&] { repository.read_all(); }, repository.name(path));
    if (repository.problems(false).find(repository.name(path)) == std::string::npos)
      FAIL("check did not name it");
  });
}

TEST_CASE("a damaged pack is named and never gives wrong data") {
  Damaged repository;
  repository.each_damage("data/", [&](const std::string& path) {
    if (repository.problems(true).find(repository.name(path)) == std::string::npos)
      FAIL("check did not name it");
    try {
      repository.read_all();  // bytes of the header do not matter to it
    } catch (const Error& error) {
      if (std::string(error.what()).find(repository.name(path)) == std::string::npos)
        FAIL(std::string("not named in: ") + error.what());
    }
  });
}

TEST_CASE("a damaged key is told from a wrong password") {
  Damaged repository;
  repository.each_damage("keys/", [&](const std::string& path) {
    expect_error([&] { repository.open(); }, repository.name(path));
  });
  repository.open();
  std::string path = repository.paths("keys/")[0];
  repository.storage.put(path, "{}");
  CHECK_THAT(repository.problems(false), ContainsSubstring(Damaged::name(path)));
}

TEST_CASE("a damaged config is named") {
  Damaged repository;
  repository.each_damage(
      "config", [&](const std::string&) { expect_error([&] { repository.open(); }, "config"); });
}

TEST_CASE("objects under each other's names are noticed") {
  for (std::string folder : {"snapshots/", "index/", "data/"}) {
    CAPTURE(folder);
    Damaged repository;
    save_files(*repository, {{"x", noise(1'500, 3)}, {"y", text(2'500, 4)}, {"empty", ""}},
               repository.clock.now() + 1h);
    repository.original = repository.storage.objects();
    auto paths = repository.paths(folder);
    REQUIRE(paths.size() >= 2);
    for (std::size_t i = 1; i < paths.size(); ++i) {
      repository.storage.put(paths[0], repository.original.at(paths[i]));
      repository.storage.put(paths[i], repository.original.at(paths[0]));
      std::string problems = repository.problems(true);
      CHECK_THAT(problems, ContainsSubstring(Damaged::name(paths[0])));
      CHECK_THAT(problems, ContainsSubstring(Damaged::name(paths[i])));
      try {
        repository.read_all();
      } catch (const Error&) {
      }
      repository.storage.put(paths[0], repository.original.at(paths[0]));
      repository.storage.put(paths[i], repository.original.at(paths[i]));
    }
  }
}

TEST_CASE("a blob in another blob's place is noticed") {
  // Two packs of one blob each, of the same length: seals and lengths fit, only the ids do not.
  TestRepository repository;
  SavedBlob a = repository->save_blob(BlobType::data, noise(1'000, 1)).get();
  repository->flush();
  SavedBlob b = repository->save_blob(BlobType::data, noise(1'000, 2)).get();
  repository->flush();
  auto objects = repository.storage.objects();
  std::vector<std::string> packs;
  for (const auto& [path, bytes] : objects)
    if (path.starts_with("data/")) packs.push_back(path);
  REQUIRE(packs.size() == 2);
  REQUIRE(objects[packs[0]].size() == objects[packs[1]].size());
  repository.storage.put(packs[0], objects[packs[1]]);
  repository.storage.put(packs[1], objects[packs[0]]);
  for (const SavedBlob& blob : {a, b})
    CHECK_THROWS_WITH(repository->load_blob(BlobType::data, blob.id),
                      ContainsSubstring(blob.id.hex()) && ContainsSubstring("pack "));
}

TEST_CASE("check names missing packs, and the files that need them") {
  Damaged repository;
  std::set<std::string> affected;
  for (const std::string& path : repository.paths("data/")) {
    repository.storage.drop(path);
    std::string problems = repository.problems(false);
    CHECK_THAT(problems, ContainsSubstring(Damaged::name(path)));
    CHECK_THAT(problems, ContainsSubstring("snapshot " + repository.snapshot.short_hex()));
    if (problems.find("/app/b: ") != std::string::npos) affected.insert("b");
    if (problems.find("/app/empty: ") != std::string::npos) affected.insert("empty");
    repository.storage.put(path, repository.original.at(path));
  }
  CHECK(affected == std::set<std::string>{"b"});
}

TEST_CASE("damage that two snapshots share is told for both") {
  Damaged repository;
  Id second = save_files(*repository, files, repository.clock.now() + 1h);
  for (const std::string& path : repository.paths("data/")) repository.storage.drop(path);
  std::string problems = repository.problems(false);
  CHECK_THAT(problems, ContainsSubstring(repository.snapshot.short_hex()));
  CHECK_THAT(problems, ContainsSubstring(second.short_hex()));
}

TEST_CASE("a pack that no index lists is a hint, not an error") {
  Damaged repository;
  repository.storage.drop(repository.paths("index/")[0]);
  repository.storage.drop(repository.paths("snapshots/")[0]);
  CheckReport report = repository->check(true, {}, {});
  CHECK(report.healthy());
  CHECK(report.problems.size() == 2);
}

TEST_CASE("a second copy of a blob is used when the first is damaged") {
  Damaged repository;
  // Two writers that did not know of each other saved the same blobs.
  TestRepository other(repository.storage);
  for (const std::string& path : repository.paths("index/")) other.storage.drop(path);
  other.open();
  save_files(*other, files, other.clock.now() + 1h);
  for (const auto& [path, bytes] : other.storage.objects()) repository.storage.put(path, bytes);
  for (const std::string& path : repository.paths("data/")) repository.storage.drop(path);
  repository.read_all();
  std::string problems = repository.problems(true);
  CHECK_THAT(problems, ContainsSubstring("is missing"));
  CHECK(problems.find("snapshot ") == std::string::npos);  // all can be restored
}

TEST_CASE("check tells its progress and stops when asked") {
  Damaged repository;
  std::uint64_t last = 0, whole = 0;
  repository->check(true, {}, [&](std::uint64_t done, std::uint64_t total) {
    last = done;
    whole = total;
  });
  CHECK(last == whole);
  CHECK(whole > 0);
  std::stop_source stop;
  stop.request_stop();
  try {
    repository->check(true, stop.get_token(), {});
    FAIL("not stopped");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::interrupted);
  }
}
