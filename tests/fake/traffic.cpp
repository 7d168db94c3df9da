// Asks every test server for everything once, makes every call that writes, and writes what was
// said to the log named as the only argument, for validate_traffic.py.
#include <httplib.h>

#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "demo/trello_account.h"
#include "fake/asana_traffic.h"
#include "fake/github_account.h"
#include "fake/monday_traffic.h"
#include "fake/trello_traffic.h"
#include "probackup/error.h"

namespace probackup {
namespace {

using nlohmann::json;

constexpr unsigned pages_max = 50;

class Visitor {
 public:
  Visitor(TestAccount& account, const std::string& authorization)
      : Visitor(account, authorization, account.server().port()) {}
  Visitor(TestAccount& account, const std::string& authorization, int port)
      : account_(account), client_("127.0.0.1", port) {
    client_.set_keep_alive(true);
    client_.set_default_headers({{"Authorization", authorization}, {"User-Agent", "probackup"}});
  }
  json get(const std::string& path) {
    const auto answer = client_.Get(path);
    if (!answer) throw Error("no answer from " + account_.app());
    next_ = path_of_next(answer->get_header_value("Link"));
    return json::parse(answer->body, nullptr, false);
  }
  // All pages of a listing with a Link header.
  json get_all(const std::string& path) {
    auto all = get(path);
    for (unsigned page = 0; page < pages_max && !next_.empty(); ++page) {
      for (auto& record : get(next_)) all.push_back(std::move(record));
    }
    return all;
  }
  httplib::Client& client() { return client_; }

 private:
  static std::string path_of_next(const std::string& link) {
    const auto end = link.find(">; rel=\"next\"");
    if (end == std::string::npos) return {};
    const auto begin = link.rfind('<', end);
    const auto host = link.find("//", begin) + 2;
    return link.substr(link.find('/', host), end - link.find('/', host));
  }

  TestAccount& account_;
  httplib::Client client_;
  std::string next_;
};

void visit_trello(const std::string& log) {
  TrelloAccount account(21, {2, 4, 5, 4, 40, 3});
  const auto settings = account.settings();
  Visitor visitor(account, "OAuth oauth_consumer_key=\"" + settings.at("key") +
                               "\", oauth_token=\"" + settings.at("token") + "\"");
  for (const auto* part : {"", "/tokens?webhooks=true", "/boardStars", "/savedSearches",
                           "/boardBackgrounds?filter=custom", "/customEmoji", "/customStickers"}) {
    visitor.get(std::string("/1/members/me") + part);
  }
  visitor.get("/1/tokens/" + settings.at("token"));
  visitor.get("/1/tokens/" + settings.at("token") + "/webhooks");
  for (const auto& team : visitor.get("/1/members/me/organizations")) {
    const auto base = "/1/organizations/" + team["id"].get<std::string>();
    for (const auto* part :
         {"", "/boards", "/members", "/memberships", "/actions", "/pluginData", "/tags"})
      visitor.get(base + part);
  }
  std::string list;
  for (const auto& board : visitor.get("/1/members/me/boards?filter=all&fields=all")) {
    const std::string id = board["id"];
    const auto base = "/1/boards/" + id;
    for (const auto* part :
         {"", "/lists?filter=all", "/checklists", "/labels?limit=1000", "/customFields", "/members",
          "/memberships?filter=all", "/boardPlugins", "/actions?limit=1000",
          "/actions?filter=commentCard&limit=5&since=2024-01-01T00:00:00Z",
          "/cards?filter=all&limit=1000&attachments=true&checklists=all&customFieldItems=true"}) {
      visitor.get(base + part);
    }
    for (const auto& card : visitor.get(base + "/cards/all")) {
      const auto card_path = "/1/cards/" + card["id"].get<std::string>();
      visitor.get(card_path +
                  "?attachments=true&checklists=all&customFieldItems=true&members=true");
      visitor.get(card_path + "/actions?filter=all");
      visitor.get(card_path + "/attachments");
      list = card["idList"];
    }
  }
  auto& client = visitor.client();
  const auto card = json::parse(client.Post("/1/cards?name=New&idList=" + list, "", "")->body);
  const auto path = "/1/cards/" + card["id"].get<std::string>();
  client.Put(path + "?closed=true", "", "");
  client.Post(path + "/actions/comments?text=Hello", "", "");
  client.Delete(path);
  client.Get("/1/boards/000000000000000000000000");
  account.server().write_log(log, account.app());
}

constexpr const char* github_paths[] = {"/user",
                                        "/user/orgs",
                                        "/users/user-2",
                                        "/users/user-1/repos?per_page=100",
                                        "/user/repos?per_page=2",
                                        "/orgs/org-1",
                                        "/orgs/org-1/repos",
                                        "/orgs/org-1/members?per_page=3",
                                        "/orgs/org-1/teams",
                                        "/users/nobody",
                                        "/user/repos?visibility=private",
                                        "/gists",
                                        "/orgs/org-1/members?role=admin",
                                        "/orgs/org-1/blocks",
                                        "/orgs/org-1/hooks",
                                        "/orgs/org-1/invitations",
                                        "/orgs/org-1/issue-types",
                                        "/orgs/org-1/issue-fields",
                                        "/orgs/org-1/rulesets",
                                        "/orgs/org-1/properties/schema",
                                        "/orgs/org-1/outside_collaborators",
                                        "/orgs/org-1/code-security/configurations",
                                        "/orgs/org-1/secret-scanning/custom-patterns",
                                        "/orgs/org-1/actions/secrets",
                                        "/orgs/org-1/actions/variables",
                                        "/orgs/org-1/dependabot/secrets",
                                        "/orgs/org-1/installations",
                                        "/orgs/org-1/organization-roles",
                                        "/orgs/org-1/private-registries",
                                        "/orgs/org-1/teams/team-1/members",
                                        "/orgs/org-1/packages?package_type=npm",
                                        "/users/user-1/packages?package_type=npm",
                                        "/users/user-1/followers",
                                        "/users/user-1/following",
                                        "/users/user-1/gists",
                                        "/users/user-1/gpg_keys",
                                        "/users/user-1/keys",
                                        "/users/user-1/social_accounts",
                                        "/users/user-1/ssh_signing_keys",
                                        "/users/user-1/starred"};
constexpr const char* github_repo_paths[] = {
    "",
    "/topics",
    "/branches",
    "/collaborators",
    "/hooks",
    "/labels?per_page=100",
    "/milestones?state=all",
    "/issues?state=all&per_page=25&sort=updated&direction=asc",
    "/issues?since=2024-01-01T00:00:00Z&state=all&per_page=100",
    "/issues/comments?per_page=100&sort=updated&direction=asc",
    "/issues/events?per_page=100",
    "/pulls/comments?per_page=100",
    "/comments",
    "/autolinks",
    "/code-scanning/alerts",
    "/dependabot/alerts",
    "/invitations",
    "/keys",
    "/rulesets",
    "/secret-scanning/alerts",
    "/secret-scanning/custom-patterns",
    "/security-advisories",
    "/teams",
    "/actions/secrets",
    "/actions/variables",
    "/actions/workflows",
    "/actions/permissions",
    "/codespaces/secrets",
    "/dependabot/secrets",
    "/environments",
    "/pages",
    "/issues/1/timeline",
    "/issues/2/timeline?per_page=100",
    "/issues/1/dependencies/blocked_by"};

void visit_github(const std::string& log) {
  GithubAccount account(22, {4, 1, 3, 40, 12, 3});
  Visitor visitor(account, "Bearer " + account.settings().at("token"));
  for (const auto* path : github_paths) {
    visitor.get_all(path);
  }
  for (const auto& repo : visitor.get_all("/user/repos")) {
    const auto base = "/repos/" + repo["full_name"].get<std::string>();
    for (const auto* part : github_repo_paths) {
      visitor.get_all(base + part);
    }
    for (const auto& pull : visitor.get_all(base + "/pulls?state=all&per_page=10")) {
      visitor.get_all(base + "/pulls/" + pull["number"].dump() + "/reviews");
    }
    for (const auto& release : visitor.get_all(base + "/releases")) {
      visitor.get_all(base + "/releases/" + release["id"].dump() + "/assets");
      for (const auto& asset : release["assets"]) {
        const auto path = base + "/releases/assets/" + asset["id"].dump();
        visitor.get(path);
        visitor.client().Get(path, {{"Accept", "application/octet-stream"}});
      }
    }
  }
  account.server().write_log(log, account.app());
}

// Everything that a restore may write, once; what GitHub refuses is asked for, too.
void write_github(const std::string& log) {
  GithubAccount account(23, empty_github(1));
  Visitor visitor(account, "Bearer " + account.settings().at("token"));
  auto& client = visitor.client();
  const auto type = "application/json";
  const auto post = [&](const std::string& path, const json& body) {
    return json::parse(client.Post(path, body.dump(), type)->body, nullptr, false);
  };
  const auto patch = [&](const std::string& path, const json& body) {
    client.Patch(path, body.dump(), type);
  };
  const auto put = [&](const std::string& path, const json& body) {
    client.Put(path, body.dump(), type);
  };
  post("/orgs/sandbox-1/repos", {{"name", "theirs"}, {"private", true}});
  post("/user/repos", {{"name", "one"}, {"auto_init", true}, {"has_wiki", true}});
  post("/user/repos", {{"name", "one"}});
  const std::string base = "/repos/guest-1/one";
  account.change([](GithubData& data) { data.add_branch("guest-1/one", "feature"); });
  patch(base, {{"description", "Text"}, {"allow_merge_commit", false}, {"default_branch", "main"}});
  put(base + "/topics", {{"names", {"backup"}}});
  put(base + "/actions/permissions", {{"enabled", true}, {"allowed_actions", "all"}});
  post(base + "/labels", {{"name", "new"}, {"color", "c0ffee"}, {"description", "Text"}});
  post(base + "/labels", {{"name", "bug"}});
  patch(base + "/labels/new", {{"new_name", "newer"}, {"color", "ffffff"}});
  client.Delete(base + "/labels/newer");
  post(base + "/milestones", {{"title", "v1"}, {"due_on", "2030-01-02T08:00:00Z"}});
  post(base + "/milestones", {{"title", "v1"}});
  const auto first =
      post(base + "/issues", {{"title", "First"}, {"labels", {"bug"}}, {"milestone", 1}});
  post(base + "/issues", {{"title", "Second"}, {"body", "Text"}, {"assignees", {"guest-1"}}});
  post(base + "/issues", json::object());
  patch(base + "/issues/1", {{"state", "closed"}, {"state_reason", "not_planned"}});
  patch(base + "/milestones/1", {{"state", "closed"}});
  put(base + "/issues/1/lock", {{"lock_reason", "resolved"}});
  client.Delete(base + "/issues/1/lock");
  post(base + "/issues/2/labels", {{"labels", {"question"}}});
  post(base + "/issues/2/assignees", {{"assignees", {"guest-1"}}});
  post(base + "/issues/2/dependencies/blocked_by", {{"issue_id", first["id"]}});
  const auto comment = post(base + "/issues/1/comments", {{"body", "Text"}});
  patch(base + "/issues/comments/" + comment["id"].dump(), {{"body", "Changed"}});
  const auto pull =
      post(base + "/pulls", {{"title", "Change"}, {"head", "feature"}, {"base", "main"}});
  const std::string sha = pull["head"]["sha"];
  post(base + "/pulls/3/reviews", {{"event", "APPROVE"}});
  post(base + "/pulls/3/reviews", {{"event", "COMMENT"}, {"body", "Fine"}});
  const auto remark = post(base + "/pulls/3/comments",
                           {{"body", "Here"}, {"commit_id", sha}, {"path", "a"}, {"line", 1}});
  post(base + "/pulls/3/comments/" + remark["id"].dump() + "/replies", {{"body", "Yes"}});
  patch(base + "/pulls/3", {{"state", "closed"}});
  post(base + "/commits/" + sha + "/comments", {{"body", "Good"}});
  const auto release = post(base + "/releases", {{"tag_name", "v1"}, {"name", "First"}});
  post(base + "/releases", {{"tag_name", "v1"}});
  const auto release_path = base + "/releases/" + release["id"].dump();
  patch(release_path, {{"prerelease", true}, {"body", "Notes"}});
  Visitor uploader(account, "Bearer " + account.settings().at("token"),
                   account.upload_server().port());
  for (int twice = 0; twice < 2; ++twice) {
    uploader.client().Post(release_path + "/assets?name=tool.bin", "bytes",
                           "application/octet-stream");
  }
  const json hook{{"name", "web"},
                  {"config", {{"url", "https://example.com"}, {"content_type", "json"}}}};
  const auto hooked = post(base + "/hooks", hook);
  post(base + "/hooks", hook);
  patch(base + "/hooks/" + hooked["id"].dump(), {{"active", false}});
  post(base + "/keys", {{"title", "CI"}, {"key", "ssh-ed25519 AAAAC3"}, {"read_only", true}});
  post(base + "/autolinks", {{"key_prefix", "T-"}, {"url_template", "https://example.com/<num>"}});
  put(base + "/collaborators/guest-2", {{"permission", "push"}});
  post(base + "/actions/variables", {{"name", "A"}, {"value", "1"}});
  patch(base + "/actions/variables/A", {{"value", "2"}});
  const auto me = visitor.get("/user")["id"];
  put(base + "/environments/prod",
      {{"wait_timer", 5},
       {"reviewers", {{{"type", "User"}, {"id", me}}}},
       {"deployment_branch_policy",
        {{"protected_branches", false}, {"custom_branch_policies", true}}}});
  post(base + "/environments/prod/variables", {{"name", "A"}, {"value", "1"}});
  post(base + "/environments/prod/deployment-branch-policies", {{"name", "v*"}});
  const auto ruleset =
      post(base + "/rulesets",
           {{"name", "main"}, {"enforcement", "active"}, {"rules", {{{"type", "deletion"}}}}});
  for (const auto* part : github_repo_paths) visitor.get_all(base + part);
  for (const auto* part :
       {"/pulls/3", "/pulls/3/reviews", "/issues/2", "/issues/1/comments", "/labels/bug",
        "/milestones/1", "/releases", "/releases/tags/v1", "/environments/prod",
        "/environments/prod/variables", "/environments/prod/deployment-branch-policies",
        "/environments/prod/secrets", "/pulls?state=all", "/issues/2/dependencies/blocked_by"}) {
    visitor.get_all(base + part);
  }
  visitor.get(base + "/rulesets/" + ruleset["id"].dump());
  patch(base, {{"archived", true}});
  post(base + "/issues", {{"title", "Late"}});
  client.Delete(base);
  account.server().write_log(log, account.app());
  account.upload_server().write_log(log, account.app());
}

}  // namespace
}  // namespace probackup

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: fake_traffic LOG\n", stderr);
    return 2;
  }
  try {
    probackup::visit_trello(argv[1]);
    probackup::write_to_trello(argv[1]);
    probackup::visit_github(argv[1]);
    probackup::write_github(argv[1]);
    probackup::visit_asana(argv[1]);
    probackup::visit_monday(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
