// Whole restores: what a random account held is in an empty one, once, whatever breaks on the way.
#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <regex>

#include "catch.h"
#include "fake/monday_account.h"
#include "fake/redmine_server.h"
#include "restore_faults.h"
#include "util/text.h"

using namespace probackup;
using namespace probackup::test;
using Kind = RestoreReport::Kind;

namespace {

// "lists 5f, which it belongs to, is not in the target, or closed": whether that is so.
bool is_gone(const Expected& there, const std::string& reason) {
  static const std::regex form("(\\S+) (\\S+), which it belongs to, is not in the target.*");
  std::smatch found;
  if (!std::regex_match(reason, found, form)) return true;
  const auto stream = there.find(found[1]);
  if (stream == there.end()) return true;
  const auto record = stream->second.find(found[2]);
  if (record == stream->second.end()) return true;
  const auto members = nlohmann::json::parse(record->second);
  return members.value("closed", false) || members.value("status", 1) == 5;  // Trello's, Redmine's
}

// Whether something that it hangs below was lost in this restore.
bool is_below_lost(const RestoreReport& report, const std::string& reason) {
  return std::any_of(report.problems.begin(), report.problems.end(), [&](const auto& problem) {
    return problem.what == "lost" &&
           reason.starts_with(problem.kind + " " + problem.old_id + ", which it belongs to");
  });
}

}  // namespace

TEST_CASE("A drill of a random account finds every restored record equal") {
  auto app = GENERATE(from_range(restorable_apps()));
  for (unsigned seed = 1; seed <= seed_count(2); ++seed) {
    RestoreRig rig(app, seed);
    auto report = rig.drill();
    CAPTURE(app, seed, RestoreRig::problems(report.restored), RestoreRig::differences(report));
    CHECK(report.compared > 30);
    CHECK(report.equal == report.compared);
    CHECK(report.restored.count(&Kind::failed) == 0);
    CHECK(report.restored.count(&Kind::uncertain) == 0);
    CHECK(report.good());
  }
}

TEST_CASE("A note, a relation or a file that a Redmine lost or altered is found by the drill") {
  RestoreRig rig("redmine", 3);
  rig.restore();
  REQUIRE(rig.compare().differences.empty());
  auto& redmine = dynamic_cast<RedmineAccount&>(rig.target());
  const std::string touched = redmine.change([](RedmineData& data) {
    for (auto& [issue, entries] : data.journals)
      for (std::size_t i = 0; i < entries.size(); ++i)
        if (!entries[i].value("notes", "").empty()) {
          data.edit_note(issue, i, "somebody else's words");
          return std::to_string(issue);
        }
    return std::string();
  });
  auto report = rig.compare();
  CAPTURE(RestoreRig::differences(report));
  REQUIRE(report.differences.size() == 1);
  CHECK(report.differences[0].new_id == touched);
  CHECK(report.differences[0].path.starts_with("journals["));
  CHECK(report.differences[0].got == "\"somebody else's words\"");

  redmine.change(
      [](RedmineData& data) { data.delete_relation(data.tables.at("relations").begin()->first); });
  report = rig.compare();
  CAPTURE(RestoreRig::differences(report));
  REQUIRE(report.differences.size() == 2);
  const auto at = [&](const std::string& path) {
    return std::count_if(
        report.differences.begin(), report.differences.end(),
        [&](const auto& difference) { return difference.path.starts_with(path); });
  };
  CHECK(at("relations") == 1);

  // Every byte of an attachment counts.
  redmine.change([](RedmineData& data) {
    for (auto& [attachment, bytes] : data.bytes)
      if (!bytes.empty()) bytes.back() = static_cast<char>(bytes.back() ^ 1);
  });
  report = rig.compare();
  CAPTURE(RestoreRig::differences(report));
  CHECK(at("content") > 3);
  CHECK(at("relations") == 1);
}

TEST_CASE("Restores that are interrupted again and again make everything once") {
  auto app = GENERATE(from_range(restorable_apps()));
  for (unsigned seed = 1; seed <= seed_count(3); ++seed) {
    RestoreRig rig(app, seed);
    restore_somehow(rig, seed);
    auto report = rig.resume();
    CAPTURE(app, seed, RestoreRig::problems(report));
    CHECK(report.count(&Kind::failed) == 0);
    CHECK(report.count(&Kind::uncertain) == 0);
    CHECK(report.count(&Kind::incomplete) == 0);
    auto doubled = rig.doubled();
    CAPTURE(doubled);
    CHECK(doubled.empty());
    auto drill = rig.compare();
    CAPTURE(RestoreRig::differences(drill));
    CHECK(drill.equal == drill.compared);
    CHECK(drill.compared > 30);
  }
}

// github_restore_test.cpp has GitHub's own: of what is deleted there at random, hardly anything
// shows in a run that asks for changes only.
TEST_CASE("What was deleted goes back to where it was in the same account") {
  const std::string app = GENERATE("asana", "redmine", "trello");
  std::uint64_t made = 0;
  for (unsigned seed = 1; seed <= seed_count(4); ++seed) {
    RestoreRig rig(app, seed);
    auto report = rig.put_back_deleted(seed, 120);
    CAPTURE(app, seed, RestoreRig::problems(report));
    CHECK(report.count(&Kind::failed) == 0);
    CHECK(report.count(&Kind::uncertain) == 0);
    const auto there = rig.source().app().expected();
    for (const auto& problem : report.problems)
      for (const auto& reason : problem.reasons)
        CHECK((is_gone(there, reason) || is_below_lost(report, reason)));
    made += report.count(&Kind::made);
  }
  CAPTURE(app);
  CHECK(made > 10);
}

TEST_CASE("A drill removes what it made") {
  RestoreRig rig("trello", 5);
  auto report = rig.drill(false);
  CHECK(report.cleaned);
  CHECK(report.left.empty());
  for (const char* stream : {"boards", "lists", "cards", "labels"}) {
    CAPTURE(stream);
    CHECK(rig.target().truth(stream).empty());
  }
}

// What is checked by validate_traffic.py against the vendors' descriptions.
TEST_CASE("The traffic of whole restores", "[.traffic]") {
  const char* log = std::getenv("PROBACKUP_TRAFFIC_LOG");
  REQUIRE(log);
  const bool notify = GENERATE(false, true);
  RestoreRig rig("asana", 7, {.dated_only = true, .large = true});
  rig.wishes.notify = notify;
  auto report = rig.restore();
  CAPTURE(RestoreRig::problems(report));
  CHECK(report.count(&Kind::failed) == 0);
  rig.server().write_log(log, rig.target().app());
}

TEST_CASE("With --notify the people of a project are set, without it nobody is told") {
  const bool notify = GENERATE(false, true);
  CAPTURE(notify);
  RestoreRig rig("asana", 3);
  rig.wishes.notify = notify;
  auto report = rig.drill();
  CAPTURE(RestoreRig::problems(report.restored), RestoreRig::differences(report));
  CHECK(report.equal == report.compared);
  unsigned assigned = 0, followed = 0, mentions = 0;
  for (const auto& [key, raw] :
       rig.target().truth("task", "opt_fields=assignee,followers,html_notes,memberships")) {
    const auto task = nlohmann::json::parse(raw);
    assigned += task["assignee"].is_object() && !task["memberships"].empty();
    followed += !task["followers"].empty();
    mentions += raw.find("data-asana-gid") != std::string::npos;
  }
  CHECK((assigned > 0) == notify);
  CHECK((followed > 0) == notify);
  CHECK(mentions == 0);
}

TEST_CASE(
    "A file with a quotation mark in its name is found when the answer to its upload is lost") {
  RestoreRig rig("asana", 1002);  // has such a file
  FaultPlan plan;
  plan.rules = {{.fault = Fault::lost_to_error,
                 .match = "/attachments",
                 .probability = 1,
                 .times_max = 1,
                 .methods = "POST"}};
  rig.server().set_faults(plan);
  auto report = rig.restore();
  CHECK(rig.server().fault_counts().at(Fault::lost_to_error) > 0);
  rig.server().set_faults({});
  CHECK(rig.doubled().empty());
  const auto names = rig.target().truth("attachment");
  CHECK(std::any_of(names.begin(), names.end(),
                    [](const auto& file) { return file.second.find("%22") != std::string::npos; }));
  auto drill = rig.compare();
  CAPTURE(RestoreRig::differences(drill));
  CHECK(drill.equal == drill.compared);
}

TEST_CASE("A restore pauses when the calls of the day are used up, and goes on the next day") {
  RestoreRig rig("monday", 3);
  auto& account = dynamic_cast<MondayAccount&>(rig.target());
  account.allow_calls(150);
  auto report = rig.restore();
  unsigned days = 1;
  for (; report.restore.state == "paused" && days < 30; ++days) {
    rig.source().clock().sleep(std::chrono::hours(25), {});
    report = rig.resume();
  }
  CAPTURE(RestoreRig::problems(report), report.restore.state);
  CHECK(report.restore.state != "paused");
  CHECK(report.count(&Kind::failed) == 0);
  CHECK(report.count(&Kind::uncertain) == 0);
  CHECK(days > 1);
  CHECK(rig.doubled().empty());
  account.allow_calls(25'000);
  auto drill = rig.compare();
  CAPTURE(RestoreRig::differences(drill));
  CHECK(drill.compared > 30);
  CHECK(drill.equal == drill.compared);
}

// Run by validate_traffic.py, which checks the log.
TEST_CASE("The traffic of restores into monday.com", "[.traffic]") {
  const char* log = std::getenv("PROBACKUP_TRAFFIC_LOG");
  REQUIRE(log);
  for (const bool notify : {false, true}) {
    RestoreRig rig("monday", notify ? 2 : 1);
    rig.wishes.notify = notify;
    auto report = rig.restore();
    CAPTURE(RestoreRig::problems(report));
    CHECK(report.count(&Kind::failed) == 0);
    rig.server().write_log(log, rig.target().app());
  }
}
