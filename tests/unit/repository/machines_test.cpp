// Several machines on one repository: they write side by side, and a prune has it for itself.
#include <atomic>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "catch.h"
#include "helpers.h"
#include "probackup/prune.h"
#include "probackup/repair.h"
#include "repository/guarded_storage.h"
#include "repository/machine.h"
#include "storage/wrapper.h"

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

// A storage as a machine sees it that falls asleep in the middle of a call.
class SleepyStorage final : public StorageWrapper {
 public:
  enum class Call { save, hide };
  // `asleep`: what happens elsewhere, right before an object of that kind is saved or hidden.
  SleepyStorage(Storage& storage, Call call, ObjectKind kind, std::function<void()> asleep)
      : StorageWrapper(std::make_unique<GuardedStorage>(storage)),
        call_(call),
        kind_(kind),
        asleep_(std::move(asleep)) {}
  void save(const ObjectName& name, std::string_view bytes) override {
    sleep_in(Call::save, name);
    StorageWrapper::save(name, bytes);
  }
  void hide(const ObjectName& name) override {
    sleep_in(Call::hide, name);
    StorageWrapper::hide(name);
  }
  // Falls asleep in the next such call.
  void get_tired() { is_tired_ = true; }

 private:
  void sleep_in(Call call, const ObjectName& name) {
    if (call == call_ && name.kind == kind_ && is_tired_.exchange(false)) asleep_();
  }

  const Call call_;
  const ObjectKind kind_;
  const std::function<void()> asleep_;
  std::atomic<bool> is_tired_ = false;
};

// The first machine falls asleep for longer than locks last, with a clock of its own.
struct Sleeper : Machines {
  // `meanwhile`: what the other one does.
  Sleeper(SleepyStorage::Call call, ObjectKind kind, std::function<void()> meanwhile)
      : sleepy(storage, call, kind, [this, meanwhile] {
          clock.advance(31min);
          meanwhile();
          own_clock.advance(31min);
        }) {
    repository = Repository::open(sleepy, password, own_clock, options());
  }

  ManualClock own_clock;
  SleepyStorage sleepy;
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

TEST_CASE("a lock that others take for stale while it is being refreshed is lost") {
  std::unique_ptr<RepositoryLock> others;
  Sleeper machines(SleepyStorage::Call::save, ObjectKind::lock, [&] {
    others = std::make_unique<RepositoryLock>(*machines.other, true, machines.clock);
  });
  RepositoryLock lock(*machines, false, machines.own_clock);
  machines.own_clock.wait_for_sleepers(1);
  machines.sleepy.get_tired();
  machines.own_clock.advance(5min);
  const auto is_lost = [&] {
    try {
      lock.verify();
      return false;
    } catch (const Error& error) {
      return std::string(error.what()).find("removed by somebody else") != std::string::npos;
    }
  };
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (!is_lost() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  CHECK(is_lost());
  // Nothing of it is in the way of the others.
  CHECK_NOTHROW(others->verify());
  CHECK(machines.storage.list(ObjectKind::lock).size() == 1);
  others.reset();
}

TEST_CASE("a backup that slept while it wrote its index or snapshot is not done, and leaves neither") {
  const auto kind = GENERATE(ObjectKind::index, ObjectKind::snapshot);
  Sleeper machines(SleepyStorage::Call::save, kind, [&] { CHECK_FALSE(machines.try_prune()); });
  const Id before = save_files(*machines, {{"a", noise(5'000, 1)}}, machines.clock.now());
  {
    RepositoryLock lock(*machines, false, machines.own_clock);
    machines.own_clock.wait_for_sleepers(1);
    machines.sleepy.get_tired();
    try {
      save_files(*machines, {{"a", noise(5'000, 2)}}, machines.own_clock.now());
      FAIL("the backup did not notice");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::locked);
    }
  }
  const auto repository = Repository::open(machines.storage, password, machines.clock);
  REQUIRE(repository->snapshots().size() == 1);
  CHECK(repository->snapshots()[0].id == before);
  CHECK(repository->check(true, {}, {}).problems.empty());
}

TEST_CASE("a prune that slept while it removed an index file says what helps, and it does") {
  Sleeper machines(SleepyStorage::Call::hide, ObjectKind::index, [&] { CHECK_FALSE(machines.try_prune()); });
  // One pack of which a part is needed, in one index file.
  const Files needed{{"a", noise(3'000, 1)}};
  machines->save_blob(BlobType::data, noise(5'000, 2)).get();
  const Id id = save_files(*machines, needed, machines.clock.now());
  {
    RepositoryLock lock(*machines, true, machines.own_clock);
    machines.own_clock.wait_for_sleepers(1);
    machines.sleepy.get_tired();
    try {
      PruneOptions options;
      options.unused_percent_max = 0;
      prune(*machines, lock, options, machines.own_clock, {}, {});
      FAIL("the prune did not notice");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::locked);
      CHECK_THAT(error.hint(), ContainsSubstring("probackup repair index"));
    }
  }
  const auto repository = Repository::open(machines.storage, password, machines.clock);
  {
    RepositoryLock lock(*repository, true, machines.clock);
    repair_index(*repository, lock, {}, machines.clock, {}, {});
  }
  CHECK(repository->check(true, {}, {}).problems.empty());
  CHECK(load_files(*repository, id) == needed);
}
