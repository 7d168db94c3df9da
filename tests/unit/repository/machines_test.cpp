// Several machines on one repository: they write side by side, and a prune has it for itself.
#include <nlohmann/json.hpp>
#include <thread>

#include "catch.h"
#include "helpers.h"
#include "probackup/prune.h"
#include "repository/machine.h"

using namespace probackup;
using namespace probackup::test;
using namespace std::chrono_literals;

namespace {

// A second machine on the storage of the first.
struct Machines : TestRepository {
  std::unique_ptr<Repository> other = Repository::open(storage, password, clock, options());

  // The kind of error that a command of the other machine ends with, or nothing.
  std::optional<ErrorKind> try_backup() {
    try {
      RepositoryLock lock(*other, false, clock);
      save_files(*other, {{"b", noise(3'000, 2)}}, clock.now());
      return std::nullopt;
    } catch (const Error& error) {
      return error.kind();
    }
  }
  std::optional<ErrorKind> try_prune() {
    try {
      auto third = Repository::open(storage, password, clock, options());
      RepositoryLock lock(*third, true, clock);
      prune(*third, lock, {}, clock, {}, {});
      return std::nullopt;
    } catch (const Error& error) {
      return error.kind();
    }
  }
  void leave_lock(bool exclusive, const std::string& host, std::int64_t pid) {
    nlohmann::json lock = {{"time", format_rfc3339(clock.now())},
                           {"exclusive", exclusive},
                           {"hostname", host},
                           {"username", "user"},
                           {"pid", pid}};
    other->save_document(ObjectKind::lock, lock.dump());
  }
};

}  // namespace

TEST_CASE("two machines that write at once lose nothing, and a prune joins what both saved") {
  Machines machines;
  const Files shared{{"same", text(400'000, 1)}, {"too", noise(50'000, 2)}};
  std::vector<std::pair<Id, Files>> saved[2];
  {
    std::vector<std::jthread> threads;
    for (int who = 0; who < 2; ++who)
      threads.emplace_back([&, who] {
        Repository& repository = who == 0 ? *machines : *machines.other;
        RepositoryLock lock(repository, false, machines.clock);
        for (std::uint64_t i = 0; i < 3; ++i) {
          Files files = shared;
          files["own"] = noise(10'000, 10 * static_cast<std::uint64_t>(who) + i);
          saved[who].emplace_back(save_files(repository, files, machines.clock.now()), files);
        }
      });
  }
  auto expect_all = [&] {
    machines.open();
    CHECK(machines->check(true, {}, {}).problems.empty());
    for (const auto& of_one : saved)
      for (const auto& [id, files] : of_one) CHECK(load_files(*machines, id) == files);
  };
  expect_all();
  CHECK(machines.storage.list(ObjectKind::lock).empty());
  {
    machines.open();
    RepositoryLock lock(*machines, true, machines.clock);
    CHECK(prune(*machines, lock, {}, machines.clock, {}, {}).blobs_duplicate > 100);
  }
  expect_all();
}

TEST_CASE("a prune does not begin during a backup, nor a backup during a prune") {
  Machines machines;
  save_files(*machines, {{"a", "bytes"}}, machines.clock.now());
  {
    RepositoryLock backup(*machines, false, machines.clock);
    CHECK(machines.try_prune() == ErrorKind::locked);
    CHECK_FALSE(machines.try_backup());  // two backups do not mind one another
  }
  {
    RepositoryLock pruning(*machines, true, machines.clock);
    CHECK(machines.try_backup() == ErrorKind::locked);
    CHECK(machines.try_prune() == ErrorKind::locked);
  }
  CHECK_FALSE(machines.try_prune());
  CHECK_FALSE(machines.try_backup());
  CHECK(machines.storage.list(ObjectKind::lock).empty());
}

TEST_CASE("the lock of a machine that died holds a prune off for 30 minutes") {
  Machines machines;
  machines.leave_lock(false, "elsewhere", 1);
  CHECK(machines.try_prune() == ErrorKind::locked);
  CHECK_FALSE(machines.try_backup());
  machines.clock.advance(29min);
  CHECK(machines.try_prune() == ErrorKind::locked);
  machines.clock.advance(2min);
  CHECK_FALSE(machines.try_prune());
  CHECK(machines.storage.list(ObjectKind::lock).empty());

  machines.leave_lock(true, "elsewhere", 1);
  CHECK(machines.try_backup() == ErrorKind::locked);
  machines.clock.advance(31min);
  CHECK_FALSE(machines.try_backup());
}

TEST_CASE("the lock of a process that died on this machine holds nobody off") {
  Machines machines;
  machines.leave_lock(true, machine_hostname(), 4'000'000);  // beyond any pid in use
  CHECK_FALSE(machines.try_backup());
  machines.leave_lock(false, machine_hostname(), 4'000'000);
  CHECK_FALSE(machines.try_prune());
  CHECK(machines.storage.list(ObjectKind::lock).empty());
}

TEST_CASE("a prune whose lock was removed deletes nothing") {
  Machines machines;
  Id gone = save_files(*machines, {{"a", noise(5'000, 1)}}, machines.clock.now());
  machines->remove_snapshot(gone);
  std::size_t packs = machines.storage.list(ObjectKind::data).size();
  RepositoryLock lock(*machines, true, machines.clock);
  machines.clock.wait_for_sleepers(1);
  CHECK(unlock(*machines.other, true, machines.clock) == 1);
  CHECK_FALSE(machines.try_backup());
  machines.clock.advance(5min);
  for (;;) {
    try {
      lock.verify();
      std::this_thread::yield();
    } catch (const Error&) {
      break;
    }
  }
  auto repository = Repository::open(machines.storage, password, machines.clock);
  CHECK_THROWS_WITH(prune(*repository, lock, {}, machines.clock, {}, {}),
                    ContainsSubstring("removed by somebody else"));
  CHECK(machines.storage.list(ObjectKind::data).size() >= packs);
}
