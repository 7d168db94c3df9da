#include "catch.h"
#include "s3_server.h"
#include "s3_test.h"
#include "unit/http/fake_clock.h"

using namespace probackup;
using namespace std::chrono_literals;

namespace {

const ObjectName pack{ObjectKind::data, std::string(64, 'a')};
const ObjectName lock_object{ObjectKind::lock, std::string(64, 'b')};

struct Locked {
  explicit Locked(bool takes_locks = true) : server(server_options(takes_locks)) {
    server.add_bucket("bucket", takes_locks);
    auto options = s3_test_options(server);
    options.retention = RetentionRule{RetentionMode::governance, 30};
    storage = open_storage(server.repository("bucket"), options);
    plain = open_storage(server.repository("bucket"), s3_test_options(server));
  }
  S3ServerOptions server_options(bool takes_locks) {
    S3ServerOptions options;
    options.clock = &clock;
    options.takes_locks = takes_locks;
    return options;
  }
  FakeClock clock;
  S3Server server;
  std::unique_ptr<Storage> storage, plain;
};

}  // namespace

TEST_CASE("what is uploaded is locked, but locks are not") {
  Locked at;
  at.storage->save(pack, "x");
  auto retention = at.plain->retention(pack);
  REQUIRE(retention);
  CHECK(retention->mode == RetentionMode::governance);
  CHECK(retention->until == at.clock.now() + std::chrono::days(30));
  at.storage->save(lock_object, "x");
  CHECK_FALSE(at.plain->retention(lock_object));
  at.storage->remove(lock_object);
}

TEST_CASE("a locked object is not removed, and says until when") {
  Locked at;
  at.storage->save(pack, "x");
  CHECK_THROWS_WITH(at.plain->remove(pack),
                    ContainsSubstring("is locked (governance) until 2023-12-14T22:13:20Z"));
  auto failures = at.plain->remove_many(ObjectKind::data, {pack.name});
  REQUIRE(failures.size() == 1);
  CHECK_THAT(failures[0].why, ContainsSubstring("until 2023-12-14T22:13:20Z"));
  CHECK(at.plain->load(pack) == "x");
  at.clock.advance(31 * 24h);
  at.plain->remove(pack);
  CHECK_FALSE(at.plain->size(pack));
}

TEST_CASE("a locked object can be hidden, and is known to be locked before") {
  Locked at;
  at.storage->save(pack, "x");
  auto lock = at.plain->active_lock(pack);
  REQUIRE(lock);
  CHECK(lock->until == at.clock.now() + std::chrono::days(30));
  at.plain->hide(pack);
  CHECK_FALSE(at.plain->size(pack));
  CHECK_FALSE(at.plain->active_lock(pack));
  CHECK_THROWS_AS(at.plain->hide(pack), NotFound);
  at.storage->save(pack, "x");
  at.clock.advance(31 * 24h);
  CHECK_FALSE(at.plain->active_lock(pack));
}

TEST_CASE("a lock is made longer and read back") {
  Locked at;
  at.storage->save(pack, "x");
  Retention longer{RetentionMode::compliance, at.clock.now() + 60 * 24h};
  at.plain->set_retention(pack, longer);
  CHECK(at.plain->retention(pack)->until == longer.until);
  CHECK(at.plain->retention(pack)->mode == RetentionMode::compliance);
  CHECK_THROWS_WITH(at.plain->set_retention(pack, {RetentionMode::compliance, at.clock.now() + 1h}),
                    ContainsSubstring("PutObjectRetention"));
  CHECK_THROWS_WITH(at.plain->set_retention(lock_object, longer),
                    ContainsSubstring("must stay removable"));
  CHECK_THROWS_AS(at.plain->retention({ObjectKind::data, std::string(64, 'c')}), NotFound);
}

TEST_CASE("a store that drops the lock without a word is found out") {
  Locked at(false);
  CHECK_THROWS_AS(at.storage->save(pack, "x"), Error);
  CHECK_THROWS_WITH(at.plain->retention(pack), ContainsSubstring("cannot tell how long"));
}

TEST_CASE("a bucket without object lock is told apart from other refusals") {
  Locked at;
  at.server.add_bucket("plain");
  auto options = s3_test_options(at.server);
  options.retention = RetentionRule{RetentionMode::governance, 30};
  auto storage = open_storage(at.server.repository("plain"), options);
  CHECK_THROWS_WITH(storage->save(pack, "x"), ContainsSubstring("plain has no object lock"));
}

TEST_CASE("a new bucket gets object lock where it is asked for") {
  FakeClock clock;
  S3ServerOptions server_options;
  server_options.clock = &clock;
  S3Server server(server_options);
  auto options = s3_test_options(server);
  options.retention = RetentionRule{RetentionMode::compliance, 1};
  auto storage = open_storage(server.repository("fresh"), options);
  storage->create();
  storage->save(pack, "x");
  CHECK(storage->retention(pack)->mode == RetentionMode::compliance);
}
