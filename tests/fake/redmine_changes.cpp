#include <algorithm>

#include "fake/redmine_data.h"

namespace probackup {
namespace {

// What a journal names a changed member.
std::string journal_name(const std::string& member) {
  static const std::set<std::string> references = {"tracker",     "status",   "priority",
                                                   "assigned_to", "category", "fixed_version",
                                                   "parent",      "project"};
  return references.contains(member) ? member + "_id" : member;
}

RedmineData::Row journal_value(const RedmineData::Row& value) {
  if (value.is_null() || value == 0) return nullptr;
  if (value.is_boolean()) return value == true ? "1" : "0";
  return value.is_string() ? value : RedmineData::Row(value.dump());
}

}  // namespace

void RedmineData::touch(int issue) {
  table("issues").at(issue)["updated_on"] = stamp();
}

void RedmineData::edit_issue(int issue, const Row& changes, const std::string& notes,
                             bool is_private, Row details) {
  auto& row = table("issues").at(issue);
  const int old_status = row.at("status");
  for (const auto& [name, value] : changes.items()) {
    if (row.at(name) == value) continue;
    details.push_back({{"property", "attr"},
                       {"name", journal_name(name)},
                       {"old_value", journal_value(row.at(name))},
                       {"new_value", journal_value(value)}});
    row[name] = value;
  }
  add_journal(issue, std::move(details), notes, is_private);
  if (!changes.contains("status") || changes.at("status") == old_status) return;
  if (is_closed(row.at("status")) && !is_closed(old_status))
    row["closed_on"] = row.at("updated_on");
}

void RedmineData::add_journal(int issue, Row details, const std::string& notes, bool is_private) {
  if (details.empty() && notes.empty()) return;
  touch(issue);
  int id = ids_after_ + ++last_ids_["journals"];
  journals[issue].push_back({{"id", id},
                             {"user", actor},
                             {"notes", notes},
                             {"created_on", table("issues").at(issue).at("updated_on")},
                             {"private_notes", is_private},
                             {"details", std::move(details)}});
}

bool RedmineData::is_closed(int status) const {
  return table("issue_statuses").at(status).at("is_closed");
}

// An issue with open subtasks, or blocked by an open one, stays open; one below a closed one stays
// closed.
bool RedmineData::may_get_status(int issue, int status) const {
  const auto& issues = table("issues");
  const auto status_of = [&](int id) { return is_closed(issues.at(id).at("status")); };
  if (!is_closed(status)) {
    for (int above = issues.at(issue).at("parent"); above != 0;
         above = issues.at(above).at("parent"))
      if (status_of(above)) return false;
    return true;
  }
  for (const auto& [id, other] : issues) {
    if (status_of(id)) continue;
    for (int above = other.at("parent"); above != 0; above = issues.at(above).at("parent"))
      if (above == issue) return false;
  }
  for (const auto& [id, relation] : table("relations"))
    if (relation.at("relation_type") == "blocks" && relation.at("issue_to_id") == issue &&
        !status_of(relation.at("issue_id")))
      return false;
  return true;
}

void RedmineData::edit_note(int issue, std::size_t position, const std::string& notes) {
  journals.at(issue).at(position)["notes"] = notes;
}

void RedmineData::watch(int issue, int user, bool on) {
  if (on)
    watchers[issue].insert(user);
  else
    watchers[issue].erase(user);
}

void RedmineData::set_custom(Row& record, int field, const Row& value) {
  const auto& definition = table("custom_fields").at(field);
  Row entry{{"id", field}, {"name", definition.at("name")}};
  if (definition.at("multiple") == true) entry["multiple"] = true;
  entry["value"] = value;
  for (auto& present : record["custom_fields"])
    if (present.at("id") == field) {
      present = entry;
      return;
    }
  record["custom_fields"].push_back(entry);
}

void RedmineData::delete_issue(int issue) {
  const auto below = children[issue];
  for (int child : below) delete_issue(child);
  int parent = table("issues").at(issue).at("parent");
  if (parent != 0) {
    children[parent].erase(issue);
    touch(parent);
  }
  std::erase_if(table("relations"), [&](const auto& entry) {
    return entry.second.at("issue_id") == issue || entry.second.at("issue_to_id") == issue;
  });
  std::erase_if(table("time_entries"),
                [&](const auto& entry) { return entry.second.at("issue") == issue; });
  forget_files("issues/" + std::to_string(issue));
  children.erase(issue);
  journals.erase(issue);
  watchers.erase(issue);
  spent.erase(issue);
  table("issues").erase(issue);
}

void RedmineData::delete_time_entry(int entry) {
  const auto& row = table("time_entries").at(entry);
  spent[row.at("issue").get<int>()] -= row.at("hours").get<double>();
  table("time_entries").erase(entry);
}

void RedmineData::delete_attachment(int attachment) {
  for (auto& [container, ids] : attached) std::erase(ids, attachment);
  table("attachments").erase(attachment);
  bytes.erase(attachment);
}

void RedmineData::forget_files(const std::string& container) {
  const auto ids = attached[container];
  for (int id : ids) delete_attachment(id);
  attached.erase(container);
}

void RedmineData::delete_wiki(int project, const std::string& title) {
  forget_files("wiki/" + std::to_string(project) + "/" + title);
  wiki.erase({project, title});
  for (auto& [key, page] : wiki)
    if (key.first == project && page.parent == title) page.parent.clear();
}

}  // namespace probackup
