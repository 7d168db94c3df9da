#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "fake/redmine_input.h"

namespace probackup {
namespace {

using Row = RedmineData::Row;

constexpr std::size_t subject_max = 255;

// What a custom field, an attachment or a relation leaves in a journal.
Row detail(const std::string& property, const Row& name, const Row& old_value, const Row& value) {
  return {{"property", property},
          {"name", name.is_string() ? name : Row(name.dump())},
          {"old_value", old_value},
          {"new_value", value}};
}

Row text_or_null(const Row& value) {
  if (value.is_null() || value == "") return nullptr;
  return value.is_string() ? value : Row(value.dump());
}

// Of a field with several values each one counts.
void add_custom_details(const Row& before, const Row& after, Row& details) {
  for (std::size_t i = 0; i < after.size(); ++i) {
    const auto id = after[i].at("id");
    const auto &new_value = after[i].at("value"), &old_value = before[i].at("value");
    if (new_value == old_value) continue;
    if (!new_value.is_array()) {
      details.push_back(detail("cf", id, text_or_null(old_value), text_or_null(new_value)));
      continue;
    }
    const auto lacks = [](const Row& values, const Row& one) {
      return std::find(values.begin(), values.end(), one) == values.end();
    };
    for (const auto& one : old_value)
      if (lacks(new_value, one)) details.push_back(detail("cf", id, one, nullptr));
    for (const auto& one : new_value)
      if (lacks(old_value, one)) details.push_back(detail("cf", id, nullptr, one));
  }
}

bool is_number(const Row& value, double low, double high) {
  return value.is_number() && value.get<double>() >= low && value.get<double>() <= high;
}

// The attributes of an issue, checked; the parts of its record that change.
class IssueChanges {
 public:
  IssueChanges(const RedmineCall& call, const RedmineInput& input, Row row, int id)
      : call_(call), input_(input), row_(std::move(row)), id_(id) {}

  // Throws RedmineRefusal(422) with all that is wrong.
  const Row& checked() {
    set_choices();
    set_texts();
    set_numbers();
    set_dates();
    set_places();
    set_parent();
    call_.set_customs(row_, input_, "issue", errors_);
    call_.check_uploads(input_, errors_);
    errors_.check();
    return row_;
  }

 private:
  const RedmineData::Table& table(const char* name) const {
    return const_cast<const RedmineData&>(call_.data).table(name);
  }

  // A tracker that is not there is passed over, and so is a status that is not allowed: a new issue
  // has its tracker's own.
  void set_choices() {
    const auto tracker = input_.id("tracker_id");
    if (tracker && table("trackers").contains(*tracker)) row_["tracker"] = *tracker;
    if (id_ == 0)
      row_["status"] = table("trackers").at(row_.at("tracker")).at("default_status").at("id");
    const auto status = input_.id("status_id");
    if (id_ != 0 && status && table("issue_statuses").contains(*status) &&
        call_.data.may_get_status(id_, *status))
      row_["status"] = *status;
    if (auto priority = input_.id("priority_id")) {
      if (table("issue_priorities").contains(*priority))
        row_["priority"] = *priority;
      else
        errors_.add("Priority cannot be blank");
    }
  }

  void set_texts() {
    if (auto text = input_.text("subject")) row_["subject"] = *text;
    // Stored with CR LF, whatever comes (app/models/issue.rb, description=).
    if (auto text = input_.text("description"))
      row_["description"] = std::regex_replace(*text, std::regex("\r\n|\r|\n"), "\r\n");
    if (auto flag = input_.flag("is_private")) row_["is_private"] = *flag;
    errors_.require("Subject", row_.at("subject"));
    errors_.limit("Subject", row_.at("subject"), subject_max);
  }

  void set_numbers() {
    constexpr double hours_max = 1e6;
    if (input_.has("done_ratio")) {
      const auto ratio = input_.id("done_ratio").value_or(-1);
      if (ratio < 0 || ratio > 100)
        errors_.add("% Done is not included in the list");
      else
        row_["done_ratio"] = ratio;
    }
    if (!input_.has("estimated_hours")) return;
    auto hours = input_.value("estimated_hours");
    if (hours == "") hours = nullptr;
    if (hours.is_string()) hours = Row::parse(hours.get<std::string>(), nullptr, false);
    if (!hours.is_null() && !is_number(hours, 0, hours_max))
      return errors_.add("Estimated time is invalid");
    row_["estimated_hours"] = hours.is_null() ? hours : Row(hours.get<double>());
    row_["total_estimated_hours"] = row_["estimated_hours"];
  }

  void set_dates() {
    bool valid = true;
    for (const auto& [name, label] :
         {std::pair("start_date", "Start date"), std::pair("due_date", "Due date")}) {
      if (!input_.has(name)) continue;
      const auto date = input_.value(name);
      valid = errors_.require_date(label, date) && valid;
      row_[name] = date == "" ? Row(nullptr) : date;
    }
    const auto &start = row_.at("start_date"), &due = row_.at("due_date");
    if (valid && start.is_string() && due.is_string() && due < start)
      errors_.add("Due date must be greater than start date");
  }

  // A version that is closed or locked can stay, but not be chosen.
  void set_places() {
    const int project = row_.at("project");
    const auto is_here = [&](const char* noun, int id) {
      return table(noun).contains(id) && table(noun).at(id).at("project") == project;
    };
    if (auto version = input_.id("fixed_version_id");
        version && row_["fixed_version"] != *version) {
      const bool is_open = *version == 0 || (is_here("versions", *version) &&
                                             table("versions").at(*version).at("status") == "open");
      if (!is_open) errors_.add("Target version is not included in the list");
      row_["fixed_version"] = *version;
    }
    if (auto category = input_.id("category_id")) {
      if (*category != 0 && !is_here("issue_categories", *category))
        errors_.add("Category is not included in the list");
      row_["category"] = *category;
    }
    auto assignee = input_.id("assigned_to_id");
    if (input_.value("assigned_to_id") == "me") assignee = call_.data.actor;
    if (!assignee || row_["assigned_to"] == *assignee) return;
    const auto& members = table("memberships");
    const bool is_member = std::any_of(members.begin(), members.end(), [&](const auto& entry) {
      return entry.second.at("project") == project && entry.second.value("user", 0) == *assignee;
    });
    if (*assignee != 0 && !is_member) errors_.add("Assignee is invalid");
    row_["assigned_to"] = *assignee;
  }

  void set_parent() {
    if (!input_.has("parent_issue_id")) return;
    const int parent = input_.id("parent_issue_id").value_or(-1);
    const auto& issues = table("issues");
    if (parent != 0 && !issues.contains(parent)) return errors_.add("Parent task is invalid");
    for (int above = parent; above != 0; above = issues.at(above).at("parent"))
      if (above == id_) return errors_.add("Parent task is invalid");
    if (parent != 0 && call_.data.is_closed(issues.at(parent).at("status")) &&
        !call_.data.is_closed(row_.at("status")))
      return errors_.add("An open issue cannot be attached to a closed parent task");
    row_["parent"] = parent;
  }

  const RedmineCall& call_;
  const RedmineInput& input_;
  Row row_;
  const int id_;
  RedmineErrors errors_;
};

void note_child(RedmineData& data, int parent, const Row& old_value, const Row& value) {
  if (parent == 0) return;
  data.add_journal(parent, Row::array({detail("attr", "child_id", old_value, value)}), "", false);
}

void take_watchers(const RedmineCall& call, int issue, const std::vector<int>& users) {
  for (int user : users)
    if (call.data.table("users").contains(user) &&
        call.data.table("users").at(user).at("status") == 1)
      call.data.watch(issue, user, true);
}

ApiAnswer post_issue(const RedmineCall& call) {
  const RedmineInput input(call.request, "issue");
  // To Redmine a project where the user cannot add anything is as good as none. To a public one
  // anybody can add issues.
  const auto project = find_project(call.data, input.text("project_id").value_or(""));
  if (!project ||
      !(call.is_open(*project) && (call.is_public(*project) || call.is_ours(*project)))) {
    RedmineErrors errors;
    errors.require("Subject", input.value("subject"));
    for (const char* label : {"Project", "Tracker", "Status"}) errors.require(label, nullptr);
    errors.check();
  }
  auto& data = call.data;
  const auto now = data.stamp();
  Row draft{{"project", *project},
            {"tracker", data.table("trackers").begin()->first},
            {"status", 0},
            {"priority", data.first_id() + 1},
            {"author", data.actor},
            {"assigned_to", 0},
            {"category", 0},
            {"fixed_version", 0},
            {"parent", 0},
            {"subject", ""},
            {"description", nullptr},
            {"start_date", now.substr(0, 10)},
            {"due_date", nullptr},
            {"done_ratio", 0},
            {"is_private", false},
            {"estimated_hours", nullptr},
            {"total_estimated_hours", nullptr}};
  data.blank_customs(draft, "issue");
  const auto made = IssueChanges(call, input, std::move(draft), 0).checked();
  const int id = data.add_issue(*project, made.at("subject"), "", 0);
  auto& row = data.table("issues").at(id);
  for (const auto& [name, value] : made.items()) row[name] = value;
  if (const int parent = row.at("parent"); parent != 0) {
    data.children[parent].insert(id);
    note_child(data, parent, nullptr, std::to_string(id));
  }
  call.take_uploads(input, fmt::format("issues/{}", id));
  take_watchers(call, id, input.ids("watcher_user_ids"));
  RedmineShape shape;
  shape.show = true;
  return call.created("issue", call.views.record("issues", id, shape));
}

ApiAnswer put_issue(const RedmineCall& call) {
  const int id = call.number("id");
  auto& data = call.data;
  const auto before = data.table("issues").at(id);
  call.may_change(before.at("project"));
  const RedmineInput input(call.request, "issue");
  const auto after = IssueChanges(call, input, before, id).checked();
  auto changes = Row::object();
  for (const auto& [name, value] : after.items())
    if (name != "custom_fields" && name != "total_estimated_hours" && before.at(name) != value)
      changes[name] = value;
  auto details = Row::array();
  add_custom_details(before.at("custom_fields"), after.at("custom_fields"), details);
  data.table("issues").at(id)["custom_fields"] = after.at("custom_fields");
  data.table("issues").at(id)["total_estimated_hours"] = after.at("total_estimated_hours");
  for (int file : call.take_uploads(input, fmt::format("issues/{}", id)))
    details.push_back(
        detail("attachment", file, nullptr, data.table("attachments").at(file).at("filename")));
  data.edit_issue(id, changes, input.text("notes").value_or(""),
                  input.flag("private_notes").value_or(false), std::move(details));
  if (changes.contains("parent")) {
    const int old_parent = before.at("parent"), parent = changes.at("parent");
    if (old_parent != 0) data.children[old_parent].erase(id);
    if (parent != 0) data.children[parent].insert(id);
    note_child(data, old_parent, std::to_string(id), nullptr);
    note_child(data, parent, nullptr, std::to_string(id));
  }
  return RedmineCall::done();
}

ApiAnswer delete_issue(const RedmineCall& call) {
  const int id = call.number("id");
  call.may_change(call.data.table("issues").at(id).at("project"));
  call.data.delete_issue(id);
  return RedmineCall::done();
}

ApiAnswer post_watchers(const RedmineCall& call) {
  const int id = call.number("id");
  call.may_change(call.data.table("issues").at(id).at("project"));
  const RedmineInput nested(call.request, "watcher");
  auto users = nested.ids("user_ids");
  if (auto user = nested.id("user_id")) users.push_back(*user);
  const auto body = Row::parse(call.request.body, nullptr, false);
  if (body.is_object() && body.contains("user_id") && body.at("user_id").is_number_integer())
    users.push_back(body.at("user_id"));
  take_watchers(call, id, users);
  return RedmineCall::done();
}

ApiAnswer delete_watcher(const RedmineCall& call) {
  const int id = call.number("id");
  call.may_change(call.data.table("issues").at(id).at("project"));
  const int user = call.number("user");
  call.data.table("users").at(user);
  call.data.watch(id, user, false);
  return RedmineCall::done();
}

// The relations that Redmine keeps the other way round, and what it calls them then.
const std::map<std::string, std::string>& reversed_kinds() {
  static const std::map<std::string, std::string> kinds{{"duplicated", "duplicates"},
                                                        {"blocked", "blocks"},
                                                        {"follows", "precedes"},
                                                        {"copied_from", "copied_to"}};
  return kinds;
}

std::string other_name(const std::string& kind) {
  for (const auto& [reversed, stored] : reversed_kinds())
    if (stored == kind) return reversed;
  return kind;
}

// Whether one issue leads to another over relations that must not go round in a circle.
bool leads_to(const RedmineData& data, int from, int to, const std::string& kind,
              std::set<int>& seen) {
  if (from == to) return true;
  if (!seen.insert(from).second) return false;
  for (const auto& [id, row] : data.table("relations"))
    if (row.at("issue_id") == from && row.at("relation_type") == kind &&
        leads_to(data, row.at("issue_to_id"), to, kind, seen))
      return true;
  return false;
}

bool is_above(const RedmineData& data, int upper, int lower) {
  const auto& issues = data.table("issues");
  for (int above = issues.at(lower).at("parent"); above != 0; above = issues.at(above).at("parent"))
    if (above == upper) return true;
  return false;
}

void check_relation(const RedmineCall& call, int from, int to, const std::string& kind,
                    bool is_reversed) {
  static const std::set<std::string> kinds{"relates", "duplicates", "blocks", "precedes",
                                           "copied_to"};
  RedmineErrors errors;
  const auto& issues = call.data.table("issues");
  if (!issues.contains(to)) errors.add("Related issue cannot be blank");
  if (!kinds.contains(kind)) errors.add("Relation type is not included in the list");
  errors.check();
  for (const auto& [id, row] : call.data.table("relations"))
    if (row.at("issue_id") == from && row.at("issue_to_id") == to)
      errors.add(is_reversed ? "has already been taken" : "Related issue has already been taken");
  if (from == to) errors.add("Related issue is invalid");
  errors.check();
  std::set<int> seen;
  if (kind != "relates" && leads_to(call.data, to, from, kind, seen))
    errors.add("This relation would create a circular dependency");
  if (is_above(call.data, from, to) || is_above(call.data, to, from))
    errors.add("An issue cannot be linked to one of its subtasks");
  errors.check();
}

ApiAnswer post_relation(const RedmineCall& call) {
  auto& data = call.data;
  int from = call.number("id");
  call.may_change(data.table("issues").at(from).at("project"));
  const RedmineInput input(call.request, "relation");
  int to = input.id("issue_to_id").value_or(0);
  auto kind = input.text("relation_type").value_or("relates");
  const auto reversed = reversed_kinds().find(kind);
  const bool is_reversed = reversed != reversed_kinds().end() && data.table("issues").contains(to);
  if (is_reversed) {
    std::swap(from, to);
    kind = reversed->second;
  }
  check_relation(call, from, to, kind, is_reversed);
  const int id = data.add_relation(from, to, kind);
  if (kind == "precedes") data.table("relations").at(id)["delay"] = input.id("delay").value_or(0);
  for (const auto& [one, other, name] :
       {std::tuple(from, to, kind), std::tuple(to, from, other_name(kind))})
    data.add_journal(one, Row::array({detail("relation", name, nullptr, std::to_string(other))}),
                     "", false);
  return call.created("relation", data.table("relations").at(id));
}

ApiAnswer delete_relation(const RedmineCall& call) {
  auto& data = call.data;
  const int id = call.number("id");
  const auto row = data.table("relations").at(id);
  const int from = row.at("issue_id"), to = row.at("issue_to_id");
  const std::string kind = row.at("relation_type");
  call.may_change(data.table("issues").at(from).at("project"));
  data.delete_relation(id);
  for (const auto& [one, other, name] :
       {std::tuple(from, to, kind), std::tuple(to, from, other_name(kind))})
    data.add_journal(one, Row::array({detail("relation", name, std::to_string(other), nullptr)}),
                     "", false);
  return RedmineCall::done();
}

// Since Redmine 5.0. A journal that says nothing any more goes.
ApiAnswer put_journal(const RedmineCall& call) {
  const int id = call.number("id");
  for (auto& [issue, entries] : call.data.journals)
    for (auto entry = entries.begin(); entry != entries.end(); ++entry) {
      if (entry->at("id") != id) continue;
      call.may_change(call.data.table("issues").at(issue).at("project"));
      const RedmineInput input(call.request, "journal");
      if (auto notes = input.text("notes")) (*entry)["notes"] = *notes;
      if (auto flag = input.flag("private_notes")) (*entry)["private_notes"] = *flag;
      if (entry->at("notes") == "" && entry->at("details").empty()) entries.erase(entry);
      return RedmineCall::done();
    }
  throw RedmineRefusal(404);
}

}  // namespace

const std::vector<RedmineWrite>& redmine_issue_writes() {
  static const std::vector<RedmineWrite> writes{
      {"POST", "/issues.json", post_issue},
      {"PUT", "/issues/:id", put_issue},
      {"DELETE", "/issues/:id", delete_issue},
      {"POST", "/issues/:id/watchers.json", post_watchers},
      {"DELETE", "/issues/:id/watchers/:user", delete_watcher},
      {"POST", "/issues/:id/relations.json", post_relation},
      {"DELETE", "/relations/:id", delete_relation},
      {"PUT", "/journals/:id", put_journal},
  };
  return writes;
}

}  // namespace probackup
