#include "catch.h"
#include "fake/asana_client.h"
#include "util/text.h"

using namespace probackup;
using nlohmann::json;

namespace {

// Time that stands still until it is moved.
class Moved : public Clock {
 public:
  Time now() override { return Time(std::chrono::hours(24 * 365 * 54)) + shift; }
  std::chrono::nanoseconds steady() override { return shift; }
  bool sleep(std::chrono::nanoseconds, std::stop_token) override { return true; }
  std::chrono::nanoseconds shift{0};
};

std::string first_workspace(AsanaClient& client) {
  return client.data("/workspaces?limit=100").at(0).at("gid");
}

}  // namespace

TEST_CASE("opt_fields gives gid and what it names, and nothing else") {
  AsanaAccount account(1, {3, 1, 2, 6, 1});
  AsanaClient client(account);
  const auto project = account.change([](AsanaData& data) {
    const auto gid = data.table("project").all().begin()->first;
    const auto task = data.order("tasks", gid).at(0);
    data.update_task(task, {{"assignee", asana_ref("user", data.me())}});
    return gid;
  });
  const auto path = "/tasks?project=" + project;
  const auto compact = client.data(path + "&limit=1").at(0);
  CHECK(compact.size() == 4);
  CHECK(compact.at("resource_type") == "task");
  const auto named =
      client.get(path + "&limit=1&opt_fields=name,assignee,followers.name,memberships.section.name")
          .at("data")
          .at(0);
  CHECK(named.size() == 5);
  CHECK(named.at("assignee").size() == 2);
  CHECK(named.at("assignee").at("resource_type") == "user");
  CHECK(named.at("memberships").at(0).at("section").contains("name"));
  CHECK_FALSE(named.at("memberships").at(0).contains("project"));
  const auto whole = client.data("/tasks/" + named.at("gid").get<std::string>());
  CHECK(whole.contains("html_notes"));
  CHECK(whole.at("assignee").contains("name"));
  CHECK_FALSE(whole.contains("_values"));
}

TEST_CASE("walking all pages of Asana gives every task once, whatever the size of a page") {
  AsanaAccount account(2, {3, 1, 2, 30, 1});
  AsanaClient client(account);
  for (const int limit : {1, 7, 100}) {
    std::set<std::string> seen;
    for (const auto& workspace : client.data("/workspaces?limit=100")) {
      const auto query = "/projects?workspace=" + workspace.at("gid").get<std::string>();
      for (const auto& project : client.get_all(query, limit)) {
        const auto tasks = "/tasks?project=" + project.at("gid").get<std::string>();
        for (const auto& task : client.get_all(tasks, limit)) seen.insert(task.at("gid"));
      }
    }
    std::set<std::string> truth;
    account.change([&](const AsanaData& data) {
      for (const auto& [key, task] : data.table("task").all())
        if (!task.at("memberships").empty()) truth.insert(key);
    });
    CHECK(seen == truth);
  }
}

TEST_CASE("A page's offset holds for its listing alone, and not for ever") {
  Moved clock;
  AsanaAccount account(3, {3, 1, 2, 10, 1}, {}, clock);
  AsanaClient client(account);
  const auto workspace = first_workspace(client);
  const auto page = client.get("/users?workspace=" + workspace + "&limit=2");
  const std::string offset = page.at("next_page").at("offset");
  const auto next = "/users?workspace=" + workspace + "&limit=2&offset=" + offset;
  CHECK(client.data(next).size() == 2);
  client.get("/tags?workspace=" + workspace + "&limit=2&offset=" + offset);
  CHECK(client.status == 400);
  client.get("/users?workspace=" + workspace + "&limit=2&offset=nonsense");
  CHECK(client.status == 400);
  clock.shift = std::chrono::minutes(16);
  CHECK_THAT(client.error(client.get(next)), ContainsSubstring("expired"));
  CHECK(client.status == 400);
}

TEST_CASE("A project's events tell of its tasks and what is below them, for a day") {
  Moved clock;
  AsanaAccount account(3, {3, 1, 2, 4, 1}, {}, clock);
  AsanaClient client(account);
  const auto project = client.get_all("/projects?workspace=" + first_workspace(client))[0];
  const auto events = "/events?resource=" + project.at("gid").get<std::string>();
  const std::string first = client.get(events).at("sync");
  CHECK(client.status == 412);
  const auto tasks = client.get_all("/tasks?project=" + project.at("gid").get<std::string>());
  const std::string task = tasks.at(0).at("gid"), other = tasks.at(1).at("gid");
  const auto below = client.made(client.post("/tasks/" + task + "/subtasks", {{"name", "Below"}}));
  client.put("/tasks/" + below, {{"name", "Lower"}});
  client.erase("/tasks/" + other);

  const auto told = client.get(events + "&sync=" + first);
  std::set<std::string> seen;
  for (const auto& event : told.at("data"))
    seen.insert(event.at("action").get<std::string>() + " " +
                event.at("resource").at("gid").get<std::string>());
  for (const auto& wanted :
       {"added " + below, "changed " + below, "changed " + task, "deleted " + other}) {
    CAPTURE(wanted);
    CHECK(seen.contains(wanted));
  }
  const auto none = client.get(events + "&sync=" + told.at("sync").get<std::string>());
  CHECK(none.at("data").empty());
  CHECK(none.at("has_more") == false);

  clock.shift = std::chrono::hours(25);
  client.get(events + "&sync=" + told.at("sync").get<std::string>());
  CHECK(client.status == 412);
}

TEST_CASE("Asana refuses what it cannot do, and says why") {
  AsanaAccount account(4, {2, 1, 1, 3, 1});
  AsanaClient client(account);
  const auto workspace = first_workspace(client);
  CHECK_THAT(client.error(client.get("/tags?limit=100")),
             ContainsSubstring("workspace: Missing input"));
  CHECK(client.status == 400);
  client.get("/tags?workspace=" + workspace + "&limit=101");
  CHECK(client.status == 400);
  client.get("/tasks?project=1");
  CHECK(client.status == 404);
  client.get("/nothing");
  CHECK(client.status == 404);
  httplib::Client stranger("127.0.0.1", account.server().port());
  CHECK(stranger.Get("/api/1.0/users/me")->status == 401);
  AsanaOptions free;
  free.is_paid = false;
  AsanaAccount unpaid(4, {2, 1, 1, 3, 1}, free);
  AsanaClient other(unpaid);
  other.get("/portfolios?limit=100&workspace=" + first_workspace(other));
  CHECK(other.status == 402);
}

TEST_CASE("Asana's limit counts what it refuses, and ends with the minute") {
  Moved clock;
  AsanaOptions options;
  options.requests_a_minute = 3;
  AsanaAccount account(5, {1, 0, 1, 1, 0}, options, clock);
  AsanaClient client(account);
  for (int i = 0; i < 3; ++i) client.get("/users/me");
  CHECK(client.status == 200);
  client.get("/users/me");
  CHECK(client.status == 429);
  clock.shift = std::chrono::seconds(61);
  client.get("/users/me");
  CHECK(client.status == 200);
}

TEST_CASE("modified_since gives tasks that changed; a subtask does not date the task above it") {
  Moved clock;
  AsanaAccount account(6, {2, 1, 1, 10, 1}, {}, clock);
  AsanaClient client(account);
  clock.shift = std::chrono::hours(1);
  const auto [project, task] = account.change([](AsanaData& data) {
    data.catch_up();
    const auto gid = data.table("project").all().begin()->first;
    const auto key = data.order("tasks", gid).at(3);
    data.add_comment(key, data.me(), "<body>New</body>");
    return std::pair(gid, key);
  });
  const auto path = "/tasks?project=" + project + "&modified_since=2023-12-19T00:30:00Z";
  auto found = client.get_all(path);
  REQUIRE(found.size() == 1);
  CHECK(found[0].at("gid") == task);
  const std::string parent = account.change([](AsanaData& data) {
    const auto gid = data.table("project").all().begin()->first;
    const auto above = data.order("tasks", gid).at(0);
    return data.add_task(data.table("task").owner_of(above), above, "Below", "");
  });
  clock.shift = std::chrono::hours(2);
  account.change([&](AsanaData& data) { data.update_task(parent, {{"name", "Other"}}); });
  CHECK(
      client.get_all("/tasks?project=" + project + "&modified_since=2023-12-19T01:30:00Z").empty());
}

TEST_CASE("Files of Asana are on another host, for two minutes, and without the token") {
  Moved clock;
  AsanaAccount account(7, {2, 1, 1, 3, 1}, {}, clock);
  AsanaClient client(account);
  const auto key = account.change([](AsanaData& data) {
    const auto task = data.table("task").all().begin()->first;
    return data.attach_file("task", task, "Übersicht 1.txt", "bytes");
  });
  const auto path = "/attachments/" + key + "?opt_fields=download_url,size,host";
  const auto record = client.data(path);
  CHECK(record.at("size") == 5);
  const auto origin = account.file_server().origin();
  std::string url = record.at("download_url");
  REQUIRE(url.starts_with(origin));
  httplib::Client files("127.0.0.1", account.file_server().port());
  CHECK(files.Get(url.substr(origin.size()))->body == "bytes");
  CHECK(files.Get(url.substr(origin.size()), {{"Authorization", "Bearer x"}})->status == 400);
  clock.shift = std::chrono::minutes(3);
  CHECK(files.Get(url.substr(origin.size()))->status == 403);
  url = client.data(path).at("download_url");
  CHECK(files.Get(url.substr(origin.size()))->status == 200);
}

TEST_CASE("Equal seeds give equal Asana accounts, and dated changes move modified_at") {
  Moved clock;
  AsanaOptions options;
  options.only_dated_changes = true;
  AsanaAccount one(8, {3, 2, 2, 10, 2}, options, clock), two(8, {3, 2, 2, 10, 2}, options, clock);
  const std::string query = "opt_fields=" + url_encode("name,notes,modified_at,assignee,completed");
  for (int round = 0; round < 2; ++round) {
    for (const auto* type : {"task", "story", "project", "custom_field", "status_update"})
      CHECK(one.truth(type, query) == two.truth(type, query));
    const auto before = one.truth("task", query);
    clock.shift += std::chrono::hours(1);
    one.mutate(9, 60);
    two.mutate(9, 60);
    for (const auto& [gid, text] : one.truth("task", query)) {
      const auto old = before.find(gid);
      if (old == before.end() || old->second == text) continue;
      CHECK(json::parse(old->second).at("modified_at") != json::parse(text).at("modified_at"));
    }
  }
}
