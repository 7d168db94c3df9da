#include "fake/redmine_data.h"

#include <fmt/format.h>

#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

using Row = RedmineData::Row;

constexpr auto history = std::chrono::hours(24 * 120);
constexpr auto step = std::chrono::seconds(37);
constexpr std::size_t short_text_max = 255, title_max = 60;

// Redmine cuts the folders off and replaces what file systems dislike.
std::string file_name(std::string name) {
  name = name.substr(name.find_last_of("/\\") + 1);
  for (char& c : name)
    if (std::string_view("?%*:|\"'<>\n\r").find(c) != std::string_view::npos) c = '_';
  return name.empty() ? "_" : name.substr(0, short_text_max);
}

}  // namespace

RedmineData::RedmineData(std::uint64_t seed, Clock& clock, int ids_after)
    : customer_field(ids_after + 1),
      platforms_field(ids_after + 2),
      project_field(ids_after + 3),
      user_field(ids_after + 4),
      version_field(ids_after + 5),
      time_entry_field(ids_after + 6),
      actor(ids_after + 1),
      dice(seed),
      ids_after_(ids_after),
      clock_(clock),
      time_(clock.now() - history) {
  load_defaults();
}

void RedmineData::load_defaults() {
  for (const char* name : {"Bug", "Feature", "Support"})
    put("trackers", {{"name", name},
                     {"default_status", {{"id", first_id()}, {"name", "New"}}},
                     {"description", nullptr},
                     {"enabled_standard_fields", {"assigned_to_id", "category_id", "due_date"}}});
  for (const char* name : {"New", "In Progress", "Resolved", "Feedback", "Closed", "Rejected"})
    put("issue_statuses", {{"name", name},
                           {"is_closed", std::string_view(name) == "Closed" ||
                                             std::string_view(name) == "Rejected"}});
  const auto enumeration = [&](const char* noun, std::initializer_list<const char*> names) {
    for (const char* name : names)
      put(noun,
          {{"name", name}, {"is_default", std::string_view(name) == "Normal"}, {"active", true}});
  };
  enumeration("issue_priorities", {"Low", "Normal", "High", "Urgent", "Immediate"});
  enumeration("time_entry_activities", {"Design", "Development"});
  enumeration("document_categories", {"User documentation", "Technical documentation"});
  last_ids_["roles"] = built_in_roles;
  for (const char* name : {"Manager", "Developer", "Reporter"})
    put("roles", {{"name", name},
                  {"assignable", true},
                  {"issues_visibility", "default"},
                  {"time_entries_visibility", "all"},
                  {"users_visibility", "all"},
                  {"permissions", {"view_issues", "add_issues", "view_wiki_pages"}}});
  add_field("issue", "Customer", {});
  add_field("issue", "Platforms", {"desk", "phone"});
  add_field("project", "Cost centre", {});
  add_field("user", "Room", {});
  add_field("version", "Code name", {});
  add_field("time_entry", "Reference", {});
  put("queries", {{"name", "Issues assigned to me"}, {"is_public", true}, {"project_id", nullptr}});
}

// A text field, or a list of which several values can be taken.
void RedmineData::add_field(const std::string& kind, const std::string& name,
                            const std::vector<std::string>& choices) {
  auto& row = put("custom_fields", {{"name", name},
                                    {"customized_type", kind},
                                    {"field_format", choices.empty() ? "string" : "list"},
                                    {"regexp", ""},
                                    {"min_length", nullptr},
                                    {"max_length", nullptr},
                                    {"is_required", false},
                                    {"is_filter", true},
                                    {"searchable", false},
                                    {"multiple", !choices.empty()},
                                    {"default_value", nullptr},
                                    {"visible", true}});
  for (const auto& choice : choices)
    row["possible_values"].push_back({{"value", choice}, {"label", choice}});
  if (kind != "issue") return;
  row["trackers"] = {{{"id", first_id()}, {"name", "Bug"}},
                     {{"id", first_id() + 1}, {"name", "Feature"}}};
  row["roles"] = Row::array();
}

RedmineData::Row& RedmineData::put(const std::string& name, Row row) {
  // Groups and users are both principals, with ids from one row of numbers.
  int id = ids_after_ + ++last_ids_[name == "groups" ? "users" : name];
  Row full{{"id", id}};
  for (auto& [key, value] : row.items()) full[key] = std::move(value);
  return tables[name][id] = std::move(full);
}

std::string RedmineData::stamp() {
  time_ = caught_up_ ? std::max(time_, clock_.now()) : std::min(time_ + step, clock_.now());
  return format_rfc3339_seconds(time_);
}

const RedmineData::Table& RedmineData::table(const std::string& name) const {
  static const Table none;
  auto found = tables.find(name);
  return found == tables.end() ? none : found->second;
}

int RedmineData::add_user(int state) {
  auto now = stamp();
  int number = last_ids_["users"] + 1;
  auto& row = put("users", {{"login", fmt::format("user-{}", number)},
                            {"admin", number == 1},
                            {"firstname", "Member"},
                            {"lastname", std::to_string(number)},
                            {"mail", fmt::format("user-{}@example.com", number)},
                            {"created_on", now},
                            {"updated_on", now},
                            {"last_login_on", nullptr},
                            {"passwd_changed_on", now},
                            {"twofa_scheme", nullptr},
                            {"status", state}});
  set_custom(row, user_field, dice.words(1));
  return row.at("id");
}

int RedmineData::add_group(const std::set<int>& users) {
  int id = put("groups", {{"name", dice.words(2)}}).at("id");
  group_users[id] = users;
  return id;
}

int RedmineData::add_project(const std::string& name, int parent,
                             const std::set<std::string>& with_modules) {
  auto now = stamp();
  int number = last_ids_["projects"] + 1;
  auto& row = put("projects", {{"name", name.substr(0, short_text_max)},
                               {"identifier", fmt::format("project-{}", number)},
                               {"description", dice.prose()},
                               {"homepage", ""},
                               {"parent", parent},
                               {"status", active},
                               {"is_public", dice.chance(0.8)},
                               {"inherit_members", false},
                               {"custom_fields", Row::array()},
                               {"created_on", now},
                               {"updated_on", now}});
  set_custom(row, project_field, dice.words(2));
  const int id = row.at("id");
  modules[id] = with_modules;
  return id;
}

int RedmineData::add_version(int project) {
  auto now = stamp();
  auto& row =
      put("versions",
          {{"project", project},
           {"name", fmt::format("{} {}", dice.words(1), table("versions").size() + 1)},  // unique
           {"description", dice.words(4)},
           {"status", "open"},
           {"due_date", nullptr},
           {"sharing", "none"},
           {"wiki_page_title", nullptr},
           {"custom_fields", Row::array()},
           {"created_on", now},
           {"updated_on", now}});
  set_custom(row, version_field, dice.words(1));
  return row.at("id");
}

int RedmineData::add_category(int project) {
  return put("issue_categories", {{"project", project}, {"name", dice.words(2)}}).at("id");
}

int RedmineData::add_membership(int project, const std::string& kind, int principal, int role) {
  const std::string name = table("roles").at(role).at("name");
  return put("memberships",
             {{"project", project}, {kind, principal}, {"roles", {{{"id", role}, {"name", name}}}}})
      .at("id");
}

int RedmineData::add_issue(int project, const std::string& subject, const std::string& description,
                           int parent) {
  auto now = stamp();
  auto& row = put("issues", {{"project", project},
                             {"tracker", ids_after_ + static_cast<int>(dice.between(1, 3))},
                             {"status", first_id()},
                             {"priority", ids_after_ + static_cast<int>(dice.between(1, 5))},
                             {"author", actor},
                             {"assigned_to", 0},
                             {"category", 0},
                             {"fixed_version", 0},
                             {"parent", parent},
                             {"subject", subject.substr(0, short_text_max)},
                             {"description", description},
                             {"start_date", now.substr(0, 10)},
                             {"due_date", nullptr},
                             {"done_ratio", 0},
                             {"is_private", dice.chance(0.05)},
                             {"estimated_hours", nullptr},
                             {"total_estimated_hours", nullptr},
                             {"spent_hours", 0.0},
                             {"total_spent_hours", 0.0},
                             {"custom_fields", Row::array()},
                             {"created_on", now},
                             {"updated_on", now},
                             {"closed_on", nullptr}});
  int id = row.at("id");
  set_custom(row, customer_field, dice.words(2));
  set_custom(row, platforms_field, Row::array());
  if (parent != 0) {
    children[parent].insert(id);
    touch(parent);
  }
  return id;
}

int RedmineData::add_relation(int from, int to, const std::string& kind) {
  return put("relations",
             {{"issue_id", from}, {"issue_to_id", to}, {"relation_type", kind}, {"delay", nullptr}})
      .at("id");
}

int RedmineData::add_time_entry(int issue, double hours) {
  auto now = stamp();
  spent[issue] += hours;
  auto& row = put("time_entries", {{"project", table("issues").at(issue).at("project")},
                                   {"issue", issue},
                                   {"user", actor},
                                   {"activity", ids_after_ + static_cast<int>(dice.between(1, 2))},
                                   {"hours", hours},
                                   {"comments", dice.words(3)},
                                   {"spent_on", now.substr(0, 10)},
                                   {"created_on", now},
                                   {"updated_on", now}});
  set_custom(row, time_entry_field, dice.words(1));
  return row.at("id");
}

int RedmineData::add_time_entry(Row row) {
  spent[row.at("issue").get<int>()] += row.at("hours").get<double>();
  auto customs = row.at("custom_fields");
  row.erase("custom_fields");
  row["created_on"] = stamp();
  row["updated_on"] = row["created_on"];
  row["custom_fields"] = std::move(customs);
  return put("time_entries", std::move(row)).at("id");
}

int RedmineData::add_news(int project, const std::string& title) {
  return put("news", {{"project", project},
                      {"author", actor},
                      {"title", title.substr(0, title_max)},
                      {"summary", dice.words(4)},
                      {"description", dice.prose()},
                      {"created_on", stamp()}})
      .at("id");
}

int RedmineData::attach(const std::string& container, const std::string& name,
                        const std::string& type, std::string content) {
  auto now = stamp();
  int id = put("attachments", {{"filename", file_name(name)},
                               {"filesize", content.size()},
                               {"content_type", type},
                               {"description", dice.words(2)},
                               {"content_url", ""},
                               {"author", actor},
                               {"created_on", now}})
               .at("id");
  bytes[id] = std::move(content);
  attached[container].push_back(id);
  if (container.starts_with("issues/")) touch(std::stoi(container.substr(7)));
  return id;
}

void RedmineData::write_wiki(int project, const std::string& title, const std::string& parent,
                             const std::string& text) {
  auto now = stamp();
  auto& page = wiki[{project, title}];
  if (page.versions.empty()) {
    page.parent = parent;
    page.created_on = now;
  }
  page.versions.push_back(
      {{"text", text}, {"author", actor}, {"comments", dice.words(2)}, {"updated_on", now}});
}

bool RedmineData::is_visible(int project) const {
  auto found = table("projects").find(project);
  return found != table("projects").end() && found->second.at("status") != archived;
}

bool RedmineData::has_module(int project, const std::string& module) const {
  return is_visible(project) && modules.at(project).contains(module);
}

std::set<int> RedmineData::visible_issues() const {
  std::set<int> out;
  for (const auto& [id, row] : table("issues"))
    if (is_visible(row.at("project").get<int>())) out.insert(id);
  return out;
}

}  // namespace probackup
