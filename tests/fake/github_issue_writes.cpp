// Issues, what hangs on them, and their comments.
#include <algorithm>

#include "fake/github_writes.h"

namespace probackup {

namespace {

constexpr std::size_t assignees_max = 10;
constexpr auto label_color_default = "ededed";

void refuse_if_disabled(const GithubWrites& writes, const std::string& repo) {
  if (!writes.data.repos.find(repo)->at("has_issues").get<bool>()) {
    refuse_github(410, "Issues are disabled for this repo");
  }
}

// Names of labels, and objects that name one; unknown ones are made.
JsonRecord label_keys(GithubWrites& writes, const GithubCall& call, const JsonRecord& list) {
  if (!list.is_array()) refuse_invalid("Issue", "labels", "invalid");
  auto keys = JsonRecord::array();
  for (const auto& entry : list) {
    const auto& name = entry.is_object() && entry.contains("name") ? entry.at("name") : entry;
    if (!name.is_string()) refuse_invalid("Issue", "labels", "invalid");
    auto key = find_github_label(writes.data, call.repo, name);
    if (key.empty()) {
      key = writes.data.add_label(call.repo, name, label_color_default, "");
      (*writes.data.labels.find(key))["default"] = false;
    }
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }
  return keys;
}

JsonRecord milestone_key(const GithubWrites& writes, const GithubCall& call) {
  const auto number = call.body.number("milestone");
  if (!number) return nullptr;
  for (const auto& key : writes.data.milestones.keys_of(call.repo)) {
    if (writes.data.milestones.find(key)->at("number") == *number) return key;
  }
  refuse_invalid("Issue", "milestone", "invalid");
}

// Those who can be assigned have access to the repository, or belong to its organization.
bool is_assignable(const GithubWrites& writes, const std::string& repo, const std::string& login) {
  const std::string owner = writes.data.repos.find(repo)->at("owner");
  return writes.data.collaborators_of(repo).contains(login) ||
         writes.data.members.find(owner + "/" + login) != nullptr;
}

JsonRecord assignees_of(const GithubWrites& writes, const GithubCall& call) {
  const auto logins = call.body.texts("assignees").value_or(std::vector<std::string>{});
  if (logins.size() > assignees_max) refuse_invalid("Issue", "assignees", "invalid");
  for (const auto& login : logins) {
    if (!is_assignable(writes, call.repo, login)) refuse_invalid("Issue", "assignees", "invalid");
  }
  return logins;
}

// Who may not push cannot set these, and is not told.
JsonRecord links_of_issue(GithubWrites& writes, const GithubCall& call) {
  auto changes = JsonRecord::object();
  if (!writes.may_push(call.repo)) return changes;
  if (call.body.has("assignees")) changes["assignees"] = assignees_of(writes, call);
  if (call.body.has("milestone")) changes["milestone"] = milestone_key(writes, call);
  if (call.body.has("labels")) changes["labels"] = label_keys(writes, call, call.body.at("labels"));
  return changes;
}

ApiAnswer answer_issue(const GithubWrites& writes, const std::string& key) {
  return writes.changed(writes.views.issue(key), key);
}

ApiAnswer post_issue(GithubWrites& writes, GithubCall& call) {
  refuse_if_disabled(writes, call.repo);
  const auto title = call.body.required("title", github_title_max);
  const auto body = call.body.text("body").value_or("");
  const auto links = links_of_issue(writes, call);
  const auto key = writes.data.add_issue(call.repo, writes.me(), title, body);
  if (!links.empty()) writes.data.update_issue(key, links);
  return writes.created(writes.views.issue(key), key);
}

JsonRecord state_changes(const GithubCall& call, const JsonRecord& before) {
  auto changes = JsonRecord::object();
  const auto state = call.body.one_of("state", {"open", "closed"});
  const auto reason =
      call.body.one_of("state_reason", {"completed", "not_planned", "duplicate", "reopened"});
  if (!state || (before.at("state") == *state && !reason)) return changes;
  if (before.at("state") != *state) changes["state"] = *state;
  if (reason && (*state == "closed") == (*reason != "reopened")) changes["state_reason"] = *reason;
  return changes;
}

ApiAnswer patch_issue(GithubWrites& writes, GithubCall& call) {
  const auto key = writes.issue_of(call);
  const auto before = *writes.data.issues.find(key);
  if (before.at("pull").is_null()) refuse_if_disabled(writes, call.repo);
  auto changes = JsonRecord::object();
  if (call.body.has("title")) {
    const auto title = call.body.required("title", github_title_max);
    if (before.at("title") != title) changes["title"] = title;
  }
  call.body.put_text(changes, "body");
  changes.update(links_of_issue(writes, call));
  changes.update(state_changes(call, before));
  writes.data.update_issue(key, changes);
  return answer_issue(writes, key);
}

ApiAnswer lock_issue(GithubWrites& writes, GithubCall& call) {
  const auto key = writes.issue_of(call);
  const auto reason =
      call.body.one_of("lock_reason", {"off-topic", "too heated", "resolved", "spam"});
  writes.data.update_issue(
      key, {{"locked", true}, {"lock_reason", reason ? JsonRecord(*reason) : JsonRecord(nullptr)}});
  return GithubWrites::done();
}

// POST adds to the list that PUT replaces.
ApiAnswer set_labels(GithubWrites& writes, GithubCall& call, bool replace) {
  const auto key = writes.issue_of(call);
  const auto given =
      call.body.has("labels") ? call.body.at("labels") : JsonRecord(JsonRecord::array());
  auto keys =
      replace ? JsonRecord(JsonRecord::array()) : writes.data.issues.find(key)->at("labels");
  for (const auto& label : label_keys(writes, call, given)) {
    if (std::find(keys.begin(), keys.end(), label) == keys.end()) keys.push_back(label);
  }
  writes.data.update_issue(key, {{"labels", keys}});
  return json_answer(record_text(writes.views.issue(key).at("labels"), key));
}

// Logins that cannot be assigned are passed over here.
ApiAnswer change_assignees(GithubWrites& writes, GithubCall& call, bool add) {
  const auto key = writes.issue_of(call);
  const auto logins = call.body.texts("assignees").value_or(std::vector<std::string>{});
  auto kept = JsonRecord::array();
  for (const auto& login : writes.data.issues.find(key)->at("assignees")) {
    if (add || std::find(logins.begin(), logins.end(), login) == logins.end()) {
      kept.push_back(login);
    }
  }
  for (const auto& login : logins) {
    const bool is_new = std::find(kept.begin(), kept.end(), login) == kept.end();
    if (add && is_new && is_assignable(writes, call.repo, login)) kept.push_back(login);
  }
  writes.data.update_issue(key, {{"assignees", kept}});
  const auto view = writes.views.issue(key);
  return add ? writes.created(view, key) : writes.changed(view, key);
}

ApiAnswer add_blocker(GithubWrites& writes, GithubCall& call) {
  const auto key = writes.issue_of(call);
  const auto id = call.body.number("issue_id");
  if (!id) refuse_invalid("IssueDependency", "issue_id", "missing_field");
  const auto blocker = std::to_string(*id);
  if (blocker == key) refuse_invalid("IssueDependency", "issue_id", "invalid");
  if (writes.data.issues.find(blocker) == nullptr) refuse_github(404, "Not Found");
  const auto& present = writes.data.issues.find(key)->at("blocked_by");
  if (std::find(present.begin(), present.end(), blocker) != present.end()) {
    refuse_invalid("IssueDependency", "issue_id", "already_exists");
  }
  writes.data.set_blockers(key, blocker, true);
  writes.data.update_issue(key, JsonRecord::object());
  return writes.created(writes.views.issue(key), key);
}

ApiAnswer post_comment(GithubWrites& writes, GithubCall& call) {
  const auto issue = writes.issue_of(call);
  const auto& record = *writes.data.issues.find(issue);
  if (record.at("pull").is_null()) refuse_if_disabled(writes, call.repo);
  if (record.at("locked").get<bool>() && !writes.may_push(call.repo)) {
    refuse_github(403, "Unable to create comment because issue is locked.");
  }
  const auto key = writes.data.add_comment(issue, writes.me(), call.body.required("body"));
  return writes.created(writes.views.comment(key), key);
}

std::string comment_of(const GithubWrites& writes, const GithubCall& call) {
  return writes.below(writes.data.comments_of_repo, call.repo, call.param("comment"));
}

void add_comment_writes(GithubWrites& writes) {
  const auto need = GithubNeed::read;
  writes.on_repo("POST", "/issues/:number/comments", "IssueComment", need,
                 [&writes](GithubCall& call) { return post_comment(writes, call); });
  writes.on_repo("GET", "/issues/comments/:comment", "IssueComment", need,
                 [&writes](GithubCall& call) {
                   const auto key = comment_of(writes, call);
                   return writes.changed(writes.views.comment(key), key);
                 });
  writes.on_repo(
      "PATCH", "/issues/comments/:comment", "IssueComment", need, [&writes](GithubCall& call) {
        const auto key = comment_of(writes, call);
        writes.data.update(writes.data.comments, key, {{"body", call.body.required("body")}});
        return writes.changed(writes.views.comment(key), key);
      });
  writes.on_repo("DELETE", "/issues/comments/:comment", "IssueComment", need,
                 [&writes](GithubCall& call) {
                   writes.data.delete_comment(comment_of(writes, call));
                   return GithubWrites::done();
                 });
}

}  // namespace

void add_github_issue_writes(GithubWrites& writes) {
  const auto read = GithubNeed::read;
  const auto push = GithubNeed::push;
  add_comment_writes(writes);
  writes.on_repo("POST", "/issues", "Issue", read,
                 [&writes](GithubCall& call) { return post_issue(writes, call); });
  writes.on_repo("GET", "/issues/:number", "Issue", read, [&writes](GithubCall& call) {
    return answer_issue(writes, writes.issue_of(call));
  });
  writes.on_repo("PATCH", "/issues/:number", "Issue", read,
                 [&writes](GithubCall& call) { return patch_issue(writes, call); });
  writes.on_repo("PUT", "/issues/:number/lock", "Issue", push,
                 [&writes](GithubCall& call) { return lock_issue(writes, call); });
  writes.on_repo("DELETE", "/issues/:number/lock", "Issue", push, [&writes](GithubCall& call) {
    writes.data.update_issue(writes.issue_of(call), {{"locked", false}, {"lock_reason", nullptr}});
    return GithubWrites::done();
  });
  writes.on_repo("POST", "/issues/:number/labels", "Issue", push,
                 [&writes](GithubCall& call) { return set_labels(writes, call, false); });
  writes.on_repo("PUT", "/issues/:number/labels", "Issue", push,
                 [&writes](GithubCall& call) { return set_labels(writes, call, true); });
  writes.on_repo("POST", "/issues/:number/assignees", "Issue", push,
                 [&writes](GithubCall& call) { return change_assignees(writes, call, true); });
  writes.on_repo("DELETE", "/issues/:number/assignees", "Issue", push,
                 [&writes](GithubCall& call) { return change_assignees(writes, call, false); });
  writes.on_repo("POST", "/issues/:number/dependencies/blocked_by", "IssueDependency", push,
                 [&writes](GithubCall& call) { return add_blocker(writes, call); });
}

}  // namespace probackup
