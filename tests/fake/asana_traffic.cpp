#include "fake/asana_traffic.h"

#include "fake/asana_client.h"

namespace probackup {

namespace {

using nlohmann::json;

constexpr const char* asana_workspace_paths[] = {
    "/users?workspace=",
    "/tags?workspace=",
    "/projects?workspace=",
    "/portfolios?workspace=",
    "/goals?workspace=",
    "/project_templates?workspace=",
    "/time_periods?workspace=",
    "/time_tracking_categories?workspace=",
    "/timesheet_approval_statuses?workspace=",
    "/webhooks?workspace=",
    "/roles?workspace=",
    "/tasks?assignee=me&workspace=",
    "/users/me/favorites?resource_type=project&workspace="};
constexpr const char* asana_project_paths[] = {
    "/tasks?project=",
    "/attachments?parent=",
    "/status_updates?parent=",
    "/memberships?parent=",
    "/allocations?parent=",
    "/rates?parent=",
    "/task_templates?project=",
    "/custom_types?project=",
    "/tasks?modified_since=2024-01-01T00:00:00Z&project="};

void read_asana(AsanaClient& client) {
  client.get("/users/me");
  for (const auto& workspace : client.data("/workspaces?limit=100")) {
    const std::string gid = workspace.at("gid");
    client.get("/workspaces/" + gid);
    for (const auto* path : asana_workspace_paths) client.get_all(path + gid, 2);
    for (const auto* part : {"/teams", "/workspace_memberships", "/custom_fields", "/agents"})
      client.get("/workspaces/" + gid + part + "?limit=100");
    for (const auto& goal : client.get_all("/goals?workspace=" + gid)) {
      const std::string key = goal.at("gid");
      client.get("/goals/" + key);
      client.get("/goals/" + key + "/stories?limit=100");
      client.get("/goals/" + key + "/custom_field_settings?limit=100");
      client.get("/goal_relationships?limit=100&supported_goal=" + key);
    }
    for (const auto& portfolio : client.get_all("/portfolios?workspace=" + gid)) {
      const auto base = "/portfolios/" + portfolio.at("gid").get<std::string>();
      for (const auto* part : {"/items", "/custom_field_settings", "/project_portfolio_settings"})
        client.get(base + part + "?limit=100");
      client.get(base);
    }
    for (const auto& project : client.get_all("/projects?workspace=" + gid)) {
      const std::string key = project.at("gid");
      client.get("/projects/" + key);
      client.get("/budgets?parent=" + key);
      for (const auto* path : asana_project_paths) client.get_all(path + key, 3);
      for (const auto* part : {"/sections", "/custom_field_settings", "/tasks"})
        client.get("/projects/" + key + part + "?limit=100");
      for (const auto& task : client.get_all("/tasks?project=" + key)) {
        const auto base = "/tasks/" + task.at("gid").get<std::string>();
        for (const auto* part :
             {"/stories", "/subtasks", "/dependencies", "/time_tracking_entries"})
          client.get(base + part + "?limit=100");
        client.get(base);
        for (const auto& file :
             client.get_all("/attachments?parent=" + task.at("gid").get<std::string>()))
          client.get("/attachments/" + file.at("gid").get<std::string>());
      }
    }
  }
  client.get("/projects/1");
  client.get("/tasks?limit=100");
}

void write_asana(AsanaClient& client) {
  const std::string workspace = client.data("/workspaces?limit=1").at(0).at("gid");
  const auto team =
      client.made(client.post("/teams", {{"name", "New"}, {"organization", workspace}}));
  const auto project = client.made(client.post("/projects", {{"name", "New"}, {"team", team}}));
  const auto events = "/events?opt_fields=action,parent,resource&resource=" + project;
  const std::string sync = client.get(events).at("sync");
  const auto section =
      client.made(client.post("/projects/" + project + "/sections", {{"name", "Doing"}}));
  const auto tag = client.made(
      client.post("/tags", {{"name", "New"}, {"color", "light-blue"}, {"workspace", workspace}}));
  const auto field = client.made(
      client.post("/custom_fields", {{"workspace", workspace},
                                     {"name", "New field"},
                                     {"resource_subtype", "enum"},
                                     {"enum_options", {{{"name", "A"}, {"color", "blue"}}}}}));
  const auto option =
      client.made(client.post("/custom_fields/" + field + "/enum_options", {{"name", "B"}}));
  client.put("/enum_options/" + option, {{"name", "C"}, {"enabled", false}});
  client.post("/projects/" + project + "/addCustomFieldSetting",
              {{"custom_field", field}, {"is_important", true}});
  const auto task = client.made(client.post("/tasks", {{"name", "New"},
                                                       {"html_notes", "<body>a <em>b</em></body>"},
                                                       {"due_on", "2024-05-06"},
                                                       {"projects", json::array({project})},
                                                       {"custom_fields", {{field, option}}}}));
  const auto other = client.made(client.post("/tasks/" + task + "/subtasks", {{"name", "Below"}}));
  client.post("/sections/" + section + "/addTask", {{"task", task}});
  client.post("/tasks/" + other + "/addProject", {{"project", project}, {"section", section}});
  client.post("/tasks/" + other + "/setParent", {{"parent", nullptr}});
  client.post("/tasks/" + task + "/addDependencies", {{"dependencies", json::array({other})}});
  client.post("/tasks/" + task + "/addFollowers", {{"followers", json::array({"me"})}});
  client.post("/tasks/" + task + "/addTag", {{"tag", tag}});
  client.put("/tasks/" + task, {{"completed", true}, {"assignee", "me"}});
  const auto story =
      client.made(client.post("/tasks/" + task + "/stories", {{"html_text", "<body>x</body>"}}));
  client.put("/stories/" + story, {{"is_pinned", true}});
  client.post("/tasks/" + task + "/time_tracking_entries",
              {{"duration_minutes", 12}, {"entered_on", "2024-05-06"}});
  const auto file = client.made(client.upload(
      "/attachments", {{"parent", task, "", ""}, {"file", "bytes", "a.txt", "text/plain"}}));
  client.post("/status_updates",
              {{"parent", project}, {"title", "T"}, {"text", "t"}, {"status_type", "on_track"}});
  client.post("/projects/" + project + "/project_briefs",
              {{"title", "T"}, {"html_text", "<body>t</body>"}});
  const auto portfolio =
      client.made(client.post("/portfolios", {{"name", "New"}, {"workspace", workspace}}));
  client.post("/portfolios/" + portfolio + "/addItem", {{"item", project}});
  client.put("/projects/" + project, {{"archived", true}});
  client.erase("/attachments/" + file);
  client.erase("/stories/" + story);
  client.erase("/tasks/" + task);
  client.erase("/tags/" + tag);
  client.erase("/projects/" + project);
  client.get(events + "&sync=" + sync);
}

}  // namespace

void visit_asana(const std::string& log) {
  AsanaAccount account(23, {4, 2, 3, 15, 2});
  AsanaClient client(account);
  read_asana(client);
  write_asana(client);
  account.server().write_log(log, account.app());
}

}  // namespace probackup
