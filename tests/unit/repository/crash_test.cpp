// The machine may stop at any write: what was finished before stays whole.
#include "catch.h"
#include "helpers.h"

using namespace probackup;
using namespace probackup::test;
using namespace std::chrono_literals;

namespace {

const Files first{{"a", text(30'000, 1)}, {"b", noise(5'000, 2)}};
const Files second{{"a", text(30'000, 1) + noise(3'000'000, 3)}, {"c", noise(700, 4)}};

// Everything that was finished is intact; what was being written is at most garbage.
void expect_intact(TestRepository& repository, const Id& finished) {
  repository.open();
  CHECK(load_files(*repository, finished) == first);
  CheckReport report = repository->check(true, {}, {});
  for (const CheckProblem& problem : report.problems) {
    CAPTURE(problem.what);
    CHECK_FALSE(problem.fatal);
  }
  for (const Snapshot& snapshot : repository->snapshots()) {
    Files files = load_files(*repository, snapshot.id);
    CHECK(files == (snapshot.id == finished ? first : second));
  }
}

}  // namespace

TEST_CASE("a crash at any write of a run loses nothing that was finished") {
  TestRepository start;
  Id finished = save_files(*start, first, start.clock.now());
  std::uint64_t writes = 0;
  bool crashed = true;
  for (std::uint64_t n = 0; crashed; ++n) {
    CAPTURE(n);
    TestRepository run(start.storage);
    run.storage.crash_at_write(n);
    try {
      save_files(*run, second, run.clock.now() + 1h);
    } catch (const Error&) {
    }
    crashed = run.storage.crashed();
    run.storage.heal();
    expect_intact(run, finished);
    // The next run goes through and is complete.
    Id again = save_files(*run, second, run.clock.now() + 2h);
    run.open();
    CHECK(load_files(*run, again) == second);
    writes = n;
  }
  CHECK(writes >= 5);  // at least three packs, an index and the snapshot
}

TEST_CASE("a call that fails anywhere is an error, and the snapshot is absent or whole") {
  TestRepository start;
  Id finished = save_files(*start, first, start.clock.now());
  bool failed = true;
  for (std::uint64_t n = 0; failed; ++n) {
    CAPTURE(n);
    TestRepository run(start.storage);
    run.storage.fail_call(n);
    failed = false;
    try {
      save_files(*run, second, run.clock.now() + 1h);
    } catch (const Error&) {
      failed = true;
    }
    run.storage.heal();
    expect_intact(run, finished);
    CHECK(run->snapshots().size() == (failed ? 1 : 2));
  }
}

TEST_CASE("a disk that lied about its last writes loses only those") {
  TestRepository start;
  Id finished = save_files(*start, first, start.clock.now());
  std::uint64_t before = start.storage.writes();
  Id last = save_files(*start, second, start.clock.now() + 1h);
  for (std::uint64_t lost = 1; lost <= start.storage.writes() - before; ++lost) {
    CAPTURE(lost);
    TestRepository run(start.storage);
    run.storage.lose_last(lost);
    run.open();
    CHECK(load_files(*run, finished) == first);
    CHECK_THROWS_WITH(run->load_snapshot(last), ContainsSubstring(last.hex()));
  }
}

TEST_CASE("a store that tears a write is found out") {
  TestRepository start;
  Id finished = save_files(*start, first, start.clock.now());
  bool crashed = true;
  for (std::uint64_t n = 0; crashed; ++n) {
    CAPTURE(n);
    TestRepository run(start.storage);
    run.storage.crash_at_write(n, true);
    try {
      save_files(*run, second, run.clock.now() + 1h);
    } catch (const Error&) {
    }
    crashed = run.storage.crashed();
    run.storage.heal();
    // A torn pack is in no index and a torn snapshot is named; a torn index makes reading fail,
    // with its name. Nowhere do wrong bytes come out.
    run.open();
    try {
      Files files = load_files(*run, finished);
      CHECK(files == first);
    } catch (const Error& error) {
      CHECK_THAT(error.what(), ContainsSubstring("index "));
    }
  }
}
