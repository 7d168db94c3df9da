// The half of AsanaData that changes and deletes.
#include <algorithm>

#include "fake/asana_data.h"

namespace probackup {

namespace {

// The place of the element with that gid, itself or as a pointer in the member `member`.
std::size_t place_of(const JsonRecord& list, const std::string& gid, const std::string& member) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto& entry = member.empty() ? list[i] : list[i].at(member);
    if (entry.is_object() && entry.value("gid", "") == gid) return i;
  }
  return list.size();
}

void put_before(std::vector<std::string>& order, const std::string& gid,
                const std::string& before) {
  order.erase(std::remove(order.begin(), order.end(), gid), order.end());
  order.insert(std::find(order.begin(), order.end(), before), gid);
}

// What people do that Asana writes into the activity, and how.
const std::map<std::string, std::string>& stories_of_members() {
  static const std::map<std::string, std::string> stories{
      {"name", "name_changed"},        {"notes", "notes_changed"},
      {"html_notes", "notes_changed"}, {"assignee", "assigned"},
      {"due_on", "due_date_changed"},  {"due_at", "due_date_changed"},
      {"completed", "marked_complete"}};
  return stories;
}

JsonRecord dates_of(const JsonRecord& task) {
  return {{"due_on", task.at("due_on")},
          {"due_at", task.at("due_at")},
          {"start_on", task.at("start_on")}};
}

}  // namespace

void AsanaData::take_out(const std::string& kind, const std::string& owner,
                         const std::string& gid) {
  auto& order = orders_[kind + "/" + owner];
  order.erase(std::remove(order.begin(), order.end(), gid), order.end());
}

void AsanaData::update_task(const std::string& task, const JsonRecord& changes) {
  auto& record = at("task", task);
  const auto old = record;
  for (const auto& [name, value] : changes.items()) record[name] = value;
  if (changes.contains("notes")) record["html_notes"] = asana_html(record["notes"]);
  if (changes.contains("html_notes")) record["notes"] = asana_plain(record["html_notes"]);
  if (changes.contains("due_at") && record["due_at"].is_string())
    record["due_on"] = record["due_at"].get<std::string>().substr(0, 10);
  if (record["resource_subtype"] == "approval") {
    if (!record.contains("approval_status")) record["approval_status"] = "pending";
    if (changes.contains("completed") && !changes.contains("approval_status"))
      record["approval_status"] = changes["completed"] == true ? "approved" : "pending";
    record["completed"] = record["approval_status"] != "pending";
  } else {
    record.erase("approval_status");
  }
  if (record["completed"] != old.at("completed")) {
    const bool done = record["completed"];
    record["completed_at"] = done ? JsonRecord(stamp()) : JsonRecord(nullptr);
    record["completed_by"] = done ? asana_ref("user", me_) : JsonRecord(nullptr);
  }
  touch("task", task);
  for (const auto& [name, value] : changes.items()) {
    const auto known = stories_of_members().find(name);
    if (known == stories_of_members().end() || old.at(name) == value) continue;
    JsonRecord details{{"target", asana_ref("task", task)}};
    auto subtype = known->second;
    if (subtype == "name_changed") {
      details["old_name"] = old.at("name");
      details["new_name"] = value;
    } else if (subtype == "due_date_changed") {
      details["old_dates"] = dates_of(old);
      details["new_dates"] = dates_of(record);
    } else if (subtype == "assigned") {
      if (value.is_null())
        subtype = "unassigned";
      else
        details["assignee"] = value;
    } else if (subtype == "marked_complete" && !value.get<bool>()) {
      subtype = "marked_incomplete";
    }
    add_story(task, subtype, me_, std::move(details));
  }
}

void AsanaData::place_task(const std::string& task, const std::string& project,
                           const std::string& section, const std::string& before) {
  const auto chosen = section.empty() ? order("sections", project).at(0) : section;
  auto& record = at("task", task);
  auto& memberships = record["memberships"];
  const auto place = place_of(memberships, project, "project");
  const bool is_new = place == memberships.size();
  JsonRecord entry{{"project", asana_ref("project", project)},
                   {"section", asana_ref("section", chosen)}};
  if (is_new) {
    memberships.push_back(std::move(entry));
  } else {
    take_out("tasks", memberships[place].at("section").at("gid"), task);
    memberships[place] = std::move(entry);
  }
  put_before(orders_["tasks/" + project], task, before);
  put_before(orders_["tasks/" + chosen], task, before);
  if (is_new) tell("added", asana_ref("task", task), task, asana_ref("project", project));
  touch("task", task);
  add_story(task, is_new ? "added_to_project" : "section_changed", me_,
            {{"target", asana_ref("task", task)}, {"project", asana_ref("project", project)}});
}

void AsanaData::remove_from_project(const std::string& task, const std::string& project) {
  auto& memberships = at("task", task)["memberships"];
  const auto place = place_of(memberships, project, "project");
  if (place == memberships.size()) return;
  tell("removed", asana_ref("task", task), task, asana_ref("project", project));
  take_out("tasks", memberships[place].at("section").at("gid"), task);
  memberships.erase(place);
  take_out("tasks", project, task);
  touch("task", task);
  add_story(task, "removed_from_project", me_,
            {{"target", asana_ref("task", task)}, {"project", asana_ref("project", project)}});
}

void AsanaData::count_subtasks(const std::string& task) {
  at("task", task)["num_subtasks"] = order("subtasks", task).size();
  touch("task", task);
}

void AsanaData::set_parent(const std::string& task, const std::string& parent) {
  const auto old = asana_gid(at("task", task), "parent");
  if (!old.empty()) {
    take_out("subtasks", old, task);
    count_subtasks(old);
  }
  at("task", task)["parent"] = parent.empty() ? JsonRecord(nullptr) : asana_ref("task", parent);
  if (!parent.empty()) tell("added", asana_ref("task", task), task, asana_ref("task", parent));
  touch("task", task);
  if (parent.empty()) return;
  orders_["subtasks/" + parent].push_back(task);
  count_subtasks(parent);
}

void AsanaData::set_metric(const std::string& goal, const JsonRecord& members) {
  JsonRecord metric{
      {"gid", next_gid()},
      {"resource_subtype", "number"},
      {"current_display_value", members.value("current_number_value", JsonRecord(0)).dump()}};
  metric.update(members);
  update("goal", goal, {{"metric", metric}});
}

void AsanaData::link(const std::string& task, const std::string& member,
                     const JsonRecord& pointer) {
  auto& list = at("task", task)[member];
  if (place_of(list, pointer.at("gid"), "") != list.size()) return;
  list.push_back(pointer);
  touch("task", task);
}

void AsanaData::unlink(const std::string& task, const std::string& member, const std::string& gid) {
  auto& list = at("task", task)[member];
  const auto place = place_of(list, gid, "");
  if (place == list.size()) return;
  list.erase(place);
  touch("task", task);
}

void AsanaData::set_field(const std::string& task, const std::string& field,
                          const JsonRecord& value) {
  at("task", task)["_values"][field] = value;
  touch("task", task);
  add_story(
      task, at("custom_field", field).at("type").get<std::string>() + "_custom_field_changed", me_,
      {{"target", asana_ref("task", task)}, {"custom_field", asana_ref("custom_field", field)}});
}

void AsanaData::edit_comment(const std::string& story, const std::string& html) {
  auto& record = at("story", story);
  time_.step();
  record["html_text"] = html;
  record["text"] = asana_plain(html);
  record["is_edited"] = true;
}

void AsanaData::delete_comment(const std::string& story) {
  time_.step();
  tables_["story"].erase(story);
}

void AsanaData::like_comment(const std::string& story, const std::string& user) {
  auto& likes = at("story", story)["likes"];
  if (place_of(likes, user, "user") != likes.size()) return;
  likes.push_back({{"gid", next_gid()}, {"user", asana_ref("user", user)}});
}

void AsanaData::remove_field_setting(const std::string& parent_type, const std::string& parent,
                                     const std::string& field) {
  const auto settings = table("custom_field_setting").keys_of(parent);
  for (const auto& key : settings)
    if (asana_gid(at("custom_field_setting", key), "custom_field") == field)
      erase("custom_field_setting", key);
  touch(parent_type, parent);
}

void AsanaData::move_section(const std::string& section, const std::string& before) {
  put_before(orders_["sections/" + table("section").owner_of(section)], section, before);
  time_.step();
}

void AsanaData::add_item(const std::string& portfolio, const std::string& type,
                         const std::string& gid) {
  put_before(orders_["items/" + portfolio], gid, "");
  time_.step();
  if (type != "project") return;
  add("project_portfolio_setting", portfolio,
      {{"project", asana_ref("project", gid)},
       {"portfolio", asana_ref("portfolio", portfolio)},
       {"is_access_control_inherited", false},
       {"created_at", stamp()}});
}

void AsanaData::remove_item(const std::string& portfolio, const std::string& gid) {
  take_out("items", portfolio, gid);
  const auto settings = table("project_portfolio_setting").keys_of(portfolio);
  for (const auto& key : settings)
    if (asana_gid(at("project_portfolio_setting", key), "project") == gid)
      erase("project_portfolio_setting", key);
}

void AsanaData::count_minutes(const std::string& task) {
  std::int64_t minutes = 0;
  const auto& entries = table("time_tracking_entry").keys_of(task);
  for (const auto& key : entries)
    minutes += at("time_tracking_entry", key).at("duration_minutes").get<std::int64_t>();
  at("task", task)["actual_time_minutes"] =
      entries.empty() ? JsonRecord(nullptr) : JsonRecord(minutes);
  touch("task", task);
}

void AsanaData::delete_time_entry(const std::string& entry) {
  const auto task = table("time_tracking_entry").owner_of(entry);
  tables_["time_tracking_entry"].erase(entry);
  count_minutes(task);
}

void AsanaData::delete_attachment(const std::string& attachment) {
  const auto parent = at("attachment", attachment).at("parent");
  tables_["attachment"].erase(attachment);
  bytes.erase(attachment);
  touch(parent.at("resource_type"), parent.at("gid"));
}

void AsanaData::delete_task(const std::string& task) {
  const auto below = order("subtasks", task);
  for (const auto& subtask : below) delete_task(subtask);
  tell("deleted", asana_ref("task", task), task);
  const auto record = at("task", task);
  for (const auto& membership : record.at("memberships")) {
    take_out("tasks", membership.at("project").at("gid"), task);
    take_out("tasks", membership.at("section").at("gid"), task);
  }
  for (const auto& key : table("attachment").keys_of(task)) bytes.erase(key);
  for (const auto* type : {"story", "attachment", "time_tracking_entry"})
    tables_[type].erase_owner(task);
  tables_["task"].erase(task);
  const auto parent = asana_gid(record, "parent");
  if (!parent.empty() && table("task").find(parent)) {
    take_out("subtasks", parent, task);
    count_subtasks(parent);
  }
  for (const auto& [key, other] : table("task").all()) {
    if (place_of(other.at("dependencies"), task, "") != other.at("dependencies").size())
      unlink(key, "dependencies", task);
  }
}

void AsanaData::delete_project(const std::string& project) {
  const auto tasks = order("tasks", project);
  for (const auto& task : tasks) {
    const auto& record = at("task", task);
    const bool stays = record.at("memberships").size() > 1 || record.at("assignee").is_object() ||
                       record.at("parent").is_object();
    if (stays)
      remove_from_project(task, project);
    else
      delete_task(task);
  }
  std::vector<std::string> portfolios;
  for (const auto& [key, record] : table("portfolio").all()) portfolios.push_back(key);
  for (const auto& portfolio : portfolios) remove_item(portfolio, project);
  const auto briefs = table("project_brief").keys_of(project);
  for (const auto& parent : briefs) {
    for (const auto& key : table("attachment").keys_of(parent)) bytes.erase(key);
    tables_["attachment"].erase_owner(parent);
  }
  for (const auto& key : table("attachment").keys_of(project)) bytes.erase(key);
  for (const auto* type :
       {"section", "attachment", "status_update", "membership", "custom_field_setting",
        "project_brief", "task_template", "custom_type", "allocation", "budget", "rate"})
    tables_[type].erase_owner(project);
  tables_["project"].erase(project);
}

void AsanaData::delete_section(const std::string& section) {
  const auto project = table("section").owner_of(section);
  const auto tasks = order("tasks", section);
  take_out("sections", project, section);
  for (const auto& task : tasks) place_task(task, project, "");
  tables_["section"].erase(section);
}

void AsanaData::delete_tag(const std::string& tag) {
  for (const auto& [key, record] : table("task").all())
    if (place_of(record.at("tags"), tag, "") != record.at("tags").size()) unlink(key, "tags", tag);
  tables_["tag"].erase(tag);
}

void AsanaData::delete_custom_field(const std::string& field) {
  std::vector<std::string> settings;
  for (const auto& [key, record] : table("custom_field_setting").all())
    if (asana_gid(record, "custom_field") == field) settings.push_back(key);
  for (const auto& key : settings) erase("custom_field_setting", key);
  std::vector<std::string> tasks;
  for (const auto& [key, record] : table("task").all())
    if (record.at("_values").contains(field)) tasks.push_back(key);
  for (const auto& task : tasks) {
    at("task", task)["_values"].erase(field);
    touch("task", task);
  }
  tables_["enum_option"].erase_owner(field);
  tables_["membership"].erase_owner(field);
  tables_["custom_field"].erase(field);
}

}  // namespace probackup
