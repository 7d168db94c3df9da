// The listings of GithubAccount's API that are always empty.
#include "fake/github_account.h"

namespace probackup {

namespace {

constexpr const char* empty_repo_lists[] = {
    "/code-scanning/alerts",   "/dependabot/alerts",
    "/secret-scanning/alerts", "/secret-scanning/custom-patterns",
    "/security-advisories",    "/teams"};
constexpr const char* empty_lists[] = {"/gists",
                                       "/orgs/:org/blocks",
                                       "/orgs/:org/code-security/configurations",
                                       "/orgs/:org/hooks",
                                       "/orgs/:org/invitations",
                                       "/orgs/:org/issue-fields",
                                       "/orgs/:org/issue-types",
                                       "/orgs/:org/outside_collaborators",
                                       "/orgs/:org/packages",
                                       "/orgs/:org/properties/schema",
                                       "/orgs/:org/rulesets",
                                       "/orgs/:org/secret-scanning/custom-patterns",
                                       "/orgs/:org/teams/:team/members",
                                       "/users/:login/followers",
                                       "/users/:login/following",
                                       "/users/:login/gists",
                                       "/users/:login/gpg_keys",
                                       "/users/:login/keys",
                                       "/users/:login/packages",
                                       "/users/:login/social_accounts",
                                       "/users/:login/ssh_signing_keys",
                                       "/users/:login/starred"};

// Listings inside an object: {"total_count": 0, NAME: []}.
struct Wrapped {
  const char* path;
  const char* name;
};
constexpr Wrapped wrapped_repo_lists[] = {{"/actions/secrets", "secrets"},
                                          {"/actions/workflows", "workflows"},
                                          {"/codespaces/secrets", "secrets"},
                                          {"/dependabot/secrets", "secrets"},
                                          {"/environments/:environment/secrets", "secrets"}};
constexpr Wrapped wrapped_lists[] = {{"/orgs/:org/actions/secrets", "secrets"},
                                     {"/orgs/:org/actions/variables", "variables"},
                                     {"/orgs/:org/dependabot/secrets", "secrets"},
                                     {"/orgs/:org/installations", "installations"},
                                     {"/orgs/:org/organization-roles", "roles"},
                                     {"/orgs/:org/private-registries", "configurations"}};

ApiAnswer nothing_in(const Wrapped& list) {
  return json_answer(JsonRecord{{"total_count", 0}, {list.name, JsonRecord::array()}}.dump());
}

}  // namespace

void GithubAccount::add_empty_routes() {
  for (const auto* path : empty_repo_lists) {
    on_repo(path, [](const std::string&, const ApiRequest&) { return json_answer("[]"); });
  }
  for (const auto* path : empty_lists) {
    on(path, [](const ApiRequest&) { return json_answer("[]"); });
  }
  for (const auto& list : wrapped_repo_lists) {
    on_repo(list.path, [list](const std::string&, const ApiRequest&) { return nothing_in(list); });
  }
  for (const auto& list : wrapped_lists) {
    on(list.path, [list](const ApiRequest&) { return nothing_in(list); });
  }
}

}  // namespace probackup
