// The calls of AsanaAccount's API that change anything but tasks.
#include "fake/asana_account.h"

#include <algorithm>

#include "util/text.h"

namespace probackup {

namespace {

const std::vector<std::string>& project_members() {
  static const std::vector<std::string> names{"name",
                                              "archived",
                                              "color",
                                              "icon",
                                              "default_view",
                                              "due_on",
                                              "due_date",
                                              "start_on",
                                              "html_notes",
                                              "notes",
                                              "privacy_setting",
                                              "public",
                                              "default_access_level",
                                              "minimum_access_level_for_customization",
                                              "minimum_access_level_for_sharing",
                                              "owner",
                                              "team",
                                              "workspace",
                                              "followers",
                                              "custom_fields"};
  return names;
}

const std::vector<std::string>& field_members() {
  static const std::vector<std::string> names{"name",
                                              "description",
                                              "resource_subtype",
                                              "type",
                                              "enum_options",
                                              "precision",
                                              "format",
                                              "currency_code",
                                              "custom_label",
                                              "custom_label_position",
                                              "has_notifications_enabled",
                                              "owned_by_app",
                                              "people_value",
                                              "workspace",
                                              "privacy_setting",
                                              "default_access_level"};
  return names;
}

std::string text_or(const JsonRecord& given, const std::string& name) {
  const auto value = given.value(name, JsonRecord());
  return value.is_string() ? value.get<std::string>() : "";
}

}  // namespace

void AsanaAccount::erase_on(const std::string& path, const std::string& type,
                            std::function<void(const std::string& gid)> erase) {
  on("DELETE", path + "/:gid", [this, type, erase](const ApiRequest& request) {
    named(type, request.param("gid"));
    erase(request.param("gid"));
    return asana_data(JsonRecord::object(), "");
  });
}

void AsanaAccount::add_writes() {
  add_task_writes();
  add_project_writes();
  add_field_writes();
  add_other_writes();
  add_plan_writes();
}

std::string AsanaAccount::new_project(const JsonRecord& given, const std::string& in_workspace,
                                      const std::string& in_team) {
  asana_only(given, project_members());
  auto changes = asana_plain_members(
      given, {"archived", "color", "icon", "default_view", "due_on", "start_on", "privacy_setting",
              "default_access_level", "minimum_access_level_for_customization",
              "minimum_access_level_for_sharing"});
  asana_set_rich(given, "html_notes", "notes", changes);
  const auto team = in_team.empty() ? text_or(given, "team") : in_team;
  auto workspace = in_workspace.empty() ? text_or(given, "workspace") : in_workspace;
  if (!team.empty()) workspace = asana_gid(named("team", team), "organization");
  if (workspace.empty()) throw AsanaError(400, "workspace: Missing input");
  const bool is_organization = named("workspace", workspace).at("is_organization");
  if (is_organization && team.empty())
    throw AsanaError(400, "team: Missing input (projects of an organization need a team)");
  if (given.contains("owner") && given.at("owner").is_string())
    changes["owner"] = asana_ref("user", user_of(given.at("owner")));
  const auto project = data_.add_project(workspace, team, asana_required(given, "name"));
  data_.update("project", project, changes);
  return project;
}

void AsanaAccount::add_project_writes() {
  on("POST", "/projects", [this](const ApiRequest& request) {
    return answer_record(request, "project", new_project(asana_input(request), "", ""), 201);
  });
  on("POST", "/workspaces/:gid/projects", [this](const ApiRequest& request) {
    const auto project = new_project(asana_input(request), request.param("gid"), "");
    return answer_record(request, "project", project, 201);
  });
  on("POST", "/teams/:gid/projects", [this](const ApiRequest& request) {
    const auto project = new_project(asana_input(request), "", request.param("gid"));
    return answer_record(request, "project", project, 201);
  });
  on("PUT", "/projects/:gid", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    named("project", request.param("gid"));
    asana_only(given, project_members());
    auto changes = asana_plain_members(
        given, {"name", "archived", "color", "icon", "default_view", "due_on", "start_on",
                "privacy_setting", "default_access_level", "minimum_access_level_for_customization",
                "minimum_access_level_for_sharing"});
    asana_set_rich(given, "html_notes", "notes", changes);
    if (given.contains("owner"))
      changes["owner"] = given.at("owner").is_null()
                             ? JsonRecord(nullptr)
                             : asana_ref("user", user_of(given.at("owner")));
    data_.update("project", request.param("gid"), changes);
    return answer_record(request, "project", request.param("gid"));
  });
  erase_on("/projects", "project", [this](const std::string& gid) { data_.delete_project(gid); });
  on("POST", "/projects/:gid/sections", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    named("project", request.param("gid"));
    asana_only(given, {"name", "insert_before", "insert_after"});
    const auto section = data_.add_section(request.param("gid"), asana_required(given, "name"));
    const auto& order = data_.order("sections", request.param("gid"));
    data_.move_section(section, asana_place(given, order, section));
    return answer_record(request, "section", section, 201);
  });
  on("POST", "/projects/:gid/sections/insert", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    const auto section = asana_required(given, "section");
    named("section", section);
    const auto before = asana_place(given, data_.order("sections", request.param("gid")), section,
                                    "before_section", "after_section");
    data_.move_section(section, before);
    return asana_data(JsonRecord::object(), "");
  });
  on("PUT", "/sections/:gid", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    named("section", request.param("gid"));
    data_.update("section", request.param("gid"), {{"name", asana_required(given, "name")}});
    return answer_record(request, "section", request.param("gid"));
  });
  erase_on("/sections", "section", [this](const std::string& gid) {
    const auto project = data_.table("section").owner_of(gid);
    if (!data_.order("tasks", gid).empty() || data_.order("sections", project).size() < 2)
      throw AsanaError(400, "section: It holds tasks, or is the only one");
    data_.delete_section(gid);
  });
  on("POST", "/sections/:gid/addTask", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    const auto& section = request.param("gid");
    const auto project = asana_gid(named("section", section), "project");
    const auto task = asana_required(given, "task");
    named("task", task);
    data_.place_task(task, project, section,
                     asana_place(given, data_.order("tasks", section), task));
    return asana_data(JsonRecord::object(), "");
  });
  for (const auto* member : {"members", "followers"}) {
    const std::string name = std::string("add") + (*member == 'm' ? "Members" : "Followers");
    on("POST", "/projects/:gid/" + name, [this, member](const ApiRequest& request) {
      const auto given = asana_input(request);
      named("project", request.param("gid"));
      // The one is a list, the other a text with commas.
      auto users = given.at(member);
      if (users.is_string()) users = split(users.get<std::string>(), ',');
      for (const auto& user : users) {
        auto& list = data_.at("project", request.param("gid"))[member];
        const auto pointer = asana_ref("user", user_of(user));
        if (std::find(list.begin(), list.end(), pointer) == list.end()) list.push_back(pointer);
      }
      data_.touch("project", request.param("gid"));
      return answer_record(request, "project", request.param("gid"));
    });
  }
  on("POST", "/projects/:gid/project_briefs", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    named("project", request.param("gid"));
    asana_only(given, {"title", "html_text", "text"});
    JsonRecord texts{{"html_text", "<body></body>"}};
    asana_set_rich(given, "html_text", "text", texts);
    const auto brief =
        data_.add_brief(request.param("gid"), text_or(given, "title"), texts.at("html_text"));
    return answer_record(request, "project_brief", brief, 201);
  });
  on("PUT", "/project_briefs/:gid", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    named("project_brief", request.param("gid"));
    auto changes = asana_plain_members(given, {"title"});
    asana_set_rich(given, "html_text", "text", changes);
    data_.update("project_brief", request.param("gid"), changes);
    return answer_record(request, "project_brief", request.param("gid"));
  });
}

std::string AsanaAccount::new_field(const JsonRecord& given, const std::string& workspace,
                                    bool is_global) {
  asana_only(given, field_members());
  named("workspace", workspace);
  const auto name = asana_required(given, "name");
  const auto type = given.contains("resource_subtype") ? asana_required(given, "resource_subtype")
                                                       : asana_required(given, "type");
  for (const auto& key : data_.table("custom_field").keys_of(workspace)) {
    const auto& other = data_.at("custom_field", key);
    if (is_global && other.at("is_global_to_workspace") == true && other.at("name") == name)
      throw AsanaError(403, "name: A custom field with that name is in the library already");
  }
  const auto field = data_.add_custom_field(workspace, name, type, is_global, {});
  for (const auto& option : given.value("enum_options", JsonRecord::array()))
    data_.add_enum_option(field, asana_required(option, "name"), option.value("color", "none"),
                          option.value("enabled", true));
  data_.update(
      "custom_field", field,
      asana_plain_members(given, {"description", "precision", "format", "currency_code",
                                  "custom_label", "custom_label_position", "privacy_setting",
                                  "has_notifications_enabled", "default_access_level"}));
  return field;
}

void AsanaAccount::add_field_writes() {
  on("POST", "/custom_fields", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    const auto field = new_field(given, asana_required(given, "workspace"), true);
    return answer_record(request, "custom_field", field, 201);
  });
  on("PUT", "/custom_fields/:gid", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    named("custom_field", request.param("gid"));
    asana_only(given, field_members());
    data_.update("custom_field", request.param("gid"),
                 asana_plain_members(
                     given, {"name", "description", "precision", "format", "currency_code"}));
    return answer_record(request, "custom_field", request.param("gid"));
  });
  erase_on("/custom_fields", "custom_field",
           [this](const std::string& gid) { data_.delete_custom_field(gid); });
  on("POST", "/custom_fields/:gid/enum_options", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    const auto& field = request.param("gid");
    if (!named("custom_field", field).contains("enum_options"))
      throw AsanaError(400, "custom_field: Has no options");
    asana_only(given, {"name", "color", "enabled", "insert_before", "insert_after"});
    const auto option =
        data_.add_enum_option(field, asana_required(given, "name"), given.value("color", "none"),
                              given.value("enabled", true));
    return answer_record(request, "enum_option", option, 201);
  });
  on("PUT", "/enum_options/:gid", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    named("enum_option", request.param("gid"));
    asana_only(given, {"name", "color", "enabled"});
    data_.update("enum_option", request.param("gid"),
                 asana_plain_members(given, {"name", "color", "enabled"}));
    return answer_record(request, "enum_option", request.param("gid"));
  });
  for (const auto& [path, type] :
       {std::pair("/projects", "project"), {"/portfolios", "portfolio"}, {"/goals", "goal"}}) {
    const std::string kind = type;
    on("POST", path + std::string("/:gid/addCustomFieldSetting"),
       [this, kind](const ApiRequest& request) {
         const auto given = asana_input(request);
         named(kind, request.param("gid"));
         const auto& asked = given.value("custom_field", JsonRecord());
         // A definition makes a field that this one alone has.
         const auto field =
             asked.is_object()
                 ? new_field(asked, data_.table(kind).owner_of(request.param("gid")), false)
                 : asana_required(given, "custom_field");
         named("custom_field", field);
         if (data_.has_field(request.param("gid"), field))
           throw AsanaError(400, "custom_field: Already on this " + kind);
         data_.add_field_setting(kind, request.param("gid"), field,
                                 given.value("is_important", false));
         for (const auto& key : data_.table("custom_field_setting").keys_of(request.param("gid")))
           if (asana_gid(data_.at("custom_field_setting", key), "custom_field") == field)
             return answer_record(request, "custom_field_setting", key);
         return asana_data(JsonRecord::object(), "");
       });
    on("POST", path + std::string("/:gid/removeCustomFieldSetting"),
       [this, kind](const ApiRequest& request) {
         const auto given = asana_input(request);
         named(kind, request.param("gid"));
         data_.remove_field_setting(kind, request.param("gid"),
                                    asana_required(given, "custom_field"));
         return asana_data(JsonRecord::object(), "");
       });
  }
}

// multipart/form-data: parent, and file, or url and name with resource_subtype external.
ApiAnswer AsanaAccount::post_attachment(const ApiRequest& request) {
  const auto text = [&](const char* name) {
    const auto* part = request.part(name);
    return part ? part->content : std::string();
  };
  const auto parent = text("parent");
  if (parent.empty()) throw AsanaError(400, "parent: Missing input");
  const std::string type = named_any(parent).at("resource_type");
  if (type != "task" && type != "project" && type != "project_brief")
    throw AsanaError(400, "parent: Not a task, project or project brief");
  std::string gid;
  if (text("resource_subtype") == "external") {
    if (text("url").empty() || text("name").empty())
      throw AsanaError(400, "url: Missing input (external attachments need url and name)");
    gid = data_.attach_link(parent, text("name"), text("url"));
  } else {
    const auto* file = request.part("file");
    if (!file || file->file_name.empty()) throw AsanaError(400, "file: Missing input");
    const auto name = text("name").empty() ? file->file_name : text("name");
    gid = data_.attach_file(type, parent, name, file->content);
  }
  return answer_record(request, "attachment", gid);
}

void AsanaAccount::add_other_writes() {
  const auto make_tag = [this](const ApiRequest& request, const std::string& in_workspace) {
    const auto given = asana_input(request);
    asana_only(given, {"name", "color", "notes", "followers", "workspace"});
    const auto workspace = in_workspace.empty() ? asana_required(given, "workspace") : in_workspace;
    named("workspace", workspace);
    const auto tag =
        data_.add_tag(workspace, asana_required(given, "name"), text_or(given, "color"));
    if (given.contains("notes")) data_.update("tag", tag, {{"notes", given.at("notes")}});
    return answer_record(request, "tag", tag, 201);
  };
  on("POST", "/tags", [make_tag](const ApiRequest& request) { return make_tag(request, ""); });
  on("POST", "/workspaces/:gid/tags",
     [make_tag](const ApiRequest& request) { return make_tag(request, request.param("gid")); });
  on("PUT", "/tags/:gid", [this](const ApiRequest& request) {
    named("tag", request.param("gid"));
    data_.update("tag", request.param("gid"),
                 asana_plain_members(asana_input(request), {"name", "color", "notes"}));
    return answer_record(request, "tag", request.param("gid"));
  });
  erase_on("/tags", "tag", [this](const std::string& gid) { data_.delete_tag(gid); });
  on("POST", "/teams", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    const auto workspace = asana_required(given, "organization");
    if (!named("workspace", workspace).at("is_organization").get<bool>())
      throw AsanaError(400, "organization: Not an organization");
    const auto team = data_.add_team(workspace, asana_required(given, "name"));
    auto changes = asana_plain_members(
        given,
        {"visibility", "edit_team_name_or_description_access_level",
         "edit_team_visibility_or_trash_team_access_level", "guest_invite_management_access_level",
         "join_request_management_access_level", "member_invite_management_access_level",
         "team_content_management_access_level", "team_member_removal_access_level"});
    asana_set_rich(given, "html_description", "description", changes);
    data_.update("team", team, changes);
    return answer_record(request, "team", team, 201);
  });
  on("POST", "/attachments",
     [this](const ApiRequest& request) { return post_attachment(request); });
  erase_on("/attachments", "attachment",
           [this](const std::string& gid) { data_.delete_attachment(gid); });
  on("PUT", "/stories/:gid", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    const auto& story = request.param("gid");
    if (named("story", story).at("type") != "comment")
      throw AsanaError(403, "Only comments can be edited");
    asana_check_html(given, "html_text");
    if (given.contains("html_text"))
      data_.edit_comment(story, given.at("html_text"));
    else if (given.contains("text"))
      data_.edit_comment(story, asana_html(given.at("text")));
    if (given.contains("is_pinned")) data_.at("story", story)["is_pinned"] = given.at("is_pinned");
    return answer_record(request, "story", story);
  });
  erase_on("/stories", "story", [this](const std::string& gid) { data_.delete_comment(gid); });
  on("POST", "/status_updates", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    asana_only(given, {"parent", "title", "text", "html_text", "status_type"});
    const auto parent = asana_required(given, "parent");
    JsonRecord texts = JsonRecord::object();
    asana_set_rich(given, "html_text", "text", texts);
    if (texts.empty()) throw AsanaError(400, "text: Missing input");
    const auto status = data_.add_status_update(
        named_any(parent).at("resource_type"), parent, data_.me(), text_or(given, "title"),
        texts.at("html_text"), asana_required(given, "status_type"));
    return answer_record(request, "status_update", status, 201);
  });
  erase_on("/status_updates", "status_update",
           [this](const std::string& gid) { data_.erase("status_update", gid); });
  erase_on("/time_tracking_entries", "time_tracking_entry",
           [this](const std::string& gid) { data_.delete_time_entry(gid); });
}

}  // namespace probackup
