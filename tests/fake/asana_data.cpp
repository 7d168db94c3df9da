#include "fake/asana_data.h"

#include <fmt/format.h>

#include <string_view>

#include "util/time.h"

namespace probackup {

JsonRecord asana_ref(const std::string& type, const std::string& gid) {
  return {{"gid", gid}, {"resource_type", type}};
}

bool is_asana_ref(const JsonRecord& value) {
  return value.is_object() && value.size() == 2 && value.contains("gid") &&
         value.contains("resource_type");
}

std::string asana_gid(const JsonRecord& record, const std::string& member) {
  const auto found = record.find(member);
  if (found == record.end() || !found->is_object()) return {};
  return found->value("gid", "");
}

// The ids of two accounts have nothing in common.
AsanaData::AsanaData(std::uint64_t seed, Clock& clock, unsigned days)
    : time_(seed, clock, days),
      last_gid_(1'200'000'000'000'000 + mix_seed(seed, "gid") % 1'000'000 * 100'000'000) {}

const RecordTable& AsanaData::table(const std::string& type) const {
  static const RecordTable none;
  const auto found = tables_.find(type);
  return found == tables_.end() ? none : found->second;
}

const JsonRecord* AsanaData::resolve(const JsonRecord& pointer) const {
  return table(pointer.at("resource_type")).find(pointer.at("gid").get<std::string>());
}

const std::vector<std::string>& AsanaData::order(const std::string& kind,
                                                 const std::string& owner) const {
  static const std::vector<std::string> none;
  const auto found = orders_.find(kind + "/" + owner);
  return found == orders_.end() ? none : found->second;
}

std::string AsanaData::stamp() const {
  const auto now = time_.now();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  const auto rest = std::chrono::floor<std::chrono::milliseconds>(now - seconds).count();
  return format_time(now, "%Y-%m-%dT%H:%M:%S") + fmt::format(".{:03}Z", rest);
}

std::string AsanaData::next_gid() {
  time_.step();
  return std::to_string(++last_gid_);
}

std::string AsanaData::add(const std::string& type, const std::string& owner, JsonRecord members) {
  const auto gid = next_gid();
  auto record = asana_ref(type, gid);
  record.update(members);
  tables_[type].put(gid, owner, std::move(record));
  return gid;
}

void AsanaData::touch(const std::string& type, const std::string& gid) {
  time_.step();
  auto& record = at(type, gid);
  if (record.contains("modified_at")) record["modified_at"] = stamp();
  if (type == "task") tell("changed", asana_ref("task", gid), gid);
}

void AsanaData::update(const std::string& type, const std::string& gid, const JsonRecord& changes) {
  auto& record = at(type, gid);
  for (const auto& [name, value] : changes.items()) record[name] = value;
  touch(type, gid);
}

std::string AsanaData::add_user(const std::string& name, const std::string& email) {
  const auto gid = add("user", "",
                       {{"name", name},
                        {"email", email},
                        {"photo", nullptr},
                        {"workspaces", JsonRecord::array()},
                        {"custom_fields", JsonRecord::array()}});
  if (me_.empty()) me_ = gid;
  return gid;
}

std::string AsanaData::add_workspace(const std::string& name, bool is_organization) {
  const auto gid = add("workspace", "",
                       {{"name", name},
                        {"email_domains", JsonRecord::array()},
                        {"is_organization", is_organization}});
  if (is_organization) at("workspace", gid)["email_domains"].push_back("example.com");
  return gid;
}

void AsanaData::join_workspace(const std::string& workspace, const std::string& user) {
  at("user", user)["workspaces"].push_back(asana_ref("workspace", workspace));
  const auto list = add("user_task_list", workspace,
                        {{"name", "My Tasks"},
                         {"owner", asana_ref("user", user)},
                         {"workspace", asana_ref("workspace", workspace)}});
  add("workspace_membership", workspace,
      {{"user", asana_ref("user", user)},
       {"workspace", asana_ref("workspace", workspace)},
       {"user_task_list", asana_ref("user_task_list", list)},
       {"is_active", true},
       {"is_admin", user == me_},
       {"is_guest", false},
       {"is_view_only", false},
       {"vacation_dates", nullptr},
       {"created_at", stamp()}});
}

std::string AsanaData::add_team(const std::string& workspace, const std::string& name) {
  const auto gid = add("team", workspace,
                       {{"name", name},
                        {"description", ""},
                        {"html_description", "<body></body>"},
                        {"organization", asana_ref("workspace", workspace)},
                        {"visibility", "request_to_join"},
                        {"edit_team_name_or_description_access_level", "all_team_members"},
                        {"endorsed", false}});
  at("team", gid)["permalink_url"] = "https://app.asana.com/0/team/" + gid;
  return gid;
}

std::string AsanaData::add_project(const std::string& workspace, const std::string& team,
                                   const std::string& name) {
  const auto none = JsonRecord::array();
  const auto gid = add("project", workspace,
                       {{"name", name},
                        {"archived", false},
                        {"color", nullptr},
                        {"icon", nullptr},
                        {"created_at", stamp()},
                        {"current_status_update", nullptr},
                        {"default_view", "list"},
                        {"due_on", nullptr},
                        {"start_on", nullptr},
                        {"html_notes", "<body></body>"},
                        {"notes", ""},
                        {"members", JsonRecord::array({asana_ref("user", me_)})},
                        {"modified_at", stamp()},
                        {"privacy_setting", "public_to_workspace"},
                        {"default_access_level", "editor"},
                        {"minimum_access_level_for_customization", "editor"},
                        {"minimum_access_level_for_sharing", "editor"},
                        {"completed", false},
                        {"completed_at", nullptr},
                        {"completed_by", nullptr},
                        {"followers", none},
                        {"owner", asana_ref("user", me_)},
                        {"team", team.empty() ? JsonRecord(nullptr) : asana_ref("team", team)},
                        {"project_brief", nullptr},
                        {"created_from_template", nullptr},
                        {"workspace", asana_ref("workspace", workspace)}});
  at("project", gid)["permalink_url"] = "https://app.asana.com/0/" + gid + "/list";
  add_membership("project", gid, me_, "admin");
  add_section(gid, "Untitled section");
  return gid;
}

std::string AsanaData::add_section(const std::string& project, const std::string& name) {
  const auto gid = add("section", project,
                       {{"name", name},
                        {"created_at", stamp()},
                        {"project", asana_ref("project", project)},
                        {"projects", JsonRecord::array({asana_ref("project", project)})}});
  orders_["sections/" + project].push_back(gid);
  return gid;
}

std::string AsanaData::add_task(const std::string& workspace, const std::string& parent,
                                const std::string& name, const std::string& notes) {
  const auto none = JsonRecord::array();
  const auto gid = add("task", workspace,
                       {{"name", name},
                        {"resource_subtype", "default_task"},
                        {"approval_status", nullptr},
                        {"assigned_by", nullptr},
                        {"assignee", nullptr},
                        {"assignee_section", nullptr},
                        {"completed", false},
                        {"completed_at", nullptr},
                        {"completed_by", nullptr},
                        {"created_at", stamp()},
                        {"created_by", asana_ref("user", me_)},
                        {"dependencies", none},
                        {"due_at", nullptr},
                        {"due_on", nullptr},
                        {"followers", none},
                        {"html_notes", asana_html(notes)},
                        {"is_rendered_as_separator", false},
                        {"likes", none},
                        {"memberships", none},
                        {"modified_at", stamp()},
                        {"notes", notes},
                        {"num_subtasks", 0},
                        {"start_at", nullptr},
                        {"start_on", nullptr},
                        {"actual_time_minutes", nullptr},
                        {"parent", nullptr},
                        {"tags", none},
                        {"workspace", asana_ref("workspace", workspace)},
                        {"_values", JsonRecord::object()}});
  auto& record = at("task", gid);
  record["permalink_url"] = "https://app.asana.com/0/0/" + gid;
  record.erase("approval_status");  // of approvals alone
  if (!parent.empty()) set_parent(gid, parent);
  return gid;
}

std::string AsanaData::add_tag(const std::string& workspace, const std::string& name,
                               const std::string& color) {
  const auto gid = add("tag", workspace,
                       {{"name", name},
                        {"color", color.empty() ? JsonRecord(nullptr) : JsonRecord(color)},
                        {"notes", ""},
                        {"created_at", stamp()},
                        {"followers", JsonRecord::array()},
                        {"workspace", asana_ref("workspace", workspace)}});
  at("tag", gid)["permalink_url"] = "https://app.asana.com/0/" + gid + "/list";
  return gid;
}

std::string AsanaData::add_custom_field(const std::string& workspace, const std::string& name,
                                        const std::string& type, bool is_global,
                                        const std::vector<std::string>& options) {
  JsonRecord members{{"name", name},
                     {"resource_subtype", type},
                     {"type", type},
                     {"representation_type", type},
                     {"description", ""},
                     {"is_global_to_workspace", is_global},
                     {"has_notifications_enabled", false},
                     {"is_formula_field", false},
                     {"is_value_read_only", false},
                     {"created_by", asana_ref("user", me_)},
                     {"privacy_setting", "public"},
                     {"default_access_level", "user"},
                     {"asana_created_field", nullptr},
                     {"id_prefix", nullptr}};
  if (type == "number") {
    members["precision"] = 2;
    members["format"] = "none";
    members["currency_code"] = nullptr;
    members["custom_label"] = nullptr;
    members["custom_label_position"] = nullptr;
  }
  const bool has_options = type == "enum" || type == "multi_enum";
  if (has_options) members["enum_options"] = JsonRecord::array();
  const auto gid = add("custom_field", workspace, std::move(members));
  for (const auto& option : options) add_enum_option(gid, option, "blue", true);
  return gid;
}

std::string AsanaData::add_enum_option(const std::string& field, const std::string& name,
                                       const std::string& color, bool enabled) {
  const auto gid =
      add("enum_option", field, {{"name", name}, {"enabled", enabled}, {"color", color}});
  at("custom_field", field)["enum_options"].push_back(asana_ref("enum_option", gid));
  return gid;
}

void AsanaData::add_field_setting(const std::string& parent_type, const std::string& parent,
                                  const std::string& field, bool is_important) {
  const auto settings = table("custom_field_setting").keys_of(parent);
  for (const auto& key : settings)
    if (asana_gid(at("custom_field_setting", key), "custom_field") == field) return;
  add("custom_field_setting", parent,
      {{"custom_field", asana_ref("custom_field", field)},
       {"is_important", is_important},
       {"parent", asana_ref(parent_type, parent)},
       {"project", asana_ref(parent_type, parent)}});
  touch(parent_type, parent);
}

bool AsanaData::has_field(const std::string& parent, const std::string& field) const {
  for (const auto& key : table("custom_field_setting").keys_of(parent))
    if (asana_gid(at("custom_field_setting", key), "custom_field") == field) return true;
  return false;
}

std::string AsanaData::add_story(const std::string& owner, const std::string& subtype,
                                 const std::string& user, JsonRecord members) {
  JsonRecord record{{"created_at", stamp()},
                    {"created_by", asana_ref("user", user)},
                    {"resource_subtype", subtype},
                    {"type", subtype == "comment_added" ? "comment" : "system"},
                    {"text", subtype},
                    {"html_text", asana_html(subtype)},
                    {"is_pinned", false},
                    {"is_edited", false},
                    {"likes", JsonRecord::array()},
                    {"reaction_summary", JsonRecord::array()},
                    {"source", "web"}};
  record.update(members);
  const auto gid = add("story", owner, std::move(record));
  if (table("task").find(owner))
    tell("added", asana_ref("story", gid), owner, asana_ref("task", owner));
  return gid;
}

std::string AsanaData::add_comment(const std::string& task, const std::string& user,
                                   const std::string& html) {
  const auto gid = add_story(
      task, "comment_added", user,
      {{"text", asana_plain(html)}, {"html_text", html}, {"target", asana_ref("task", task)}});
  touch("task", task);
  return gid;
}

std::string AsanaData::add_goal_comment(const std::string& goal, const std::string& user,
                                        const std::string& html) {
  return add_story(
      goal, "comment_added", user,
      {{"text", asana_plain(html)}, {"html_text", html}, {"target", asana_ref("goal", goal)}});
}

std::string AsanaData::attach_file(const std::string& parent_type, const std::string& parent,
                                   const std::string& name, std::string content) {
  const auto gid = add("attachment", parent,
                       {{"name", name},
                        {"resource_subtype", "asana"},
                        {"created_at", stamp()},
                        {"host", "asana"},
                        {"parent", asana_ref(parent_type, parent)},
                        {"size", content.size()},
                        {"connected_to_app", false}});
  auto& record = at("attachment", gid);
  record["permanent_url"] = "https://app.asana.com/app/asana/-/get_asset?asset_id=" + gid;
  bytes[gid] = std::move(content);
  touch(parent_type, parent);
  return gid;
}

std::string AsanaData::attach_link(const std::string& task, const std::string& name,
                                   const std::string& url) {
  const auto gid = add("attachment", task,
                       {{"name", name},
                        {"resource_subtype", "external"},
                        {"created_at", stamp()},
                        {"download_url", nullptr},
                        {"permanent_url", nullptr},
                        {"view_url", url},
                        {"host", "external"},
                        {"parent", asana_ref("task", task)},
                        {"connected_to_app", false}});
  touch("task", task);
  return gid;
}

std::string AsanaData::add_status_update(const std::string& parent_type, const std::string& parent,
                                         const std::string& user, const std::string& title,
                                         const std::string& html, const std::string& status) {
  const auto gid = add("status_update", parent,
                       {{"title", title},
                        {"resource_subtype", parent_type + "_status_update"},
                        {"text", asana_plain(html)},
                        {"html_text", html},
                        {"status_type", status},
                        {"author", asana_ref("user", user)},
                        {"created_at", stamp()},
                        {"created_by", asana_ref("user", user)},
                        {"likes", JsonRecord::array()},
                        {"reaction_summary", JsonRecord::array()},
                        {"modified_at", stamp()},
                        {"parent", asana_ref(parent_type, parent)}});
  update(parent_type, parent, {{"current_status_update", asana_ref("status_update", gid)}});
  return gid;
}

std::string AsanaData::add_portfolio(const std::string& workspace, const std::string& name) {
  const auto gid = add("portfolio", workspace,
                       {{"name", name},
                        {"archived", false},
                        {"color", "light-green"},
                        {"start_on", nullptr},
                        {"due_on", nullptr},
                        {"default_access_level", "viewer"},
                        {"created_at", stamp()},
                        {"created_by", asana_ref("user", me_)},
                        {"current_status_update", nullptr},
                        {"members", JsonRecord::array({asana_ref("user", me_)})},
                        {"owner", asana_ref("user", me_)},
                        {"workspace", asana_ref("workspace", workspace)},
                        {"privacy_setting", "members_only"},
                        {"project_templates", JsonRecord::array()}});
  at("portfolio", gid)["permalink_url"] = "https://app.asana.com/0/portfolio/" + gid;
  add_membership("portfolio", gid, me_, "admin");
  return gid;
}

std::string AsanaData::add_goal(const std::string& workspace, const std::string& name) {
  const auto gid = add("goal", workspace,
                       {{"name", name},
                        {"html_notes", "<body></body>"},
                        {"notes", ""},
                        {"due_on", nullptr},
                        {"start_on", nullptr},
                        {"is_workspace_level", true},
                        {"likes", JsonRecord::array()},
                        {"team", nullptr},
                        {"workspace", asana_ref("workspace", workspace)},
                        {"followers", JsonRecord::array()},
                        {"time_period", nullptr},
                        {"metric", nullptr},
                        {"owner", asana_ref("user", me_)},
                        {"current_status_update", nullptr},
                        {"status", nullptr},
                        {"privacy_setting", "public_to_workspace"},
                        {"default_access_level", "editor"}});
  add_membership("goal", gid, me_, "admin");
  return gid;
}

std::string AsanaData::add_time_entry(const std::string& task, const std::string& user, int minutes,
                                      const std::string& day) {
  const auto gid = add("time_tracking_entry", task,
                       {{"duration_minutes", minutes},
                        {"entered_on", day},
                        {"created_by", asana_ref("user", user)},
                        {"categories", JsonRecord::array()},
                        {"task", asana_ref("task", task)},
                        {"created_at", stamp()},
                        {"approval_status", "DRAFT"},
                        {"billable_status", "nonBillable"},
                        {"description", ""}});
  count_minutes(task);
  return gid;
}

std::string AsanaData::add_brief(const std::string& project, const std::string& title,
                                 const std::string& html) {
  const auto gid = add("project_brief", project,
                       {{"title", title},
                        {"html_text", html},
                        {"text", asana_plain(html)},
                        {"project", asana_ref("project", project)}});
  at("project_brief", gid)["permalink_url"] = "https://app.asana.com/0/" + project + "/" + gid;
  update("project", project, {{"project_brief", asana_ref("project_brief", gid)}});
  return gid;
}

std::string AsanaData::add_membership(const std::string& parent_type, const std::string& parent,
                                      const std::string& user, const std::string& access) {
  return add("membership", parent,
             {{"resource_subtype", parent_type + "_membership"},
              {"parent", asana_ref(parent_type, parent)},
              {"member", asana_ref("user", user)},
              {"access_level", access}});
}

std::string asana_html(const std::string& text) {
  std::string out = "<body>";
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out + "</body>";
}

std::string asana_plain(const std::string& html) {
  std::string out;
  bool in_tag = false;
  for (const char c : html) {
    if (c == '<')
      in_tag = true;
    else if (c == '>' && in_tag)
      in_tag = false;
    else if (!in_tag)
      out += c;
  }
  for (const auto& [name, plain] : {std::pair("&lt;", "<"), {"&gt;", ">"}, {"&amp;", "&"}})
    for (auto at = out.find(name); at != std::string::npos; at = out.find(name, at + 1))
      out.replace(at, std::string_view(name).size(), plain);
  return out;
}

}  // namespace probackup
