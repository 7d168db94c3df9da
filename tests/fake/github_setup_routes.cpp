// The listings of what owners set up in a repository, and GraphQL.
#include "fake/github_account.h"
#include "fake/github_graph_writes.h"
#include "fake/github_view_parts.h"

namespace probackup {

// {"total_count": …, NAME: […]}
void GithubAccount::add_wrapped(const std::string& path, const std::string& name,
                                const RecordTable& table, const OwnerOf& owner_of, View view) {
  on_repo(path, [=, this, &table](const std::string& repo, const ApiRequest& request) {
    const auto& keys = table.keys_of(owner_of(repo, request));
    auto answer = repo_page(request, repo, {keys.begin(), keys.end()}, with(view));
    answer.body = "{\"total_count\":" + std::to_string(keys.size()) + ",\"" + name +
                  "\":" + answer.body + "}";
    return answer;
  });
}

void GithubAccount::add_setup_routes() {
  add_listing("/keys", data_.keys, &GithubViews::deploy_key);
  add_listing("/autolinks", data_.autolinks, &GithubViews::autolink);
  add_listing("/invitations", data_.invitations, &GithubViews::invitation);
  add_listing("/rulesets", data_.rulesets, &GithubViews::listed_ruleset);
  const auto itself = [](const std::string& repo, const ApiRequest&) { return repo; };
  const auto environment = [this](const std::string& repo, const ApiRequest& request) {
    for (const auto& key : data_.environments.keys_of(repo)) {
      if (data_.environments.find(key)->at("name") == request.param("environment")) return key;
    }
    refuse_github(404, "Not Found");
  };
  add_wrapped("/actions/variables", "variables", data_.variables, itself, &GithubViews::variable);
  add_wrapped("/environments", "environments", data_.environments, itself,
              &GithubViews::environment);
  add_wrapped("/environments/:environment/variables", "variables", data_.environment_variables,
              environment, &GithubViews::environment_variable);
  add_wrapped("/environments/:environment/deployment-branch-policies", "branch_policies",
              data_.environment_policies, environment, &GithubViews::environment_policy);
  on_repo("/actions/permissions", [this](const std::string& repo, const ApiRequest&) {
    return json_answer(views_.actions_permissions(repo).dump());
  });
  on_repo("/issues/:number/dependencies/blocked_by",
          [this](const std::string& repo, const ApiRequest& request) {
            Keys keys = data_.issues.find(issue_of(request, repo))->at("blocked_by");
            return repo_page(request, repo, keys, with(&GithubViews::issue));
          });
}

void GithubAccount::add_graphql() {
  server_.route("POST", "/graphql", [this](const ApiRequest& request) {
    const std::lock_guard lock(mutex_);
    const auto body = JsonRecord::parse(request.body, nullptr, false);
    if (!body.is_object()) return github_refusal(400, "Problems parsing JSON");
    return json_answer(answer_github_graphql(writes_, graph_, body).dump());
  });
}

}  // namespace probackup
