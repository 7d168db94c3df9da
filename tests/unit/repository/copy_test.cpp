// Snapshots in a second repository.
#include "probackup/copy.h"
#include "catch.h"
#include "helpers.h"

using namespace probackup;
using namespace probackup::test;
using namespace std::chrono_literals;

namespace {

struct Two {
  TestRepository from, to;

  CopyReport copy(const std::vector<Snapshot>& snapshots, std::stop_token stop = {}) {
    to.open();
    RepositoryLock lock(*to, false, to.clock);
    return copy_snapshots(*from, *to, lock, snapshots, stop, {});
  }
  CopyReport copy() { return copy(from->snapshots()); }
  void expect_copies() {
    to.open();
    CHECK(to->check(true, {}, {}).healthy());
    auto originals = from->snapshots(), copies = to->snapshots();
    REQUIRE(copies.size() == originals.size());
    for (std::size_t i = 0; i < copies.size(); ++i) {
      CHECK(copies[i].original == originals[i].original.value_or(originals[i].id));
      CHECK(copies[i].time == originals[i].time);
      CHECK(copies[i].tree == originals[i].tree);
      CHECK(copies[i].tags == originals[i].tags);
      CHECK(copies[i].paths == originals[i].paths);
      CHECK(load_files(*to, copies[i].id) == load_files(*from, originals[i].id));
    }
  }
};

std::size_t stored_blobs(TestRepository& repository) {
  return repository->check(false, {}, {}).blobs;
}

const Files first{{"a", text(300'000, 1)}, {"b", noise(50'000, 2)}};
const Files second{{"a", text(310'000, 1)}, {"c", noise(7'000, 3)}};

}  // namespace

TEST_CASE("copied snapshots hold the same, and nothing twice") {
  Two two;
  Id one = save_files(*two.from, first, two.from.clock.now());
  save_files(*two.from, second, two.from.clock.now() + 1h);
  CopyReport report = two.copy();
  CHECK(report.snapshots == 2);
  CHECK(report.already_there == 0);
  CHECK(report.blobs == stored_blobs(two.from));
  two.expect_copies();
  CHECK(stored_blobs(two.to) == stored_blobs(two.from));

  std::uint64_t writes = two.to.storage.objects().size();
  report = two.copy();
  CHECK(report.snapshots == 0);
  CHECK(report.already_there == 2);
  CHECK(two.to.storage.objects().size() == writes);

  // A later run only brings what is new, and a chosen snapshot comes alone.
  Files third = second;
  third["d"] = noise(900, 4);
  save_files(*two.from, third, two.from.clock.now() + 2h);
  report = two.copy();
  CHECK(report.snapshots == 1);
  CHECK(report.blobs == 3);  // the new piece and two folders
  two.expect_copies();
  Two other;
  CHECK(copy_snapshots(*two.from, *other.to,
                       *std::make_unique<RepositoryLock>(*other.to, false, other.to.clock),
                       {two.from->load_snapshot(one)}, {}, {})
            .snapshots == 1);
  CHECK(load_files(*other.to, other.to->snapshots().at(0).id) == first);
}

TEST_CASE("a snapshot that was copied here and there and back is known again") {
  Two two;
  save_files(*two.from, first, two.from.clock.now());
  two.copy();
  RepositoryLock lock(*two.from, false, two.from.clock);
  auto report = copy_snapshots(*two.to, *two.from, lock, two.to->snapshots(), {}, {});
  CHECK(report.already_there == 1);
  CHECK(two.from->snapshots().size() == 1);
}

TEST_CASE("an interrupted copy goes on where it stopped") {
  Two start;
  save_files(*start.from, first, start.from.clock.now());
  save_files(*start.from, second, start.from.clock.now() + 1h);
  bool crashed = true;
  for (std::uint64_t n = 1; crashed; ++n) {
    CAPTURE(n);
    Two two;
    for (const auto& [path, bytes] : two.from.storage.objects()) two.from.storage.drop(path);
    for (const auto& [path, bytes] : start.from.storage.objects())
      two.from.storage.put(path, bytes);
    two.from.open();
    two.to.storage.crash_at_write(n);
    try {
      two.copy();
    } catch (const Error&) {
    }
    crashed = two.to.storage.crashed();
    two.to.storage.heal();
    two.to.open();
    CHECK(two.to->check(true, {}, {}).healthy());
    unlock(*two.to, true, two.to.clock);
    two.copy();
    two.expect_copies();
  }
}

TEST_CASE("what a stopped copy brought over is used by the next") {
  Two two;
  save_files(*two.from, first, two.from.clock.now());
  save_files(*two.from, {{"z", noise(40'000, 9)}}, two.from.clock.now() + 1h);
  two.to.open();
  std::stop_source stop;
  {
    RepositoryLock lock(*two.to, false, two.to.clock);
    std::uint64_t blobs = 0;
    try {
      copy_snapshots(*two.from, *two.to, lock, two.from->snapshots(), stop.get_token(),
                     [&](const CopyProgress& progress) {
                       blobs = progress.blobs;
                       if (progress.blobs == 100) stop.request_stop();
                     });
      FAIL("not stopped");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::interrupted);
    }
    CHECK(blobs >= 100);
  }
  CopyReport report = two.copy();
  CHECK(report.snapshots == 2);
  CHECK(report.blobs <= stored_blobs(two.from) - 100);
  two.expect_copies();
}

TEST_CASE("a copy of something damaged fails, and another intact piece of it is used") {
  Two two;
  save_files(*two.from, first, two.from.clock.now());
  TestRepository twin(two.from.storage);
  for (const auto& [path, bytes] : two.from.storage.objects())
    if (path.starts_with("index/")) twin.storage.drop(path);
  twin.open();
  save_files(*twin, first, twin.clock.now());
  for (const auto& [path, bytes] : two.from.storage.objects()) {
    if (!path.starts_with("data/")) continue;
    std::string changed = bytes;
    changed[200] ^= 1;
    two.from.storage.put(path, changed);
  }
  CHECK_THROWS_WITH(two.copy(), ContainsSubstring("is damaged"));
  CHECK(two.to->snapshots().empty());
  for (const auto& [path, bytes] : twin.storage.objects()) {
    if (path.starts_with("data/") && two.from.storage.objects().contains(path)) continue;
    two.from.storage.put(path, bytes);
  }
  two.from.open();
  two.copy();
  CHECK(load_files(*two.to, two.to->snapshots().at(0).id) == first);
}

TEST_CASE("a repository is not copied to itself") {
  TestRepository repository;
  RepositoryLock lock(*repository, false, repository.clock);
  CHECK_THROWS_WITH(copy_snapshots(*repository, *repository, lock, {}, {}, {}),
                    ContainsSubstring("itself"));
}
