#include "fake/github_views.h"

#include <algorithm>
#include <map>
#include <vector>

#include "fake/github_view_parts.h"

namespace probackup {

namespace {

// The addresses of everything below a repository, most of them templates (RFC 6570).
void add_urls(JsonRecord& view, const std::string& api) {
  for (const auto* name :
       {"forks", "teams", "hooks", "events", "tags", "languages", "stargazers", "contributors",
        "subscribers", "subscription", "merges", "downloads", "deployments"}) {
    view[std::string(name) + "_url"] = api + "/" + name;
  }
  const std::map<std::string, std::string> templates{
      {"keys", "keys{/key_id}"},
      {"collaborators", "collaborators{/collaborator}"},
      {"issue_events", "issues/events{/number}"},
      {"assignees", "assignees{/user}"},
      {"branches", "branches{/branch}"},
      {"blobs", "git/blobs{/sha}"},
      {"git_tags", "git/tags{/sha}"},
      {"git_refs", "git/refs{/sha}"},
      {"trees", "git/trees{/sha}"},
      {"statuses", "statuses/{sha}"},
      {"commits", "commits{/sha}"},
      {"git_commits", "git/commits{/sha}"},
      {"comments", "comments{/number}"},
      {"issue_comment", "issues/comments{/number}"},
      {"contents", "contents/{+path}"},
      {"compare", "compare/{base}...{head}"},
      {"archive", "{archive_format}{/ref}"},
      {"issues", "issues{/number}"},
      {"pulls", "pulls{/number}"},
      {"milestones", "milestones{/number}"},
      {"notifications", "notifications{?since,all,participating}"},
      {"labels", "labels{/name}"},
      {"releases", "releases{/id}"}};
  for (const auto& [name, path] : templates) view[name + "_url"] = api + "/" + path;
}

}  // namespace

JsonRecord GithubViews::account(const JsonRecord& record, const std::string& type) const {
  const std::string login = record.at("login");
  const auto api = links_.api + "/users/" + login;
  const auto id = std::to_string(record.at("id").get<std::int64_t>());
  return {{"login", login},
          {"id", record.at("id")},
          {"node_id", github_node_id(type == "User" ? "U" : "O", record)},
          {"avatar_url", "https://avatars.githubusercontent.com/u/" + id + "?v=4"},
          {"gravatar_id", ""},
          {"url", api},
          {"html_url", links_.html + "/" + login},
          {"followers_url", api + "/followers"},
          {"following_url", api + "/following{/other_user}"},
          {"gists_url", api + "/gists{/gist_id}"},
          {"starred_url", api + "/starred{/owner}{/repo}"},
          {"subscriptions_url", api + "/subscriptions"},
          {"organizations_url", api + "/orgs"},
          {"repos_url", api + "/repos"},
          {"events_url", api + "/events{/privacy}"},
          {"received_events_url", api + "/received_events"},
          {"type", type},
          {"user_view_type", "public"},
          {"site_admin", false}};
}

JsonRecord GithubViews::user(const std::string& login) const {
  if (const auto* record = data_.users.find(login)) return account(*record, "User");
  return account(*data_.organizations.find(login), "Organization");
}

JsonRecord GithubViews::full_user(const std::string& login) const {
  auto view = user(login);
  for (const auto* name :
       {"name", "company", "blog", "location", "email", "hireable", "bio", "twitter_username"}) {
    view[name] = nullptr;
  }
  view["blog"] = "";
  view["public_repos"] = data_.repos.keys_of(login).size();
  view["public_gists"] = 0;
  view["followers"] = 0;
  view["following"] = 0;
  const auto* person = data_.users.find(login);
  add_github_times(view, person != nullptr ? *person : *data_.organizations.find(login));
  return view;
}

JsonRecord GithubViews::me(const std::string& login) const {
  auto view = full_user(login);
  view["user_view_type"] = "private";
  view["private_gists"] = 0;
  view["total_private_repos"] = 0;
  view["owned_private_repos"] = 0;
  view["disk_usage"] = 0;
  view["collaborators"] = 0;
  view["two_factor_authentication"] = true;
  return view;
}

JsonRecord GithubViews::listed_organization(const std::string& login) const {
  const auto& record = *data_.organizations.find(login);
  const auto api = links_.api + "/orgs/" + login;
  const auto id = std::to_string(record.at("id").get<std::int64_t>());
  return {{"login", login},
          {"id", record.at("id")},
          {"node_id", github_node_id("O", record)},
          {"url", api},
          {"repos_url", api + "/repos"},
          {"events_url", api + "/events"},
          {"hooks_url", api + "/hooks"},
          {"issues_url", api + "/issues"},
          {"members_url", api + "/members{/member}"},
          {"public_members_url", api + "/public_members{/member}"},
          {"avatar_url", "https://avatars.githubusercontent.com/u/" + id + "?v=4"},
          {"description", nullptr}};
}

JsonRecord GithubViews::organization(const std::string& login) const {
  auto view = listed_organization(login);
  view["name"] = "Organization " + login;
  view["is_verified"] = false;
  view["has_organization_projects"] = true;
  view["has_repository_projects"] = true;
  view["public_repos"] = data_.repos.keys_of(login).size();
  view["public_gists"] = 0;
  view["followers"] = 0;
  view["following"] = 0;
  view["html_url"] = links_.html + "/" + login;
  view["type"] = "Organization";
  add_github_times(view, *data_.organizations.find(login));
  view["archived_at"] = nullptr;
  return view;
}

JsonRecord GithubViews::team(const std::string& key) const {
  const auto& record = *data_.teams.find(key);
  const std::string organization = record.at("organization");
  const auto id =
      std::to_string(data_.organizations.find(organization)->at("id").get<std::int64_t>());
  const auto api = links_.api + "/organizations/" + id + "/team/" + key;
  return {{"name", record.at("name")},
          {"id", record.at("id")},
          {"node_id", github_node_id("T", record)},
          {"slug", "team-" + key},
          {"description", nullptr},
          {"privacy", "closed"},
          {"notification_setting", "notifications_enabled"},
          {"url", api},
          {"html_url", links_.html + "/orgs/" + organization + "/teams/team-" + key},
          {"members_url", api + "/members{/member}"},
          {"repositories_url", api + "/repos"},
          {"type", "organization"},
          {"permission", "pull"},
          {"parent", nullptr}};
}

JsonRecord GithubViews::listed_repository(const std::string& repo) const {
  const auto& record = *data_.repos.find(repo);
  const auto api = repo_url(repo);
  JsonRecord view{{"id", record.at("id")},
                  {"node_id", github_node_id("R", record)},
                  {"name", record.at("name")},
                  {"full_name", repo},
                  {"private", record.at("private")},
                  {"owner", user(record.at("owner"))},
                  {"html_url", page(repo)},
                  {"description", record.at("description")},
                  {"fork", false},
                  {"url", api}};
  add_urls(view, api);
  add_github_times(view, record);
  view["pushed_at"] = record.at("pushed_at");
  view["git_url"] = "git://github.com/" + repo + ".git";
  view["ssh_url"] = "git@github.com:" + repo + ".git";
  view["clone_url"] = links_.git + "/" + repo + ".git";
  view["svn_url"] = page(repo);
  view["homepage"] = record.at("homepage");
  view["size"] = 108;
  view["stargazers_count"] = 0;
  view["watchers_count"] = 0;
  view["language"] = nullptr;
  view["has_issues"] = record.at("has_issues");
  view["has_projects"] = record.at("has_projects");
  view["has_downloads"] = true;
  view["has_pull_requests"] = true;
  view["has_wiki"] = record.at("has_wiki");
  view["has_pages"] = false;
  view["has_discussions"] = record.at("has_discussions");
  view["forks_count"] = 0;
  view["mirror_url"] = nullptr;
  view["archived"] = record.at("archived");
  view["disabled"] = false;
  const auto& open = record.at("open");
  view["open_issues_count"] = open;
  view["license"] = nullptr;
  view["allow_forking"] = true;
  view["is_template"] = record.at("is_template");
  view["topics"] = record.at("topics");
  view["visibility"] = record.at("private").get<bool>() ? "private" : "public";
  view["forks"] = 0;
  view["open_issues"] = open;
  view["watchers"] = 0;
  view["default_branch"] = record.at("default_branch");
  const bool admin = record.at("may_administer").get<bool>();
  view["permissions"] = {
      {"admin", admin}, {"maintain", admin}, {"push", admin}, {"triage", admin}, {"pull", true}};
  return view;
}

JsonRecord GithubViews::repository(const std::string& repo) const {
  auto view = listed_repository(repo);
  const auto& merging = data_.repos.find(repo)->at("merging");
  const JsonRecord defaults{{"allow_rebase_merge", true},
                            {"allow_squash_merge", true},
                            {"allow_auto_merge", false},
                            {"delete_branch_on_merge", false},
                            {"allow_merge_commit", true},
                            {"allow_update_branch", false},
                            {"use_squash_pr_title_as_default", false},
                            {"squash_merge_commit_title", "COMMIT_OR_PR_TITLE"},
                            {"squash_merge_commit_message", "COMMIT_MESSAGES"},
                            {"merge_commit_title", "MERGE_MESSAGE"},
                            {"merge_commit_message", "PR_TITLE"},
                            {"web_commit_signoff_required", false}};
  for (const auto& [name, value] : defaults.items()) view[name] = merging.value(name, value);
  view["network_count"] = 0;
  view["subscribers_count"] = 1;
  return view;
}

JsonRecord GithubViews::topics(const std::string& repo) const {
  return {{"names", data_.repos.find(repo)->at("topics")}};
}

JsonRecord GithubViews::branch(const std::string& key) const {
  const auto& record = *data_.branches.find(key);
  const std::string sha = record.at("sha");
  const auto api = repo_url(data_.branches.owner_of(key));
  return {{"name", record.at("name")},
          {"commit", {{"sha", sha}, {"url", api + "/commits/" + sha}}},
          {"protected", record.at("protected")}};
}

JsonRecord GithubViews::collaborator(const std::string& repo, const std::string& login) const {
  static const std::vector<std::string> roles{"read", "triage", "write", "maintain", "admin"};
  auto view = user(login);
  const auto role = data_.collaborators_of(repo).at(login);
  const auto rank = std::find(roles.begin(), roles.end(), role) - roles.begin();
  view["permissions"] = {{"admin", rank >= 4},
                         {"maintain", rank >= 3},
                         {"push", rank >= 2},
                         {"triage", rank >= 1},
                         {"pull", true}};
  view["role_name"] = role;
  return view;
}

}  // namespace probackup
