// The drill: restored, read back, compared, cleaned up.
#include "catch.h"
#include "notes_account.h"
#include "probackup/error.h"

using namespace probackup;
using namespace probackup::test;

namespace {

DrillReport run_drill(NotesAccount& world, const Snapshot& snapshot,
                      const RestoreWishes& wishes = {}, bool keep = false) {
  return drill(world.context(), world.target(), snapshot, wishes, keep, {});
}

}  // namespace

TEST_CASE("a drill proves a backup and leaves nothing behind") {
  NotesAccount world;
  Snapshot snapshot = world.back_up();
  auto report = run_drill(world, snapshot);
  for (const auto& difference : report.differences)
    UNSCOPED_INFO(difference.kind << " " << difference.old_id << " " << difference.path << ": "
                                  << difference.expected << " " << difference.got);
  CHECK(report.good());
  CHECK(report.compared == 8);
  CHECK(report.equal == 8);
  CHECK(report.cleaned);
  CHECK(report.left.empty());
  CHECK(world.in_sandbox("boards") == 0);
  CHECK(world.catalog->restores(1)[0].state == "removed");
  CHECK_THROWS_AS(world.resume(report.restored.restore.id), Error);
  // The temporary backup left no trace in the real repository.
  CHECK(source_snapshots(*world.repository).size() == 1);
}

TEST_CASE("a drill finds what the app changed on the way") {
  NotesAccount world;
  Snapshot snapshot = world.back_up();
  world.sandbox.after_create = [&](HttpResponse response) {
    for (auto& [id, card] : world.sandbox.things["cards"])
      if (card["text"].get<std::string>().find("text 1") != std::string::npos) card["text"] = "?";
    return response;
  };
  auto report = run_drill(world, snapshot);
  CHECK_FALSE(report.good());
  REQUIRE(report.differences.size() == 2);
  for (const auto& difference : report.differences) {
    CHECK(difference.kind == "cards");
    CHECK_THAT(difference.path, ContainsSubstring("text"));
    CHECK(difference.got == "\"?\"");
  }
  CHECK(report.equal == 6);
}

TEST_CASE("a sample takes less, and what a drill made can be kept") {
  NotesAccount world;
  Snapshot snapshot = world.back_up();
  RestoreWishes wishes;
  wishes.choice.sample = 1;
  auto report = run_drill(world, snapshot, wishes, true);
  CHECK(report.good());
  CHECK(report.compared < 8);
  CHECK_FALSE(report.cleaned);
  CHECK(world.in_sandbox("cards") == 1);
}

TEST_CASE("a drill that pauses goes on later") {
  NotesAccount world;
  Snapshot snapshot = world.back_up();
  HttpResponse quota;
  quota.status = 429;
  quota.headers = {{"Retry-After", "86400"}};
  world.fail_after(4, quota);
  auto paused = run_drill(world, snapshot);
  CHECK_FALSE(paused.good());
  CHECK_FALSE(paused.was_compared);
  CHECK(paused.restored.restore.state == "paused");
  CHECK(world.in_sandbox("boards") == 2);
  world.sandbox.before = nullptr;
  world.reopen();
  auto report = resume_drill(world.context(), world.target(),
                             find_restore(world.context(), paused.restored.restore.id), false, {});
  CHECK(report.good());
  CHECK(report.compared == 8);
  CHECK(world.in_sandbox("boards") == 0);
}

TEST_CASE("a drill whose restore breaks off cleans up as well") {
  NotesAccount world;
  Snapshot snapshot = world.back_up();
  HttpResponse refused;
  refused.status = 401;
  world.fail_after(4, refused);
  CHECK_THROWS_AS(run_drill(world, snapshot), Error);
  CHECK(world.in_sandbox("boards") == 0);
}
