// Restores from a repository into an app: begun, broken off, gone on with.
#include "catch.h"
#include "job/restore_saved.h"
#include "notes_account.h"
#include "probackup/error.h"

using namespace probackup;
using namespace probackup::test;
using Kind = RestoreReport::Kind;

namespace {

Error refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  return Error("it was not refused");
}

HttpResponse refused(int status, Headers headers = {}) {
  HttpResponse out;
  out.status = status;
  out.headers = std::move(headers);
  out.body = R"({"error":"no"})";
  return out;
}

}  // namespace

TEST_CASE("a snapshot comes back into an empty account, and the report counts it") {
  NotesAccount world;
  Snapshot snapshot = world.back_up();
  auto report = world.restore(snapshot);
  CHECK(report.restore.state == "done");
  CHECK(report.restore.source.text() == "notes:acme");
  CHECK(report.restore.target.text() == "notes:sandbox");
  CHECK(report.restore.requests == world.sandbox.requests);
  REQUIRE(report.kinds.size() == 2);
  CHECK(report.kinds[0].kind == "boards");
  CHECK(report.kinds[0].made == 2);
  CHECK(report.kinds[1].made == 6);
  CHECK(report.problems.empty());
  CHECK(report.lossy == std::vector<std::string>{"who wrote a card"});
  CHECK(world.in_sandbox("boards") == 2);
  CHECK(world.in_sandbox("cards") == 6);
  CHECK(world.saves() == 1);
  // Nothing is left to be done.
  auto again = world.resume(report.restore.id);
  CHECK(again.count(&Kind::made) == 8);
  CHECK(world.in_sandbox("cards") == 6);
  CHECK(world.saves() == 1);
}

TEST_CASE("a restore that pauses goes on after the catalog was lost, and makes nothing twice") {
  NotesAccount world;
  Snapshot snapshot = world.back_up();
  world.fail_after(4, refused(429, {{"Retry-After", "86400"}}));
  auto paused = world.restore(snapshot);
  CHECK(paused.restore.state == "paused");
  REQUIRE(paused.restore.paused_until);
  CHECK(*paused.restore.paused_until > world.clock.now() + std::chrono::hours(20));
  CHECK(world.in_sandbox("boards") + world.in_sandbox("cards") == 4);
  world.reopen();
  world.sandbox.before = nullptr;
  auto done = world.resume(paused.restore.id.substr(0, 5));
  CHECK(done.restore.state == "done");
  CHECK_FALSE(done.restore.paused_until);
  CHECK(done.restore.requests == world.sandbox.requests);
  CHECK(world.in_sandbox("boards") == 2);
  CHECK(world.in_sandbox("cards") == 6);
  CHECK(world.saves() == 1);
}

TEST_CASE(
    "a restore that runs with another catalog, or was killed there, is only gone on with on "
    "purpose") {
  NotesAccount world;
  Snapshot snapshot = world.back_up();
  world.fail_after(4, refused(429, {{"Retry-After", "86400"}}));
  const auto paused = world.restore(snapshot).restore;
  // Seen from another machine while it goes on here.
  auto other = Catalog::open(":memory:", world.repository->id());
  JobContext there{*world.repository, *other, world.clock};
  unsigned tries = 0;
  world.sandbox.before = [&](const Asked& asked) -> std::optional<HttpResponse> {
    if (asked.request.method != "POST" || tries++ > 0) return std::nullopt;
    Error error =
        refusal([&] { resume_restore(there, world.target(), find_restore(there, paused.id), {}); });
    CHECK(error.kind() == ErrorKind::locked);
    CHECK_THAT(error.hint(), ContainsSubstring("--take-over"));
    return refused(429, {{"Retry-After", "86400"}});
  };
  CHECK(world.resume(paused.id).restore.state == "paused");
  CHECK(tries == 1);
  CHECK(find_restore(there, paused.id).state == "paused");
  // Killed there after it had begun: the end was never saved, and that catalog is lost.
  auto begun = find_restore(there, paused.id);
  begun.state = "running";
  save_restore(there, begun);
  world.reopen();
  world.sandbox.before = nullptr;
  CHECK(refusal([&] { world.resume(paused.id); }).kind() == ErrorKind::locked);
  auto target = world.target();
  target.take_over = true;
  auto done = resume_restore(world.context(), target, find_restore(world.context(), paused.id), {});
  CHECK(done.restore.state == "done");
  CHECK(world.in_sandbox("cards") == 6);
}

TEST_CASE("a restore that breaks off keeps its journal and says how far it came") {
  NotesAccount world;
  Snapshot snapshot = world.back_up();
  world.fail_after(3, refused(401));
  Error error = refusal([&] { world.restore(snapshot); });
  CHECK(error.kind() == ErrorKind::failed);
  REQUIRE(world.partial.size() == 1);
  const auto& report = world.partial[0];
  CHECK(report.restore.state == "failed");
  CHECK(report.restore.message == error.what());
  CHECK(report.count(&Kind::made) == 3);
  CHECK(world.saves() == 1);
  world.reopen();
  world.sandbox.before = nullptr;
  CHECK(world.resume(report.restore.id).restore.state == "done");
  CHECK(world.in_sandbox("boards") == 2);
  CHECK(world.in_sandbox("cards") == 6);
}

TEST_CASE("a restore that is stopped goes on later") {
  NotesAccount world;
  Snapshot snapshot = world.back_up();
  std::stop_source stop;
  world.sandbox.before = [&, seen = 0](const Asked& asked) mutable -> std::optional<HttpResponse> {
    if (asked.request.method == "POST" && ++seen == 5) stop.request_stop();
    return std::nullopt;
  };
  Error error = refusal([&] { world.restore(snapshot, {}, stop.get_token()); });
  CHECK(error.kind() == ErrorKind::interrupted);
  REQUIRE(world.partial.size() == 1);
  CHECK(world.partial[0].restore.state == "interrupted");
  world.reopen();
  CHECK(world.resume(world.partial[0].restore.id).restore.state == "done");
  CHECK(world.in_sandbox("boards") == 2);
  CHECK(world.in_sandbox("cards") == 6);
}

TEST_CASE("a thing that the app refuses stands in the report, with its title and why") {
  NotesAccount world;
  world.add("cards",
            {{"id", "bad"}, {"name", "Refuse me"}, {"position", 9}, {"board", "board-b1"}});
  Snapshot snapshot = world.back_up();
  world.sandbox.before = [](const Asked& asked) -> std::optional<HttpResponse> {
    if (asked.request.method != "POST" || asked.request.body.find("Refuse me") == std::string::npos)
      return std::nullopt;
    return refused(422);
  };
  auto report = world.restore(snapshot);
  CHECK(report.restore.state == "gaps");
  CHECK(report.count(&Kind::failed) == 1);
  CHECK(report.count(&Kind::made) == 8);
  REQUIRE(report.problems.size() == 1);
  CHECK(report.problems[0].kind == "cards");
  CHECK(report.problems[0].old_id == "bad");
  CHECK(report.problems[0].title == "Refuse me");
  CHECK(report.problems[0].what == "failed");
  CHECK_FALSE(report.problems[0].reasons.empty());
  auto looked_up =
      restore_report(world.context(), find_restore(world.context(), report.restore.id));
  CHECK(looked_up.problems.size() == 1);
  CHECK(looked_up.count(&Kind::made) == 8);
  world.sandbox.before = nullptr;
  CHECK(world.resume(report.restore.id).restore.state == "done");
  CHECK(world.in_sandbox("cards") == 7);
}

TEST_CASE("what cannot be restored is refused before anything is begun") {
  NotesAccount world;
  Snapshot snapshot = world.back_up();
  RestoreTarget target = world.target();
  auto restore = [&](const RestoreWishes& wishes = {}) {
    return refusal([&] { restore_into(world.context(), target, snapshot, wishes, {}); });
  };
  target.source.app = "trello";
  CHECK(restore().kind() == ErrorKind::usage);
  CHECK_THAT(restore().what(), ContainsSubstring("is of notes:acme, and the target is trello"));
  target.source.app = "notes";
  RestoreWishes wishes;
  wishes.target = {{"workspace", "1"}};
  CHECK(restore(wishes).kind() == ErrorKind::usage);
  wishes = {};
  wishes.choice.only = {"crads"};
  CHECK_THAT(restore(wishes).what(), ContainsSubstring("did you mean cards"));
  world.file["version"] = "2.0";
  target.connector = world.connector();
  CHECK_THAT(restore().what(), ContainsSubstring("version 1.0"));
  CHECK_THAT(restore().hint(), ContainsSubstring("--connectors"));
  CHECK(world.catalog->restores(0).empty());
  CHECK(world.sandbox.requests == 0);
  CHECK(world.saves() == 0);
}

TEST_CASE("gaps of the snapshot and a younger connector are said in the report") {
  NotesAccount world;
  world.acme.before = [](const Asked& asked) -> std::optional<HttpResponse> {
    if (asked.path != "/v1/boards/board-b2/cards") return std::nullopt;
    return refused(403);
  };
  Snapshot snapshot = world.back_up();
  world.file["version"] = "1.1";
  auto report = world.restore(snapshot);
  REQUIRE(report.notes.size() == 2);
  CHECK_THAT(report.notes[0], ContainsSubstring("version 1.0 of the connector"));
  CHECK_THAT(report.notes[1], ContainsSubstring("not in the snapshot: cards"));
  CHECK(world.in_sandbox("cards") == 3);
}

TEST_CASE("a plan writes nothing anywhere") {
  NotesAccount world;
  Snapshot snapshot = world.back_up();
  RestoreWishes wishes;
  wishes.choice.include = {"boards/board-b1"};
  auto plan = plan_restore(world.context(), world.target(), snapshot, wishes);
  REQUIRE(plan.kinds.size() == 2);
  CHECK(plan.kinds[0].items == 1);
  CHECK(plan.kinds[1].items == 3);
  CHECK(world.sandbox.requests == 0);
  CHECK(world.catalog->restores(0).empty());
  auto report = world.restore(snapshot, wishes);
  CHECK(report.count(&Kind::made) == 4);
  CHECK(plan_restore(world.context(), world.target(),
                     find_restore(world.context(), report.restore.id))
            .kinds.empty());
}

TEST_CASE("what the user asked for is kept for the run that goes on") {
  NotesAccount world;
  Snapshot before = world.back_up();
  world.acme.things["cards"].erase("board-b1-c0");
  world.acme.things["cards"].erase("board-b2-c1");
  world.back_up();
  Snapshot now = world.back_up();
  RestoreWishes wishes;
  wishes.choice.deleted_since = before;
  wishes.known = {{"boards/board-b1", "x1"}, {"boards/board-b2", "x2"}};
  world.sandbox.things["boards"] = {{"x1", {{"id", "x1"}}}, {"x2", {{"id", "x2"}}}};
  world.fail_after(1, refused(429, {{"Retry-After", "86400"}}));
  auto paused = world.restore(now, wishes);
  CHECK(paused.restore.state == "paused");
  world.reopen();
  world.sandbox.before = nullptr;
  CHECK(world.resume(paused.restore.id).restore.state == "done");
  CHECK(world.in_sandbox("cards") == 2);
  for (const auto& [id, card] : world.sandbox.things["cards"])
    CHECK(card["board"].get<std::string>().starts_with("x"));
}

TEST_CASE("a restore goes on into its own target only, and while its snapshot is there") {
  NotesAccount world;
  Snapshot snapshot = world.back_up();
  auto report = world.restore(snapshot);
  RestoreTarget other = world.target();
  other.source.account = "elsewhere";
  CHECK(refusal([&] { resume_restore(world.context(), other, report.restore, {}); }).kind() ==
        ErrorKind::usage);
  world.repository->remove_snapshot(snapshot.id);
  CHECK_THAT(refusal([&] { world.resume(report.restore.id); }).what(),
             ContainsSubstring("is not in the repository any more"));
}
