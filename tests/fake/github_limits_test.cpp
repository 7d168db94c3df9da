// The limits of a GitHub test account on requests that create something.
#include "fake/github_test_client.h"

using namespace probackup;
using namespace probackup::github_test;

namespace {

class MovedClock : public Clock {
 public:
  Time now() override { return Time(std::chrono::hours(24 * 365 * 55) + shift); }
  std::chrono::nanoseconds steady() override { return {}; }
  bool sleep(std::chrono::nanoseconds, std::stop_token) override { return true; }
  std::chrono::seconds shift{0};
};

}  // namespace

TEST_CASE("GitHub takes so many new things a minute, and says when to go on") {
  MovedClock clock;
  GithubOptions options;
  options.creations_per_minute = 3;
  options.creations_per_hour = 0;
  GithubAccount account(61, {1, 0, 1, 0, 0, 0}, options, clock);
  Client client(account);
  const std::string path = "/repos/user-1/repo-1/issues";
  Answer made;
  for (int i = 0; i < 3; ++i) {
    made = client.post(path, {{"title", "x"}});
    CHECK(made.status == 201);
    clock.shift += std::chrono::seconds(10);
  }
  const auto refused = client.post(path, {{"title", "x"}});
  CHECK(refused.status == 403);
  CHECK(refused.header("Retry-After") == "30");
  CHECK_THAT(refused.body["message"].get<std::string>(), ContainsSubstring("secondary rate limit"));
  CHECK(client.get(path).body.size() == 3);
  CHECK(client.patch(path + "/" + made.body["number"].dump(), {{"title", "y"}}).status == 200);
  clock.shift += std::chrono::seconds(29);
  CHECK(client.post(path, {{"title", "x"}}).status == 403);
  clock.shift += std::chrono::seconds(1);
  CHECK(client.post(path, {{"title", "x"}}).status == 201);
  CHECK(client.get(path).body.size() == 4);
}

TEST_CASE("GitHub takes so many new things an hour, those of GraphQL included") {
  MovedClock clock;
  GithubOptions options;
  options.creations_per_hour = 5;
  GithubAccount account(62, {1, 0, 1, 0, 0, 0}, options, clock);
  Client client(account);
  const std::string path = "/repos/user-1/repo-1";
  const auto id = client.get(path).body["node_id"];
  const auto mutation =
      "mutation($input:UpdateRepositoryInput!){updateRepository(input:$input){repository{id}}}";
  for (int i = 0; i < 4; ++i) {
    CHECK(client.post(path + "/issues", {{"title", "x"}}).status == 201);
    clock.shift += std::chrono::minutes(10);
  }
  CHECK(client.graphql(mutation, {{"input", {{"repositoryId", id}}}}).status == 200);
  CHECK(client.graphql(mutation, {{"input", {{"repositoryId", id}}}}).status == 403);
  CHECK(client.graphql("{ viewer { login } }", json::object()).status == 200);
  const auto refused = client.post(path + "/issues", {{"title", "x"}});
  CHECK(refused.status == 403);
  CHECK(refused.header("Retry-After") == "1200");
  clock.shift += std::chrono::minutes(20);
  CHECK(client.post(path + "/issues", {{"title", "x"}}).status == 201);
}

TEST_CASE("GitHub's limits on new things are those that are documented, and can be off") {
  MovedClock clock;
  GithubAccount account(63, {1, 0, 1, 0, 0, 0}, {}, clock);
  Client client(account);
  const std::string path = "/repos/user-1/repo-1/issues";
  int made = 0;
  while (client.post(path, {{"title", "x"}}).status == 201) ++made;
  CHECK(made == 80);
  for (int minute = 0; minute < 10; ++minute) {
    clock.shift += std::chrono::minutes(1);
    while (client.post(path, {{"title", "x"}}).status == 201) ++made;
  }
  CHECK(made == 500);

  GithubOptions options;
  options.creations_per_minute = options.creations_per_hour = 0;
  GithubAccount unlimited(63, {1, 0, 1, 0, 0, 0}, options, clock);
  Client free(unlimited);
  for (made = 0; made < 600 && free.post(path, {{"title", "x"}}).status == 201;) ++made;
  CHECK(made == 600);
}

TEST_CASE("an issue is there though GitHub's answer about it was lost") {
  const auto fault = GENERATE(Fault::cut_body, Fault::lost_to_error, Fault::lost_to_cut);
  GithubAccount account(64, {1, 0, 1, 0, 0, 0});
  FaultPlan plan;
  FaultRule rule;
  rule.fault = fault;
  rule.methods = "POST";
  rule.nth = 2;
  plan.rules.push_back(rule);
  account.server().set_faults(plan);
  Client client(account);
  const std::string path = "/repos/user-1/repo-1/issues";
  CHECK(client.post(path, {{"title", "First"}}).status == 201);
  const auto lost = client.http().Post(path, R"({"title":"Once"})", "application/json");
  CHECK((!lost || lost->status >= 500));
  CHECK(client.list(path + "?direction=asc", "title") == std::vector<json>{"First", "Once"});
}

TEST_CASE("from a request on, nothing reaches GitHub any more") {
  GithubAccount account(65, {1, 0, 1, 0, 0, 0});
  FaultPlan plan;
  FaultRule rule;
  rule.fault = Fault::dropped;
  rule.from = 3;
  plan.rules.push_back(rule);
  account.server().set_faults(plan);
  Client client(account);
  const std::string path = "/repos/user-1/repo-1/issues";
  int made = 0;
  for (int i = 0; i < 5; ++i) {
    const auto answer = client.http().Post(path, R"({"title":"x"})", "application/json");
    made += answer && answer->status == 201 ? 1 : 0;
  }
  CHECK(made == 2);
  CHECK(account.truth("issues").size() == 2);
}

TEST_CASE("a secondary limit on writes alone leaves reads of GitHub alone") {
  GithubAccount account(66, {1, 0, 1, 0, 0, 0});
  FaultPlan plan;
  plan.retry_after = std::chrono::seconds(7);
  FaultRule rule;
  rule.fault = Fault::limit_429;
  rule.methods = "POST,PATCH";
  rule.probability = 1;
  plan.rules.push_back(rule);
  account.server().set_faults(plan);
  Client client(account);
  const std::string path = "/repos/user-1/repo-1/issues";
  const auto limited = client.post(path, {{"title", "x"}});
  CHECK(limited.status == 403);
  CHECK(limited.header("Retry-After") == "7");
  CHECK(client.get(path).body.empty());
}
