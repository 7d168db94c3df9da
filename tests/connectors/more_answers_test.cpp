// What connectors make of the errors that their vendors document, where those are out of the
// ordinary.
#include "built_in.h"
#include "catch.h"

using namespace probackup;
using nlohmann::json;
using Do = ErrorRule::Do;

namespace {

const ErrorRule* rule_for(const Connector& connector, int status, const json& headers,
                          const json& body) {
  TestNames names{{"status", status}, {"headers", headers}, {"body", body}};
  for (const ErrorRule& rule : connector.model().errors)
    if (rule.when.holds(names)) return &rule;
  return nullptr;
}

void check(const std::string& app, int status, const json& headers, const json& body, Do action) {
  Connector connector = built_in(app);
  CAPTURE(app, status, headers.dump(), body.dump());
  const ErrorRule* rule = rule_for(connector, status, headers, body);
  REQUIRE(rule);
  CHECK(rule->action == action);
}

json wait_of(const std::string& app, int status, const json& headers, const json& body) {
  Connector connector = built_in(app);
  const ErrorRule* rule = rule_for(connector, status, headers, body);
  REQUIRE(rule);
  REQUIRE(rule->wait);
  TestNames names{{"status", status}, {"headers", headers}, {"body", body}};
  return rule->wait->evaluate(names);
}

const json none = json::object();

}  // namespace

TEST_CASE("Slack's errors come with status 200") {
  check("slack", 200, none, {{"ok", false}, {"error", "invalid_auth"}}, Do::fail);
  check("slack", 200, none, {{"ok", false}, {"error", "ratelimited"}}, Do::retry);
  check("slack", 200, none, {{"ok", false}, {"error", "missing_scope"}, {"needed", "users:read"}},
        Do::gap);
  check("slack", 200, none, {{"ok", false}, {"error", "something_new"}}, Do::gap);
  CHECK_FALSE(rule_for(built_in("slack"), 200, none, {{"ok", true}, {"messages", json::array()}}));
  CHECK(wait_of("slack", 429, {{"retry-after", "30"}}, json()) == 30);
}

TEST_CASE("Linear's rate limit has status 400, and says in milliseconds when it ends") {
  json body{{"errors",
             {{{"message", "Rate limit exceeded"}, {"extensions", {{"code", "RATELIMITED"}}}}}}};
  json headers{{"x-ratelimit-requests-remaining", "0"},
               {"x-ratelimit-requests-reset", "1900000000000"}};
  check("linear", 400, headers, body, Do::retry);
  CHECK(wait_of("linear", 400, headers, body) == 1900000000);
  CHECK(wait_of("linear", 400, none, body) == 60);
  check("linear", 200, none,
        {{"data", nullptr},
         {"errors", {{{"message", "no"}, {"extensions", {{"code", "FORBIDDEN"}}}}}}},
        Do::gap);
  CHECK_FALSE(rule_for(built_in("linear"), 200, none, {{"data", {{"issues", none}}}}));
}

TEST_CASE("Google tells limits from refusals by a reason") {
  auto body = [](const std::string& reason) {
    return json{{"error", {{"code", 403}, {"message", "m"}, {"errors", {{{"reason", reason}}}}}}};
  };
  check("google_drive", 403, none, body("userRateLimitExceeded"), Do::retry);
  check("google_drive", 403, none, body("exportSizeLimitExceeded"), Do::gap);
  check("google_drive", 403, none, body("insufficientFilePermissions"), Do::gap);
  check("google_drive", 401, none, body("authError"), Do::fail);
}

TEST_CASE("A quota of the day or month ends the run, a short one is waited for") {
  check("hubspot", 429, none, {{"policyName", "DAILY"}, {"message", "m"}}, Do::pause);
  check("hubspot", 429, none, {{"policyName", "TEN_SECONDLY_ROLLING"}, {"message", "m"}},
        Do::retry);
  CHECK(wait_of("hubspot", 429, none, {{"policyName", "SECONDLY"}}) == 10);
  check("airtable", 429, none, {{"errors", {{{"error", "PUBLIC_API_BILLING_LIMIT_EXCEEDED"}}}}},
        Do::pause);
  check("airtable", 429, none, {{"errors", {{{"error", "RATE_LIMIT_REACHED"}}}}}, Do::retry);
  CHECK(wait_of("airtable", 429, none, {{"errors", {{{"error", "RATE_LIMIT_REACHED"}}}}}) == 30);
  check("pipedrive", 429, {{"x-daily-requests-left", "0"}}, {{"success", false}}, Do::pause);
  check("pipedrive", 429, {{"x-daily-requests-left", "5000"}, {"retry-after", "2"}},
        {{"success", false}}, Do::retry);
  check("smartsheet", 400, none, {{"errorCode", 4003}, {"message", "m"}}, Do::retry);
}

TEST_CASE("Tokens that are refused end the run, missing rights make a gap") {
  check("clickup", 401, none, {{"err", "Token invalid"}, {"ECODE", "OAUTH_025"}}, Do::fail);
  check("clickup", 401, none, {{"err", "Team not authorized"}, {"ECODE", "OAUTH_023"}}, Do::gap);
  check("basecamp", 404, {{"reason", "Account Inactive"}}, json(), Do::fail);
  check("basecamp", 404, none, json(), Do::gap);
  for (std::string app : {"jira", "confluence", "notion", "gitlab", "todoist", "bitbucket", "gitea",
                          "zendesk", "miro"}) {
    check(app, 401, none, {{"message", "m"}}, Do::fail);
    check(app, 403, none, {{"message", "m"}}, Do::gap);
    check(app, 429, {{"retry-after", "7"}, {"x-ratelimit-reset", "7"}}, {{"message", "m"}},
          Do::retry);
    CHECK(wait_of(app, 429, {{"retry-after", "7"}, {"x-ratelimit-reset", "7"}},
                  {{"message", "m"}}) == 7);
  }
}
