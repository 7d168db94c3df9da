#include "fake/redmine_views.h"

#include <fmt/format.h>

#include "demo/api_message.h"
#include "util/text.h"

namespace probackup {
namespace {

using Row = RedmineData::Row;

// Members that hold a plain id, and the table that it is of.
const std::map<std::string, std::string> reference_tables = {{"project", "projects"},
                                                             {"tracker", "trackers"},
                                                             {"status", "issue_statuses"},
                                                             {"priority", "issue_priorities"},
                                                             {"author", "users"},
                                                             {"user", "users"},
                                                             {"assigned_to", "users"},
                                                             {"group", "groups"},
                                                             {"category", "issue_categories"},
                                                             {"fixed_version", "versions"},
                                                             {"activity", "time_entry_activities"}};

std::string name_of(const Row& row) {
  if (row.contains("name")) return row.at("name");
  return row.at("firstname").get<std::string>() + " " + row.at("lastname").get<std::string>();
}

template <typename Map, typename Key>
auto value_or_empty(const Map& map, const Key& key) {
  auto found = map.find(key);
  return found == map.end() ? typename Map::mapped_type{} : found->second;
}

}  // namespace

RedmineShape RedmineShape::of(const std::string& query) {
  RedmineShape out;
  for (const auto& [name, value] : parse_form(query)) {
    if (name == "form") out.show = value == "show";
    if (name != "include") continue;
    for (const auto& part : split(value, ',')) out.include.insert(part);
  }
  return out;
}

std::string RedmineViews::text(const Row& row) {
  std::string out;
  for (char c : row.dump(-1, ' ', false, Row::error_handler_t::replace)) {
    // These can only stand inside strings.
    if (c == '<' || c == '>' || c == '&')
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out;
}

Row RedmineViews::reference(const std::string& member, int id) const {
  const auto& row = data_.table(reference_tables.at(member)).at(id);
  Row out{{"id", id}, {"name", name_of(row)}};
  if (member == "status") out["is_closed"] = row.at("is_closed");
  return out;
}

Row RedmineViews::resolved(const Row& row) const {
  Row out = Row::object();
  for (const auto& [name, value] : row.items()) {
    if (!value.is_number_integer() || !reference_tables.contains(name)) {
      out[name] = value;
      continue;
    }
    if (value != 0) out[name] = reference(name, value.get<int>());
  }
  return out;
}

Row RedmineViews::record(const std::string& noun, int id, const RedmineShape& shape) const {
  if (noun == "issues") return issue(id, shape);
  if (noun == "projects") return project(id, shape);
  if (noun == "users") return user(id, shape);
  if (noun == "groups") return group(id, shape);
  if (noun == "news") return news(id, shape);
  const auto& row = data_.table(noun).at(id);
  if (noun == "roles" && !shape.show) return {{"id", id}, {"name", row.at("name")}};
  // Here `status` and `project` are what they say, not ids of tables.
  if (noun == "versions" || noun == "queries") {
    Row out = row;
    if (noun == "versions") out["project"] = reference("project", row.at("project").get<int>());
    return out;
  }
  Row out = resolved(row);
  if (noun == "time_entries" && row.at("issue") == 0)
    out.erase("issue");
  else if (noun == "time_entries")
    out["issue"] = Row{{"id", row.at("issue")}};
  if (noun == "attachments") out.erase("version");  // only a project's file list names it
  if (noun == "attachments")
    out["content_url"] = fmt::format("{}/attachments/download/{}/{}", origin_, id,
                                     url_encode(row.at("filename").get<std::string>()));
  return out;
}

Row RedmineViews::attachments(const std::string& container) const {
  auto out = Row::array();
  for (int id : value_or_empty(data_.attached, container))
    out.push_back(record("attachments", id, {}));
  return out;
}

double RedmineViews::hours_below(int issue) const {
  double out = value_or_empty(data_.spent, issue);
  for (int child : value_or_empty(data_.children, issue)) out += hours_below(child);
  return out;
}

Row RedmineViews::children(int issue) const {
  auto out = Row::array();
  for (int child : value_or_empty(data_.children, issue)) {
    const auto& row = data_.table("issues").at(child);
    Row entry{{"id", child},
              {"tracker", reference("tracker", row.at("tracker").get<int>())},
              {"subject", row.at("subject")}};
    if (auto below = children(child); !below.empty()) entry["children"] = std::move(below);
    out.push_back(std::move(entry));
  }
  return out;
}

Row RedmineViews::relations(int issue) const {
  auto out = Row::array();
  for (const auto& [id, row] : data_.table("relations"))
    if (row.at("issue_id") == issue || row.at("issue_to_id") == issue) out.push_back(row);
  return out;
}

Row RedmineViews::journals(int issue) const {
  auto out = Row::array();
  for (const auto& row : value_or_empty(data_.journals, issue)) out.push_back(resolved(row));
  return out;
}

Row RedmineViews::issue(int id, const RedmineShape& shape) const {
  auto row = data_.table("issues").at(id);
  row["spent_hours"] = value_or_empty(data_.spent, id);
  row["total_spent_hours"] = hours_below(id);
  int parent = row.at("parent");
  Row out = resolved(row);
  if (parent == 0)
    out.erase("parent");
  else
    out["parent"] = Row{{"id", parent}};
  const auto container = fmt::format("issues/{}", id);
  if (!shape.show) {
    if (shape.has("attachments")) out["attachments"] = attachments(container);
    if (shape.has("relations")) out["relations"] = relations(id);
    return out;
  }
  auto below = children(id);
  if (shape.has("children") && !below.empty()) out["children"] = std::move(below);
  if (shape.has("attachments")) out["attachments"] = attachments(container);
  auto related = relations(id);
  if (shape.has("relations") && !related.empty()) out["relations"] = std::move(related);
  if (shape.has("changesets")) out["changesets"] = Row::array();
  if (shape.has("journals")) out["journals"] = journals(id);
  if (shape.has("watchers")) {
    out["watchers"] = Row::array();
    for (int user : value_or_empty(data_.watchers, id))
      out["watchers"].push_back(reference("user", user));
  }
  if (shape.has("allowed_statuses")) {
    out["allowed_statuses"] = Row::array();
    for (const auto& [status, entry] : data_.table("issue_statuses"))
      out["allowed_statuses"].push_back(reference("status", status));
  }
  return out;
}

Row RedmineViews::project(int id, const RedmineShape& shape) const {
  Row out = data_.table("projects").at(id);
  if (!shape.show) out.erase("homepage");
  int parent = out.at("parent");
  if (parent == 0 || !data_.is_visible(parent))
    out.erase("parent");
  else
    out["parent"] = reference("project", parent);
  const auto chosen = data_.trackers.find(id);
  const auto is_of = [&](int project, const std::string& noun, int key, const Row& row) {
    if (noun == "trackers" && chosen != data_.trackers.end()) return chosen->second.contains(key);
    return !row.contains("project") || row.at("project") == project;
  };
  const auto list = [&](const char* part, const char* noun) {
    if (!shape.has(part)) return;
    out[part] = Row::array();
    for (const auto& [key, row] : data_.table(noun))
      if (is_of(id, noun, key, row)) out[part].push_back({{"id", key}, {"name", name_of(row)}});
  };
  list("trackers", "trackers");
  list("issue_categories", "issue_categories");
  list("time_entry_activities", "time_entry_activities");
  if (shape.has("enabled_modules")) {
    out["enabled_modules"] = Row::array();
    for (const auto& name : value_or_empty(data_.modules, id))
      out["enabled_modules"].push_back(
          {{"id", id * 100 + static_cast<int>(out["enabled_modules"].size())}, {"name", name}});
  }
  if (shape.has("issue_custom_fields")) out["issue_custom_fields"] = Row::array();
  for (const char* last : {"created_on", "updated_on"}) {
    auto value = out.at(last);
    out.erase(last);
    out[last] = std::move(value);
  }
  return out;
}

Row RedmineViews::user(int id, const RedmineShape& shape) const {
  Row out = data_.table("users").at(id);
  auto status = out.at("status");
  out.erase("status");
  if (!shape.show) return out;
  if (is_admin_) {
    // The key of every user, for an administrator: nothing that a backup should hold.
    out["api_key"] = Seeded(mix_seed(static_cast<std::uint64_t>(id), "api_key")).hex(40);
    out["status"] = status;
  }
  if (shape.has("groups")) {
    out["groups"] = Row::array();
    for (const auto& [group, users] : data_.group_users)
      if (users.contains(id)) out["groups"].push_back(reference("group", group));
  }
  return out;
}

Row RedmineViews::group(int id, const RedmineShape& shape) const {
  Row out = data_.table("groups").at(id);
  if (!shape.show || !shape.has("users")) return out;
  out["users"] = Row::array();
  for (int user : value_or_empty(data_.group_users, id))
    out["users"].push_back(reference("user", user));
  return out;
}

Row RedmineViews::news(int id, const RedmineShape& shape) const {
  Row out = resolved(data_.table("news").at(id));
  if (!shape.show) return out;
  if (shape.has("attachments")) out["attachments"] = attachments(fmt::format("news/{}", id));
  if (shape.has("comments")) out["comments"] = Row::array();
  return out;
}

Row RedmineViews::wiki_page(int project, const std::string& title,
                            const RedmineShape& shape) const {
  const auto& page = data_.wiki.at({project, title});
  if (shape.show) {
    auto out = wiki_version(project, title, page.versions.size());
    if (shape.has("attachments"))
      out["attachments"] = attachments(fmt::format("wiki/{}/{}", project, title));
    return out;
  }
  Row out{{"title", title}};
  if (!page.parent.empty()) out["parent"] = Row{{"title", page.parent}};
  out["version"] = page.versions.size();
  out["created_on"] = page.created_on;
  out["updated_on"] = page.versions.back().at("updated_on");
  return out;
}

Row RedmineViews::wiki_version(int project, const std::string& title, std::size_t version) const {
  const auto& page = data_.wiki.at({project, title});
  const auto& content = page.versions.at(version - 1);
  Row out{{"title", title}};
  if (!page.parent.empty()) out["parent"] = Row{{"title", page.parent}};
  out["text"] = content.at("text");
  out["version"] = version;
  out["author"] = reference("author", content.at("author").get<int>());
  out["comments"] = content.at("comments");
  out["created_on"] = page.created_on;
  out["updated_on"] = content.at("updated_on");
  return out;
}

Row RedmineViews::project_file(int attachment) const {
  Row out = record("attachments", attachment, {});
  const auto& row = data_.table("attachments").at(attachment);
  if (row.contains("version")) out["version"] = row.at("version");
  out["digest"] = Seeded(mix_seed(1, data_.bytes.at(attachment))).hex(64);
  out["downloads"] = 0;
  return out;
}

}  // namespace probackup
