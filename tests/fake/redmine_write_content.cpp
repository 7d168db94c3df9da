#include <fmt/format.h>

#include <algorithm>

#include "fake/redmine_input.h"
#include "util/text.h"

namespace probackup {
namespace {

using Row = RedmineData::Row;

constexpr std::size_t comments_max = 1024;

// The bytes of a file, which a record takes by the token afterwards.
ApiAnswer post_upload(const RedmineCall& call) {
  const auto type = call.request.header("content-type").value_or("");
  if (type != "application/octet-stream") throw RedmineRefusal(406);
  if (call.request.body.size() > call.upload_bytes_max)
    throw RedmineRefusal(422, {fmt::format("This file cannot be uploaded because it exceeds the "
                                           "maximum allowed file size ({})",
                                           call.upload_bytes_max)});
  auto name = call.request.query_value("filename").value_or("");
  if (name.empty()) name = Seeded(mix_seed(1, call.request.body)).hex(32);
  const auto kind = call.request.query_value("content_type").value_or("");
  const int id = call.data.add_upload(name, kind.empty() ? "application/octet-stream" : kind,
                                      call.request.body);
  return call.created("upload", {{"id", id}, {"token", call.data.token_of(id)}});
}

// The project of what an attachment belongs to; 0 for an upload that waits.
int project_of(const RedmineData& data, const std::string& container) {
  if (container.empty()) return 0;
  const auto parts = split(container, '/');
  const int owner = std::stoi(parts.at(1));
  if (parts.at(0) == "issues" || parts.at(0) == "news")
    return data.table(parts.at(0)).at(owner).at("project");
  return owner;
}

std::string container_of(const RedmineCall& call, int attachment) {
  for (const auto& [container, ids] : call.data.attached)
    if (std::find(ids.begin(), ids.end(), attachment) != ids.end()) {
      if (int project = project_of(call.data, container); project != 0) call.may_change(project);
      return container;
    }
  throw RedmineRefusal(404);
}

ApiAnswer patch_attachment(const RedmineCall& call) {
  const int id = call.number("id");
  container_of(call, id);
  const RedmineInput input(call.request, "attachment");
  RedmineErrors errors;
  for (const char* name : {"filename", "description"})
    if (auto text = input.text(name)) {
      errors.limit(name == std::string("filename") ? "File" : "Description", *text, 255);
      call.data.table("attachments").at(id)[name] = *text;
    }
  errors.check();
  return RedmineCall::done();
}

ApiAnswer delete_attachment(const RedmineCall& call) {
  const int id = call.number("id");
  const auto container = container_of(call, id);
  const auto name = call.data.table("attachments").at(id).at("filename");
  call.data.delete_attachment(id);
  if (container.starts_with("issues/"))
    call.data.add_journal(std::stoi(container.substr(7)),
                          Row::array({{{"property", "attachment"},
                                       {"name", std::to_string(id)},
                                       {"old_value", name},
                                       {"new_value", nullptr}}}),
                          "", false);
  return RedmineCall::done();
}

// Blanks become underscores, some characters go, the first letter is a capital one.
std::string wiki_title(const std::string& text) {
  std::string title;
  for (const char c : text) {
    const bool is_blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (is_blank && (title.empty() || title.back() != '_')) title += '_';
    if (!is_blank && std::string_view(",./?;|:").find(c) == std::string_view::npos) title += c;
  }
  if (!title.empty() && title[0] >= 'a' && title[0] <= 'z') title[0] -= 'a' - 'A';
  return title;
}

// Whether a page can be below another: not below one that is not there, nor below itself.
bool may_be_below(const RedmineData& data, int project, const std::string& title,
                  const std::string& parent) {
  if (parent.empty()) return true;
  if (!data.wiki.contains({project, parent})) return false;
  for (auto above = parent; !above.empty(); above = data.wiki.at({project, above}).parent)
    if (above == title) return false;
  return true;
}

// Makes a page (201) or its next version (204; none if the text stays). `version` guards against
// overwriting what somebody else wrote in between: 409.
ApiAnswer put_wiki(const RedmineCall& call) {
  const int project = call.project("project");
  if (!call.data.has_module(project, "wiki")) throw RedmineRefusal(403);
  const auto title = wiki_title(call.name("title"));
  const RedmineInput input(call.request, "wiki_page");
  const auto found = call.data.wiki.find({project, title});
  const bool is_new = found == call.data.wiki.end();
  RedmineErrors errors;
  const auto text = input.text("text").value_or("");
  errors.require("Text field", text);
  errors.limit("Comment", input.text("comments").value_or(""), comments_max);
  errors.check();
  const auto parent = wiki_title(input.text("parent_title").value_or(""));
  if (!may_be_below(call.data, project, title, parent))
    return json_answer(R"({"errors":[]})", 422);  // Redmine does not say what is wrong
  if (const auto version = input.id("version"); version && !is_new)
    if (static_cast<std::size_t>(*version) != found->second.versions.size())
      throw RedmineRefusal(409);
  if (is_new || found->second.versions.back().at("text") != text) {
    call.data.write_wiki(project, title, parent, text);
    call.data.wiki.at({project, title}).versions.back()["comments"] = input.value("comments");
  }
  auto& page = call.data.wiki.at({project, title});
  if (input.has("parent_title")) page.parent = parent;
  call.take_uploads(input, fmt::format("wiki/{}/{}", project, title));
  if (!is_new) return RedmineCall::done();
  return call.created("wiki_page", call.views.wiki_version(project, title, page.versions.size()));
}

ApiAnswer delete_wiki(const RedmineCall& call) {
  const int project = call.project("project");
  const auto title = call.name("title");
  call.data.wiki.at({project, title});
  call.data.delete_wiki(project, title);
  return RedmineCall::done();
}

bool is_member(const RedmineData& data, int project, int user) {
  const auto& members = data.table("memberships");
  return std::any_of(members.begin(), members.end(), [&](const auto& entry) {
    return entry.second.at("project") == project && entry.second.value("user", 0) == user;
  });
}

std::optional<double> hours_in(const RedmineInput& input) {
  auto value = input.value("hours");
  if (value.is_string()) value = Row::parse(value.get<std::string>(), nullptr, false);
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

// The project and the issue of a time entry: either names the project.
void set_place(const RedmineCall& call, const RedmineInput& input, Row& row) {
  const auto& issues = call.data.table("issues");
  if (auto issue = input.id("issue_id")) {
    row["issue"] = *issue;
    if (issues.contains(*issue)) row["project"] = issues.at(*issue).at("project");
  }
  if (input.has("project_id"))
    if (auto project = find_project(call.data, *input.text("project_id")))
      row["project"] = *project;
}

void set_entry(const RedmineCall& call, const RedmineInput& input, Row& row) {
  const RedmineData& data = call.data;
  set_place(call, input, row);
  if (auto activity = input.id("activity_id")) row["activity"] = *activity;
  if (input.has("spent_on")) row["spent_on"] = input.value("spent_on");
  if (auto comments = input.text("comments")) row["comments"] = *comments;
  if (input.has("hours")) {
    const auto hours = hours_in(input);
    row["hours"] = hours ? Row(*hours) : Row(nullptr);
  }
  const int project = row.at("project"), issue = row.at("issue"), activity = row.at("activity");
  RedmineErrors errors;
  errors.require("Activity", activity);
  errors.require("Project", project);
  if (row.at("hours").is_null()) errors.add("Hours cannot be blank");
  RedmineErrors none;
  const bool is_day = none.require_date("Date", row.at("spent_on"));
  errors.require("Date", is_day ? row.at("spent_on") : Row(nullptr));
  errors.require_date("Date", row.at("spent_on"));
  errors.limit("Comment", row.at("comments"), comments_max);
  if (row.at("hours").is_number() && row.at("hours") < 0) errors.add("Hours is invalid");
  if (project == 0) errors.add("Project is invalid");
  if (auto user = input.id("user_id"); user && *user != 0) {
    if (*user != data.actor && !is_member(data, project, *user)) errors.add("User is invalid");
    row["user"] = *user;
  }
  if (issue != 0 && !data.table("issues").contains(issue)) errors.add("Issue is invalid");
  if (activity != 0 && project != 0 && !data.table("time_entry_activities").contains(activity))
    errors.add("Activity is not included in the list");
  call.set_customs(row, input, "time_entry", errors);
  errors.check();
  call.may_change(project);
}

ApiAnswer post_entry(const RedmineCall& call) {
  auto& data = call.data;
  Row row{{"project", 0},
          {"issue", 0},
          {"user", data.actor},
          {"activity", 0},
          {"hours", nullptr},
          {"comments", nullptr},
          {"spent_on", data.stamp().substr(0, 10)}};
  data.blank_customs(row, "time_entry");
  set_entry(call, RedmineInput(call.request, "time_entry"), row);
  const int id = data.add_time_entry(row);
  RedmineShape shape;
  shape.show = true;
  return call.created("time_entry", call.views.record("time_entries", id, shape));
}

ApiAnswer put_entry(const RedmineCall& call) {
  auto& data = call.data;
  const int id = call.number("id");
  auto row = data.table("time_entries").at(id);
  call.may_change(row.at("project"));
  const int issue = row.at("issue");
  const double hours = row.at("hours");
  set_entry(call, RedmineInput(call.request, "time_entry"), row);
  data.spent[issue] -= hours;
  data.spent[row.at("issue").get<int>()] += row.at("hours").get<double>();
  row["updated_on"] = data.stamp();
  data.table("time_entries").at(id) = std::move(row);
  return RedmineCall::done();
}

ApiAnswer delete_entry(const RedmineCall& call) {
  const int id = call.number("id");
  call.may_change(call.data.table("time_entries").at(id).at("project"));
  call.data.delete_time_entry(id);
  return RedmineCall::done();
}

}  // namespace

const std::vector<RedmineWrite>& redmine_content_writes() {
  static const std::vector<RedmineWrite> writes{
      {"POST", "/uploads.json", post_upload},
      {"PATCH", "/attachments/:id", patch_attachment},
      {"PUT", "/attachments/:id", patch_attachment},
      {"DELETE", "/attachments/:id", delete_attachment},
      {"PUT", "/projects/:project/wiki/:title", put_wiki},
      {"DELETE", "/projects/:project/wiki/:title", delete_wiki},
      {"POST", "/time_entries.json", post_entry},
      {"PUT", "/time_entries/:id", put_entry},
      {"DELETE", "/time_entries/:id", delete_entry},
  };
  return writes;
}

}  // namespace probackup
