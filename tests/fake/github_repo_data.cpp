// Repositories of a GithubData as a whole: made, filled by a push, renamed, deleted.
#include <algorithm>

#include "fake/github_data.h"
#include "util/time.h"

namespace probackup {

namespace {

struct DefaultLabel {
  const char *name, *color, *description;
};
// https://docs.github.com/en/issues/using-labels-and-milestones-to-track-work/managing-labels
constexpr DefaultLabel default_labels[] = {
    {"bug", "d73a4a", "Something isn't working"},
    {"documentation", "0075ca", "Improvements or additions to documentation"},
    {"duplicate", "cfd3d7", "This issue or pull request already exists"},
    {"enhancement", "a2eeef", "New feature or request"},
    {"good first issue", "7057ff", "Good for newcomers"},
    {"help wanted", "008672", "Extra attention is needed"},
    {"invalid", "e4e669", "This doesn't seem right"},
    {"question", "d876e3", "Further information is requested"},
    {"wontfix", "ffffff", "This will not be worked on"}};

}  // namespace

std::string GithubData::put_repository(const std::string& owner, const std::string& name,
                                       bool may_administer) {
  const auto full_name = owner + "/" + name;
  auto repo = base(next_key());
  repo["name"] = name;
  repo["owner"] = owner;
  repo["full_name"] = full_name;
  repo["description"] = nullptr;
  repo["homepage"] = nullptr;
  repo["private"] = false;
  repo["archived"] = false;
  repo["has_issues"] = true;
  repo["has_projects"] = true;
  repo["has_wiki"] = false;
  repo["has_discussions"] = true;
  repo["is_template"] = false;
  repo["default_branch"] = "main";
  repo["merging"] = JsonRecord::object();  // how pull requests are merged
  repo["categories"] = {"General"};        // of discussions
  repo["actions"] = {
      {"enabled", true}, {"allowed_actions", "all"}, {"sha_pinning_required", false}};
  repo["topics"] = JsonRecord::array();
  repo["collaborators"] = nullptr;  // login to role; null: everybody
  repo["pushed_at"] = stamp();
  repo["may_administer"] = may_administer;
  repo["last_number"] = 0;
  repo["last_milestone"] = 0;
  repo["open"] = 0;
  repos.put(full_name, owner, std::move(repo));
  return full_name;
}

std::string GithubData::add_repository(const std::string& owner, const std::string& name,
                                       bool may_administer) {
  const auto repo = put_repository(owner, name, may_administer);
  add_branch(repo, "main");
  return repo;
}

std::string GithubData::create_repository(const std::string& owner, const std::string& name) {
  const auto repo = put_repository(owner, name, true);
  auto& record = *repos.find(repo);
  record["has_wiki"] = true;
  record["has_discussions"] = false;
  record["collaborators"] = JsonRecord::object();
  record["categories"] = {"Announcements", "General", "Ideas", "Polls", "Q&A", "Show and tell"};
  for (const auto& [label, color, description] : default_labels) {
    (*labels.find(add_label(repo, label, color, description)))["default"] = true;
  }
  return repo;
}

std::map<std::string, std::string> GithubData::collaborators_of(const std::string& repo) const {
  std::map<std::string, std::string> roles;
  const auto& record = *repos.find(repo);
  const auto& own = record.at("collaborators");
  if (own.is_null()) {
    for (const auto& [login, user] : users.all()) roles[login] = "write";
  } else {
    for (const auto& [login, role] : own.items()) roles[login] = role;
  }
  if (const std::string owner = record.at("owner"); users.find(owner) != nullptr) {
    roles[owner] = "admin";
  }
  return roles;
}

std::string GithubData::add(RecordTable& table, const std::string& owner,
                            const JsonRecord& fields) {
  const auto key = next_key();
  auto record = base(key);
  record.update(fields);
  table.put(key, owner, std::move(record));
  return key;
}

void GithubData::set_branches(const std::string& repo,
                              const std::map<std::string, std::string>& wanted) {
  std::map<std::string, std::string> present;
  for (const auto& key : branches.keys_of(repo)) {
    const auto& branch = *branches.find(key);
    present[branch.at("name")] = branch.at("sha");
  }
  if (present == wanted) return;
  time_.step();
  for (const auto& [name, sha] : present) {
    if (!wanted.contains(name)) branches.erase(repo + "/" + name);
  }
  for (const auto& [name, sha] : wanted) {
    if (present.contains(name)) {
      (*branches.find(repo + "/" + name))["sha"] = sha;
    } else {
      branches.put(repo + "/" + name, repo, {{"name", name}, {"sha", sha}, {"protected", false}});
    }
  }
  auto& record = *repos.find(repo);
  record["pushed_at"] = stamp();
  if (!wanted.empty() && !wanted.contains(record.at("default_branch"))) {
    record["default_branch"] =
        wanted.contains("master") ? std::string("master") : wanted.begin()->first;
  }
  for (const auto& key : pulls.keys_of(repo)) {
    auto& pull = *pulls.find(key);
    const auto head = wanted.find(pull.at("head"));
    if (head == wanted.end() || issues.find(issue_of(key))->at("state") != "open") continue;
    if (pull.at("sha") == head->second) continue;
    pull["sha"] = head->second;
    touch(issue_of(key));
  }
}

std::vector<RecordTable*> GithubData::tables_of_repo() {
  return {&labels,           &milestones,      &issues,       &pulls,       &commit_comments,
          &releases,         &hooks,           &events,       &discussions, &keys,
          &autolinks,        &variables,       &environments, &invitations, &rulesets,
          &protection_rules, &comments_of_repo};
}

void GithubData::rename_repository(const std::string& repo, const std::string& name) {
  auto record = *repos.find(repo);
  const std::string owner = record.at("owner");
  const auto full_name = owner + "/" + name;
  record["name"] = name;
  record["full_name"] = full_name;
  repos.erase(repo);
  repos.put(full_name, owner, std::move(record));
  for (auto* table : tables_of_repo()) {
    const auto own = table->keys_of(repo);
    for (const auto& key : own) table->give(key, full_name);
  }
  const auto own_branches = branches.keys_of(repo);
  for (const auto& key : own_branches) {
    auto branch = *branches.find(key);
    branches.erase(key);
    const auto renamed = full_name + "/" + branch.at("name").get<std::string>();
    branches.put(renamed, full_name, std::move(branch));
  }
}

void GithubData::delete_repository(const std::string& repo) {
  const auto repo_issues = issues.keys_of(repo);
  for (const auto& key : repo_issues) delete_issue(key);
  for (const auto& key : pulls.keys_of(repo)) {
    reviews.erase_owner(key);
    review_comments.erase_owner(key);
  }
  const auto repo_releases = releases.keys_of(repo);
  for (const auto& key : repo_releases) delete_release(key);
  for (const auto& key : discussions.keys_of(repo)) discussion_comments.erase_owner(key);
  for (const auto& key : environments.keys_of(repo)) {
    environment_variables.erase_owner(key);
    environment_policies.erase_owner(key);
  }
  for (auto* table : tables_of_repo()) table->erase_owner(repo);
  branches.erase_owner(repo);
  repos.erase(repo);
}

void GithubData::delete_label(const std::string& label) {
  for (const auto& issue : issues.keys_of(labels.owner_of(label))) {
    auto& own = (*issues.find(issue))["labels"];
    auto kept = JsonRecord::array();
    for (const auto& key : own) {
      if (key != label) kept.push_back(key);
    }
    own = std::move(kept);
  }
  labels.erase(label);
}

void GithubData::delete_milestone(const std::string& milestone) {
  for (const auto& issue : issues.keys_of(milestones.owner_of(milestone))) {
    auto& own = (*issues.find(issue))["milestone"];
    if (own == milestone) own = nullptr;
  }
  milestones.erase(milestone);
}

}  // namespace probackup
