// What forget removes, and when it must not.
#include "probackup/forget.h"
#include "catch.h"
#include "job/layout.h"
#include "job_fixture.h"
#include "probackup/error.h"
#include "storage/wrapper.h"
#include "util/time.h"

using namespace probackup;
using namespace probackup::test;

namespace {

using Truth = std::map<std::string, std::string>;

struct Forgetful : Fixture {
  // A run that lists this many records.
  Id good_run(std::size_t count, int version = 1) {
    Truth truth;
    for (std::size_t i = 0; i < count; ++i)
      truth["k" + std::to_string(i)] = R"({"v":)" + std::to_string(version) + "}";
    return run([&](BackupSink& sink, std::stop_token) {
             list_all(sink, describer, "parents", truth);
           })
        .snapshot;
  }
  // A run that breaks off before it has anything.
  void failed_run() {
    auto feed = [](BackupSink&, std::stop_token) { throw Error("the token expired"); };
    CHECK_THROWS_AS(run(feed), Error);
  }
  // A run that breaks off when it has something.
  void partial_run() {
    auto feed = [&](BackupSink& sink, std::stop_token) {
      sink.begin_stream("parents", true);
      sink.record(make_record(describer, "parents", "fresh", R"({"v":9})"));
      throw Error("the network is gone");
    };
    CHECK_THROWS_AS(run(feed), Error);
  }
  std::vector<ForgetGroup> keep_last(int count) {
    ForgetRequest request;
    request.policy.last = count;
    return plan_forget(context(), request);
  }
  std::vector<ForgetGroup> by_id(const Id& id, bool despite_failed_run = false) {
    ForgetRequest request;
    request.ids = {id};
    request.despite_failed_run = despite_failed_run;
    return plan_forget(context(), request);
  }
  std::vector<Id> ids() {
    std::vector<Id> out;
    for (const Snapshot& snapshot : repository->snapshots()) out.push_back(snapshot.id);
    return out;
  }
};

// Memory in which some objects are locked.
class LockedObjects final : public StorageWrapper {
 public:
  LockedObjects() : StorageWrapper(std::make_unique<MemoryStorage>()) {}
  std::optional<Retention> active_lock(const ObjectName& name) override {
    auto found = locks.find(name.name);
    return found == locks.end() ? std::nullopt : std::optional(found->second);
  }
  std::map<std::string, Retention> locks;
};

}  // namespace

TEST_CASE("what is locked is left to a later forget, and says until when") {
  LockedObjects storage;
  Forgetful fixture;
  fixture.repository.reset();
  Repository::init(storage, "secret", fixture.clock);
  fixture.repository = Repository::open(storage, "secret", fixture.clock);
  fixture.catalog = Catalog::open(":memory:", fixture.repository->id());
  Id first = fixture.good_run(20), second = fixture.good_run(21);
  fixture.good_run(22);
  storage.locks[first.hex()] = {RetentionMode::compliance, *parse_rfc3339("2031-02-03T04:05:06Z")};

  auto plan = fixture.keep_last(1);
  REQUIRE(plan.at(0).remove.size() == 1);
  CHECK(plan[0].remove[0].id == second);
  CHECK(plan[0].refusal.empty());
  REQUIRE(plan[0].keep.size() == 2);
  CHECK(plan[0].keep[0].snapshot.id == first);
  CHECK(plan[0].keep[0].reasons ==
        std::vector<std::string>{"locked (compliance) until 2031-02-03T04:05:06Z"});

  plan = fixture.by_id(first);
  CHECK(plan.at(0).remove.empty());
  CHECK_THAT(plan[0].refusal, ContainsSubstring("locked (compliance) until 2031-02-03T04:05:06Z"));
}

TEST_CASE("a policy removes snapshots from the repository and from the catalog") {
  Forgetful fixture;
  fixture.good_run(20);
  Id second = fixture.good_run(21), third = fixture.good_run(22);
  auto plan = fixture.keep_last(2);
  REQUIRE(plan.size() == 1);
  CHECK(plan[0].source.text() == "testapp:main");
  CHECK(plan[0].refusal.empty());
  CHECK(plan[0].keep.size() == 2);
  CHECK(fixture.ids().size() == 3);  // a plan changes nothing
  RepositoryLock lock(*fixture.repository, true, fixture.clock);
  CHECK(forget(fixture.context(), plan, lock) == 1);
  CHECK(fixture.ids() == std::vector<Id>{second, third});
  CHECK(fixture.catalog->snapshots().size() == 2);
  CHECK(fixture.records(third, "parents").size() == 22);
  CHECK(fixture.keep_last(2)[0].remove.empty());
}

TEST_CASE("no policy and no ids is wrong usage, and so are both") {
  Forgetful fixture;
  Id id = fixture.good_run(20);
  for (bool both : {false, true}) {
    ForgetRequest request;
    if (both) {
      request.policy.last = 1;
      request.ids = {id};
    }
    try {
      plan_forget(fixture.context(), request);
      FAIL("not refused");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
    }
  }
}

TEST_CASE("a policy that keeps no snapshot of a source is refused") {
  Forgetful fixture;
  fixture.good_run(20);
  ForgetRequest request;
  request.policy.tags = {{"no such tag"}};
  auto plan = plan_forget(fixture.context(), request);
  CHECK_THAT(plan.at(0).refusal, ContainsSubstring("keeps none"));
  CHECK(plan[0].remove.empty());
  CHECK(plan[0].keep.size() == 1);
}

TEST_CASE("nothing is forgotten while the newest run failed, also when it left no snapshot") {
  Forgetful fixture;
  Id first = fixture.good_run(20);
  fixture.good_run(21);
  fixture.failed_run();
  CHECK(fixture.ids().size() == 2);
  auto plan = fixture.keep_last(1);
  CHECK_THAT(plan.at(0).refusal, ContainsSubstring("failed: the token expired"));
  CHECK_THAT(plan[0].hint, ContainsSubstring("probackup backup testapp:main"));
  CHECK(plan[0].remove.empty());
  CHECK(plan[0].keep.size() == 2);
  CHECK_FALSE(fixture.by_id(first)[0].refusal.empty());
  CHECK(fixture.by_id(first, true)[0].remove.size() == 1);
  // Other sources are not held back, and the next good run ends it.
  fixture.good_run(22);
  CHECK(fixture.keep_last(1)[0].remove.size() == 2);
}

TEST_CASE("a run that another machine made good is not held against the source") {
  Forgetful fixture;
  fixture.good_run(20);
  fixture.failed_run();
  auto here = std::move(fixture.catalog);
  fixture.catalog = Catalog::open(":memory:", fixture.repository->id());
  fixture.good_run(21);
  std::swap(here, fixture.catalog);
  CHECK(fixture.keep_last(1)[0].refusal.empty());
}

TEST_CASE("a run that died on the way counts as failed") {
  Forgetful fixture;
  fixture.good_run(20);
  fixture.good_run(21);
  fixture.catalog->begin_run({"testapp", "main"}, fixture.clock.now());
  CHECK_THAT(fixture.keep_last(1)[0].refusal, ContainsSubstring("has not ended"));
}

TEST_CASE("a partial newest snapshot tells of itself, without any catalog") {
  Forgetful fixture;
  fixture.good_run(20);
  fixture.partial_run();
  CHECK(fixture.ids().size() == 2);
  fixture.reopen();
  auto plan = fixture.keep_last(1);
  CHECK_THAT(plan.at(0).refusal, ContainsSubstring("partial"));
  CHECK(plan[0].remove.empty());
  fixture.good_run(20);
  CHECK(fixture.keep_last(1)[0].remove.size() == 2);
}

TEST_CASE("the last good snapshot before a suspicious one is never removed") {
  Forgetful fixture;
  fixture.good_run(39);
  Id good = fixture.good_run(40);
  Id suspicious = fixture.good_run(2);
  REQUIRE(has_tag(fixture.repository->load_snapshot(suspicious), tag_suspicious));
  CHECK_THAT(fixture.keep_last(1).at(0).refusal, ContainsSubstring("suspicious"));
  CHECK(fixture.keep_last(1)[0].remove.empty());

  Id after = fixture.good_run(3);
  auto plan = fixture.keep_last(1);
  CHECK(plan[0].refusal.empty());
  CHECK(plan[0].remove.size() == 1);
  RepositoryLock lock(*fixture.repository, true, fixture.clock);
  forget(fixture.context(), plan, lock);
  CHECK(fixture.ids() == std::vector<Id>{good, suspicious, after});
  CHECK(fixture.keep_last(1)[0].remove.empty());

  CHECK_THAT(fixture.by_id(good, true)[0].refusal, ContainsSubstring("last good one"));
  forget(fixture.context(), fixture.by_id(suspicious), lock);
  CHECK(fixture.keep_last(1)[0].remove.size() == 1);
}

TEST_CASE("a snapshot that cannot be read stops everything") {
  Forgetful fixture;
  fixture.good_run(20);
  Id newest = fixture.good_run(21);
  fixture.storage.put("snapshots/" + newest.hex(), "rubbish");
  CHECK_THROWS_WITH(fixture.keep_last(1), ContainsSubstring(newest.hex()));
}

TEST_CASE("snapshots of other programs stay, unless they are named") {
  Forgetful fixture;
  fixture.good_run(20);
  Snapshot foreign;
  foreign.time = fixture.clock.now();
  foreign.tree = fixture.repository->save_tree({});
  foreign.paths = {"/home"};
  Id id = fixture.repository->save_snapshot(foreign);
  auto plan = fixture.keep_last(1);
  REQUIRE(plan.size() == 1);
  CHECK(plan[0].source.app == "testapp");
  plan = fixture.by_id(id);
  REQUIRE(plan.size() == 1);
  CHECK(plan[0].remove.size() == 1);
}

TEST_CASE("A partial snapshot does not take a whole one's place") {
  Forgetful fixture;
  Id whole = fixture.good_run(20);
  fixture.partial_run();
  Id newest = fixture.good_run(21);
  ForgetRequest request;
  request.policy.last = 2;
  auto plan = plan_forget(fixture.context(), request);
  REQUIRE(plan.at(0).remove.size() == 1);
  CHECK(has_tag(plan[0].remove[0], tag_partial));
  CHECK(plan[0].keep.at(0).snapshot.id == whole);
  CHECK(plan[0].keep.at(1).snapshot.id == newest);
}
