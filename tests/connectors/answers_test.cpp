// What each connector makes of the answers that its app is known to give.
#include <algorithm>

#include "built_in.h"
#include "catch.h"

using namespace probackup;
using nlohmann::json;
using Do = ErrorRule::Do;

namespace {

struct Answer {
  std::string app;
  int status;
  json headers, body;
  std::optional<Do> action;  // nothing: no rule wants it
  std::string say;           // part of the reason
};

void check(const Answer& answer) {
  Connector connector = built_in(answer.app);
  TestNames names{{"status", answer.status}, {"headers", answer.headers}, {"body", answer.body}};
  CAPTURE(answer.app, answer.status, answer.headers.dump(), answer.body.dump());
  for (const ErrorRule& rule : connector.model().errors) {
    if (!rule.when.holds(names)) continue;
    REQUIRE(answer.action);
    CHECK(rule.action == *answer.action);
    if (!answer.say.empty()) {
      REQUIRE(rule.say);
      CHECK_THAT(rule.say->text(names), ContainsSubstring(answer.say));
    }
    return;
  }
  CHECK_FALSE(answer.action);
}

json message(const std::string& text) {
  return {{"message", text}};
}
json graphql_error(const std::string& type, const std::string& text) {
  return {{"data", nullptr}, {"errors", {{{"type", type}, {"message", text}}}}};
}

}  // namespace

TEST_CASE("GitHub's good answers are taken as good") {
  check({"github", 200, json::object(), json::array({{{"id", 1}}}), {}, ""});
  check({"github", 200, json::object(), {{"data", {{"node", nullptr}}}}, {}, ""});
  check({"github", 200, {{"x-ratelimit-remaining", "0"}}, json::array(), {}, ""});
  check({"github", 304, json::object(), "", {}, ""});
}

TEST_CASE("GitHub's limits are waited for") {
  check({"github",
         403,
         {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1900000000"}},
         message("API rate limit exceeded for user ID 1."),
         Do::retry,
         "quota"});
  check({"github", 429, {{"retry-after", "60"}}, message("slow down"), Do::retry, ""});
  check({"github", 403, json::object(), message("You have exceeded a secondary rate limit."),
         Do::retry, ""});
  check({"github",
         200,
         {{"x-ratelimit-remaining", "0"}, {"x-ratelimit-reset", "1900000000"}},
         graphql_error("RATE_LIMITED", "API rate limit exceeded"),
         Do::retry,
         ""});
}

TEST_CASE("GitHub's refusals name the scope or the permission that is missing") {
  check({"github", 401, json::object(), message("Bad credentials"), Do::fail, "Bad credentials"});
  check({"github",
         404,
         {{"x-accepted-oauth-scopes", "admin:org_hook"}, {"x-oauth-scopes", "repo"}},
         message("Not Found"),
         Do::gap,
         "scopes admin:org_hook, it has repo"});
  check({"github",
         403,
         {{"x-accepted-github-permissions", "issues=read"}},
         message("Resource not accessible by personal access token"),
         Do::gap,
         "issues=read"});
  check({"github",
         403,
         {{"x-github-sso", "required; url=https://github.com/orgs/o/sso"}},
         message("Resource protected by organization SAML enforcement."),
         Do::gap,
         "single sign-on"});
  check({"github", 200, json::object(), graphql_error("INSUFFICIENT_SCOPES", "needs read:project"),
         Do::gap, "read:project"});
  check({"github", 200, json::object(), graphql_error("FORBIDDEN", "not accessible"), Do::gap,
         "not accessible"});
}

TEST_CASE("What a GitHub plan or a switched-off feature does not have is no gap") {
  check(
      {"github", 410, json::object(), message("Issues are disabled for this repo"), Do::empty, ""});
  check({"github", 403, json::object(),
         message("Upgrade to GitHub Pro or make this repository public to enable this feature."),
         Do::empty, ""});
  check({"github", 403, json::object(),
         message("Dependabot alerts are disabled for this repository."), Do::empty, ""});
  check({"github", 404, json::object(), message("Secret scanning is disabled on this repository."),
         Do::empty, ""});
  check({"github", 409, json::object(), message("Git Repository is empty."), Do::empty, ""});
}

TEST_CASE("What GitHub hides or blocks is a gap") {
  check({"github", 404, json::object(), message("Not Found"), Do::gap, "hidden"});
  check({"github", 422, json::object(), message("Validation Failed"), Do::gap,
         "Validation Failed (422)"});
  check({"github", 451, json::object(), message("Repository access blocked"), Do::gap, "legal"});
}

TEST_CASE("Trello's two kinds of 401 are told apart by their text") {
  check({"trello", 401, json::object(), "invalid token", Do::fail, "invalid token"});
  check({"trello", 401, json::object(), "expired token", Do::fail, ""});
  check({"trello", 401, json::object(), "unauthorized permission requested", Do::gap, ""});
}

TEST_CASE("Trello's limits are waited for, and too large answers are gaps") {
  check({"trello", 429, json::object(), {{"error", "API_TOKEN_LIMIT_EXCEEDED"}}, Do::retry, ""});
  check({"trello",
         403,
         json::object(),
         {{"error", "API_TOO_MANY_CARDS_REQUESTED"}},
         Do::gap,
         "API_TOO_MANY_CARDS_REQUESTED"});
  check({"trello", 504, json::object(), "", Do::retry, ""});
  check({"trello", 404, json::object(), "The requested resource was not found.", Do::retry, ""});
  check({"trello", 200, json::object(), json::array(), {}, ""});
}

TEST_CASE("Asana's limits are waited for as long as it says") {
  check({"asana",
         429,
         {{"retry-after", "30"}},
         {{"errors", {{{"message", "too many"}}}}},
         Do::retry,
         "too many"});
  check({"asana",
         500,
         json::object(),
         {{"errors", {{{"message", "Server Error"}, {"phrase", "6 sad squid"}}}}},
         Do::retry,
         "6 sad squid"});
  check({"asana", 503, json::object(), "", {}, ""});
}

TEST_CASE("What an Asana plan does not have is no gap, and what is refused says why") {
  const auto error = [](const std::string& text) -> json {
    return {{"errors", {{{"message", text}}}}};
  };
  check({"asana", 401, json::object(), error("Not Authorized"), Do::fail, "Not Authorized"});
  check({"asana", 402, json::object(), error("not available for free users"), Do::empty, ""});
  check({"asana", 403, json::object(), error("Forbidden"), Do::gap, "Forbidden"});
  check({"asana", 404, json::object(), error("Unknown object: 1"), Do::gap, "Unknown object"});
  check({"asana", 451, json::object(), error("Unavailable"), Do::gap, "legal"});
  check({"asana", 400, json::object(), error("Your pagination token has expired."), Do::restart,
         "the offset token of a page ended"});
  check({"asana", 400, json::object(), error("Your pagination token is invalid."), Do::gap,
         "invalid. (400)"});
  check({"asana", 403, json::object(), "<Error><Code>AccessDenied</Code></Error>", Do::gap, ""});
  check({"asana", 200, json::object(), {{"data", json::array()}}, {}, ""});
}

TEST_CASE("Redmine's refusals say what to do") {
  check({"redmine", 401, json::object(), "", Do::fail, "REST API is off"});
  check({"redmine", 403, json::object(), "", Do::gap, "administrator"});
  check({"redmine", 404, json::object(), "", Do::gap, ""});
  check({"redmine",
         422,
         json::object(),
         {{"errors", {"Subject cannot be blank"}}},
         Do::gap,
         "Subject"});
  // Two changes of one issue or page at the same time: neither says so in words.
  check(
      {"redmine", 422, json::object(), {{"errors", json::array()}}, Do::retry, "at the same time"});
  check({"redmine", 409, json::object(), "", Do::retry, "at the same time"});
  check({"redmine", 200, json::object(), {{"issues", json::array()}}, {}, ""});
}

TEST_CASE("monday.com's limits are waited for as long as it says, those of a day too") {
  const auto limited = [](const std::string& code, int wait) {
    return json{{"errors",
                 {{{"message", "slow down"},
                   {"extensions", {{"code", code}, {"retry_in_seconds", wait}}}}}}};
  };
  for (const auto* code : {"COMPLEXITY_BUDGET_EXHAUSTED", "DAILY_LIMIT_EXCEEDED"}) {
    const Connector monday = built_in("monday");
    const json body = limited(code, 7);
    TestNames names{{"status", 200}, {"headers", json::object()}, {"body", body}};
    const auto& rules = monday.model().errors;
    const auto rule = std::find_if(rules.begin(), rules.end(),
                                   [&](const ErrorRule& each) { return each.when.holds(names); });
    REQUIRE(rule != rules.end());
    CHECK(rule->action == (code == std::string("DAILY_LIMIT_EXCEEDED") ? Do::pause : Do::retry));
    CHECK(rule->wait->evaluate(names) == 7);
  }
  check({"monday",
         200,
         json::object(),
         {{"error_code", "ComplexityException"},
          {"status_code", 429},
          {"error_message",
           "Complexity budget exhausted, query cost 3 budget remaining 1 out of "
           "1000000 reset in 3 seconds"}},
         Do::retry,
         "did not recover"});
  check({"monday", 429, {{"retry-after", "30"}}, "", Do::retry, ""});
  check({"monday", 200, json::object(), limited("FIELD_LIMIT_EXCEEDED", 15), Do::retry, ""});
}

TEST_CASE("monday.com's errors come with status 200, beside data that is not trusted") {
  const auto refused = [](const std::string& code) {
    return json{{"data", {{"boards", json::array()}}},
                {"errors", {{{"message", "no"}, {"extensions", {{"code", code}}}}}}};
  };
  check({"monday", 200, json::object(), {{"data", {{"boards", json::array()}}}}, {}, ""});
  check({"monday", 401, json::object(), {{"errors", {"Not Authenticated"}}}, Do::fail, "token"});
  check({"monday", 200, json::object(), refused("CursorExpiredError"), Do::gap, "60 minutes"});
  check({"monday", 200, json::object(), refused("UserUnauthorizedException"), Do::gap, "scope"});
  check({"monday", 200, json::object(), refused("INTERNAL_SERVER_ERROR"), Do::retry, ""});
  check({"monday", 200, json::object(), refused("Whatever"), Do::gap, "no (Whatever)"});
  check({"monday", 200, json::object(), {{"errors", {"Parse error"}}}, Do::gap, "Parse error"});
  check({"monday", 503, json::object(), "", {}, ""});
}
