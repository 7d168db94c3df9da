#include "fake/github_account.h"

#include <httplib.h>

#include <nlohmann/json.hpp>

#include "catch.h"

using namespace probackup;
using nlohmann::json;

namespace {

httplib::Client client_of(GithubAccount& account) {
  httplib::Client client("127.0.0.1", account.server().port());
  client.set_keep_alive(true);
  client.set_default_headers(
      {{"Authorization", "Bearer " + account.settings().at("token")}, {"User-Agent", "test"}});
  return client;
}

// The path and query of the Link header's rel="next", or "".
std::string next_of(const httplib::Response& answer, const std::string& origin) {
  const auto link = answer.get_header_value("Link");
  const auto end = link.find(">; rel=\"next\"");
  if (end == std::string::npos) return {};
  const auto begin = link.rfind('<', end) + 1;
  REQUIRE(link.compare(begin, origin.size(), origin) == 0);
  return link.substr(begin + origin.size(), end - begin - origin.size());
}

// Every record of a listing by its id, walking by the Link header.
TestAccount::Truth walk(GithubAccount& account, httplib::Client& client, std::string path) {
  TestAccount::Truth all;
  for (int page = 0; page < 1000 && !path.empty(); ++page) {
    const auto answer = client.Get(path);
    REQUIRE(answer);
    REQUIRE(answer->status == 200);
    for (const auto& record : nlohmann::ordered_json::parse(answer->body)) {
      REQUIRE(all.emplace(record.at("id").dump(), record.dump()).second);
    }
    path = next_of(*answer, account.server().origin());
  }
  CHECK(path.empty());
  return all;
}

TestAccount::Truth plain(const TestAccount::Truth& truth) {
  TestAccount::Truth records;
  for (const auto& [id, text] : truth) records[id] = nlohmann::ordered_json::parse(text).dump();
  return records;
}

std::vector<std::string> repo_names(httplib::Client& client) {
  std::vector<std::string> names;
  for (const auto& repo : json::parse(client.Get("/user/repos?per_page=100")->body)) {
    names.push_back(repo["full_name"]);
  }
  return names;
}

}  // namespace

TEST_CASE("walking GitHub's pages reaches every record exactly once") {
  const auto seed = GENERATE(1u, 2u, 3u);
  GithubAccount account(seed, {3, 1, 3, 40, 12, 3});
  account.mutate(seed + 10, 60);
  auto client = client_of(account);
  std::map<std::string, TestAccount::Truth> found;
  for (const auto& repo : repo_names(client)) {
    const auto base = "/repos/" + repo;
    const auto add = [&](const std::string& stream, const std::string& path) {
      found[stream].merge(walk(account, client, base + path));
    };
    add("issues", "/issues?state=all&per_page=7&sort=updated&direction=asc");
    add("issue_comments", "/issues/comments?per_page=20");
    add("pulls", "/pulls?state=all&per_page=5");
    add("pull_comments", "/pulls/comments?per_page=3");
    add("labels", "/labels");
    add("milestones", "/milestones?state=all");
    add("releases", "/releases?per_page=1");
    add("commit_comments", "/comments");
    add("issue_events", "/issues/events?per_page=30");
    for (const auto& pull : json::parse(client.Get(base + "/pulls?state=all&per_page=100")->body)) {
      add("reviews", "/pulls/" + pull["number"].dump() + "/reviews");
    }
  }
  for (const auto& [stream, records] : found) {
    CAPTURE(stream);
    CHECK(records == plain(account.truth(stream)));
  }
}

TEST_CASE("a patient client reaches the truth through seeded faults") {
  GithubAccount account(12, {2, 0, 1, 60, 10, 2});
  FaultPlan plan;
  plan.seed = 3;
  plan.slow = std::chrono::milliseconds(5);
  for (const auto fault : {Fault::limit_429, Fault::error_500, Fault::cut_body, Fault::html,
                           Fault::half_json, Fault::slow}) {
    FaultRule rule;
    rule.fault = fault;
    rule.probability = 0.2;
    plan.rules.push_back(rule);
  }
  account.server().set_faults(plan);
  auto client = client_of(account);
  const std::string repo =
      account.change([](GithubData& data) { return data.repos.all().begin()->first; });
  auto path = "/repos/" + repo + "/issues?state=all&per_page=3";
  TestAccount::Truth found;
  for (int request = 0; request < 1000 && !path.empty(); ++request) {
    const auto answer = client.Get(path);
    if (!answer || answer->status != 200) continue;
    const auto page = nlohmann::ordered_json::parse(answer->body, nullptr, false);
    if (page.is_discarded()) continue;
    for (const auto& issue : page) found[issue.at("id").dump()] = issue.dump();
    path = next_of(*answer, account.server().origin());
  }
  CHECK(path.empty());
  CHECK(found == plain(account.truth("issues")));
  CHECK(account.server().fault_counts().size() == 6);
}

TEST_CASE("GitHub refuses bad tokens, unknown paths and what a token may not see") {
  GithubAccount account(4, {2, 1, 2, 3, 1, 1});
  httplib::Client stranger("127.0.0.1", account.server().port());
  stranger.set_default_headers({{"User-Agent", "test"}});
  CHECK(stranger.Get("/user")->status == 401);
  const auto bad = stranger.Get("/user", {{"Authorization", "Bearer nonsense"}});
  CHECK(bad->status == 401);
  CHECK(json::parse(bad->body)["message"] == "Bad credentials");
  auto client = client_of(account);
  CHECK(client.Get("/nothing/here")->status == 404);
  CHECK(client.Get("/repos/user-1/missing/issues")->status == 404);
  const auto readonly = account.change(
      [](GithubData& data) { return data.add_repository("user-1", "read-only", false); });
  CHECK(client.Get("/repos/" + readonly + "/collaborators")->status == 403);
  CHECK(client.Get("/repos/" + readonly + "/hooks")->status == 404);
}

TEST_CASE("a 304 costs nothing of GitHub's quota") {
  GithubAccount account(5, {2, 1, 1, 5, 1, 1});
  auto client = client_of(account);
  const auto path = "/repos/" + repo_names(client).at(0) + "/issues?state=all";
  const auto first = client.Get(path);
  const auto used = account.quota_used();
  CHECK(first->get_header_value("x-ratelimit-used") == std::to_string(used));
  const httplib::Headers same{{"If-None-Match", first->get_header_value("ETag")}};
  for (int i = 0; i < 5; ++i) {
    const auto again = client.Get(path, same);
    CHECK(again->status == 304);
    CHECK(again->body.empty());
  }
  CHECK(account.quota_used() == used);
  account.mutate(1, 20);
  CHECK(client.Get(path, same)->status == 200);
  CHECK(account.quota_used() == used + 1);
}

TEST_CASE("a used-up quota is a 403 until the hour is over") {
  class Moved : public Clock {
   public:
    Time now() override { return Time(std::chrono::hours(24 * 365 * 55) + shift); }
    std::chrono::nanoseconds steady() override { return {}; }
    bool sleep(std::chrono::nanoseconds, std::stop_token) override { return true; }
    std::chrono::hours shift{0};
  } clock;
  GithubOptions options;
  options.hourly_quota = 3;
  GithubAccount account(6, {1, 0, 1, 1, 0, 0}, options, clock);
  auto client = client_of(account);
  for (int i = 0; i < 3; ++i) CHECK(client.Get("/user")->status == 200);
  const auto limited = client.Get("/user");
  CHECK(limited->status == 403);
  CHECK(limited->get_header_value("x-ratelimit-remaining") == "0");
  CHECK_THAT(limited->body, ContainsSubstring("rate limit exceeded"));
  clock.shift = std::chrono::hours(1);
  CHECK(client.Get("/user")->status == 200);
}

TEST_CASE("a secondary limit says when to come back") {
  GithubAccount account(7, {1, 0, 1, 1, 0, 0});
  FaultPlan plan;
  FaultRule rule;
  rule.fault = Fault::limit_429;
  rule.nth = 1;
  plan.rules.push_back(rule);
  account.server().set_faults(plan);
  auto client = client_of(account);
  const auto limited = client.Get("/user");
  CHECK(limited->status == 403);
  CHECK(limited->get_header_value("Retry-After") == "1");
  CHECK_THAT(limited->body, ContainsSubstring("secondary rate limit"));
}

TEST_CASE("assets are redirected to a host that must not get the token") {
  GithubAccount account(8, {1, 0, 1, 1, 0, 0});
  const auto [repo, key] = account.change([](GithubData& data) {
    const std::string name = data.repos.all().begin()->first;
    const auto release = data.add_release(name, "v9", "");
    return std::pair(name,
                     data.add_asset(release, "tool.bin", "application/octet-stream", "bytes"));
  });
  auto client = client_of(account);
  const auto path = "/repos/" + repo + "/releases/assets/" + key;
  CHECK(json::parse(client.Get(path)->body)["name"] == "tool.bin");
  const auto redirect = client.Get(path, {{"Accept", "application/octet-stream"}});
  REQUIRE(redirect->status == 302);
  const auto location = redirect->get_header_value("Location");
  const auto origin = account.file_server().origin();
  REQUIRE(location.starts_with(origin));
  httplib::Client files("127.0.0.1", account.file_server().port());
  const auto target = location.substr(origin.size());
  CHECK(files.Get(target)->body == "bytes");
  CHECK(files.Get(target, {{"Authorization", "Bearer x"}})->status == 400);
  CHECK(files.Get(target.substr(0, target.find('?')))->status == 403);
}

TEST_CASE("since leaves out issues that were not updated") {
  GithubAccount account(9, {2, 0, 1, 30, 5, 1});
  auto client = client_of(account);
  const auto path = "/repos/" + repo_names(client).at(0) + "/issues?state=all&per_page=100";
  const auto all = json::parse(client.Get(path + "&sort=updated&direction=desc")->body);
  REQUIRE(all.size() == 35);
  const std::string limit = all[4]["updated_at"];
  const auto recent = json::parse(client.Get(path + "&since=" + limit)->body);
  CHECK(recent.size() >= 5);
  CHECK(recent.size() < all.size());
  for (const auto& issue : recent) CHECK(issue["updated_at"].get<std::string>() >= limit);
}

TEST_CASE("discussions and projects come through GraphQL, page by page") {
  GithubAccount account(10, {2, 1, 2, 10, 2, 1});
  const auto repo = account.change([](GithubData& data) {
    const std::string name = data.repos.all().begin()->first;
    for (int i = 0; i < 5; ++i) data.add_discussion(name, "user-1", "Talk", "Text");
    return name;
  });
  auto client = client_of(account);
  const auto slash = repo.find('/');
  const auto selection =
      std::string("{ id number title body comments(first: 100) { nodes { id body } } }");
  json variables{{"owner", repo.substr(0, slash)}, {"name", repo.substr(slash + 1)}};
  const auto query =
      "query($owner: String!, $name: String!, $after: String) { repository(owner: $owner, name: "
      "$name) { discussions(first: 2, after: $after) { nodes " +
      selection + " pageInfo { hasNextPage endCursor } } } }";
  std::set<std::string> seen;
  const auto truth = account.truth("discussions", selection);
  for (int page = 0; page < 20; ++page) {
    const json body{{"query", query}, {"variables", variables}};
    const auto answer = client.Post("/graphql", body.dump(), "application/json");
    REQUIRE(answer->status == 200);
    const auto page_body = nlohmann::ordered_json::parse(answer->body);
    REQUIRE_FALSE(page_body.contains("errors"));
    const auto& discussions = page_body["data"]["repository"]["discussions"];
    for (const auto& node : discussions["nodes"]) {
      CHECK(seen.insert(node["id"]).second);
      CHECK(truth.at(node["id"]) == node.dump());
    }
    if (!discussions["pageInfo"]["hasNextPage"]) break;
    variables["after"] = discussions["pageInfo"]["endCursor"];
  }
  CHECK(seen.size() >= 5);
  const json bad{{"query", "{ organization(login: \"org-1\") { nonsense } }"}};
  const auto refused = client.Post("/graphql", bad.dump(), "application/json");
  CHECK(refused->status == 200);
  CHECK(json::parse(refused->body).contains("errors"));
  CHECK(account.truth("projects").size() == 1);
}

TEST_CASE("dated changes alone move an updated_at for every issue that differs") {
  GithubOptions options;
  options.only_dated_changes = true;
  GithubAccount account(11, {2, 0, 1, 20, 3, 1}, options);
  const auto before = account.truth("issues");
  account.mutate(1, 80);
  const auto after = account.truth("issues");
  for (const auto& [id, text] : before) {
    auto old_issue = json::parse(text);
    auto new_issue = json::parse(after.at(id));
    if (old_issue["updated_at"] != new_issue["updated_at"]) continue;
    old_issue.erase("milestone");  // its counters move by themselves, as GitHub's do
    new_issue.erase("milestone");
    CHECK(old_issue == new_issue);
  }
}
