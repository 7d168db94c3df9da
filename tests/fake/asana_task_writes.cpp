// The calls of AsanaAccount's API that change tasks.
#include "fake/asana_account.h"

namespace probackup {

namespace {

const std::vector<std::string>& task_members() {
  static const std::vector<std::string> names{"name",
                                              "notes",
                                              "html_notes",
                                              "assignee",
                                              "assignee_section",
                                              "completed",
                                              "due_on",
                                              "due_at",
                                              "start_on",
                                              "start_at",
                                              "resource_subtype",
                                              "external",
                                              "liked",
                                              "approval_status",
                                              "custom_fields",
                                              "followers",
                                              "tags",
                                              "projects",
                                              "parent",
                                              "workspace",
                                              "memberships",
                                              "custom_type",
                                              "assignee_status",
                                              "custom_type_status_option"};
  return names;
}

}  // namespace

// What is a plain member of a task or a pointer, from a request.
void AsanaAccount::set_task(const std::string& task, const JsonRecord& given) {
  asana_check_html(given, "html_notes");
  JsonRecord changes = JsonRecord::object();
  for (const auto* name :
       {"name", "notes", "html_notes", "completed", "due_on", "due_at", "start_on", "start_at",
        "resource_subtype", "external", "approval_status"})
    if (given.contains(name)) changes[name] = given.at(name);
  if (changes.contains("start_on") && !changes["start_on"].is_null() &&
      (changes.contains("due_on") ? changes["due_on"] : data_.at("task", task).at("due_on"))
          .is_null() &&
      !changes.contains("due_at"))
    throw AsanaError(400, "start_on: A due date is needed, too");
  if (given.contains("assignee")) {
    const auto& assignee = given.at("assignee");
    changes["assignee"] = assignee.is_null() ? assignee : asana_ref("user", user_of(assignee));
  }
  if (given.contains("custom_fields")) {
    for (const auto& [field, value] : given.at("custom_fields").items()) {
      named("custom_field", field);
      if (value.is_string() && data_.at("custom_field", field).at("type") == "enum")
        named("enum_option", value);
    }
  }
  if (!changes.empty()) data_.update_task(task, changes);
  if (given.contains("custom_fields"))
    for (const auto& [field, value] : given.at("custom_fields").items())
      data_.set_field(task, field, value);
}

std::string AsanaAccount::new_task(const JsonRecord& given, const std::string& parent) {
  asana_only(given, task_members());
  asana_check_html(given, "html_notes");
  const auto projects = given.value("projects", JsonRecord::array());
  for (const auto& project : projects) named("project", project);
  const auto tags = given.value("tags", JsonRecord::array());
  for (const auto& tag : tags) named("tag", tag);
  std::string workspace = given.value("workspace", "");
  if (!parent.empty()) workspace = data_.table("task").owner_of(named("task", parent).at("gid"));
  if (!projects.empty()) workspace = data_.table("project").owner_of(projects[0]);
  if (workspace.empty()) throw AsanaError(400, "workspace: Missing input");
  named("workspace", workspace);
  const auto task = data_.add_task(workspace, parent, given.value("name", ""), "");
  for (const auto& project : projects) data_.place_task(task, project, "");
  for (const auto& tag : tags) data_.link(task, "tags", asana_ref("tag", tag));
  for (const auto& user : given.value("followers", JsonRecord::array()))
    data_.link(task, "followers", asana_ref("user", user_of(user)));
  auto rest = given;
  rest.erase("name");
  set_task(task, rest);
  return task;
}

void AsanaAccount::add_task_writes() {
  on("POST", "/tasks", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    const auto parent = given.value("parent", JsonRecord());
    const auto task = new_task(given, parent.is_string() ? parent.get<std::string>() : "");
    return answer_record(request, "task", task, 201);
  });
  on("POST", "/tasks/:gid/subtasks", [this](const ApiRequest& request) {
    named("task", request.param("gid"));
    return answer_record(request, "task", new_task(asana_input(request), request.param("gid")),
                         201);
  });
  on("PUT", "/tasks/:gid", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    named("task", request.param("gid"));
    asana_only(given, task_members());
    set_task(request.param("gid"), given);
    return answer_record(request, "task", request.param("gid"));
  });
  erase_on("/tasks", "task", [this](const std::string& gid) { data_.delete_task(gid); });
  on("POST", "/tasks/:gid/setParent", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    const auto& task = request.param("gid");
    named("task", task);
    const auto parent = given.value("parent", JsonRecord());
    if (parent.is_string()) named("task", parent);
    data_.set_parent(task, parent.is_string() ? parent.get<std::string>() : "");
    return answer_record(request, "task", task);
  });
  on("POST", "/tasks/:gid/stories", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    named("task", request.param("gid"));
    asana_only(given, {"text", "html_text", "is_pinned", "sticker_name"});
    asana_check_html(given, "html_text");
    if (!given.contains("text") && !given.contains("html_text"))
      throw AsanaError(400, "text: Missing input");
    const auto html = given.contains("html_text") ? given.at("html_text").get<std::string>()
                                                  : asana_html(given.at("text"));
    const auto story = data_.add_comment(request.param("gid"), data_.me(), html);
    data_.at("story", story)["is_pinned"] = given.value("is_pinned", false);
    return answer_record(request, "story", story, 201);
  });
  on("POST", "/tasks/:gid/time_tracking_entries", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    named("task", request.param("gid"));
    asana_only(given, {"duration_minutes", "entered_on", "attributable_to", "billable_status",
                       "description", "categories"});
    if (!given.contains("duration_minutes") || !given.at("duration_minutes").is_number_integer())
      throw AsanaError(400, "duration_minutes: Missing input");
    const auto entry =
        data_.add_time_entry(request.param("gid"), data_.me(), given.at("duration_minutes"),
                             given.value("entered_on", data_.stamp().substr(0, 10)));
    auto changes = asana_plain_members(given, {"description", "billable_status"});
    for (const auto& category : given.value("categories", JsonRecord::array()))
      changes["categories"].push_back(
          asana_ref("time_tracking_category",
                    named("time_tracking_category", category).at("gid").get<std::string>()));
    if (given.contains("attributable_to"))
      changes["attributable_to"] = asana_ref("project", given.at("attributable_to"));
    data_.update("time_tracking_entry", entry, changes);
    return answer_record(request, "time_tracking_entry", entry, 201);
  });
  add_task_links();
}

// Calls that hang things on a task or take them off, and answer with nothing.
void AsanaAccount::add_task_links() {
  const auto on_task = [this](const std::string& path, auto change) {
    on("POST", "/tasks/:gid/" + path, [this, change](const ApiRequest& request) {
      const auto given = asana_input(request);
      named("task", request.param("gid"));
      change(request.param("gid"), given);
      return asana_data(JsonRecord::object(), "");
    });
  };
  on_task("addProject", [this](const std::string& task, const JsonRecord& given) {
    const auto project = asana_required(given, "project");
    named("project", project);
    const auto section = given.value("section", JsonRecord());
    if (section.is_string() && asana_gid(named("section", section), "project") != project)
      throw AsanaError(400, "section: Not in this project");
    const auto chosen = section.is_string() ? section.get<std::string>() : std::string();
    const auto& order = data_.order("tasks", chosen.empty() ? project : chosen);
    data_.place_task(task, project, chosen, asana_place(given, order, task));
  });
  on_task("removeProject", [this](const std::string& task, const JsonRecord& given) {
    data_.remove_from_project(task, asana_required(given, "project"));
  });
  on_task("addTag", [this](const std::string& task, const JsonRecord& given) {
    data_.link(task, "tags",
               asana_ref("tag", named("tag", asana_required(given, "tag")).at("gid")));
  });
  on_task("removeTag", [this](const std::string& task, const JsonRecord& given) {
    data_.unlink(task, "tags", asana_required(given, "tag"));
  });
  const auto many = [](const JsonRecord& given, const std::string& name) {
    if (!given.contains(name) || !given.at(name).is_array())
      throw AsanaError(400, name + ": Missing input");
    return given.at(name);
  };
  on_task("addFollowers", [this, many](const std::string& task, const JsonRecord& given) {
    for (const auto& user : many(given, "followers"))
      data_.link(task, "followers", asana_ref("user", user_of(user)));
  });
  on_task("removeFollowers", [this, many](const std::string& task, const JsonRecord& given) {
    for (const auto& user : many(given, "followers"))
      data_.unlink(task, "followers", user_of(user));
  });
  on_task("addDependencies", [this, many](const std::string& task, const JsonRecord& given) {
    const auto others = many(given, "dependencies");
    for (const auto& other : others)
      if (named("task", other).at("gid") == task)
        throw AsanaError(400, "dependencies: A task cannot depend on itself");
    for (const auto& other : others) data_.link(task, "dependencies", asana_ref("task", other));
  });
  on_task("removeDependencies", [this, many](const std::string& task, const JsonRecord& given) {
    for (const auto& other : many(given, "dependencies")) data_.unlink(task, "dependencies", other);
  });
  on_task("addDependents", [this, many](const std::string& task, const JsonRecord& given) {
    for (const auto& other : many(given, "dependents"))
      data_.link(named("task", other).at("gid"), "dependencies", asana_ref("task", task));
  });
}

}  // namespace probackup
