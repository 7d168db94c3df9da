// The views of what owners set up in a repository: keys, variables, environments, rules.
#include <algorithm>

#include "fake/github_view_parts.h"
#include "fake/github_views.h"
#include "util/text.h"

namespace probackup {

namespace {

// Members that people sent, as they sent them.
void copy(JsonRecord& view, const JsonRecord& record, std::initializer_list<const char*> names) {
  for (const auto* name : names) view[name] = record.at(name);
}

}  // namespace

JsonRecord GithubViews::deploy_key(const std::string& key) const {
  const auto& record = *data_.keys.find(key);
  JsonRecord view{{"id", record.at("id")}};
  copy(view, record, {"key", "title", "read_only", "created_at"});
  view["url"] = repo_url(data_.keys.owner_of(key)) + "/keys/" + key;
  view["verified"] = true;
  view["added_by"] = data_.token_user();
  view["last_used"] = nullptr;
  view["enabled"] = true;
  return view;
}

JsonRecord GithubViews::autolink(const std::string& key) const {
  const auto& record = *data_.autolinks.find(key);
  JsonRecord view{{"id", record.at("id")}};
  copy(view, record, {"key_prefix", "url_template", "is_alphanumeric"});
  return view;
}

JsonRecord GithubViews::variable(const std::string& key) const {
  JsonRecord view;
  copy(view, *data_.variables.find(key), {"name", "value", "created_at", "updated_at"});
  return view;
}

JsonRecord GithubViews::environment_variable(const std::string& key) const {
  JsonRecord view;
  copy(view, *data_.environment_variables.find(key), {"name", "value", "created_at", "updated_at"});
  return view;
}

JsonRecord GithubViews::environment_policy(const std::string& key) const {
  const auto& record = *data_.environment_policies.find(key);
  JsonRecord view{{"id", record.at("id")}, {"node_id", github_node_id("GDBP", record)}};
  copy(view, record, {"name", "type"});
  return view;
}

JsonRecord GithubViews::environment(const std::string& key) const {
  const auto& record = *data_.environments.find(key);
  const auto& repo = data_.environments.owner_of(key);
  const std::string name = record.at("name");
  auto rules = JsonRecord::array();
  const auto add_rule = [&](const std::string& type) -> JsonRecord& {
    const auto id = record.at("id").get<std::int64_t>() * 4 + static_cast<int>(rules.size());
    JsonRecord rule{{"id", id}};
    rule["node_id"] = github_node_id("GA", rule);
    rule["type"] = type;
    rules.push_back(std::move(rule));
    return rules.back();
  };
  if (record.at("wait_timer") != 0) add_rule("wait_timer")["wait_timer"] = record.at("wait_timer");
  if (!record.at("reviewers").empty()) {
    auto& rule = add_rule("required_reviewers");
    rule["prevent_self_review"] = record.at("prevent_self_review");
    rule["reviewers"] = JsonRecord::array();
    for (const auto& login : record.at("reviewers")) {
      rule["reviewers"].push_back({{"type", "User"}, {"reviewer", user(login)}});
    }
  }
  if (!record.at("policy").is_null()) add_rule("branch_policy");
  JsonRecord view{{"id", record.at("id")},
                  {"node_id", github_node_id("EN", record)},
                  {"name", name},
                  {"url", repo_url(repo) + "/environments/" + url_encode(name)},
                  {"html_url", page(repo) + "/deployments/activity_log?environments_filter=" +
                                   url_encode(name)}};
  add_github_times(view, record);
  view["can_admins_bypass"] = true;
  view["protection_rules"] = std::move(rules);
  view["deployment_branch_policy"] = record.at("policy");
  return view;
}

JsonRecord GithubViews::invitation(const std::string& key) const {
  const auto& record = *data_.invitations.find(key);
  const auto& repo = data_.invitations.owner_of(key);
  return {{"id", record.at("id")},
          {"node_id", github_node_id("RI", record)},
          {"repository", listed_repository(repo)},
          {"invitee", user(record.at("login"))},
          {"inviter", user(data_.token_user())},
          {"permissions", record.at("role")},
          {"created_at", record.at("created_at")},
          {"url", links_.api + "/user/repository_invitations/" + key},
          {"html_url", page(repo) + "/invitations"},
          {"expired", false}};
}

JsonRecord GithubViews::listed_ruleset(const std::string& key) const {
  const auto& record = *data_.rulesets.find(key);
  const auto& repo = data_.rulesets.owner_of(key);
  JsonRecord view{{"id", record.at("id")}};
  copy(view, record, {"name", "target"});
  view["source_type"] = "Repository";
  view["source"] = repo;
  view["enforcement"] = record.at("enforcement");
  view["node_id"] = github_node_id("RRS", record);
  view["_links"] = {{"self", github_link(repo_url(repo) + "/rulesets/" + key)},
                    {"html", github_link(page(repo) + "/rules/" + key)}};
  add_github_times(view, record);
  return view;
}

JsonRecord GithubViews::ruleset(const std::string& key) const {
  auto view = listed_ruleset(key);
  copy(view, *data_.rulesets.find(key), {"conditions", "rules", "bypass_actors"});
  view["current_user_can_bypass"] = "never";
  return view;
}

JsonRecord GithubViews::actions_permissions(const std::string& repo) const {
  return data_.repos.find(repo)->at("actions");
}

}  // namespace probackup
