// prune frees what nothing needs, and loses nothing: whatever is damaged, and wherever it stops.
#include "probackup/prune.h"
#include "catch.h"
#include "helpers.h"
#include "repository/pack.h"

using namespace probackup;
using namespace probackup::test;
using namespace std::chrono_literals;

namespace {

PruneOptions thorough() {
  PruneOptions options;
  options.unused_percent_max = 0;
  options.workers = 2;
  options.pack_bytes_target = 64 << 10;
  return options;
}

struct Pruned : TestRepository {
  using TestRepository::TestRepository;

  PruneReport prune(const PruneOptions& options = thorough()) {
    open();
    PruneReport report;
    {
      RepositoryLock lock(**this, !options.dry_run, clock);
      report = probackup::prune(**this, lock, options, clock, {}, {});
    }
    open();
    return report;
  }
  Id save(const Files& files) {
    // A run of its own: it does not know what it saved before but by the index.
    open();
    time += 1h;
    Id id = save_files(**this, files, time);
    truth[id] = files;
    return id;
  }
  void forget(const Id& id) {
    repository->remove_snapshot(id);
    truth.erase(id);
  }
  // Everything is there, and no byte is wrong.
  void expect_intact() {
    open();
    auto report = repository->check(true, {}, {});
    for (const CheckProblem& problem : report.problems) {
      CAPTURE(problem.what);
      CHECK_FALSE(problem.fatal);
    }
    CHECK(repository->snapshots().size() == truth.size());
    for (const auto& [id, files] : truth) {
      bool same = load_files(**this, id) == files;
      CHECK(same);
    }
  }
  std::size_t count(ObjectKind kind) { return storage.list(kind).size(); }

  Time time = clock.now();
  std::map<Id, Files> truth;
};

// Throws an Error that says this, and deletes nothing.
void expect_refusal(Pruned& repository, const std::string& what) {
  auto before = repository.storage.objects();
  try {
    repository.prune();
    FAIL("not refused");
  } catch (const Error& error) {
    CHECK_THAT(error.what(), ContainsSubstring(what));
    CHECK_THAT(error.hint(), ContainsSubstring("nothing was deleted"));
  }
  for (const auto& [path, bytes] : before) {
    CAPTURE(path);
    CHECK(repository.storage.objects().contains(path));
  }
}

std::string first_path(Pruned& repository, const std::string& folder) {
  return repository.storage.objects().lower_bound(folder)->first;
}

Files random_files(std::mt19937_64& random) {
  Files out;
  for (std::uint64_t i = 0, n = 1 + random() % 6; i < n; ++i) {
    std::uint64_t seed = random() % 40;
    out["f" + std::to_string(i)] =
        seed % 2 ? noise(200 + 4'000 * (seed % 7), seed) : text(500 + 9'000 * (seed % 5), seed);
  }
  return out;
}

}  // namespace

TEST_CASE("prune frees what only forgotten snapshots needed") {
  Pruned repository;
  Id old = repository.save({{"a", noise(300'000, 1)}, {"b", text(50'000, 2)}});
  repository.save({{"b", text(50'000, 2)}, {"c", noise(9'000, 3)}});
  CHECK(repository.prune().bytes_unused == 0);
  repository.forget(old);

  PruneOptions dry = thorough();
  dry.dry_run = true;
  auto before = repository.storage.objects();
  PruneReport planned = repository.prune(dry);
  CHECK(repository.storage.objects() == before);
  CHECK(planned.bytes_freed > 290'000);
  CHECK(planned.bytes_unused_left == 0);

  PruneReport report = repository.prune();
  CHECK(report.bytes_freed == planned.bytes_freed);
  CHECK(report.packs_removed + report.packs_repacked > 0);
  repository.expect_intact();
  std::uint64_t stored = 0;
  for (const auto& pack : repository.storage.list(ObjectKind::data)) stored += pack.size;
  CHECK(stored < 30'000);
  PruneReport again = repository.prune();
  CHECK(again.nothing_to_do());
  CHECK(again.bytes_unused == 0);
}

TEST_CASE("a repository without snapshots is emptied") {
  Pruned repository;
  CHECK(repository.prune().nothing_to_do());
  repository.forget(repository.save({{"a", noise(10'000, 1)}}));
  repository.prune();
  CHECK(repository.count(ObjectKind::data) == 0);
  CHECK(repository.count(ObjectKind::index) == 0);
  CHECK(repository.prune().nothing_to_do());
}

TEST_CASE("prune makes room in a store that is too full for packs made anew") {
  Pruned repository;
  Id old = repository.save({{"old", noise(300'000, 1)}});
  Id both = repository.save({{"a", noise(40'000, 2)}, {"b", noise(40'000, 3)}});
  repository.save({{"a", noise(40'000, 2)}});
  repository.forget(old);
  repository.forget(both);
  std::uint64_t stored = 0;
  for (const auto& [path, bytes] : repository.storage.objects()) stored += bytes.size();
  repository.storage.hold_at_most(stored + 20'000);

  PruneReport report = repository.prune();
  CHECK(report.no_room);
  CHECK(report.packs_removed > 0);
  CHECK(report.bytes_freed > 290'000);
  repository.expect_intact();
  PruneReport again = repository.prune();
  CHECK_FALSE(again.no_room);
  CHECK(again.packs_repacked > 0);
  repository.expect_intact();

  repository.storage.hold_at_most(0);
  repository.forget(repository.truth.begin()->first);
  CHECK_THROWS_AS(repository.prune(), NoSpace);
}

TEST_CASE("a pack of fair size in which little is unused is not moved") {
  Pruned repository;
  Id both = repository.save({{"large", noise(700'000, 1)}, {"small", noise(20'000, 2)}});
  repository.save({{"large", noise(700'000, 1)}});
  repository.forget(both);
  PruneOptions options = thorough();
  options.pack_bytes_target = 1 << 20;
  options.unused_percent_max = 5;
  auto report = repository.prune(options);
  CHECK(report.bytes_repacked < 100'000);  // trees
  CHECK(report.bytes_unused_left >= 20'000);
  repository.expect_intact();
  options.unused_percent_max = 1;
  CHECK(repository.prune(options).bytes_repacked > 700'000);
  repository.expect_intact();
}

TEST_CASE("prune keeps to its limits") {
  Pruned repository;
  Id old = repository.save({{"a", noise(400'000, 1)}});
  repository.save({{"a", noise(350'000, 1)}});
  repository.forget(old);
  PruneOptions options = thorough();
  SECTION("unused data may stay") {
    options.unused_percent_max.reset();
    PruneReport report = repository.prune(options);
    CHECK(report.packs_repacked == 0);
    CHECK(report.bytes_unused_left >= 50'000);
  }
  SECTION("so many bytes of it") {
    options.unused_percent_max.reset();
    options.unused_bytes_max = 10'000'000;
    // The pack of trees is made anew all the same.
    CHECK(repository.prune(options).bytes_unused_left >= 50'000);
  }
  SECTION("so much is read and written at most") {
    options.repack_bytes_max = 10'000;
    PruneReport report = repository.prune(options);
    CHECK(report.bytes_repacked <= 10'000);
    CHECK(report.bytes_unused_left >= 50'000);
  }
  SECTION("only trees are made anew") {
    options.repack_trees_only = true;
    CHECK(repository.prune(options).bytes_unused_left >= 50'000);
  }
  repository.expect_intact();
}

TEST_CASE("random runs, forgets and prunes lose nothing and leave nothing") {
  auto seed = GENERATE(range(1u, 9u));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Pruned repository;
  for (int round = 0; round < 6; ++round) {
    for (std::uint64_t i = 0, n = random() % 5; i < n; ++i) repository.save(random_files(random));
    while (!repository.truth.empty() && random() % 3 != 0)
      repository.forget(std::next(repository.truth.begin(),
                                  static_cast<std::ptrdiff_t>(random() % repository.truth.size()))
                            ->first);
    PruneOptions options = thorough();
    if (random() % 3 == 0) options.unused_percent_max = 20;
    if (random() % 4 == 0) options.repack_bytes_max = 100'000;
    repository.prune(options);
    repository.expect_intact();
  }
  repository.prune();
  repository.expect_intact();
  CHECK(repository.prune().nothing_to_do());
}

TEST_CASE("a crash at any write or delete of a prune loses nothing, and the next one finishes") {
  Pruned start;
  Id old = start.save({{"a", noise(200'000, 1)}, {"b", text(80'000, 2)}});
  start.save({{"b", text(80'000, 2)}, {"c", noise(9'000, 3)}});
  Id middle = start.save({{"c", noise(9'000, 3)}, {"d", noise(70'000, 4)}});
  start.save({{"d", noise(30'000, 4)}, {"a", noise(150'000, 1)}});
  start.forget(old);
  start.forget(middle);
  std::uint64_t writes = 0;
  bool crashed = true;
  for (std::uint64_t n = 0; crashed; ++n) {
    CAPTURE(n);
    Pruned run(start.storage);
    run.truth = start.truth;
    run.storage.crash_at_write(n);
    try {
      run.prune();
    } catch (const Error&) {
    }
    crashed = run.storage.crashed();
    run.storage.heal();
    run.open();
    unlock(*run, true, run.clock);
    run.expect_intact();
    PruneReport report = run.prune();
    CHECK(report.bytes_unused_left == 0);
    run.expect_intact();
    CHECK(run.prune().nothing_to_do());
    writes = n;
  }
  CHECK(writes >= 10);  // a lock, packs, index files, and deletes of both
}

TEST_CASE("a call that fails once anywhere in a prune loses nothing") {
  Pruned start;
  Id old = start.save({{"a", noise(100'000, 1)}, {"b", text(80'000, 2)}});
  start.save({{"b", text(80'000, 2)}, {"a", noise(40'000, 1)}});
  start.forget(old);
  bool failed = true;
  for (std::uint64_t n = 0; failed; ++n) {
    CAPTURE(n);
    Pruned run(start.storage);
    run.truth = start.truth;
    failed = false;
    run.storage.fail_call(n);
    try {
      run.prune();
    } catch (const Error&) {
      failed = true;
    }
    run.storage.heal();
    run.open();
    unlock(*run, true, run.clock);
    run.expect_intact();
  }
}

TEST_CASE("prune deletes nothing when it cannot see what is needed") {
  Pruned repository;
  Id old = repository.save({{"a", noise(100'000, 1)}, {"b", text(80'000, 2)}});
  Id newer = repository.save({{"b", text(80'000, 2)}, {"a", noise(40'000, 1)}});
  repository.forget(old);
  SECTION("a snapshot is damaged") {
    repository.storage.put("snapshots/" + newer.hex(), "rubbish");
    auto before = repository.storage.objects();
    CHECK_THROWS_WITH(repository.prune(), ContainsSubstring(newer.hex()));
    for (const auto& [path, bytes] : before) CHECK(repository.storage.objects().contains(path));
  }
  SECTION("an index file is damaged") {
    std::string path = first_path(repository, "index/");
    repository.storage.put(path, "rubbish");
    expect_refusal(repository, path.substr(6));
  }
  SECTION("an index file is gone") {
    for (const auto& file : repository.storage.list(ObjectKind::index))
      repository.storage.drop("index/" + file.name);
    expect_refusal(repository, "in no index");
  }
  SECTION("packs are gone") {
    for (const auto& pack : repository.storage.list(ObjectKind::data))
      repository.storage.drop(ObjectName{ObjectKind::data, pack.name}.path());
    expect_refusal(repository, newer.short_hex());
  }
  SECTION("packs are shorter than they should be") {
    for (const auto& [path, bytes] : repository.storage.objects())
      if (path.starts_with("data/"))
        repository.storage.put(path, bytes.substr(0, bytes.size() - 1));
    expect_refusal(repository, "not as its index tells");
  }
  SECTION("what would be copied is damaged") {
    for (const auto& [path, bytes] : repository.storage.objects()) {
      if (!path.starts_with("data/") || bytes.size() < 50'000) continue;
      std::string changed = bytes;
      for (std::size_t at = 100; at < changed.size() - 4'000; at += 500) changed[at] ^= 1;
      repository.storage.put(path, changed);
    }
    expect_refusal(repository, "is damaged");
  }
}

TEST_CASE("an index that points outside of its pack stops a prune") {
  Pruned repository;
  Id id = repository.save({{"a", noise(5'000, 1)}});
  (void)id;
  auto file = repository.storage.list(ObjectKind::index).at(0).name;
  std::string json = repository->load_document({ObjectKind::index, file});
  auto at = json.find("\"offset\":0");
  REQUIRE(at != std::string::npos);
  json.replace(at, 10, "\"offset\":4000000000");
  repository.storage.drop("index/" + file);
  repository->save_document(ObjectKind::index, json);
  expect_refusal(repository, "");
  CHECK_FALSE(repository->check(true, {}, {}).healthy());
}

TEST_CASE("copies of the same blobs in several packs are brought down to one") {
  Pruned repository;
  Files files{{"a", noise(60'000, 1)}, {"b", text(80'000, 2)}};
  repository.save(files);
  // Two writers that did not know of each other saved the same blobs.
  Pruned other(repository.storage);
  for (const auto& [path, bytes] : repository.storage.objects())
    if (path.starts_with("index/")) other.storage.drop(path);
  other.time = repository.time + 10h;
  Id second = other.save(files);
  for (const auto& [path, bytes] : other.storage.objects()) repository.storage.put(path, bytes);
  repository.truth[second] = files;
  repository.expect_intact();
  std::size_t packs = repository.count(ObjectKind::data);
  PruneReport report = repository.prune();
  CHECK(report.blobs_duplicate > 50);
  CHECK(repository.count(ObjectKind::data) < packs);
  repository.expect_intact();
  report = repository.prune();
  CHECK(report.blobs_duplicate == 0);
  CHECK(report.nothing_to_do());
}

TEST_CASE("of two copies the one in the pack that is there is kept") {
  Pruned repository;
  Files files{{"a", noise(60'000, 1)}};
  repository.save(files);
  auto first = repository.storage.list(ObjectKind::data);
  Pruned other(repository.storage);
  for (const auto& [path, bytes] : repository.storage.objects())
    if (path.starts_with("index/")) other.storage.drop(path);
  other.time = repository.time + 10h;
  Id second = other.save(files);
  for (const auto& [path, bytes] : other.storage.objects()) repository.storage.put(path, bytes);
  repository.truth[second] = files;
  for (const auto& pack : first)
    repository.storage.drop(ObjectName{ObjectKind::data, pack.name}.path());
  repository.prune();
  repository.expect_intact();
}

TEST_CASE("packs that no index knows are removed, and index entries without a pack too") {
  Pruned repository;
  repository.save({{"a", noise(60'000, 1)}});
  Id gone = repository.save({{"b", noise(60'000, 2)}});
  repository.storage.put("data/00/" + std::string(64, '0'), "left behind by a crash");
  std::map<std::string, std::string> before = repository.storage.objects();
  repository.forget(gone);
  Pruned planned(repository.storage);
  planned.truth = repository.truth;
  planned.prune();
  // What the forgotten snapshot needed alone is lost before the prune.
  for (const auto& [path, bytes] : before)
    if (path.starts_with("data/") && !planned.storage.objects().contains(path))
      repository.storage.drop(path);
  repository.prune();
  repository.expect_intact();
  CHECK(repository->check(true, {}, {}).problems.empty());
  CHECK(repository.prune().nothing_to_do());
}

TEST_CASE("the many small packs and index files of small runs are joined") {
  Pruned repository;
  Files files;
  for (int run = 0; run < 30; ++run) {
    files["f" + std::to_string(run)] = noise(300, 100 + static_cast<std::uint64_t>(run));
    repository.save(files);
  }
  CHECK(repository.count(ObjectKind::data) == 60);
  CHECK(repository.count(ObjectKind::index) == 30);
  repository.prune();
  CHECK(repository.count(ObjectKind::data) < 10);
  CHECK(repository.count(ObjectKind::index) <= 2);
  repository.expect_intact();
  CHECK(repository.prune().nothing_to_do());
}

TEST_CASE("a pack that two index files list stays whole") {
  Pruned repository;
  repository.save({{"a", noise(60'000, 1)}});
  auto file = repository.storage.list(ObjectKind::index).at(0).name;
  repository->save_document(ObjectKind::index,
                            repository->load_document({ObjectKind::index, file}));
  CHECK(repository.prune().index_files_replaced == 2);
  CHECK(repository.count(ObjectKind::index) == 1);
  repository.expect_intact();
  CHECK(repository.prune().nothing_to_do());
}

TEST_CASE("a prune stops when asked, before it deletes") {
  Pruned repository;
  repository.forget(repository.save({{"a", noise(60'000, 1)}}));
  repository.save({{"b", noise(60'000, 2)}});
  repository.open();
  std::stop_source stop;
  stop.request_stop();
  auto before = repository.count(ObjectKind::data);
  RepositoryLock lock(*repository, true, repository.clock);
  try {
    prune(*repository, lock, thorough(), repository.clock, stop.get_token(), {});
    FAIL("not stopped");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::interrupted);
  }
  CHECK(repository.count(ObjectKind::data) == before);
}
