// Ids, places in the tree and pages of the built-in connectors, over records as the apps send them.
#include "built_in.h"
#include "catch.h"
#include "engine/context.h"

using namespace probackup;
using nlohmann::json;

namespace {

const StreamModel& stream(const Connector& connector, const std::string& name) {
  const StreamModel* found = connector.model().stream(name);
  REQUIRE(found);
  return *found;
}

std::string next_page(const Connector& connector, const std::string& name, const json& body) {
  const PageModel& page = stream(connector, name).sources.at(0).page;
  REQUIRE(page.next);
  json last = body.is_array() && !body.empty() ? body.back() : json();
  TestNames names{
      {"body", body}, {"last", last}, {"page", {{"number", 1}, {"count", body.size()}}}};
  json next = page.next->evaluate(names);
  return next.is_null() ? "" : next.get<std::string>();
}

}  // namespace

TEST_CASE("Every built-in connector is without mistakes") {
  ConnectorSet set;
  CHECK(set.apps().size() >= 3);
  for (const std::string& app : set.apps()) {
    ConnectorSet::File file = set.file(app);
    for (const LintProblem& problem : Connector::lint(file.text, file.name))
      FAIL_CHECK(problem.text());
  }
}

TEST_CASE("The next page of Trello's cards starts at the smallest id, wherever it stands") {
  Connector trello = built_in("trello");
  json page = {{{"id", "56af5339f5e67cf6bcc7323b"}},
               {{"id", "56af53367f15b163c0e345fd"}},
               {{"id", "56af534e768610ff67c781ce"}}};
  CHECK(next_page(trello, "cards", page) == "56af53367f15b163c0e345fd");
  CHECK(next_page(trello, "cards", json::array()).empty());
}

TEST_CASE("A chosen Trello board is kept by id, short link or name") {
  Connector trello = built_in("trello");
  json board = {{"id", "b1"}, {"shortLink", "AbCd1234"}, {"name", "Team plan"}};
  auto kept = [&](const json& boards) {
    TestNames names{{"record", board}, {"config", {{"boards", boards}}}, {"parent", nullptr}};
    return stream(trello, "boards").keep->holds(names);
  };
  CHECK(kept(json::array()));
  CHECK(kept({"AbCd1234"}));
  CHECK(kept({"other", "Team*"}));
  CHECK_FALSE(kept({"other"}));
}

TEST_CASE("A chosen Asana workspace is kept by gid or name") {
  Connector asana = built_in("asana");
  auto kept = [&](const json& workspaces) {
    TestNames names{{"record", {{"gid", "12"}, {"name", "Acme Inc"}}},
                    {"config", {{"workspaces", workspaces}}}};
    return stream(asana, "workspaces").keep->holds(names);
  };
  CHECK(kept(json::array()));
  CHECK(kept({"12"}));
  CHECK(kept({"other", "Acme*"}));
  CHECK_FALSE(kept({"1"}));
}

TEST_CASE("An Asana task hangs below its section, a subtask below its task") {
  Connector asana = built_in("asana");
  const StreamModel& tasks = stream(asana, "tasks");
  CHECK(tasks.belongs_stream == "sections");
  json record = {
      {"gid", "5"}, {"parent", nullptr}, {"memberships", {{{"section", {{"gid", "7"}}}}}}};
  CHECK(tasks.belongs_id->evaluate(TestNames{{"record", record}}) == "7");
  record["parent"] = {{"gid", "4"}};
  CHECK(tasks.belongs_id->evaluate(TestNames{{"record", record}}).is_null());
}

TEST_CASE("Custom fields that only one Asana project has are asked for there alone") {
  Connector asana = built_in("asana");
  const SourceModel& source = stream(asana, "custom_fields").sources.at(1);
  const auto asked = [&](const json& flags) {
    auto settings = json::array();
    for (const auto& flag : flags)
      settings.push_back({{"custom_field", {{"is_global_to_workspace", flag}}}});
    return source.when->holds(TestNames{{"parent", {{"custom_field_settings", settings}}}});
  };
  CHECK_FALSE(asked(json::array()));
  CHECK_FALSE(asked({true, true}));
  CHECK(asked({true, false}));
}

TEST_CASE("Files that Asana keeps are downloaded without the token, others stay links") {
  Connector asana = built_in("asana");
  for (const auto* name : {"attachments", "project_files"}) {
    const FileModel& file = stream(asana, name).files.at(0);
    CHECK_FALSE(file.with_auth);
    REQUIRE(file.renew);
    CHECK(file.renew->with_auth);
    json record = {{"gid", "9"}, {"host", "asana"}, {"download_url", "https://s3.example/x?s"}};
    CHECK(file.when->holds(TestNames{{"record", record}}));
    CHECK(file.renew->url.text(TestNames{{"record", record}}) == "/attachments/9");
    record["host"] = "gdrive";
    CHECK_FALSE(file.when->holds(TestNames{{"record", record}}));
  }
}

TEST_CASE("A GitHub comment hangs below its issue") {
  Connector github = built_in("github");
  json repository = {{"id", 99}, {"full_name", "o/r"}};
  TestNames issue{{"record", {{"id", 5}, {"number", 17}}}, {"parent", repository}};
  TestNames comment{{"record", {{"issue_url", "https://api.github.com/repos/o/r/issues/17"}}},
                    {"parent", repository}};
  const StreamModel& comments = stream(github, "issue_comments");
  CHECK(comments.belongs_stream == "issues");
  CHECK(comments.belongs_id->text(comment) == stream(github, "issues").id.text(issue));
  CHECK(comments.belongs_id->text(comment) == "99#17");
}

TEST_CASE("GitHub comments are paged by their time of change, one second back") {
  Connector github = built_in("github");
  json page = json::array();
  for (int i = 0; i < 100; ++i) page.push_back({{"updated_at", "2026-01-02T03:04:05Z"}});
  CHECK(next_page(github, "issue_comments", page) == "2026-01-02T03:04:04Z");
  page.erase(page.begin());
  CHECK(next_page(github, "issue_comments", page).empty());
}

TEST_CASE("Events of a GitHub timeline have ids of their own, and comments are left out") {
  Connector github = built_in("github");
  const StreamModel& timeline = stream(github, "timeline");
  json issue = {
      {"id", 5}, {"number", 17}, {"repository_url", "https://ghe.example/api/v3/repos/o/r"}};
  TestNames config{{"config", {{"timeline", "yes"}}}, {"parent", issue}};
  CHECK(timeline.sources[0].when->holds(config));
  CHECK(timeline.sources[0].request.url.text(config) == "/repos/o/r/issues/17/timeline");
  auto id = [&](const json& event) {
    return timeline.id.text(TestNames{{"record", event}, {"parent", issue}});
  };
  CHECK(id({{"event", "labeled"}, {"id", 7}, {"created_at", "T"}}) == "5/labeled/7/T");
  CHECK(id({{"event", "committed"}, {"sha", "abc"}}) == "5/committed/abc/");
  CHECK(id({{"event", "cross-referenced"},
            {"source", {{"issue", {{"id", 8}}}}},
            {"created_at", "T"}}) == "5/cross-referenced/8/T");
  CHECK_FALSE(timeline.keep->holds(TestNames{{"record", {{"event", "commented"}}}}));
}

TEST_CASE("GitHub git data is asked for with Basic sign-in, the wiki only where there is one") {
  Connector github = built_in("github");
  const StreamModel& repositories = stream(github, "repositories");
  REQUIRE(repositories.git.size() == 2);
  json record = {{"full_name", "o/r"},
                 {"html_url", "https://github.com/o/r"},
                 {"has_wiki", false},
                 {"clone_url", "https://github.com/o/r.git"}};
  TestNames names{{"record", record}, {"config", {{"git", "yes"}, {"token", "T"}}}};
  for (const GitModel& git : repositories.git) {
    REQUIRE(git.auth);
    CHECK(git.auth->kind == AuthModel::Kind::basic);
    CHECK(git.auth->user.text(names) == "x-access-token");
  }
  CHECK(repositories.git[0].when->holds(names));
  CHECK_FALSE(repositories.git[1].when->holds(names));
  CHECK(repositories.git[1].missing_is_empty);
}

TEST_CASE("The GraphQL address follows base_url") {
  Connector github = built_in("github");
  const Template& graphql = *github.model().graphql;
  CHECK(graphql.text(TestNames{{"config", {{"base_url", nullptr}}}}) == "/graphql");
  CHECK(graphql.text(TestNames{{"config", {{"base_url", "https://ghe.example/api/v3"}}}}) ==
        "https://ghe.example/api/graphql");
}

TEST_CASE("GitHub's token goes to the hosts of the server that is read, and to no other") {
  struct Server {
    std::string base_url;
    std::vector<std::string> own, foreign;
  };
  const std::vector<std::string> outside{"https://objects.githubusercontent.com/a",
                                         "https://raw.githubusercontent.com/a",
                                         "https://media.github.com/a",
                                         "https://github.com.evil.example/a",
                                         "http://github.com/a",
                                         "file:///srv/a.git"};
  const std::vector<Server> servers{
      {"",
       {"https://api.github.com/a", "https://github.com/o/r.git", "https://gist.github.com/1.git",
        "https://uploads.github.com/a"},
       {}},
      {"https://api.github.com",
       {"https://github.com/o/r.git", "https://gist.github.com/1.git"},
       {}},
      {"https://ghe.example/api/v3",
       {"https://ghe.example/o/r.git", "https://ghe.example/api/graphql",
        "https://gist.ghe.example/1.git"},
       {"https://github.com/o/r.git", "https://gist.github.com/1.git",
        "https://uploads.ghe.example/a", "https://media.ghe.example/a", "https://raw.ghe.example/a",
        "https://example/a"}},
      {"https://api.acme.ghe.com",
       {"https://api.acme.ghe.com/graphql", "https://acme.ghe.com/o/r.git",
        "https://gist.acme.ghe.com/1.git"},
       {"https://ghe.com/a", "https://other.ghe.com/o/r.git", "https://github.com/o/r.git"}},
      // Named so by chance: its parent domain is somebody else.
      {"https://api.company.example/api/v3",
       {"https://api.company.example/o/r.git"},
       {"https://company.example/a"}}};
  const Connector github = built_in("github");
  for (const auto& server : servers) {
    json settings{{"token", "s3cret-token"}};
    if (!server.base_url.empty()) settings["base_url"] = server.base_url;
    EngineOptions options;
    options.settings = &settings;
    const RunContext context(github.model(), options, Time{});
    for (const auto& url : server.own) {
      CAPTURE(server.base_url, url);
      CHECK(context.own_host(url));
    }
    for (const auto* list : {&server.foreign, &outside})
      for (const auto& url : *list) {
        CAPTURE(server.base_url, url);
        CHECK_FALSE(context.own_host(url));
      }
  }
}

TEST_CASE("A Redmine wiki page and its versions are named by project and title") {
  Connector redmine = built_in("redmine");
  json project = {{"id", 3}, {"identifier", "web"}};
  json page = {{"title", "Über_uns"}, {"parent", {{"title", "Start"}}}, {"version", 4}};
  TestNames names{
      {"record", page}, {"parent", project}, {"config", {{"base_url", "https://r.example"}}}};
  const StreamModel& pages = stream(redmine, "wiki_pages");
  CHECK(pages.id.text(names) == "3/Über_uns");
  CHECK(pages.belongs_id->text(names) == "3/Start");
  CHECK(pages.detail->url.text(names) == "/projects/3/wiki/%C3%9Cber_uns.json");

  const SourceModel& versions = stream(redmine, "wiki_versions").sources[0];
  TestNames below{{"parent", page}, {"parent_key", "3/Über_uns"}, {"page", {{"number", 2}}}};
  CHECK(versions.when->holds(below));
  CHECK(versions.request.url.text(below) == "/projects/3/wiki/%C3%9Cber_uns.json");
  CHECK(versions.page.more->holds(below));
  TestNames final_page{{"parent", page}, {"page", {{"number", 3}}}};
  CHECK_FALSE(versions.page.more->holds(final_page));
}

TEST_CASE("Redmine modules that a project has not are not asked for") {
  Connector redmine = built_in("redmine");
  auto asked = [&](const std::string& name, const json& project) {
    return stream(redmine, name).sources[0].when->holds(TestNames{{"parent", project}});
  };
  json project = {{"status", 1}, {"enabled_modules", {{{"id", 1}, {"name", "wiki"}}}}};
  CHECK(asked("wiki_pages", project));
  CHECK_FALSE(asked("versions", project));
  CHECK_FALSE(asked("files", project));
  CHECK(asked("versions", {{"status", 1}}));  // an old Redmine does not say which modules there are
}

TEST_CASE("A chosen monday.com board is kept by id or name, and so is the board of its subitems") {
  Connector monday = built_in("monday");
  const auto kept = [&](const json& board, const json& boards, const json& workspaces) {
    TestNames names{{"record", board},
                    {"config", {{"boards", boards}, {"workspaces", workspaces}}}};
    return stream(monday, "boards").keep->holds(names);
  };
  const json plan{{"id", "12"}, {"name", "Plan A"}, {"workspace_id", nullptr}};
  const json below{{"id", "13"}, {"name", "Subitems of Plan A"}, {"workspace_id", "7"}};
  const json all = json::array();
  CHECK(kept(plan, all, all));
  CHECK(kept(plan, {"12"}, all));
  CHECK(kept(plan, {"Plan*"}, all));
  CHECK(kept(below, {"Plan*"}, all));
  CHECK_FALSE(kept(plan, {"13"}, all));
  CHECK(kept(plan, all, {"main"}));
  CHECK_FALSE(kept(below, all, {"main"}));
  CHECK(kept(below, all, {"7"}));
}

TEST_CASE("All levels of a multi-level monday.com board are asked for, and no deleted board") {
  Connector monday = built_in("monday");
  const SourceModel& source = stream(monday, "items").sources.at(0);
  json board{{"id", "1"}, {"state", "archived"}, {"type", "board"}, {"hierarchy_type", "classic"}};
  const auto scope = [&] {
    return source.request.vars.at("scope").evaluate(TestNames{{"parent", board}});
  };
  CHECK(source.when->holds(TestNames{{"parent", board}}));
  CHECK(scope().is_null());
  board["hierarchy_type"] = "multi_level";
  CHECK(scope() == "allItems");
  board["state"] = "deleted";
  CHECK_FALSE(source.when->holds(TestNames{{"parent", board}}));
}
