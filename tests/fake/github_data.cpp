#include "fake/github_data.h"

#include "util/time.h"

namespace probackup {

namespace {

std::string sha1_like(const std::string& text) {
  return Seeded(mix_seed(4, text)).hex(40);
}

}  // namespace

GithubData::GithubData(std::uint64_t seed, Clock& clock, unsigned days)
    : time_(seed, clock, days) {}

std::string GithubData::next_key() {
  time_.step();
  return std::to_string(++last_id_);
}

std::string GithubData::stamp() {
  return format_rfc3339_seconds(time_.now());
}

JsonRecord GithubData::base(const std::string& key) {
  return {{"id", std::stoll(key)}, {"created_at", stamp()}, {"updated_at", stamp()}};
}

int GithubData::next_number(const std::string& repo) {
  auto& number = (*repos.find(repo))["last_number"];
  number = number.get<int>() + 1;
  return number;
}

void GithubData::touch(const std::string& issue) {
  (*issues.find(issue))["updated_at"] = stamp();
}

void GithubData::count(const std::string& issue, int change) {
  const auto& record = *issues.find(issue);
  const auto add = [&](JsonRecord& counters, const char* name) {
    counters[name] = counters.at(name).get<int>() + change;
  };
  const bool open = record.at("state") == "open";
  if (open) add(*repos.find(issues.owner_of(issue)), "open");
  if (record.at("milestone").is_null()) return;
  add(*milestones.find(record.at("milestone").get<std::string>()), open ? "open" : "closed");
}

void GithubData::add_user(const std::string& login) {
  auto user = base(next_key());
  user["login"] = login;
  users.put(login, "", std::move(user));
}

void GithubData::add_organization(const std::string& login) {
  auto organization = base(next_key());
  organization["login"] = login;
  organizations.put(login, "", std::move(organization));
  for (const auto& [name, user] : users.all()) {
    members.put(login + "/" + name, login, {{"login", name}});
  }
}

std::string GithubData::add_team(const std::string& organization, const std::string& name) {
  const auto key = next_key();
  auto team = base(key);
  team["name"] = name;
  team["organization"] = organization;
  teams.put(key, organization, std::move(team));
  return key;
}

std::string GithubData::add_label(const std::string& repo, const std::string& name,
                                  const std::string& color, const std::string& description) {
  const auto key = next_key();
  auto label = base(key);
  label["name"] = name;
  label["color"] = color;
  label["description"] = description.empty() ? JsonRecord(nullptr) : JsonRecord(description);
  label["default"] = name == "bug";
  labels.put(key, repo, std::move(label));
  return key;
}

std::string GithubData::add_milestone(const std::string& repo, const std::string& title) {
  const auto key = next_key();
  auto milestone = base(key);
  auto& last = (*repos.find(repo))["last_milestone"];
  last = last.get<int>() + 1;
  milestone["number"] = last;
  milestone["title"] = title;
  milestone["description"] = nullptr;
  milestone["due_on"] = nullptr;
  milestone["closed_at"] = nullptr;
  milestone["state"] = "open";
  milestone["open"] = 0;
  milestone["closed"] = 0;
  milestone["creator"] = token_user();
  milestones.put(key, repo, std::move(milestone));
  return key;
}

std::string GithubData::add_issue(const std::string& repo, const std::string& user,
                                  const std::string& title, const std::string& body) {
  const auto key = next_key();
  auto issue = base(key);
  issue["number"] = next_number(repo);
  issue["title"] = title;
  issue["body"] = body.empty() ? JsonRecord(nullptr) : JsonRecord(body);
  issue["user"] = user;
  issue["state"] = "open";
  issue["state_reason"] = nullptr;
  issue["closed_at"] = nullptr;
  issue["locked"] = false;
  issue["lock_reason"] = nullptr;
  issue["labels"] = JsonRecord::array();     // keys
  issue["assignees"] = JsonRecord::array();  // logins
  issue["milestone"] = nullptr;              // key
  issue["hearts"] = 0;
  issue["blocked_by"] = JsonRecord::array();  // keys
  issue["pull"] = nullptr;                    // key
  issues.put(key, repo, std::move(issue));
  count(key, 1);
  return key;
}

std::string GithubData::add_pull(const std::string& repo, const std::string& user,
                                 const std::string& title, const std::string& body,
                                 const std::string& head, const std::string& base_branch) {
  const auto issue = add_issue(repo, user, title, body);
  const auto key = next_key();
  auto& half = *issues.find(issue);
  half["pull"] = key;
  auto pull = base(key);
  pull["issue"] = issue;
  pull["head"] = head.empty() ? "change-" + std::to_string(half["number"].get<int>()) : head;
  pull["sha"] = head.empty() ? sha1_like(key)
                             : branches.find(repo + "/" + head)->at("sha").get<std::string>();
  pull["base"] = base_branch;
  pull["base_sha"] = branches.find(repo + "/" + base_branch)->at("sha");
  pull["draft"] = false;
  pull["merged_at"] = nullptr;
  pull["reviewers"] = JsonRecord::array();  // logins
  pull["maintainer_can_modify"] = false;
  pulls.put(key, repo, std::move(pull));
  return key;
}

std::string GithubData::issue_of(const std::string& pull) const {
  return pulls.find(pull)->at("issue");
}

std::string GithubData::add_comment(const std::string& issue, const std::string& user,
                                    const std::string& body) {
  const auto key = next_key();
  auto comment = base(key);
  comment["user"] = user;
  comment["body"] = body;
  comment["hearts"] = 0;
  comments.put(key, issue, std::move(comment));
  comments_of_repo.put(key, issues.owner_of(issue), nullptr);
  touch(issue);
  return key;
}

std::string GithubData::add_review(const std::string& pull, const std::string& user,
                                   const std::string& body, const std::string& state) {
  const auto key = next_key();
  auto review = base(key);
  review["user"] = user;
  review["body"] = body;
  review["state"] = state;
  review["sha"] = pulls.find(pull)->at("sha");
  reviews.put(key, pull, std::move(review));
  touch(issue_of(pull));
  return key;
}

std::string GithubData::add_review_comment(const std::string& pull, const std::string& user,
                                           const std::string& body) {
  const auto key = next_key();
  auto comment = base(key);
  const auto& own_reviews = reviews.keys_of(pull);
  comment["review"] = own_reviews.empty() ? JsonRecord(nullptr) : JsonRecord(*own_reviews.rbegin());
  comment["user"] = user;
  comment["body"] = body;
  comment["path"] = "src/file" + key.substr(8) + ".txt";
  comment["hunk"] = "@@ -1 +1 @@\n-old\n+new";
  comment["line"] = 1;
  comment["side"] = "RIGHT";
  comment["start_line"] = nullptr;
  comment["start_side"] = nullptr;
  comment["subject_type"] = "line";
  comment["reply_to"] = nullptr;  // key
  comment["sha"] = pulls.find(pull)->at("sha");
  review_comments.put(key, pull, std::move(comment));
  touch(issue_of(pull));
  return key;
}

std::string GithubData::add_commit_comment(const std::string& repo, const std::string& user,
                                           const std::string& body) {
  const auto key = next_key();
  auto comment = base(key);
  comment["user"] = user;
  comment["body"] = body;
  comment["sha"] = sha1_like(repo + "/main");
  comment["path"] = nullptr;
  comment["position"] = nullptr;
  comment["line"] = nullptr;
  commit_comments.put(key, repo, std::move(comment));
  return key;
}

std::string GithubData::add_release(const std::string& repo, const std::string& tag,
                                    const std::string& body) {
  const auto key = next_key();
  auto release = base(key);
  release["tag"] = tag;
  release["name"] = tag;
  release["body"] = body;
  release["author"] = token_user();
  release["target"] = "main";
  release["draft"] = false;
  release["prerelease"] = false;
  release["published_at"] = stamp();
  releases.put(key, repo, std::move(release));
  return key;
}

std::string GithubData::add_asset(const std::string& release, const std::string& name,
                                  const std::string& content_type, std::string content) {
  const auto key = next_key();
  auto asset = base(key);
  asset["name"] = name;
  asset["content_type"] = content_type;
  asset["size"] = content.size();
  asset["label"] = "";
  asset["state"] = "uploaded";
  assets.put(key, release, std::move(asset));
  bytes[key] = std::move(content);
  return key;
}

std::string GithubData::add_hook(const std::string& repo, const std::string& url,
                                 bool with_secret) {
  const auto key = next_key();
  auto hook = base(key);
  hook["url"] = url;
  hook["with_secret"] = with_secret;
  hook["content_type"] = "json";
  hook["insecure_ssl"] = "0";
  hook["events"] = {"push", "issues"};
  hook["active"] = true;
  hooks.put(key, repo, std::move(hook));
  return key;
}

void GithubData::add_branch(const std::string& repo, const std::string& name) {
  time_.step();
  branches.put(
      repo + "/" + name, repo,
      {{"name", name}, {"sha", sha1_like(repo + "/" + name)}, {"protected", name == "main"}});
  (*repos.find(repo))["pushed_at"] = stamp();
}

std::string GithubData::add_discussion(const std::string& repo, const std::string& user,
                                       const std::string& title, const std::string& body) {
  const auto key = next_key();
  auto discussion = base(key);
  discussion["number"] = next_number(repo);
  discussion["title"] = title;
  discussion["body"] = body;
  discussion["user"] = user;
  discussion["category"] = "General";
  discussion["closed"] = false;
  discussion["closed_at"] = nullptr;
  discussion["state_reason"] = nullptr;
  discussion["locked"] = false;
  discussion["answer"] = nullptr;  // key of a comment
  discussions.put(key, repo, std::move(discussion));
  return key;
}

std::string GithubData::add_discussion_comment(const std::string& discussion,
                                               const std::string& user, const std::string& body,
                                               const std::string& reply_to) {
  const auto key = next_key();
  auto comment = base(key);
  comment["user"] = user;
  comment["body"] = body;
  comment["reply_to"] = reply_to.empty() ? JsonRecord(nullptr) : JsonRecord(reply_to);
  discussion_comments.put(key, discussion, std::move(comment));
  (*discussions.find(discussion))["updated_at"] = stamp();
  return key;
}

std::string GithubData::add_project(const std::string& organization, const std::string& title) {
  const auto key = next_key();
  auto project = base(key);
  project["number"] = static_cast<int>(projects.keys_of(organization).size()) + 1;
  project["title"] = title;
  project["items"] = JsonRecord::array();  // {id, issue, created_at, status}
  projects.put(key, organization, std::move(project));
  return key;
}

void GithubData::add_project_item(const std::string& project, const std::string& issue) {
  const auto key = next_key();
  auto item = base(key);
  item["issue"] = issue;
  item["status"] = "Todo";
  (*projects.find(project))["items"].push_back(std::move(item));
  (*projects.find(project))["updated_at"] = stamp();
}

void GithubData::add_event(const std::string& issue, const std::string& event, JsonRecord details) {
  const auto key = next_key();
  auto record = base(key);
  record["issue"] = issue;
  record["event"] = event;
  record["actor"] = token_user();
  record["details"] = std::move(details);
  events.put(key, issues.owner_of(issue), std::move(record));
}

void GithubData::update_issue(const std::string& issue, const JsonRecord& changes) {
  auto& record = *issues.find(issue);
  if (changes.contains("title")) {
    add_event(issue, "renamed",
              {{"rename", {{"from", record.at("title")}, {"to", changes.at("title")}}}});
  }
  if (changes.contains("state")) {
    const bool closed = changes.at("state") == "closed";
    add_event(issue, closed ? "closed" : "reopened", JsonRecord::object());
    record["closed_at"] = closed ? JsonRecord(stamp()) : JsonRecord(nullptr);
    record["state_reason"] = closed ? "completed" : "reopened";
  }
  if (changes.contains("labels") && !changes.at("labels").empty()) {
    const auto& label = *labels.find(changes.at("labels").back().get<std::string>());
    add_event(issue, "labeled",
              {{"label", {{"name", label.at("name")}, {"color", label.at("color")}}}});
  }
  if (changes.contains("locked") && changes.at("locked") != record.at("locked")) {
    add_event(issue, changes.at("locked").get<bool>() ? "locked" : "unlocked",
              JsonRecord::object());
  }
  time_.step();
  count(issue, -1);
  for (const auto& [name, value] : changes.items()) record[name] = value;
  count(issue, 1);
  touch(issue);
}

void GithubData::update(RecordTable& table, const std::string& key, const JsonRecord& changes) {
  time_.step();
  auto& record = *table.find(key);
  for (const auto& [name, value] : changes.items()) record[name] = value;
  record["updated_at"] = stamp();
}

void GithubData::delete_comment(const std::string& comment) {
  const auto issue = comments.owner_of(comment);
  time_.step();
  comments.erase(comment);
  comments_of_repo.erase(comment);
  touch(issue);
}

void GithubData::set_blockers(const std::string& issue, const std::string& blocker, bool blocks) {
  auto kept = JsonRecord::array();
  for (const auto& key : issues.find(issue)->at("blocked_by")) {
    if (key != blocker) kept.push_back(key);
  }
  if (blocks) kept.push_back(blocker);
  if (kept.empty()) {
    blocked_issues.erase(issue);
  } else {
    blocked_issues.insert(issue);
  }
  (*issues.find(issue))["blocked_by"] = std::move(kept);
}

void GithubData::delete_issue(const std::string& issue) {
  const auto repo_events = events.keys_of(issues.owner_of(issue));
  for (const auto& key : repo_events) {
    if (events.find(key)->at("issue") == issue) events.erase(key);
  }
  const auto own_comments = comments.keys_of(issue);
  for (const auto& key : own_comments) comments_of_repo.erase(key);
  comments.erase_owner(issue);
  for (const auto& [key, project] : projects.all()) {
    auto& items = (*projects.find(key))["items"];
    auto kept = JsonRecord::array();
    for (const auto& item : items) {
      if (item.at("issue") != issue) kept.push_back(item);
    }
    items = std::move(kept);
  }
  const auto blocked = blocked_issues;
  for (const auto& other : blocked) set_blockers(other, issue, false);
  blocked_issues.erase(issue);
  count(issue, -1);
  issues.erase(issue);
}

void GithubData::delete_release(const std::string& release) {
  for (const auto& key : assets.keys_of(release)) bytes.erase(key);
  assets.erase_owner(release);
  releases.erase(release);
}

}  // namespace probackup
