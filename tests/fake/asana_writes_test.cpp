// What a restore writes into an empty Asana account.
#include "catch.h"
#include "fake/asana_client.h"

using namespace probackup;
using nlohmann::json;

namespace {

struct Empty {
  Empty() : client(account) {
    workspace = client.data("/workspaces?limit=10").at(0).at("gid");
    team = client.made(client.post("/teams", {{"name", "T"}, {"organization", workspace}}));
    project = client.made(client.post(
        "/projects", {{"name", "P"}, {"team", team}, {"html_notes", "<body>a <em>b</em></body>"}}));
  }
  json task(const std::string& gid, const std::string& fields) {
    return client.data("/tasks/" + gid + "?opt_fields=" + fields);
  }
  std::string new_task(const std::string& name) {
    return client.made(
        client.post("/tasks", {{"name", name}, {"projects", json::array({project})}}));
  }

  AsanaAccount account;
  AsanaClient client;
  std::string workspace, team, project;
};

}  // namespace

TEST_CASE("A new Asana project has a section of its own, and keeps the order of others") {
  Empty asana;
  auto& client = asana.client;
  const auto path = "/projects/" + asana.project + "/sections";
  CHECK(client.data(path + "?limit=100").at(0).at("name") == "Untitled section");
  const auto second = client.made(client.post(path, {{"name", "Second"}}));
  const auto first = client.made(client.post(path, {{"name", "First"}, {"insert_before", second}}));
  client.post(path + "/insert", {{"section", second}, {"before_section", first}});
  std::vector<std::string> names;
  for (const auto& section : client.data(path + "?limit=100")) names.push_back(section.at("name"));
  CHECK(names == std::vector<std::string>{"Untitled section", "Second", "First"});
  const auto project = client.data("/projects/" + asana.project);
  CHECK(project.at("notes") == "a b");
  client.put("/projects/" + asana.project, {{"archived", true}});
  CHECK(client.data("/projects/" + asana.project).at("archived") == true);
}

TEST_CASE("Tasks go into sections, below tasks, and depend on each other") {
  Empty asana;
  auto& client = asana.client;
  const auto section =
      client.made(client.post("/projects/" + asana.project + "/sections", {{"name", "Doing"}}));
  const auto a = asana.new_task("A"), b = asana.new_task("B");
  client.post("/sections/" + section + "/addTask", {{"task", a}});
  client.post("/tasks/" + b + "/addProject",
              {{"project", asana.project}, {"section", section}, {"insert_before", a}});
  const auto listed = client.get_all("/tasks?section=" + section);
  REQUIRE(listed.size() == 2);
  CHECK(listed[0].at("name") == "B");
  client.post("/sections/" + section + "/addTask", {{"task", b}, {"insert_after", a}});
  CHECK(client.get_all("/tasks?section=" + section)[0].at("name") == "A");
  const auto below = client.made(client.post("/tasks/" + a + "/subtasks", {{"name", "C"}}));
  client.post("/tasks/" + b + "/setParent", {{"parent", below}});
  CHECK(asana.task(a, "num_subtasks").at("num_subtasks") == 1);
  CHECK(asana.task(b, "parent").at("parent").at("gid") == below);
  client.post("/tasks/" + a + "/addDependencies", {{"dependencies", {b}}});
  CHECK(asana.task(a, "dependencies").at("dependencies").at(0).at("gid") == b);
  client.post("/tasks/" + a + "/addDependencies", {{"dependencies", {a}}});
  CHECK(client.status == 400);
  client.post("/tasks/" + a + "/addFollowers", {{"followers", {"me"}}});
  CHECK(asana.task(a, "followers").at("followers").size() == 1);
  client.erase("/tasks/" + a);
  client.get("/tasks/" + b);  // it lay below A
  CHECK(client.status == 404);
}

TEST_CASE("Custom fields are made with options, put on projects and filled") {
  Empty asana;
  auto& client = asana.client;
  const auto made =
      client.post("/custom_fields", {{"workspace", asana.workspace},
                                     {"name", "Priority"},
                                     {"resource_subtype", "enum"},
                                     {"enum_options", {{{"name", "High"}, {"color", "red"}}}}});
  const auto field = client.made(made);
  const std::string high = made.at("data").at("enum_options").at(0).at("gid");
  const auto low = client.made(client.post("/custom_fields/" + field + "/enum_options",
                                           {{"name", "Low"}, {"enabled", true}}));
  client.post("/custom_fields",
              {{"workspace", asana.workspace}, {"name", "Priority"}, {"resource_subtype", "text"}});
  CHECK(client.status == 403);
  client.post("/projects/" + asana.project + "/addCustomFieldSetting",
              {{"custom_field", field}, {"is_important", true}});
  const auto task = asana.new_task("A");
  client.put("/tasks/" + task, {{"custom_fields", {{field, low}}}});
  const auto values =
      asana.task(task, "custom_fields.name,custom_fields.enum_value.name").at("custom_fields");
  REQUIRE(values.size() == 1);
  CHECK(values[0].at("enum_value").at("name") == "Low");
  client.put("/tasks/" + task, {{"custom_fields", {{field, "12"}}}});
  CHECK(client.status == 404);
  client.put("/enum_options/" + high, {{"enabled", false}});
  CHECK(client.data("/custom_fields/" + field).at("enum_options").at(0).at("enabled") == false);
}

TEST_CASE("Comments, tags, files, links and status updates are made and unmade") {
  Empty asana;
  auto& client = asana.client;
  const auto task = asana.new_task("A");
  const auto comment = client.made(client.post(
      "/tasks/" + task + "/stories", {{"html_text", "<body>x <strong>y</strong></body>"}}));
  CHECK(client.data("/stories/" + comment).at("text") == "x y");
  client.post("/tasks/" + task + "/stories", {{"html_text", "<body><b>y</b></body>"}});
  CHECK(client.status == 400);
  client.post("/tasks/" + task + "/stories", {{"html_text", "<body><em>y</body>"}});
  CHECK(client.status == 400);
  const auto tag =
      client.made(client.post("/tags", {{"name", "t"}, {"workspace", asana.workspace}}));
  client.post("/tasks/" + task + "/addTag", {{"tag", tag}});
  CHECK(asana.task(task, "tags.name").at("tags").at(0).at("name") == "t");
  const auto file = client.made(client.upload(
      "/attachments",
      {{"parent", task, "", ""}, {"file", "bytes", "a.bin", "application/octet-stream"}}));
  CHECK(client.data("/attachments/" + file).at("name") == "a.bin");
  client.upload("/attachments", {{"parent", task, "", ""},
                                 {"resource_subtype", "external", "", ""},
                                 {"url", "https://example.com/x", "", ""},
                                 {"name", "x", "", ""}});
  CHECK(client.get_all("/attachments?parent=" + task).size() == 2);
  client.upload("/attachments", {{"file", "bytes", "a.bin", ""}});
  CHECK(client.status == 400);
  client.post("/status_updates",
              {{"parent", asana.project}, {"text", "All well"}, {"status_type", "on_track"}});
  const auto project =
      client.data("/projects/" + asana.project + "?opt_fields=current_status_update");
  CHECK(project.at("current_status_update").is_object());
  client.erase("/attachments/" + file);
  client.erase("/stories/" + comment);
  client.erase("/tags/" + tag);
  CHECK(client.get_all("/attachments?parent=" + task).size() == 1);
  CHECK(asana.task(task, "tags").at("tags").empty());
}

TEST_CASE("Portfolios hold projects and each other, goals count towards goals") {
  Empty asana;
  auto& client = asana.client;
  const auto make = [&](const char* path, const char* name) {
    return client.made(client.post(path, {{"name", name}, {"workspace", asana.workspace}}));
  };
  const auto outer = make("/portfolios", "Outer"), inner = make("/portfolios", "Inner");
  client.post("/portfolios/" + outer + "/addItem", {{"item", inner}});
  client.post("/portfolios/" + outer + "/addItem", {{"item", asana.project}});
  CHECK(client.data("/portfolios/" + outer + "/items?limit=100").size() == 2);
  client.post("/portfolios/" + outer + "/removeItem", {{"item", inner}});
  CHECK(client.data("/portfolios/" + outer + "/items?limit=100").size() == 1);
  const auto goal = make("/goals", "Goal"), below = make("/goals", "Below");
  client.post("/goals/" + goal + "/addSupportingRelationship", {{"supporting_resource", below}});
  const auto listed = client.data("/goal_relationships?limit=100&supported_goal=" + goal);
  REQUIRE(listed.size() == 1);
  CHECK(listed.at(0).at("supporting_resource").at("gid") == below);
  client.erase("/portfolios/" + outer);
  client.get("/portfolios/" + outer);
  CHECK(client.status == 404);
}

TEST_CASE(
    "What a restore made is there although the answer was lost, and once more when it retries") {
  const auto [fault, made] =
      GENERATE(std::pair(Fault::lost_to_error, 2), std::pair(Fault::lost_to_cut, 2),
               std::pair(Fault::dropped, 1));
  Empty asana;
  FaultPlan plan;
  FaultRule rule;
  rule.fault = fault;
  rule.match = "/tasks";
  rule.methods = "POST";
  rule.nth = 1;
  plan.rules.push_back(rule);
  asana.account.server().set_faults(plan);
  const json task{{"name", "Twice"}, {"projects", json::array({asana.project})}};
  asana.client.post("/tasks", task);
  CHECK(asana.client.status != 201);
  asana.client.post("/tasks", task);
  CHECK(asana.client.status == 201);
  CHECK(asana.client.get_all("/tasks?project=" + asana.project).size() ==
        static_cast<std::size_t>(made));
}

TEST_CASE("What Asana alone may write is refused") {
  Empty asana;
  auto& client = asana.client;
  const json base{{"name", "A"}, {"projects", json::array({asana.project})}};
  for (const auto* name : {"created_at", "created_by", "completed_at", "num_likes"}) {
    auto given = base;
    given[name] = "x";
    CHECK_THAT(client.error(client.post("/tasks", given)), ContainsSubstring(name));
    CHECK(client.status == 400);
  }
  client.post("/tasks", {{"name", "Nowhere"}});
  CHECK(client.status == 400);
  client.post("/projects", {{"name", "P"}, {"workspace", asana.workspace}});
  CHECK(client.status == 400);  // an organization's projects need a team
  client.get("/tasks?assignee=me&limit=100&workspace=" + asana.workspace);
  CHECK(client.status == 200);
}
