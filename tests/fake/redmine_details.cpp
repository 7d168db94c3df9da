// What goes with what when something is deleted, and uploads that wait for a place.
#include <fmt/format.h>

#include "fake/redmine_data.h"
#include "util/hash.h"

namespace probackup {
namespace {

template <typename Keep>
std::set<int> ids_where(const RedmineData::Table& table, Keep keep) {
  std::set<int> out;
  for (const auto& [id, row] : table)
    if (keep(row)) out.insert(id);
  return out;
}

}  // namespace

void RedmineData::delete_news(int news) {
  forget_files(fmt::format("news/{}", news));
  table("news").erase(news);
}

void RedmineData::delete_version(int version) {
  table("versions").erase(version);
  for (auto& [id, project] : table("projects"))
    if (project.contains("default_version") && project.at("default_version").at("id") == version)
      project.erase("default_version");
}

void RedmineData::delete_category(int category, int instead) {
  table("issue_categories").erase(category);
  for (auto& [id, issue] : table("issues"))
    if (issue.at("category") == category) issue["category"] = instead;
}

std::set<int> RedmineData::with_subprojects(int project) const {
  std::set<int> out{project};
  for (const auto& [id, row] : table("projects"))
    if (row.at("parent") == project) out.merge(with_subprojects(id));
  return out;
}

void RedmineData::delete_project(int project) {
  const auto all = with_subprojects(project);
  const auto in_project = [&](const Row& row) {
    return all.contains(row.at("project").get<int>());
  };
  for (int issue : ids_where(table("issues"), in_project))
    if (table("issues").contains(issue)) delete_issue(issue);
  for (int news : ids_where(table("news"), in_project)) delete_news(news);
  for (const char* noun : {"versions", "issue_categories", "memberships", "time_entries"})
    for (int id : ids_where(table(noun), in_project)) table(noun).erase(id);
  for (int id : all) {
    forget_files(fmt::format("files/{}", id));
    std::vector<std::string> titles;
    for (const auto& [key, page] : wiki)
      if (key.first == id) titles.push_back(key.second);
    for (const auto& title : titles) delete_wiki(id, title);
    modules.erase(id);
    trackers.erase(id);
    table("projects").erase(id);
  }
}

// What the user wrote stays, by nobody; here nobody is the first user.
void RedmineData::delete_user(int user) {
  for (auto& [group, users] : group_users) users.erase(user);
  for (auto& [issue, users] : watchers) users.erase(user);
  const auto is_theirs = [&](const Row& row) { return row.value("user", 0) == user; };
  for (int id : ids_where(table("memberships"), is_theirs)) delete_membership(id);
  for (const char* noun : {"issues", "news", "attachments", "time_entries"})
    for (auto& [id, row] : table(noun)) {
      if (row.value("author", 0) == user) row["author"] = first_id();
      if (row.value("user", 0) == user) row["user"] = first_id();
      if (row.value("assigned_to", 0) == user) row["assigned_to"] = 0;
    }
  for (auto& [issue, entries] : journals)
    for (auto& entry : entries)
      if (entry.at("user") == user) entry["user"] = first_id();
  for (auto& [key, page] : wiki)
    for (auto& version : page.versions)
      if (version.at("author") == user) version["author"] = first_id();
  table("users").erase(user);
}

void RedmineData::delete_group(int group) {
  const auto is_its = [&](const Row& row) { return row.value("group", 0) == group; };
  for (int id : ids_where(table("memberships"), is_its)) delete_membership(id);
  group_users.erase(group);
  table("groups").erase(group);
}

int RedmineData::add_upload(const std::string& name, const std::string& type, std::string content) {
  const int id = attach("", name, type, std::move(content));
  table("attachments").at(id)["description"] = "";
  return id;
}

std::string RedmineData::token_of(int attachment) const {
  return fmt::format("{}.{}", attachment, sha256(bytes.at(attachment)).hex());
}

void RedmineData::give_upload(int attachment, const std::string& container) {
  std::erase(attached[""], attachment);
  attached[container].push_back(attachment);
}

void RedmineData::blank_customs(Row& record, const std::string& kind) const {
  auto fields = Row::array();
  for (const auto& [id, definition] : table("custom_fields")) {
    if (definition.at("customized_type") != kind) continue;
    const bool is_multiple = definition.at("multiple") == true;
    Row entry{{"id", id}, {"name", definition.at("name")}};
    if (is_multiple) entry["multiple"] = true;
    entry["value"] = is_multiple ? Row::array() : Row("");
    fields.push_back(std::move(entry));
  }
  record["custom_fields"] = std::move(fields);
}

}  // namespace probackup
