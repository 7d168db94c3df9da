#include <unistd.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "catch.h"
#include "helpers.h"
#include "repository/machine.h"

using namespace probackup;
using namespace probackup::test;
using namespace std::chrono_literals;

namespace {

std::size_t locks(TestRepository& repository) {
  return repository.storage.list(ObjectKind::lock).size();
}

// A lock as another restic or probackup would leave it.
void put_lock(TestRepository& repository, bool exclusive, const std::string& host, long pid,
              Time time) {
  nlohmann::json lock = {{"time", format_rfc3339(time)},
                         {"exclusive", exclusive},
                         {"hostname", host},
                         {"username", "user-1"},
                         {"pid", pid}};
  repository->save_document(ObjectKind::lock, lock.dump());
}

std::string refusal(TestRepository& repository, bool exclusive) {
  try {
    RepositoryLock lock(*repository, exclusive, repository.clock);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::locked);
    CHECK_THAT(error.hint(), ContainsSubstring("probackup unlock"));
    return error.what();
  }
  return {};
}

// The moment when the refresher has done its round and waits again.
void let_refresh(TestRepository& repository, std::chrono::nanoseconds time) {
  repository.clock.wait_for_sleepers(1);
  std::string before = repository.storage.list(ObjectKind::lock).at(0).name;
  repository.clock.advance(time);
  for (;;) {
    auto now = repository.storage.list(ObjectKind::lock);
    if (now.size() == 1 && now[0].name != before) break;
    std::this_thread::yield();
  }
  repository.clock.wait_for_sleepers(1);
}

}  // namespace

TEST_CASE("shared locks live side by side, an exclusive one lives alone") {
  TestRepository repository;
  {
    RepositoryLock a(*repository, false, repository.clock);
    RepositoryLock b(*repository, false, repository.clock);
    CHECK(locks(repository) == 2);
    std::string why = refusal(repository, true);
    CHECK_THAT(why, ContainsSubstring("process " + std::to_string(::getpid())));
    CHECK_THAT(why, ContainsSubstring(machine_hostname()));
    CHECK_THAT(why, ContainsSubstring("2024-05-01"));
    CHECK(locks(repository) == 2);
  }
  CHECK(locks(repository) == 0);
  RepositoryLock alone(*repository, true, repository.clock);
  CHECK_THAT(refusal(repository, false), ContainsSubstring("exclusively"));
  CHECK(locks(repository) == 1);
}

TEST_CASE("a lock of another machine is honoured for 30 minutes") {
  TestRepository repository;
  put_lock(repository, true, "elsewhere", 1, repository.clock.now());
  CHECK_THAT(refusal(repository, false), ContainsSubstring("user-1 on elsewhere, process 1"));
  repository.clock.advance(29min);
  CHECK_FALSE(refusal(repository, false).empty());
  repository.clock.advance(2min);
  CHECK(refusal(repository, false).empty());
  CHECK(locks(repository) == 0);
}

TEST_CASE("a lock whose process on this machine is gone does not count") {
  TestRepository repository;
  long gone = 4'000'000;  // beyond any pid in use
  put_lock(repository, true, machine_hostname(), gone, repository.clock.now());
  CHECK(refusal(repository, true).empty());
  put_lock(repository, true, machine_hostname(), ::getppid(), repository.clock.now());
  CHECK_FALSE(refusal(repository, false).empty());
}

TEST_CASE("unlock removes stale locks, or all") {
  TestRepository repository;
  put_lock(repository, false, "elsewhere", 1, repository.clock.now() - 31min);
  put_lock(repository, false, "elsewhere", 2, repository.clock.now());
  repository.storage.put("locks/" + std::string(64, '0'), "no lock at all");
  CHECK(unlock(*repository, false, repository.clock) == 1);
  CHECK(locks(repository) == 2);
  CHECK(unlock(*repository, true, repository.clock) == 2);
  CHECK(locks(repository) == 0);
}

TEST_CASE("a lock that cannot be read is honoured, an empty one is not") {
  TestRepository repository;
  std::string path = "locks/" + std::string(64, '0');
  repository.storage.put(path, "no lock at all");
  CHECK_THAT(refusal(repository, false), ContainsSubstring(std::string(64, '0')));
  repository.storage.put(path, "");
  CHECK(refusal(repository, true).empty());
}

TEST_CASE("a held lock is refreshed and so never gets stale") {
  TestRepository repository;
  RepositoryLock lock(*repository, true, repository.clock);
  for (int i = 0; i < 8; ++i) {
    let_refresh(repository, 5min);
    lock.verify();
    CHECK_FALSE(refusal(repository, false).empty());
  }
}

TEST_CASE("a lock that somebody removed is lost") {
  TestRepository repository;
  RepositoryLock lock(*repository, false, repository.clock);
  repository.clock.wait_for_sleepers(1);
  CHECK(unlock(*repository, true, repository.clock) == 1);
  lock.verify();  // not noticed yet
  repository.clock.advance(5min);
  for (;;) {
    try {
      lock.verify();
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::locked);
      break;
    }
    std::this_thread::yield();
  }
  CHECK(locks(repository) == 0);
}

TEST_CASE("a lock that cannot be refreshed is lost before others take it for stale") {
  TestRepository repository;
  RepositoryLock lock(*repository, false, repository.clock);
  repository.clock.wait_for_sleepers(1);
  repository.storage.crash_at_write(0);
  repository.clock.advance(24min);
  lock.verify();
  repository.clock.advance(2min);
  CHECK_THROWS_AS(lock.verify(), Error);
  repository.storage.heal();
}

TEST_CASE("a lock of a time longer ago than a duration can say is stale") {
  TestRepository repository;
  put_lock(repository, true, "elsewhere", 1, *parse_rfc3339("1678-01-01T00:00:00Z"));
  CHECK(refusal(repository, true).empty());
  CHECK(locks(repository) == 0);
}
