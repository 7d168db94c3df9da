// The calls of AsanaAccount's API that read.
#include <algorithm>
#include <set>

#include "fake/asana_account.h"
#include "util/bytes.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {

namespace {

constexpr std::size_t page_max = 100;
constexpr std::size_t unpaged_max = 1000;  // where no limit was asked for

// What only paid plans have.
const std::set<std::string>& paid_types() {
  static const std::set<std::string> types{"portfolio",
                                           "goal",
                                           "time_period",
                                           "time_tracking_category",
                                           "timesheet_approval_status",
                                           "allocation",
                                           "budget",
                                           "rate",
                                           "project_portfolio_setting",
                                           "role"};
  return types;
}

// What all pages of a listing have in common.
std::string listing_of(const ApiRequest& request) {
  std::string out = request.path;
  for (const auto& [name, value] : request.query)
    if (name != "offset" && name != "limit" && name != "opt_fields")
      out += "&" + name + "=" + value;
  return out;
}

Time time_of(const std::string& text, const std::string& name) {
  const auto time = parse_rfc3339(text);
  if (!time) throw AsanaError(400, name + ": Not a valid date/time: " + text);
  return *time;
}

std::string required_query(const ApiRequest& request, const std::string& name) {
  const auto value = request.query_value(name);
  if (!value || value->empty()) throw AsanaError(400, name + ": Missing input");
  return *value;
}

}  // namespace

void AsanaAccount::need_plan(const std::string& type) const {
  if (!options_.is_paid && paid_types().contains(type))
    throw AsanaError(402, "This feature is not available for free users.");
}

// Says where the next page begins, for which listing, and when it was made.
std::string AsanaAccount::offset_token(const ApiRequest& request, const std::string& last,
                                       std::size_t index) const {
  const JsonRecord token{
      {"border_rank", last},
      {"index", index},
      {"listing", mix_seed(secret_, listing_of(request))},
      {"iat",
       std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch()).count()}};
  return "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9." + to_base64url(token.dump()) + "." +
         Seeded(mix_seed(secret_, token.dump())).hex(16);
}

std::size_t AsanaAccount::offset_place(const ApiRequest& request, const Keys& keys) const {
  const auto text = request.query_value("offset");
  if (!text) return 0;
  const auto parts = split(*text, '.');
  auto encoded = parts.size() == 3 ? parts[1] : std::string();
  std::replace(encoded.begin(), encoded.end(), '-', '+');
  std::replace(encoded.begin(), encoded.end(), '_', '/');
  while (encoded.size() % 4 != 0) encoded += '=';
  const auto decoded = from_base64(encoded).value_or("");
  const bool is_ours = parts.size() == 3 && parts[2] == Seeded(mix_seed(secret_, decoded)).hex(16);
  const auto token = is_ours ? JsonRecord::parse(decoded, nullptr, false) : JsonRecord();
  if (!token.is_object() || token["listing"] != mix_seed(secret_, listing_of(request)))
    throw AsanaError(400, "offset: Your pagination token is invalid.");
  const auto issued = Time(std::chrono::seconds(token["iat"].get<std::int64_t>()));
  if (clock_.now() - issued > options_.offset_life)
    throw AsanaError(400, "offset: Your pagination token has expired.");
  const auto last = std::find(keys.begin(), keys.end(), token["border_rank"].get<std::string>());
  if (last != keys.end()) return static_cast<std::size_t>(last - keys.begin()) + 1;
  return std::min(token["index"].get<std::size_t>(), keys.size());
}

ApiAnswer AsanaAccount::page(const ApiRequest& request, const std::string& type,
                             const Keys& keys) const {
  need_plan(type);
  const bool is_paged = request.query_value("limit").has_value();
  const auto limit = request.query_number("limit", is_paged ? 0 : unpaged_max);
  if (limit < 1 || (is_paged && limit > static_cast<std::int64_t>(page_max)))
    throw AsanaError(400, "limit: Must be between 1 and 100 inclusive.");
  const auto begin = offset_place(request, keys);
  const auto end = std::min(keys.size(), begin + static_cast<std::size_t>(limit));
  std::vector<std::string> texts;
  const auto opt_fields = request.query_value("opt_fields");
  for (auto i = begin; i < end; ++i) {
    const auto& record = type.empty() ? named_any(keys[i]) : named(type, keys[i]);
    texts.push_back(record_text(view(record, opt_fields, true), keys[i]));
  }
  std::string body = "{\"data\":" + array_text(texts);
  if (is_paged && end < keys.size()) {
    const auto token = offset_token(request, keys[end - 1], end - 1);
    std::string path = request.path.substr(std::string("/api/1.0").size()) + "?";
    for (const auto& [name, value] : request.query)
      if (name != "offset") path += url_encode(name) + "=" + url_encode(value) + "&";
    path += "offset=" + token;
    body +=
        ",\"next_page\":" +
        JsonRecord{{"offset", token}, {"path", path}, {"uri", server_.origin() + "/api/1.0" + path}}
            .dump();
  } else if (is_paged) {
    body += ",\"next_page\":null";
  }
  return json_answer(body + "}");
}

void AsanaAccount::list(const std::string& path, const std::string& type, Lister keys) {
  on("GET", path, [this, type, keys = std::move(keys)](const ApiRequest& request) {
    return page(request, type, keys(request));
  });
}

void AsanaAccount::list_below(const std::string& path, const std::string& owner_type,
                              const std::string& type) {
  list(path, type, [this, owner_type, type](const ApiRequest& request) {
    const auto& gid = request.param("gid");
    named(owner_type, gid);
    const auto& keys = data_.table(type).keys_of(gid);
    return Keys(keys.begin(), keys.end());
  });
}

void AsanaAccount::list_by(const std::string& path, const std::string& parameter,
                           const std::string& type) {
  list(path, type, [this, parameter, type](const ApiRequest& request) {
    const auto gid = required_query(request, parameter);
    named_any(gid);
    const auto& keys = data_.table(type).keys_of(gid);
    return Keys(keys.begin(), keys.end());
  });
}

void AsanaAccount::add_reads() {
  add_people_listings();
  add_listings();
  add_task_listings();
  add_event_reads();
  const std::pair<const char*, const char*> singles[] = {
      {"/workspaces/:gid", "workspace"},
      {"/teams/:gid", "team"},
      {"/projects/:gid", "project"},
      {"/sections/:gid", "section"},
      {"/tasks/:gid", "task"},
      {"/stories/:gid", "story"},
      {"/attachments/:gid", "attachment"},
      {"/tags/:gid", "tag"},
      {"/custom_fields/:gid", "custom_field"},
      {"/status_updates/:gid", "status_update"},
      {"/portfolios/:gid", "portfolio"},
      {"/goals/:gid", "goal"},
      {"/project_briefs/:gid", "project_brief"},
      {"/budgets/:gid", "budget"},
      {"/time_tracking_entries/:gid", "time_tracking_entry"},
      {"/memberships/:gid", "membership"}};
  for (const auto& [path, type] : singles) {
    on("GET", path, [this, kind = std::string(type)](const ApiRequest& request) {
      need_plan(kind);
      return answer_record(request, kind, request.param("gid"));
    });
  }
}

void AsanaAccount::add_people_listings() {
  list("/workspaces", "workspace", [this](const ApiRequest&) {
    Keys keys;
    for (const auto& [gid, record] : data_.table("workspace").all()) keys.push_back(gid);
    return keys;
  });
  list("/users", "user", [this](const ApiRequest& request) {
    Keys keys;
    const auto given = request.query_value("workspace");
    if (!given)
      for (const auto& [gid, record] : data_.table("user").all()) keys.push_back(gid);
    if (!given) return keys;
    const auto& workspace = *given;
    named("workspace", workspace);
    for (const auto& key : data_.table("workspace_membership").keys_of(workspace))
      keys.push_back(asana_gid(data_.at("workspace_membership", key), "user"));
    return keys;
  });
  on("GET", "/users/:user", [this](const ApiRequest& request) {
    return answer_record(request, "user", user_of(request.param("user")));
  });
  list("/users/:user/favorites", "", [this](const ApiRequest& request) {
    const auto type = required_query(request, "resource_type");
    Keys keys;
    for (const auto& key : data_.table("favorite").keys_of(required_query(request, "workspace"))) {
      const auto& target = data_.at("favorite", key).at("target");
      if (target.at("resource_type") == type && data_.resolve(target))
        keys.push_back(target.at("gid"));
    }
    return keys;
  });
  list("/ooo_entries", "ooo_entry", [this](const ApiRequest& request) {
    const auto user = user_of(required_query(request, "user"));
    Keys keys;
    for (const auto& key : data_.table("ooo_entry").keys_of(required_query(request, "workspace")))
      if (asana_gid(data_.at("ooo_entry", key), "user") == user) keys.push_back(key);
    return keys;
  });
}

void AsanaAccount::add_listings() {
  list_below("/workspaces/:gid/teams", "workspace", "team");
  list_below("/workspaces/:gid/workspace_memberships", "workspace", "workspace_membership");
  list_below("/workspaces/:gid/agents", "workspace", "agent");
  list_below("/teams/:gid/team_memberships", "team", "team_membership");
  for (const auto& [path, type] : {std::pair("/projects/:gid", "project"),
                                   {"/portfolios/:gid", "portfolio"},
                                   {"/goals/:gid", "goal"},
                                   {"/teams/:gid", "team"}})
    list_below(path + std::string("/custom_field_settings"), type, "custom_field_setting");
  list_below("/portfolios/:gid/project_portfolio_settings", "portfolio",
             "project_portfolio_setting");
  const char* const by[][3] = {
      {"/tags", "workspace", "tag"},
      {"/projects", "workspace", "project"},
      {"/portfolios", "workspace", "portfolio"},
      {"/goals", "workspace", "goal"},
      {"/project_templates", "workspace", "project_template"},
      {"/time_periods", "workspace", "time_period"},
      {"/time_tracking_categories", "workspace", "time_tracking_category"},
      {"/timesheet_approval_statuses", "workspace", "timesheet_approval_status"},
      {"/webhooks", "workspace", "webhook"},
      {"/roles", "workspace", "role"},
      {"/attachments", "parent", "attachment"},
      {"/status_updates", "parent", "status_update"},
      {"/memberships", "parent", "membership"},
      {"/allocations", "parent", "allocation"},
      {"/budgets", "parent", "budget"},
      {"/rates", "parent", "rate"},
      {"/goal_relationships", "supported_goal", "goal_relationship"},
      {"/task_templates", "project", "task_template"},
      {"/custom_types", "project", "custom_type"}};
  for (const auto& [path, parameter, type] : by) list_by(path, parameter, type);
  list("/workspaces/:gid/custom_fields", "custom_field", [this](const ApiRequest& request) {
    Keys keys;
    for (const auto& key : data_.table("custom_field").keys_of(request.param("gid")))
      if (data_.at("custom_field", key).at("is_global_to_workspace").get<bool>())
        keys.push_back(key);
    return keys;
  });
  list("/portfolios/:gid/items", "", [this](const ApiRequest& request) {
    need_plan("portfolio");
    named("portfolio", request.param("gid"));
    return data_.order("items", request.param("gid"));
  });
  list("/projects/:gid/sections", "section", [this](const ApiRequest& request) {
    named("project", request.param("gid"));
    return data_.order("sections", request.param("gid"));
  });
}

AsanaAccount::Keys AsanaAccount::changed_tasks(const ApiRequest& request, Keys keys) const {
  const auto drop = [&](const auto& condition) {
    keys.erase(
        std::remove_if(keys.begin(), keys.end(),
                       [&](const std::string& key) { return condition(data_.at("task", key)); }),
        keys.end());
  };
  if (const auto since = request.query_value("modified_since")) {
    const auto time = time_of(*since, "modified_since");
    drop([&](const JsonRecord& task) {
      return time_of(task.at("modified_at"), "modified_at") < time;
    });
  }
  if (const auto since = request.query_value("completed_since"); since && *since != "now") {
    const auto time = time_of(*since, "completed_since");
    drop([&](const JsonRecord& task) {
      return task.at("completed_at").is_string() &&
             time_of(task.at("completed_at"), "completed_at") < time;
    });
  }
  return keys;
}

AsanaAccount::Keys AsanaAccount::assigned_tasks(const ApiRequest& request) const {
  const auto user = user_of(required_query(request, "assignee"));
  const auto workspace = required_query(request, "workspace");
  named("workspace", workspace);
  Keys keys;
  for (const auto& key : data_.table("task").keys_of(workspace))
    if (asana_gid(data_.at("task", key), "assignee") == user) keys.push_back(key);
  return keys;
}

void AsanaAccount::add_task_listings() {
  list("/tasks", "task", [this](const ApiRequest& request) {
    for (const auto* owner : {"project", "section"}) {
      if (const auto gid = request.query_value(owner)) {
        named(owner, *gid);
        return changed_tasks(request, data_.order("tasks", *gid));
      }
    }
    if (request.query_value("assignee")) return changed_tasks(request, assigned_tasks(request));
    throw AsanaError(400, "You should specify one of workspace, project, tag, section");
  });
  list("/projects/:gid/tasks", "task", [this](const ApiRequest& request) {
    named("project", request.param("gid"));
    return changed_tasks(request, data_.order("tasks", request.param("gid")));
  });
  list("/sections/:gid/tasks", "task", [this](const ApiRequest& request) {
    named("section", request.param("gid"));
    return changed_tasks(request, data_.order("tasks", request.param("gid")));
  });
  list("/tasks/:gid/subtasks", "task", [this](const ApiRequest& request) {
    named("task", request.param("gid"));
    return data_.order("subtasks", request.param("gid"));
  });
  list("/tasks/:gid/dependencies", "task", [this](const ApiRequest& request) {
    Keys keys;
    for (const auto& entry : named("task", request.param("gid")).at("dependencies"))
      keys.push_back(entry.at("gid"));
    return keys;
  });
  list_below("/tasks/:gid/stories", "task", "story");
  list_below("/goals/:gid/stories", "goal", "story");
  list_below("/tasks/:gid/time_tracking_entries", "task", "time_tracking_entry");
}

}  // namespace probackup
