#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "fake/redmine_query.h"
#include "fake/redmine_server.h"
#include "util/text.h"

namespace probackup {
namespace {

using Row = RedmineData::Row;

constexpr std::string_view suffix = ".json";

// "12" of "12.json"; without the format Redmine would answer with a web page.
std::string without_format(const std::string& text) {
  if (!text.ends_with(suffix)) throw RedmineRefusal(404);
  return text.substr(0, text.size() - suffix.size());
}

int number_of(const std::string& text) {
  int number = 0;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
    throw RedmineRefusal(404);
  return number;
}

RedmineShape show_shape(const ApiRequest& request) {
  auto out = RedmineShape::of("include=" + request.query_value("include").value_or(""));
  out.show = true;
  return out;
}

ApiAnswer one(const std::string& name, const Row& row) {
  return json_answer(fmt::format("{{\"{}\":{}}}", name, RedmineViews::text(row)));
}

// "versions" and "version" of "/versions/12.json".
std::pair<std::string, std::string> nouns_of(const std::string& path) {
  auto noun = split(path, '/').at(1);
  if (noun == "news") return {noun, noun};
  if (noun.ends_with("ies")) return {noun, noun.substr(0, noun.size() - 3) + "y"};
  return {noun, noun.substr(0, noun.size() - 1)};
}

}  // namespace

int RedmineAccount::project_of(const ApiRequest& request, const std::string& module) const {
  auto project = find_project(data_, request.param("project"));
  if (!project) throw RedmineRefusal(404);
  if (!data_.is_visible(*project)) throw RedmineRefusal(403);
  if (!module.empty() && !data_.has_module(*project, module)) throw RedmineRefusal(403);
  return *project;
}

ApiAnswer RedmineAccount::get_projects(const ApiRequest& request) {
  auto states = split(request.query_value("status").value_or("1"), '|');
  std::vector<int> ids;
  for (int id : visible("projects")) {
    auto state = data_.table("projects").at(id).at("status").dump();
    if (std::find(states.begin(), states.end(), state) != states.end()) ids.push_back(id);
  }
  return page(request, "projects", ids);
}

ApiAnswer RedmineAccount::get_project(const ApiRequest& request) {
  auto id = find_project(data_, without_format(request.param("id")));
  if (!id) throw RedmineRefusal(404);
  if (!data_.is_visible(*id)) throw RedmineRefusal(403);
  return one("project", views().record("projects", *id, show_shape(request)));
}

ApiAnswer RedmineAccount::get_below_project(const ApiRequest& request) {
  int project = project_of(request, "");
  auto noun = without_format(split(request.path, '/').back());
  // Reading categories takes the right to manage them, which nobody has on a closed project.
  bool is_closed = data_.table("projects").at(project).at("status") == RedmineData::closed;
  if (noun == "issue_categories" && is_closed) throw RedmineRefusal(403);
  std::vector<int> ids;
  for (const auto& [id, row] : data_.table(noun))
    if (row.at("project") == project) ids.push_back(id);
  if (noun == "memberships") return page(request, noun, ids);
  std::vector<std::string> texts;
  for (int id : ids) texts.push_back(RedmineViews::text(views().record(noun, id, {})));
  return json_answer(
      fmt::format("{{\"{}\":[{}],\"total_count\":{}}}", noun, join(texts, ","), texts.size()));
}

ApiAnswer RedmineAccount::get_wiki_index(const ApiRequest& request) {
  int project = project_of(request, "wiki");
  std::vector<std::string> texts;
  for (const auto& [key, wiki_page] : data_.wiki)
    if (key.first == project)
      texts.push_back(RedmineViews::text(views().wiki_page(project, key.second, {})));
  return json_answer(fmt::format("{{\"wiki_pages\":[{}]}}", join(texts, ",")));
}

ApiAnswer RedmineAccount::get_wiki_page(const ApiRequest& request) {
  int project = project_of(request, "wiki");
  auto title = without_format(request.param("title"));
  if (auto wanted = request.query_value("version")) {
    int version = number_of(*wanted);
    if (version < 1) throw RedmineRefusal(404);
    return one("wiki_page",
               views().wiki_version(project, title, static_cast<std::size_t>(version)));
  }
  return one("wiki_page", views().wiki_page(project, title, show_shape(request)));
}

ApiAnswer RedmineAccount::get_wiki_version(const ApiRequest& request) {
  int project = project_of(request, "wiki");
  int version = number_of(without_format(request.param("version")));
  if (version < 1) throw RedmineRefusal(404);
  return one("wiki_page", views().wiki_version(project, request.param("title"),
                                               static_cast<std::size_t>(version)));
}

ApiAnswer RedmineAccount::get_files(const ApiRequest& request) {
  int project = project_of(request, "files");
  std::vector<std::string> texts;
  if (auto found = data_.attached.find(fmt::format("files/{}", project));
      found != data_.attached.end())
    for (int id : found->second) texts.push_back(RedmineViews::text(views().project_file(id)));
  return json_answer(fmt::format("{{\"files\":[{}]}}", join(texts, ",")));
}

ApiAnswer RedmineAccount::get_issues(const ApiRequest& request) {
  return page(request, "issues", query_issues(data_, request));
}

ApiAnswer RedmineAccount::get_issue(const ApiRequest& request) {
  int id = number_of(without_format(request.param("id")));
  if (!data_.is_visible(data_.table("issues").at(id).at("project"))) throw RedmineRefusal(403);
  return one("issue", views().record("issues", id, show_shape(request)));
}

ApiAnswer RedmineAccount::get_relations(const ApiRequest& request) {
  int issue = number_of(request.param("issue"));
  data_.table("issues").at(issue);
  std::vector<std::string> texts;
  for (const auto& [id, row] : data_.table("relations"))
    if (row.at("issue_id") == issue || row.at("issue_to_id") == issue)
      texts.push_back(RedmineViews::text(row));
  return json_answer(fmt::format("{{\"relations\":[{}]}}", join(texts, ",")));
}

ApiAnswer RedmineAccount::get_time_entries(const ApiRequest& request) {
  auto ids = visible("time_entries");
  std::reverse(ids.begin(), ids.end());  // the newest first
  return page(request, "time_entries", ids);
}

ApiAnswer RedmineAccount::get_news(const ApiRequest& request) {
  std::vector<int> ids;
  for (int id : visible("news"))
    if (!request.params.contains("project") ||
        data_.table("news").at(id).at("project") == project_of(request, "news"))
      ids.push_back(id);
  std::reverse(ids.begin(), ids.end());
  return page(request, "news", ids);
}

ApiAnswer RedmineAccount::get_one(const ApiRequest& request) {
  auto [noun, name] = nouns_of(request.path);
  if (noun == "groups" && !acts_as_admin()) throw RedmineRefusal(403);
  int id = number_of(without_format(request.param("id")));
  const auto& row = data_.table(noun).at(id);
  if (row.contains("project") && !data_.is_visible(row.at("project").get<int>()))
    throw RedmineRefusal(403);
  return one(name, views().record(noun, id, show_shape(request)));
}

ApiAnswer RedmineAccount::get_users(const ApiRequest& request) {
  if (!acts_as_admin()) throw RedmineRefusal(403);
  auto state = request.query_value("status").value_or("1");
  std::vector<int> ids;
  for (const auto& [id, row] : data_.table("users"))
    if (state.empty() || row.at("status").dump() == state) ids.push_back(id);
  return page(request, "users", ids);
}

ApiAnswer RedmineAccount::get_user(const ApiRequest& request) {
  auto name = without_format(request.param("id"));
  int id = name == "current" ? data_.actor : number_of(name);
  return one("user", views().record("users", id, show_shape(request)));
}

ApiAnswer RedmineAccount::get_download(const ApiRequest& request) {
  int id = number_of(request.param("id"));
  ApiAnswer answer;
  answer.body = data_.bytes.at(id);
  answer.type = data_.table("attachments").at(id).at("content_type");
  return answer;
}

}  // namespace probackup
