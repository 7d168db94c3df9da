// What only restores into GitHub do: numbers, branches, wikis, mentions, names that are taken.
#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "catch.h"
#include "fake/github_account.h"
#include "restore_rig.h"

using namespace probackup;
using namespace probackup::test;
using nlohmann::json;
using Kind = RestoreReport::Kind;

namespace {

GithubAccount& account_of(TestAccount& account) {
  return dynamic_cast<GithubAccount&>(account);
}

// By number: title, and whether it is a pull request.
std::map<int, std::pair<std::string, bool>> numbers(GithubAccount& account,
                                                    const std::string& repo) {
  return account.change([&](GithubData& data) {
    std::map<int, std::pair<std::string, bool>> out;
    for (const auto& key : data.issues.keys_of(repo)) {
      const auto& issue = *data.issues.find(key);
      out[issue.at("number")] = {issue.at("title"), !issue.at("pull").is_null()};
    }
    for (const auto& key : data.discussions.keys_of(repo)) {
      const auto& discussion = *data.discussions.find(key);
      out[discussion.at("number")] = {discussion.at("title"), false};
    }
    return out;
  });
}

std::vector<std::string> repos_of(GithubAccount& account, const std::string& owner) {
  return account.change([&](GithubData& data) {
    const auto& keys = data.repos.keys_of(owner);
    return std::vector<std::string>(keys.begin(), keys.end());
  });
}

std::string name_in(const std::string& repo) {
  return repo.substr(repo.find('/') + 1);
}

}  // namespace

TEST_CASE("Issues, pull requests and discussions keep their numbers, and branches their requests") {
  RestoreRig rig("github:org-1", 7);
  auto& source = account_of(rig.source().account());
  auto& target = account_of(rig.target());
  rig.restore();
  std::size_t pulls = 0;
  for (const auto& repo : repos_of(source, "org-1")) {
    const auto before = numbers(source, repo);
    const auto after = numbers(target, "sandbox-1/" + name_in(repo));
    CAPTURE(repo);
    REQUIRE(before.size() > 10);
    REQUIRE(after.size() == before.size());
    for (const auto& [number, thing] : before) {
      CAPTURE(number);
      CHECK(after.at(number).first == thing.first);
      pulls += after.at(number).second;
    }
  }
  // The two of each repository whose branches git has.
  CHECK(pulls == 2 * repos_of(source, "org-1").size());
}

TEST_CASE("A plan says what GitHub's API makes impossible, before anything is sent") {
  RestoreRig rig("github:org-1", 7);
  const auto before = rig.server().log().size();
  const auto plan = rig.plan();
  CHECK(rig.server().log().size() == before);
  CHECK(plan.calls > 200);
  CHECK(plan.duration >= std::chrono::minutes(2));
  CHECK(!plan.lossy.empty());
  std::map<std::string, std::uint64_t> planned, came_about;
  for (const auto& loss : plan.losses)
    if (loss.kind == "issues") planned[loss.reason] += loss.items;
  for (const auto& problem : rig.restore().problems)
    for (const auto& reason : problem.reasons)
      if (problem.kind == "issues") ++came_about[reason];
  CHECK(planned.size() >= 2);
  CHECK(planned == came_about);
}

TEST_CASE("A drill of GitHub removes the repositories that it made") {
  RestoreRig rig("github:user-1", 5);
  const auto report = rig.drill(false);
  CHECK(report.good());
  CHECK(report.cleaned);
  CHECK(report.left.empty());
  CHECK(rig.target().truth("repos").empty());
}

TEST_CASE("The pace that GitHub asks for is kept, and nothing is refused for it") {
  RestoreRig rig("github:user-1", 3);
  const auto begin = rig.source().clock().now();
  auto report = rig.restore();
  std::size_t creates = 0, refused = 0;
  for (const auto& entry : rig.server().log()) {
    creates += entry.method == "POST";
    refused += entry.status == 403 || entry.status == 429;
  }
  CHECK(creates > 100);
  CHECK(refused == 0);
  CHECK(rig.source().clock().now() - begin >= std::chrono::minutes(creates / 80));
}

TEST_CASE("A wiki waits for its first page, and comes when the restore goes on") {
  RestoreRig rig("github:org-1", 7);
  auto& target = account_of(rig.target());
  auto report = rig.restore();
  std::vector<std::string> waiting;
  for (const auto& problem : report.problems)
    if (problem.kind == "wikis") waiting.push_back(problem.reasons.at(0));
  REQUIRE(!waiting.empty());
  CHECK(waiting[0].find("make one in the browser") != std::string::npos);
  CHECK(report.count(&Kind::failed) == 0);
  for (const auto& repo : repos_of(target, "sandbox-1")) target.make_first_wiki_page(repo);
  report = rig.resume();
  for (const auto& problem : report.problems) CHECK(problem.kind != "wikis");
  // The first page was on master, the wiki is on main.
  std::size_t taken = 0;
  for (const auto& repo : repos_of(target, "sandbox-1"))
    taken += target.change(
        [&](GithubData&) { return target.git().refs(repo + ".wiki").count("refs/heads/main"); });
  CHECK(taken == waiting.size());
}

TEST_CASE("Nobody is told of a restore unless the user wants it") {
  for (const bool notify : {false, true}) {
    CAPTURE(notify);
    RestoreRig rig("github:org-1", 4);
    rig.wishes.notify = notify;
    auto& source = account_of(rig.source().account());
    auto& target = account_of(rig.target());
    source.change([&](GithubData& data) {
      data.catch_up();
      const auto repo = *data.repos.keys_of("org-1").begin();
      const auto issue = data.add_issue(repo, "user-2", "Mentions", "ask @user-3, not a@b.example");
      data.update_issue(issue, {{"assignees", {"user-2", "user-3"}}});
      return 0;
    });
    rig.back_up_again();
    target.change([](GithubData& data) {
      data.add_user("user-3");
      data.members.put("sandbox-1/user-3", "sandbox-1", {{"login", "user-3"}});
      return 0;
    });
    rig.restore();
    const auto restored = target.change([&](GithubData& data) {
      JsonRecord found;
      for (const auto& [key, issue] : data.issues.all())
        if (issue.at("title") == "Mentions") found = issue;
      return found;
    });
    const std::string body = restored.at("body");
    CHECK(body.find("**user-2** on ") != std::string::npos);
    CHECK((body.find("@user-3") != std::string::npos) == notify);
    CHECK(body.find("a@b.example") != std::string::npos);
    // Only who may be: the other is no member of the target.
    const auto assigned = restored.at("assignees").get<std::vector<std::string>>();
    CHECK(assigned == (notify ? std::vector<std::string>{"user-3"} : std::vector<std::string>{}));
  }
}

TEST_CASE("A repository whose name is taken gets another, and nothing is written to the first") {
  RestoreRig rig("github:org-1", 2);
  auto& target = account_of(rig.target());
  const auto name = name_in(repos_of(account_of(rig.source().account()), "org-1").at(0));
  target.change([&](GithubData& data) {
    data.create_repository("sandbox-1", name);
    return 0;
  });
  const auto before =
      target.change([&](GithubData& data) { return *data.repos.find("sandbox-1/" + name); });
  auto report = rig.restore();
  CHECK(report.count(&Kind::failed) == 0);
  const auto repos = repos_of(target, "sandbox-1");
  CHECK(std::find(repos.begin(), repos.end(), "sandbox-1/" + name + "-restored") != repos.end());
  CHECK(target.change([&](GithubData& data) { return *data.repos.find("sandbox-1/" + name); }) ==
        before);
}

TEST_CASE("A file whose upload breaks off leaves nothing, and is sent again") {
  RestoreRig rig("github:org-1", 7);
  auto& target = account_of(rig.target());
  account_of(rig.source().account()).change([&](GithubData& data) {
    data.catch_up();
    const auto release = data.add_release(*data.repos.keys_of("org-1").begin(), "v9", "a text");
    for (const char* name : {"a.bin", "b.bin"})
      data.add_asset(release, name, "application/x-thing", std::string(5000, *name));
    return 0;
  });
  rig.back_up_again();
  target.fail_uploads(2);
  auto report = rig.restore();
  CAPTURE(RestoreRig::problems(report));
  CHECK(report.count(&Kind::failed) == 0);
  CHECK(report.count(&Kind::uncertain) == 0);
  REQUIRE(target.truth("assets").size() >= 2);
  for (const auto& [key, raw] : target.truth("assets")) {
    CAPTURE(key);
    CHECK(json::parse(raw).at("state") == "uploaded");
  }
}

TEST_CASE("A deleted issue comes back into its own repository") {
  RestoreRig rig("github:org-1", 5);
  auto& source = account_of(rig.source().account());
  const auto repo = repos_of(source, "org-1").at(0);
  const auto deleted = source.change([&](GithubData& data) {
    for (const auto& key : data.issues.keys_of(repo)) {
      const auto issue = *data.issues.find(key);
      if (!issue.at("pull").is_null() || data.comments.keys_of(key).empty()) continue;
      data.delete_issue(key);
      return issue;
    }
    throw Error("no issue with comments");
  });
  const auto id =
      source.change([&](GithubData& data) { return data.repos.find(repo)->at("id").dump(); });
  rig.wishes.choice.include = {"issues/" + id + "#" + deleted.at("number").dump()};
  auto report = rig.restore_into_source();
  CAPTURE(RestoreRig::problems(report));
  CHECK(report.count(&Kind::failed) == 0);
  const auto found = source.change([&](GithubData& data) {
    std::size_t comments = 0;
    for (const auto& key : data.issues.keys_of(repo))
      if (data.issues.find(key)->at("title") == deleted.at("title"))
        comments += data.comments.keys_of(key).size();
    return comments;
  });
  CHECK(found > 0);
}

// Run by validate_traffic.py, which checks the log.
TEST_CASE("The traffic of restores into GitHub", "[.traffic]") {
  const char* log = std::getenv("PROBACKUP_TRAFFIC_LOG");
  REQUIRE(log);
  const std::string app = GENERATE("github:org-1", "github:user-1");
  RestoreRig rig(app, 5);
  rig.wishes.notify = true;
  rig.drill(false);
  rig.server().write_log(log, "github");
}
