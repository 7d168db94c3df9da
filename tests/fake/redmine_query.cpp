#include "fake/redmine_query.h"

#include <algorithm>
#include <charconv>

#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

using Row = RedmineData::Row;

std::optional<int> number_of(const std::string& text) {
  int number = 0;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string checked_time(const std::string& text, const std::string& label) {
  // Redmine knows dates and whole seconds only.
  if (text.find('.') != std::string::npos || !parse_rfc3339(text))
    throw RedmineRefusal(422, {label + " is invalid"});
  return text;
}

// True when a time satisfies "…", ">=…", "<=…" or "><…|…". A date stands for the whole day.
bool in_range(const Row& value, const std::string& filter, const std::string& label) {
  auto operation = filter.substr(0, 2);
  bool plain = operation != ">=" && operation != "<=" && operation != "><";
  auto bounds = split(plain ? filter : filter.substr(2), '|');
  auto low = checked_time(bounds.front(), label), high = checked_time(bounds.back(), label);
  if (high.size() == 10) high += "T23:59:59Z";
  if (!value.is_string()) return false;
  const auto& time = value.get_ref<const std::string&>();
  return (operation == "<=" || time >= low) && (operation == ">=" || time <= high);
}

bool has_status(const RedmineData& data, const Row& issue, const std::string& filter) {
  if (filter == "*") return true;
  int status = issue.at("status");
  bool is_closed = data.table("issue_statuses").at(status).at("is_closed");
  if (filter == "open" || filter == "o") return !is_closed;
  if (filter == "closed" || filter == "c") return is_closed;
  return number_of(filter) == status;
}

bool in_list(int id, const std::string& list) {
  for (const auto& part : split(list, ','))
    if (number_of(part) == id) return true;
  return false;
}

bool is_below(const RedmineData& data, int project, int root) {
  for (; project != 0; project = data.table("projects").at(project).at("parent"))
    if (project == root) return true;
  return false;
}

bool matches(const RedmineData& data, const ApiRequest& request, const Row& issue) {
  if (!has_status(data, issue, request.query_value("status_id").value_or("open"))) return false;
  for (const auto& [name, value] : request.query) {
    if (name == "issue_id" && !in_list(issue.at("id"), value)) return false;
    if (name == "tracker_id" && !in_list(issue.at("tracker"), value)) return false;
    if (name == "parent_id" && !in_list(issue.at("parent"), value)) return false;
    if (name == "created_on" && !in_range(issue.at(name), value, "Created")) return false;
    if (name == "updated_on" && !in_range(issue.at(name), value, "Updated")) return false;
    if (name == "closed_on" && !in_range(issue.at(name), value, "Closed")) return false;
  }
  return true;
}

void sort_issues(const RedmineData& data, const std::string& order, std::vector<int>& ids) {
  const auto& issues = data.table("issues");
  auto columns = split(order, ',');
  std::stable_sort(ids.begin(), ids.end(), [&](int a, int b) {
    for (const auto& column : columns) {
      auto parts = split(column, ':');
      const auto& row = issues.at(a);
      if (!row.contains(parts[0])) continue;
      const auto &left = row.at(parts[0]), &right = issues.at(b).at(parts[0]);
      bool descending = parts.size() > 1 && parts[1] == "desc";
      if (left != right) return descending ? right < left : left < right;
    }
    return a > b;
  });
}

}  // namespace

std::optional<int> find_project(const RedmineData& data, const std::string& name) {
  const auto& projects = data.table("projects");
  if (auto number = number_of(name); number && projects.contains(*number)) return number;
  for (const auto& [id, row] : projects)
    if (row.at("identifier") == name) return id;
  return std::nullopt;
}

std::vector<int> query_issues(const RedmineData& data, const ApiRequest& request) {
  std::optional<int> root;
  if (auto name = request.query_value("project_id")) {
    root = find_project(data, *name);
    if (!root) throw RedmineRefusal(404);
    if (!data.is_visible(*root)) throw RedmineRefusal(403);
  }
  bool alone = request.query_value("subproject_id") == "!*";
  std::vector<int> out;
  for (const auto& [id, issue] : data.table("issues")) {
    int project = issue.at("project");
    if (!data.is_visible(project)) continue;
    if (root && (alone ? project != *root : !is_below(data, project, *root))) continue;
    if (matches(data, request, issue)) out.push_back(id);
  }
  sort_issues(data, request.query_value("sort").value_or("id:desc"), out);
  return out;
}

}  // namespace probackup
