// What a GitHub test account accepts in repositories, labels, milestones, issues, and settings.
#include <algorithm>

#include "fake/github_test_client.h"

using namespace probackup;
using namespace probackup::github_test;
using Values = std::vector<json>;

TEST_CASE("a new GitHub repository is empty but for its default labels") {
  GithubAccount account(31, empty_github());
  Client client(account);
  CHECK(client.get("/user/repos").body.empty());
  CHECK(client.get("/orgs/sandbox-1/teams").body.empty());
  CHECK(account.truth("projects").empty());
  const auto made = client.post("/orgs/sandbox-1/repos",
                                {{"name", "my tool"}, {"private", true}, {"description", "Text"}});
  REQUIRE(made.status == 201);
  CHECK(made.body["full_name"] == "sandbox-1/my-tool");
  CHECK(made.body["private"] == true);
  CHECK(made.body["permissions"]["admin"] == true);
  CHECK(made.header("Location") == made.body["url"]);
  const std::string path = "/repos/sandbox-1/my-tool";
  CHECK(client.get(path).body["description"] == "Text");
  CHECK(client.get("/orgs/sandbox-1/repos").body.size() == 1);
  CHECK(client.get(path + "/branches").body.empty());
  CHECK(client.get(path + "/collaborators").body.empty());
  CHECK(client.list(path + "/labels", "default") == Values(9, true));
  CHECK(client.get(path + "/labels/good%20first%20issue").body["color"] == "7057ff");
  const auto again = client.post("/orgs/sandbox-1/repos", {{"name", "My-Tool"}});
  CHECK(again.status == 422);
  CHECK(again.error() == "name custom");
  CHECK(client.post("/orgs/nobody/repos", {{"name", "x"}}).status == 404);
  CHECK(client.post("/user/repos", json::object()).error() == "name missing_field");
}

TEST_CASE("GitHub refuses bodies that are no JSON and members of the wrong type") {
  GithubAccount account(32, empty_github());
  Client client(account);
  const auto path = client.make_repository("one");
  const auto broken = client.http().Post(path + "/issues", "{\"title\":", "application/json");
  CHECK(broken->status == 400);
  CHECK(json::parse(broken->body)["message"] == "Problems parsing JSON");
  CHECK(client.post(path + "/issues", json::array()).status == 400);
  CHECK(client.post(path + "/issues", {{"title", 5}}).status == 422);
  CHECK(client.post(path + "/issues", {{"title", " "}}).error() == "title missing_field");
  CHECK(client.post(path + "/issues", {{"title", std::string(257, 'x')}}).error() ==
        "title custom");
  CHECK(client.get(path + "/issues").body.empty());
}

TEST_CASE("settings of a GitHub repository can be changed until it is archived") {
  GithubAccount account(33, empty_github());
  Client client(account);
  const auto path = client.make_repository("one", {{"has_discussions", true}});
  CHECK(client.get(path).body["has_discussions"] == true);
  const auto changed = client.patch(path, {{"has_wiki", false},
                                           {"homepage", "https://example.com"},
                                           {"allow_merge_commit", false},
                                           {"visibility", "private"}});
  REQUIRE(changed.status == 200);
  CHECK(changed.body["has_wiki"] == false);
  CHECK(changed.body["homepage"] == "https://example.com");
  CHECK(changed.body["allow_merge_commit"] == false);
  CHECK(changed.body["private"] == true);
  CHECK(client.patch(path, {{"default_branch", "none"}}).error() == "default_branch invalid");
  CHECK(client.put(path + "/topics", {{"names", {"backup", "c-plus-plus"}}}).status == 200);
  CHECK(client.get(path + "/topics").body["names"] == json({"backup", "c-plus-plus"}));
  CHECK(client.put(path + "/topics", {{"names", {"Not lower"}}}).status == 422);
  CHECK(client.patch(path, {{"archived", true}}).body["archived"] == true);
  const auto refused = client.post(path + "/issues", {{"title", "Late"}});
  CHECK(refused.status == 403);
  CHECK_THAT(refused.body["message"].get<std::string>(), ContainsSubstring("read-only"));
  CHECK(client.get(path + "/labels").status == 200);
  CHECK(client.patch(path, {{"description", "Late"}}).status == 403);
  CHECK(client.patch(path, {{"archived", false}}).status == 200);
  CHECK(client.post(path + "/issues", {{"title", "Again"}}).status == 201);
}

TEST_CASE("a GitHub repository that is renamed takes everything along, and can be deleted") {
  GithubOptions options;
  options.scopes = "repo, delete_repo";
  GithubAccount account(34, {2, 0, 1, 6, 2, 1}, options);
  Client client(account);
  const auto issues = client.list("/repos/user-1/repo-1/issues?state=all", "id");
  const auto renamed = client.patch("/repos/user-1/repo-1", {{"name", "other"}});
  REQUIRE(renamed.status == 200);
  CHECK(renamed.body["name"] == "other");
  CHECK(client.get("/repos/user-1/repo-1").status == 404);
  CHECK(client.list("/repos/user-1/other/issues?state=all", "id") == issues);
  CHECK(client.list("/repos/user-1/other/branches", "name").size() == 2);
  CHECK(client.remove("/repos/user-1/other").status == 204);
  CHECK(client.get("/repos/user-1/other").status == 404);
  CHECK(account.truth("issues").empty());

  GithubAccount without_scope(34, {2, 0, 1, 1, 0, 0});
  CHECK(Client(without_scope).remove("/repos/user-1/repo-1").status == 403);
  CHECK(without_scope.truth("repos").size() == 1);
}

TEST_CASE("labels and milestones of GitHub are unique in a repository") {
  GithubAccount account(35, empty_github());
  Client client(account);
  const auto path = client.make_repository("one");
  CHECK(client.post(path + "/labels", {{"name", "BUG"}}).error() == "name already_exists");
  CHECK(client.post(path + "/labels", {{"name", "x"}, {"color", "#ffffff"}}).status == 422);
  const auto label = client.post(
      path + "/labels", {{"name", "area/api v2"}, {"color", "C0FFEE"}, {"description", "D"}});
  REQUIRE(label.status == 201);
  CHECK(label.body["color"] == "c0ffee");
  CHECK(label.body["default"] == false);
  const auto changed = client.patch(path + "/labels/area%2Fapi%20v2", {{"new_name", "api"}});
  CHECK(changed.body["id"] == label.body["id"]);
  CHECK(client.patch(path + "/labels/api", {{"new_name", "bug"}}).status == 422);
  CHECK(client.remove(path + "/labels/wontfix").status == 204);
  CHECK(client.get(path + "/labels/wontfix").status == 404);
  CHECK(client.list(path + "/labels", "name").back() == "api");

  const auto first =
      client.post(path + "/milestones", {{"title", "v1"}, {"due_on", "2030-01-02T08:00:00Z"}});
  REQUIRE(first.status == 201);
  CHECK(first.body["number"] == 1);
  CHECK(first.body["due_on"] == "2030-01-02T08:00:00Z");
  CHECK(client.post(path + "/milestones", {{"title", "v1"}}).error() == "title already_exists");
  CHECK(client.post(path + "/milestones", {{"title", "v2"}, {"state", "closed"}}).status == 201);
  CHECK(client.remove(path + "/milestones/2").status == 204);
  CHECK(client.post(path + "/milestones", {{"title", "v3"}}).body["number"] == 3);
  const auto closed = client.patch(path + "/milestones/1", {{"state", "closed"}});
  CHECK(closed.body["state"] == "closed");
  CHECK(closed.body["closed_at"].is_string());
  CHECK(client.list(path + "/milestones?state=all", "title") == Values{"v1", "v3"});
}

TEST_CASE("GitHub numbers issues in order and sets author and date by itself") {
  GithubAccount account(36, empty_github(1));
  Client client(account);
  const auto path = client.make_repository("one");
  client.post(path + "/milestones", {{"title", "v1"}});
  client.put(path + "/collaborators/guest-2", {{"permission", "push"}});
  const auto before = std::chrono::system_clock::now() - std::chrono::seconds(2);
  for (int number = 1; number <= 3; ++number) {
    const auto made = client.post(path + "/issues", {{"title", "Issue"},
                                                     {"created_at", "2001-01-01T00:00:00Z"},
                                                     {"user", "guest-2"},
                                                     {"number", 77}});
    REQUIRE(made.status == 201);
    CHECK(made.body["number"] == number);
    CHECK(made.body["user"]["login"] == "guest-1");
    CHECK(made.body["created_at"].get<std::string>() >=
          format_rfc3339_seconds(std::chrono::time_point_cast<Time::duration>(before)));
  }
  const auto linked = client.post(path + "/issues", {{"title", "Linked"},
                                                     {"body", "Text"},
                                                     {"labels", {"Bug", "brand new"}},
                                                     {"milestone", 1},
                                                     {"assignees", {"guest-1"}}});
  REQUIRE(linked.status == 201);
  CHECK(linked.body["labels"][0]["name"] == "bug");
  CHECK(linked.body["labels"][1]["color"] == "ededed");
  CHECK(linked.body["milestone"]["open_issues"] == 1);
  CHECK(linked.body["assignees"][0]["login"] == "guest-1");
  CHECK(client.post(path + "/issues", {{"title", "x"}, {"milestone", 9}}).error() ==
        "milestone invalid");
  CHECK(client.post(path + "/issues", {{"title", "x"}, {"assignees", {"guest-2"}}}).error() ==
        "assignees invalid");
  CHECK(client.get(path + "/issues?state=all").body.size() == 4);
  CHECK(client.get(path + "/issues/4").body == linked.body);
  CHECK(account.truth("issues").size() == 4);
}

TEST_CASE("issues of GitHub are closed, locked, linked and commented on") {
  GithubAccount account(37, empty_github());
  Client client(account);
  const auto path = client.make_repository("one");
  const auto issue = path + "/issues/1";
  client.post(path + "/issues", {{"title", "First"}});
  const auto second = client.post(path + "/issues", {{"title", "Second"}});
  const auto closed = client.patch(
      issue, {{"state", "closed"}, {"state_reason", "not_planned"}, {"labels", {"wontfix"}}});
  CHECK(closed.body["state_reason"] == "not_planned");
  CHECK(closed.body["closed_at"].is_string());
  CHECK(client.patch(issue, {{"state", "open"}}).body["state_reason"] == "reopened");
  CHECK(client.patch(issue, {{"labels", json::array()}}).body["labels"].empty());
  CHECK(client.post(issue + "/labels", {{"labels", {"bug"}}}).body.size() == 1);
  CHECK(client.put(issue + "/lock", {{"lock_reason", "resolved"}}).status == 204);
  CHECK(client.put(issue + "/lock", {{"lock_reason", "boredom"}}).status == 422);
  CHECK(client.get(issue).body["active_lock_reason"] == "resolved");
  const auto comment = client.post(issue + "/comments", {{"body", "Hello"}});
  REQUIRE(comment.status == 201);
  CHECK(client.get(issue + "/comments").body[0] == comment.body);
  CHECK(client.get(path + "/issues/comments").body[0] == comment.body);
  CHECK(client.get(issue).body["comments"] == 1);
  const auto comment_path = path + "/issues/comments/" + comment.body["id"].dump();
  CHECK(client.patch(comment_path, {{"body", "Bye"}}).body["body"] == "Bye");
  CHECK(client.post(issue + "/comments", {{"body", std::string(70'000, 'x')}}).error() ==
        "body custom");
  CHECK(client.remove(comment_path).status == 204);
  CHECK(client.post(path + "/issues/9/comments", {{"body", "x"}}).status == 404);

  const auto blocked =
      client.post(issue + "/dependencies/blocked_by", {{"issue_id", second.body["id"]}});
  CHECK(blocked.status == 201);
  CHECK(client.list(issue + "/dependencies/blocked_by", "number") == Values{2});
  CHECK(client.get(issue).body["issue_dependencies_summary"]["total_blocked_by"] == 1);
  CHECK(client.get(path + "/issues/2").body["issue_dependencies_summary"]["blocking"] == 1);
  CHECK(client.post(issue + "/dependencies/blocked_by", {{"issue_id", second.body["id"]}}).status ==
        422);
  const auto events = client.list(path + "/issues/events", "event");
  for (const auto* event : {"closed", "reopened", "labeled", "locked"}) {
    CAPTURE(event);
    CHECK(std::count(events.begin(), events.end(), event) >= 1);
  }
}

TEST_CASE("where issues are disabled, GitHub says 410") {
  GithubAccount account(38, empty_github());
  Client client(account);
  const auto path = client.make_repository("one", {{"has_issues", false}});
  CHECK(client.post(path + "/issues", {{"title", "x"}}).status == 410);
}

TEST_CASE("who may not push to a GitHub repository may write issues without links") {
  GithubAccount account(39, {1, 0, 1, 1, 0, 0});
  account.change([](GithubData& data) { return data.add_repository("user-1", "theirs", false); });
  Client client(account);
  const std::string path = "/repos/user-1/theirs";
  CHECK(client.post(path + "/labels", {{"name", "x"}}).status == 404);
  CHECK(client.post(path + "/hooks", {{"config", {{"url", "https://example.com"}}}}).status == 404);
  CHECK(client.patch(path, {{"description", "x"}}).status == 403);
  const auto issue = client.post(path + "/issues", {{"title", "x"}, {"labels", {"bug"}}});
  CHECK(issue.status == 201);
  CHECK(issue.body["labels"].empty());
  CHECK(client.post(path + "/issues/1/comments", {{"body", "x"}}).status == 201);
}

TEST_CASE("webhooks, keys, autolinks, collaborators and rules of a GitHub repository") {
  GithubAccount account(40, empty_github(2));
  Client client(account);
  const auto path = client.make_repository("one");
  const json hook{{"config", {{"url", "https://example.com/hook"}, {"content_type", "json"}}},
                  {"events", {"push", "issues"}}};
  const auto made = client.post(path + "/hooks", hook);
  REQUIRE(made.status == 201);
  CHECK_FALSE(made.body["config"].contains("secret"));
  CHECK(client.post(path + "/hooks", hook).error() == "url custom");
  CHECK(client.get(path + "/hooks").body[0] == made.body);
  CHECK(client.post(path + "/hooks", {{"config", json::object()}}).error() == "url missing_field");

  const json key{{"title", "CI"}, {"key", "ssh-ed25519 AAAAC3NzaC1 me@host"}, {"read_only", true}};
  const auto deploy = client.post(path + "/keys", key);
  REQUIRE(deploy.status == 201);
  CHECK(deploy.body["key"] == "ssh-ed25519 AAAAC3NzaC1");
  CHECK(client.get(path + "/keys").body[0] == deploy.body);
  const auto second = client.make_repository("two");
  CHECK(client.post(second + "/keys", key).error() == "key custom");

  CHECK(client.post(path + "/autolinks", {{"key_prefix", "T-"}, {"url_template", "x"}}).status ==
        422);
  const json link{{"key_prefix", "T-"}, {"url_template", "https://example.com/<num>"}};
  CHECK(client.post(path + "/autolinks", link).status == 201);
  CHECK(client.post(path + "/autolinks", link).error() == "key_prefix already_exists");
  CHECK(client.get(path + "/autolinks").body[0]["is_alphanumeric"] == true);

  CHECK(client.put(path + "/collaborators/guest-2", {{"permission", "maintain"}}).status == 201);
  CHECK(client.put(path + "/collaborators/nobody", json::object()).status == 404);
  CHECK(client.get(path + "/invitations").body[0]["permissions"] == "maintain");
  CHECK(client.list(path + "/collaborators", "login") == Values{"guest-1"});
  const auto of_org = client.post("/orgs/sandbox-1/repos", {{"name", "three"}});
  const std::string three = "/repos/sandbox-1/three";
  CHECK(client.put(three + "/collaborators/guest-3", {{"permission", "pull"}}).status == 204);
  CHECK(client.get(three + "/collaborators").body[0]["role_name"] == "read");

  const json rules{
      {"name", "main"},
      {"enforcement", "active"},
      {"conditions", {{"ref_name", {{"include", {"~ALL"}}, {"exclude", json::array()}}}}},
      {"rules", {{{"type", "deletion"}}}}};
  const auto ruleset = client.post(path + "/rulesets", rules);
  REQUIRE(ruleset.status == 201);
  CHECK(client.get(path + "/rulesets").body[0]["name"] == "main");
  CHECK(client.get(path + "/rulesets/" + ruleset.body["id"].dump()).body == ruleset.body);
  CHECK(client.put(path + "/actions/permissions", {{"enabled", false}}).status == 204);
  CHECK(client.get(path + "/actions/permissions").body["enabled"] == false);
}

TEST_CASE("variables and environments of a GitHub repository") {
  GithubAccount account(41, empty_github());
  Client client(account);
  const auto path = client.make_repository("one");
  CHECK(client.post(path + "/actions/variables", {{"name", "region"}, {"value", "eu"}}).status ==
        201);
  CHECK(client.post(path + "/actions/variables", {{"name", "Region"}, {"value", "x"}}).status ==
        409);
  CHECK(client.post(path + "/actions/variables", {{"name", "2x"}, {"value", "x"}}).status == 422);
  CHECK(client.patch(path + "/actions/variables/REGION", {{"value", "us"}}).status == 204);
  const auto variables = client.get(path + "/actions/variables").body;
  CHECK(variables["total_count"] == 1);
  CHECK(variables["variables"][0]["name"] == "REGION");
  CHECK(variables["variables"][0]["value"] == "us");

  const auto me = client.get("/user").body["id"];
  const json settings{{"wait_timer", 30},
                      {"prevent_self_review", true},
                      {"reviewers", {{{"type", "User"}, {"id", me}}}},
                      {"deployment_branch_policy",
                       {{"protected_branches", false}, {"custom_branch_policies", true}}}};
  const auto production = path + "/environments/production%2Feu";
  const auto made = client.put(production, settings);
  REQUIRE(made.status == 200);
  CHECK(made.body["name"] == "production/eu");
  CHECK(made.body["protection_rules"].size() == 3);
  CHECK(client.get(path + "/environments").body["environments"][0] == made.body);
  CHECK(client.post(production + "/variables", {{"name", "A"}, {"value", "1"}}).status == 201);
  CHECK(client.get(production + "/variables").body["variables"][0]["name"] == "A");
  CHECK(client.post(production + "/deployment-branch-policies", {{"name", "v*"}}).status == 200);
  CHECK(client.get(production + "/deployment-branch-policies").body["total_count"] == 1);
  CHECK(client.put(production, json::object()).body["protection_rules"].empty());
  CHECK(client.get(path + "/environments").body["total_count"] == 1);
  CHECK(client.get(path + "/environments/none/variables").status == 404);
}

TEST_CASE("discussions and rules for branches are made through GitHub's GraphQL") {
  GithubAccount account(42, empty_github());
  Client client(account);
  const auto path = client.make_repository("one", {{"auto_init", true}});
  const auto id = client.get(path).body["node_id"];
  const auto categories =
      "query($id:ID!){node(id:$id){... on Repository{"
      "discussionCategories(first:20){nodes{id name isAnswerable}}}}}";
  const auto create =
      "mutation($input:CreateDiscussionInput!){createDiscussion(input:$input){"
      "discussion{id number category{name}}}}";
  json input{{"repositoryId", id}, {"categoryId", "x"}, {"title", "Talk"}, {"body", "Text"}};
  const auto refused = client.graphql(create, {{"input", input}}).body;
  CAPTURE(refused.dump());
  CHECK(refused["data"]["createDiscussion"].is_null());
  CHECK(refused["errors"][0]["type"] == "UNPROCESSABLE");
  client.graphql(
      "mutation($input:UpdateRepositoryInput!){updateRepository(input:$input){"
      "repository{hasDiscussionsEnabled}}}",
      {{"input", {{"repositoryId", id}, {"hasDiscussionsEnabled", true}}}});
  CHECK(client.get(path).body["has_discussions"] == true);
  const auto listed = client.graphql(categories, {{"id", id}}).body;
  for (const auto& category : listed["data"]["node"]["discussionCategories"]["nodes"]) {
    if (category["name"] == "Q&A") input["categoryId"] = category["id"];
  }
  const auto made = client.graphql(create, {{"input", input}}).body;
  CAPTURE(made.dump());
  const auto discussion = made["data"]["createDiscussion"]["discussion"];
  CHECK(discussion["category"]["name"] == "Q&A");
  CHECK(discussion["number"] == 1);
  CHECK(client.post(path + "/issues", {{"title", "x"}}).body["number"] == 2);

  const auto comment =
      "mutation($input:AddDiscussionCommentInput!){addDiscussionComment(input:$input){"
      "comment{id body replyTo{id}}}}";
  const auto first =
      client.graphql(comment, {{"input", {{"discussionId", discussion["id"]}, {"body", "One"}}}})
          .body["data"]["addDiscussionComment"]["comment"];
  const auto reply =
      client
          .graphql(
              comment,
              {{"input",
                {{"discussionId", discussion["id"]}, {"body", "Two"}, {"replyToId", first["id"]}}}})
          .body["data"]["addDiscussionComment"]["comment"];
  CHECK(reply["replyTo"]["id"] == first["id"]);
  client.graphql("mutation($input:I!){markDiscussionCommentAsAnswer(input:$input){discussion{id}}}",
                 {{"input", {{"id", first["id"]}}}});
  const auto selection =
      "{ isAnswered answer{id} comments(first:9){nodes{id replies(first:9){"
      "nodes{body}}}} }";
  const auto truth = account.truth("discussions", selection);
  const auto whole = json::parse(truth.at(discussion["id"]));
  CHECK(whole["isAnswered"] == true);
  CHECK(whole["answer"]["id"] == first["id"]);
  CHECK(whole["comments"]["nodes"].size() == 1);
  CHECK(whole["comments"]["nodes"][0]["replies"]["nodes"][0]["body"] == "Two");

  const auto rule = client.graphql(
      "mutation($input:CreateBranchProtectionRuleInput!){createBranchProtectionRule(input:$input){"
      "branchProtectionRule{id pattern requiresApprovingReviews}}}",
      {{"input", {{"repositoryId", id}, {"pattern", "main"}, {"requiresApprovingReviews", true}}}});
  CHECK(rule.body["data"]["createBranchProtectionRule"]["branchProtectionRule"]["pattern"] ==
        "main");
  CHECK(client.get(path + "/branches").body[0]["protected"] == true);
}
