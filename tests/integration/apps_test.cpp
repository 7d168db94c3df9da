// A backup through the built-in connectors holds what the account holds, run after run.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "catch.h"
#include "fake/asana_account.h"
#include "fake/github_account.h"
#include "rig.h"
#include "util/text.h"

using namespace probackup;
using namespace probackup::test;

namespace {

// The first few lines, so that a failure can be read.
std::string shown(std::vector<std::string> lines) {
  const auto count = lines.size();
  if (count > 12) lines.resize(12);
  return fmt::format("{} differences:\n{}", count, join(lines, "\n"));
}

std::string shown(const std::vector<Gap>& gaps) {
  std::string out;
  for (const auto& gap : gaps)
    out += fmt::format("{} {} {} {}: {} ({})\n", gap.stream, gap.scope, gap.key, gap.url,
                       gap.reason, gap.status);
  return out.substr(0, 2000);
}

std::uint64_t count_status(Rig& rig, int status) {
  std::uint64_t count = 0;
  for (const auto& entry : rig.server().log()) count += entry.status == status ? 1 : 0;
  return count;
}

void check_equal(Rig& rig, const BackupReport& report, bool exact) {
  INFO("gaps: " << shown(report.gaps));
  CHECK(report.gaps.empty());
  const auto lines = rig.differences(rig.contents(report.snapshot), exact);
  INFO(shown(lines));
  REQUIRE(lines.empty());
}

}  // namespace

TEST_CASE("Every snapshot holds the account as it was, and earlier ones stay as they are") {
  const auto app = GENERATE(from_range(app_names()));
  for (std::uint64_t seed = 1; seed <= seed_count(2); ++seed) {
    const AppOptions options{.dated_only = seed % 2 == 1};
    CAPTURE(app, seed);
    MemoryStorage storage;
    Rig rig(app, seed, options, storage);
    std::vector<std::pair<Id, Contents>> earlier;
    const auto remember = [&](const BackupReport& report) {
      earlier.emplace_back(report.snapshot, rig.contents(report.snapshot));
    };
    auto report = rig.backup();
    check_equal(rig, report, true);
    remember(report);
    for (unsigned round = 1; round <= 4; ++round) {
      CAPTURE(round);
      // Changes that no run for changes sees are found when everything is asked again.
      rig.clock().sleep(options.dated_only ? rig.app().seen_after() : std::chrono::hours(24 * 32),
                        {});
      rig.app().mutate(seed * 100 + round, 1 + 5 * round);
      rig.clock().sleep(std::chrono::minutes(10), {});
      report = rig.backup();
      check_equal(rig, report, false);
      remember(report);
    }
    for (const auto& [id, contents] : earlier) CHECK(rig.contents(id) == contents);
    CHECK(rig.restored_git(report.snapshot) == earlier.back().second.git);
    CHECK(rig.repository().check(true, {}, {}).healthy());
  }
}

TEST_CASE("A run over an unchanged account stores nothing, and a small change costs little") {
  const auto app = GENERATE(from_range(app_names()));
  CAPTURE(app);
  MemoryStorage storage;
  Rig rig(app, 7, {.dated_only = true, .large = true}, storage);
  const auto first = rig.backup();
  rig.clock().sleep(std::chrono::hours(5), {});
  const auto blobs = rig.repository().stats().data_blobs_added;
  rig.server().clear_log();
  const auto unchanged = rig.backup();
  const auto not_modified = count_status(rig, 304);
  INFO("gaps: " << shown(unchanged.gaps));
  for (const auto& stream : unchanged.streams) {
    CAPTURE(stream.name);
    CHECK(stream.added == 0);
    CHECK(stream.changed == 0);
    CHECK(stream.removed == 0);
  }
  CHECK(unchanged.files_added == 0);
  CHECK(rig.repository().stats().data_blobs_added == blobs);
  CHECK(rig.contents(unchanged.snapshot).streams == rig.contents(first.snapshot).streams);

  rig.clock().sleep(rig.app().seen_after(), {});
  const auto records = first.count(&StreamReport::records);
  rig.app().mutate(99, static_cast<unsigned>(records / 100 + 1));
  rig.clock().sleep(std::chrono::minutes(10), {});
  const auto changed = rig.backup();
  check_equal(rig, changed, false);
  std::printf(
      "%s: %llu records, %llu files; requests: first %llu, unchanged %llu (not modified: %llu), "
      "1%% changed %llu\n",
      app.c_str(), static_cast<unsigned long long>(records),
      static_cast<unsigned long long>(first.files_added),
      static_cast<unsigned long long>(first.requests),
      static_cast<unsigned long long>(unchanged.requests),
      static_cast<unsigned long long>(not_modified),
      static_cast<unsigned long long>(changed.requests));
  CHECK(unchanged.requests < first.requests);
  // GitHub's quota does not count what was not modified.
  if (rig.account().app() == "github") CHECK(2 * not_modified > unchanged.requests);
}

TEST_CASE("What blocks an issue may change, and the issue's records stay right") {
  MemoryStorage storage;
  Rig rig("github:org-1", 3, {}, storage);
  auto& account = dynamic_cast<GithubAccount&>(rig.account());
  const auto link = account.change([](GithubData& data) {
    data.catch_up();
    const auto& repo = *data.repos.keys_of("org-1").begin();
    const auto blocked = data.add_issue(repo, "user-1", "Blocked", "");
    const auto blocker = data.add_issue(repo, "user-1", "Blocker", "");
    data.set_blockers(blocked, blocker, true);
    data.update_issue(blocked, JsonRecord::object());
    return std::pair(blocked, blocker);
  });
  check_equal(rig, rig.backup(), true);
  const auto before = rig.contents(*rig.newest()).streams;
  rig.clock().sleep(rig.app().seen_after(), {});
  account.change([&](GithubData& data) {
    data.catch_up();
    data.update_issue(link.second, {{"state", "closed"}, {"title", "Done"}, {"body", "changed"}});
    return 0;
  });
  rig.clock().sleep(std::chrono::minutes(10), {});
  const auto report = rig.backup();
  check_equal(rig, report, false);
  const auto after = rig.contents(report.snapshot).streams;
  // No new version of the link, whose issue was not touched; the blocker itself has one.
  CHECK(after.at("issue_dependencies") == before.at("issue_dependencies"));
  CHECK(after.at("issues") != before.at("issues"));
  // A link that is gone is seen when its issue changes, at the latest when all is read again.
  account.change([&](GithubData& data) {
    data.catch_up();
    data.delete_issue(link.second);
    return 0;
  });
  rig.clock().sleep(std::chrono::hours(24 * 32), {});
  check_equal(rig, rig.backup(), false);
}

// Run by validate_traffic.py, which checks the log. These have descriptions that are complete
// enough for it.
TEST_CASE("The traffic of a first and a later run", "[.traffic]") {
  const char* log = std::getenv("PROBACKUP_TRAFFIC_LOG");
  REQUIRE(log);
  const std::string app = GENERATE("github:org-1", "github:user-1", "asana:all", "monday:all");
  CAPTURE(app);
  MemoryStorage storage;
  Rig rig(app, 5, {}, storage);
  rig.backup();
  rig.clock().sleep(rig.app().seen_after(), {});
  rig.app().mutate(1, 30);
  rig.clock().sleep(std::chrono::minutes(10), {});
  CHECK(rig.backup().gaps.empty());
  rig.server().write_log(log, rig.account().app());
}

TEST_CASE("A run soon after the last one sees what Asana's events tell") {
  MemoryStorage storage;
  Rig rig("asana:all", 3, {}, storage);
  auto& account = dynamic_cast<AsanaAccount&>(rig.account());
  struct Tasks {
    std::string project, other, gone, changed, moved;
  };
  const auto tasks = account.change([](AsanaData& data) {
    data.catch_up();
    const auto workspace = data.table("workspace").all().begin()->first;
    Tasks out;
    out.project = data.add_project(workspace, "", "Busy");
    out.other = data.add_project(workspace, "", "Other");
    for (auto* task : {&out.gone, &out.changed, &out.moved}) {
      *task = data.add_task(workspace, "", "A task", "");
      data.place_task(*task, out.project, "");
    }
    return out;
  });
  const auto listings = [&] {
    const auto log = rig.server().log();
    return std::count_if(log.begin(), log.end(), [](const auto& entry) {
      return entry.path.ends_with("/tasks") &&
             std::any_of(entry.query.begin(), entry.query.end(),
                         [](const auto& parameter) { return parameter.first == "project"; });
    });
  };
  check_equal(rig, rig.backup(), true);
  CHECK(listings() > 1);
  rig.clock().sleep(std::chrono::hours(1), {});
  const auto added = account.change([&](AsanaData& data) {
    data.catch_up();
    data.delete_task(tasks.gone);
    data.update_task(tasks.changed, {{"name", "Another name"}});
    data.add_comment(tasks.changed, data.me(), "<body>Look</body>");
    data.remove_from_project(tasks.moved, tasks.project);
    data.place_task(tasks.moved, tasks.other, "");
    const auto task = data.add_task(data.table("workspace").all().begin()->first, "", "New", "");
    data.place_task(task, tasks.project, "");
    return task;
  });
  rig.clock().sleep(std::chrono::minutes(1), {});
  rig.server().clear_log();
  const auto report = rig.backup();
  check_equal(rig, report, false);
  const auto held = rig.contents(report.snapshot).streams.at("tasks");
  CHECK_FALSE(held.contains(tasks.gone));
  CHECK(held.contains(added));
  CHECK(held.contains(tasks.moved));
  CHECK(listings() == 0);
}
