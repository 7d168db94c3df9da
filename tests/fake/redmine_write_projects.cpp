#include <fmt/format.h>

#include <algorithm>

#include "fake/redmine_input.h"

namespace probackup {
namespace {

using Row = RedmineData::Row;

// Redmine's default for new projects.
const std::set<std::string> default_modules = {
    "issue_tracking", "time_tracking", "news",   "documents", "files",
    "wiki",           "repository",    "boards", "calendar",  "gantt"};

RedmineShape shown() {
  RedmineShape shape;
  shape.show = true;
  return shape;
}

// Sets plain texts of a record from attributes of the same name.
void set_texts(Row& row, const RedmineInput& input, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (auto text = input.text(name)) row[name] = *text;
}

void set_flags(Row& row, const RedmineInput& input, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (auto flag = input.flag(name)) row[name] = *flag;
}

bool is_identifier(const std::string& text) {
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos &&
         text.find_first_not_of("0123456789") != std::string::npos && text != "new";
}

void check_identifier(const RedmineCall& call, const Row& project, RedmineErrors& errors) {
  const std::string identifier = project.at("identifier");
  errors.require("Identifier", identifier);
  if (identifier.empty()) return;
  for (const auto& [id, other] : call.data.table("projects"))
    if (other.at("identifier") == identifier) errors.add("Identifier has already been taken");
  errors.limit("Identifier", identifier, 100);
  if (!is_identifier(identifier)) errors.add("Identifier is invalid");
}

void set_project(const RedmineCall& call, int id, Row& row, const RedmineInput& input,
                 RedmineErrors& errors) {
  set_texts(row, input, {"name", "description", "homepage"});
  set_flags(row, input, {"is_public", "inherit_members"});
  errors.require("Name", row.at("name"));
  errors.limit("Name", row.at("name"), 255);
  errors.limit("Homepage", row.at("homepage"), 255);
  if (input.has("parent_id")) {
    const int parent = input.id("parent_id").value_or(-1);
    const auto& projects = call.data.table("projects");
    const bool is_below = id != 0 && call.data.with_subprojects(id).contains(parent);
    const bool is_there = parent == 0 || (projects.contains(parent) &&
                                          projects.at(parent).at("status") == RedmineData::active);
    if (!is_there || is_below)
      errors.add("Subproject of is invalid");
    else
      row["parent"] = parent;
  }
  call.set_customs(row, input, "project", errors);
}

// What is no member of the project's own record.
void set_project_parts(const RedmineCall& call, int id, const RedmineInput& input) {
  if (input.has("enabled_module_names")) {
    call.data.modules[id].clear();
    for (const auto& name : input.value("enabled_module_names"))
      if (name.is_string()) call.data.modules[id].insert(name.get<std::string>());
  }
  if (input.has("tracker_ids")) {
    const auto ids = input.ids("tracker_ids");
    call.data.trackers[id] = {ids.begin(), ids.end()};
  }
}

ApiAnswer post_project(const RedmineCall& call) {
  call.require_admin();
  const RedmineInput input(call.request, "project");
  Row draft{{"name", ""},
            {"identifier", input.text("identifier").value_or("")},
            {"homepage", ""},
            {"parent", 0}};
  RedmineErrors errors;
  call.data.blank_customs(draft, "project");
  draft["is_public"] = true;
  set_project(call, 0, draft, input, errors);
  check_identifier(call, draft, errors);
  errors.check();
  const int id = call.data.add_project(draft.at("name"), draft.at("parent"), default_modules);
  auto& row = call.data.table("projects").at(id);
  row["description"] = nullptr;
  row["inherit_members"] = false;
  for (const auto& [name, value] : draft.items()) row[name] = value;
  set_project_parts(call, id, input);
  return call.created("project", call.views.record("projects", id, shown()));
}

ApiAnswer put_project(const RedmineCall& call) {
  const int id = call.project("id");
  const RedmineInput input(call.request, "project");
  auto row = call.data.table("projects").at(id);
  RedmineErrors errors;
  set_project(call, id, row, input, errors);
  errors.check();
  const auto version = input.id("default_version_id");
  const auto& versions = call.data.table("versions");
  if (version && versions.contains(*version) && versions.at(*version).at("project") == id)
    row["default_version"] = {{"id", *version}, {"name", versions.at(*version).at("name")}};
  row["updated_on"] = call.data.stamp();
  call.data.table("projects").at(id) = std::move(row);
  set_project_parts(call, id, input);
  return RedmineCall::done();
}

int any_project(const RedmineCall& call, const std::string& name) {
  const auto id = find_project(call.data, name);
  if (!id) throw RedmineRefusal(404);
  return *id;
}

ApiAnswer delete_project(const RedmineCall& call) {
  call.require_admin();
  call.data.delete_project(any_project(call, call.name("id")));
  return RedmineCall::done();
}

void set_status(const RedmineCall& call, const std::set<int>& projects, int from, int to) {
  for (int id : projects) {
    auto& row = call.data.table("projects").at(id);
    if (from == 0 || row.at("status") == from) row["status"] = to;
  }
}

// …/archive.json and …/unarchive.json are there since Redmine 5.0, as are close and reopen.
ApiAnswer change_status(const RedmineCall& call) {
  const int id = any_project(call, call.request.param("project"));
  const auto what = call.name("status");
  const auto all = call.data.with_subprojects(id);
  constexpr int active = RedmineData::active, closed = RedmineData::closed,
                archived = RedmineData::archived;
  const bool is_archived = call.data.table("projects").at(id).at("status") == archived;
  if (what == "archive" || what == "unarchive") {
    call.require_admin();
    if (what == "archive")
      set_status(call, all, 0, archived);
    else
      for (int above = id; above != 0; above = call.data.table("projects").at(above).at("parent"))
        set_status(call, {above}, archived, active);
    return RedmineCall::done();
  }
  if (is_archived) throw RedmineRefusal(403);
  if (what == "close")
    set_status(call, all, active, closed);
  else if (what == "reopen")
    set_status(call, all, closed, active);
  else
    throw RedmineRefusal(404);
  return RedmineCall::done();
}

void check_name_taken(const RedmineCall& call, const char* noun, int id, const Row& row,
                      RedmineErrors& errors) {
  for (const auto& [other, present] : call.data.table(noun))
    if (other != id && present.at("project") == row.at("project") &&
        present.at("name") == row.at("name"))
      errors.add("Name has already been taken");
}

void set_version(const RedmineCall& call, int id, Row& row, const RedmineInput& input) {
  RedmineErrors errors;
  set_texts(row, input, {"name", "description", "status"});
  const std::set<std::string> sharings{"none", "descendants", "hierarchy", "tree", "system"};
  if (auto sharing = input.text("sharing"); sharing && sharings.contains(*sharing))
    row["sharing"] = *sharing;
  for (const char* name : {"due_date", "wiki_page_title"})
    if (input.has(name)) row[name] = input.value(name) == "" ? Row(nullptr) : input.value(name);
  errors.require("Name", row.at("name"));
  check_name_taken(call, "versions", id, row, errors);
  errors.limit("Name", row.at("name"), 60);
  errors.limit("Description", row.at("description"), 255);
  errors.require_date("Due date", row.at("due_date"));
  const std::set<std::string> states{"open", "locked", "closed"};
  if (!states.contains(row.at("status"))) errors.add("Status is not included in the list");
  call.set_customs(row, input, "version", errors);
  errors.check();
}

ApiAnswer post_version(const RedmineCall& call) {
  const int project = call.project("project");
  Row row{{"project", project},        {"name", ""},          {"description", ""},
          {"status", "open"},          {"due_date", nullptr}, {"sharing", "none"},
          {"wiki_page_title", nullptr}};
  call.data.blank_customs(row, "version");
  set_version(call, 0, row, RedmineInput(call.request, "version"));
  const int id = call.data.add_version(project);
  for (const auto& [name, value] : row.items()) call.data.table("versions").at(id)[name] = value;
  return call.created("version", call.views.record("versions", id, shown()));
}

ApiAnswer put_version(const RedmineCall& call) {
  const int id = call.number("id");
  auto row = call.data.table("versions").at(id);
  call.may_change(row.at("project"));
  set_version(call, id, row, RedmineInput(call.request, "version"));
  row["updated_on"] = call.data.stamp();
  call.data.table("versions").at(id) = std::move(row);
  return RedmineCall::done();
}

ApiAnswer delete_version(const RedmineCall& call) {
  const int id = call.number("id");
  call.may_change(call.data.table("versions").at(id).at("project"));
  for (const auto& [issue, row] : call.data.table("issues"))
    if (row.at("fixed_version") == id) throw RedmineRefusal(422);
  call.data.delete_version(id);
  return RedmineCall::done();
}

void set_category(const RedmineCall& call, int id, Row& row) {
  const RedmineInput input(call.request, "issue_category");
  RedmineErrors errors;
  set_texts(row, input, {"name"});
  if (auto user = input.id("assigned_to_id")) {
    row.erase("assigned_to");
    if (call.data.table("users").contains(*user)) row["assigned_to"] = *user;
  }
  errors.require("Name", row.at("name"));
  check_name_taken(call, "issue_categories", id, row, errors);
  errors.limit("Name", row.at("name"), 60);
  errors.check();
}

ApiAnswer post_category(const RedmineCall& call) {
  const int project = call.project("project");
  Row row{{"project", project}, {"name", ""}};
  set_category(call, 0, row);
  const int id = call.data.add_category(project);
  for (const auto& [name, value] : row.items())
    call.data.table("issue_categories").at(id)[name] = value;
  return call.created("issue_category", call.views.record("issue_categories", id, shown()));
}

ApiAnswer put_category(const RedmineCall& call) {
  const int id = call.number("id");
  auto row = call.data.table("issue_categories").at(id);
  call.may_change(row.at("project"));
  set_category(call, id, row);
  call.data.table("issue_categories").at(id) = std::move(row);
  return RedmineCall::done();
}

ApiAnswer delete_category(const RedmineCall& call) {
  const int id = call.number("id");
  const auto& row = call.data.table("issue_categories").at(id);
  call.may_change(row.at("project"));
  const auto instead = static_cast<int>(call.request.query_number("reassign_to_id", 0));
  call.data.delete_category(id, instead);
  return RedmineCall::done();
}

Row roles_in(const RedmineCall& call, const RedmineInput& input) {
  auto roles = Row::array();
  for (int id : input.ids("role_ids"))
    if (call.data.table("roles").contains(id))
      roles.push_back({{"id", id}, {"name", call.data.table("roles").at(id).at("name")}});
  return roles;
}

ApiAnswer post_membership(const RedmineCall& call) {
  const int project = call.project("project");
  const RedmineInput input(call.request, "membership");
  const auto roles = roles_in(call, input);
  auto principals = input.ids("user_ids");
  if (auto id = input.id("user_id")) principals = {*id};
  RedmineErrors errors;
  const int principal = principals.empty() ? 0 : principals.front();
  const bool is_group = call.data.table("groups").contains(principal);
  const bool is_user = call.data.table("users").contains(principal);
  if (!is_group && !is_user) errors.add("Principal cannot be blank");
  for (const auto& [id, row] : call.data.table("memberships"))
    if (row.at("project") == project &&
        (row.value("user", 0) == principal || row.value("group", 0) == principal))
      errors.add("User has already been taken");
  if (roles.empty()) errors.add("Role cannot be empty");
  errors.check();
  int first = 0;
  for (int one : principals) {
    const char* kind = call.data.table("groups").contains(one) ? "group" : "user";
    const int id = call.data.add_membership(project, kind, one, roles.front().at("id"));
    call.data.table("memberships").at(id)["roles"] = roles;
    if (first == 0) first = id;
  }
  return call.created("membership", call.views.record("memberships", first, shown()));
}

ApiAnswer put_membership(const RedmineCall& call) {
  const int id = call.number("id");
  auto& row = call.data.table("memberships").at(id);
  call.may_change(row.at("project"));
  const auto roles = roles_in(call, RedmineInput(call.request, "membership"));
  if (roles.empty()) throw RedmineRefusal(422, {"Role cannot be empty"});
  row["roles"] = roles;
  return RedmineCall::done();
}

ApiAnswer delete_membership(const RedmineCall& call) {
  const int id = call.number("id");
  call.may_change(call.data.table("memberships").at(id).at("project"));
  call.data.delete_membership(id);
  return RedmineCall::done();
}

void set_news(const RedmineCall& call, const RedmineInput& input, Row& row) {
  RedmineErrors errors;
  call.check_uploads(input, errors);
  set_texts(row, input, {"title", "summary", "description"});
  errors.require("Title", row.at("title"));
  errors.require("Description", row.at("description"));
  errors.limit("Title", row.at("title"), 60);
  errors.limit("Summary", row.at("summary"), 255);
  errors.check();
}

// Since Redmine 4.1. The answer names no id: who needs it must look for the news afterwards.
ApiAnswer post_news(const RedmineCall& call) {
  const int project = call.project("project");
  if (!call.data.has_module(project, "news")) throw RedmineRefusal(403);
  const RedmineInput input(call.request, "news");
  Row row{{"title", ""}, {"summary", ""}, {"description", ""}};
  set_news(call, input, row);
  const int id = call.data.add_news(project, row.at("title"));
  for (const auto& [name, value] : row.items()) call.data.table("news").at(id)[name] = value;
  call.take_uploads(input, fmt::format("news/{}", id));
  return RedmineCall::done();
}

ApiAnswer put_news(const RedmineCall& call) {
  const int id = call.number("id");
  auto row = call.data.table("news").at(id);
  call.may_change(row.at("project"));
  const RedmineInput input(call.request, "news");
  set_news(call, input, row);
  call.data.table("news").at(id) = std::move(row);
  call.take_uploads(input, fmt::format("news/{}", id));
  return RedmineCall::done();
}

ApiAnswer delete_news(const RedmineCall& call) {
  const int id = call.number("id");
  call.may_change(call.data.table("news").at(id).at("project"));
  call.data.delete_news(id);
  return RedmineCall::done();
}

// {"file": {"token": …}}; a version's file names it.
ApiAnswer post_file(const RedmineCall& call) {
  const int project = call.project("project");
  if (!call.data.has_module(project, "files")) throw RedmineRefusal(403);
  const RedmineInput file(call.request, "file");
  ApiRequest as_upload = call.request;
  as_upload.body = Row{{"file",
                        {{"uploads",
                          {{{"token", file.text("token").value_or("")},
                            {"filename", file.text("filename").value_or("")},
                            {"content_type", file.text("content_type").value_or("")},
                            {"description", file.text("description").value_or("")}}}}}}}
                       .dump();
  const auto taken =
      call.take_uploads(RedmineInput(as_upload, "file"), fmt::format("files/{}", project));
  if (taken.empty()) throw RedmineRefusal(404);
  const int version = file.id("version_id").value_or(0);
  if (call.data.table("versions").contains(version))
    call.data.table("attachments").at(taken.front())["version"] = {
        {"id", version}, {"name", call.data.table("versions").at(version).at("name")}};
  return RedmineCall::done();
}

}  // namespace

const std::vector<RedmineWrite>& redmine_project_writes() {
  static const std::vector<RedmineWrite> writes{
      {"POST", "/projects.json", post_project},
      {"PUT", "/projects/:id", put_project},
      {"DELETE", "/projects/:id", delete_project},
      {"PUT", "/projects/:project/:status", change_status},
      {"POST", "/projects/:project/versions.json", post_version},
      {"POST", "/projects/:project/issue_categories.json", post_category},
      {"POST", "/projects/:project/memberships.json", post_membership},
      {"POST", "/projects/:project/news.json", post_news},
      {"POST", "/projects/:project/files.json", post_file},
      {"POST", "/projects/:project/:status", change_status},
      {"PUT", "/versions/:id", put_version},
      {"DELETE", "/versions/:id", delete_version},
      {"PUT", "/issue_categories/:id", put_category},
      {"DELETE", "/issue_categories/:id", delete_category},
      {"PUT", "/memberships/:id", put_membership},
      {"DELETE", "/memberships/:id", delete_membership},
      {"PUT", "/news/:id", put_news},
      {"DELETE", "/news/:id", delete_news},
  };
  return writes;
}

}  // namespace probackup
