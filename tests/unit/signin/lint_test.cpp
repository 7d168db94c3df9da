// What a connector file says about signing in.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "catch.h"
#include "connector/model.h"
#include "engine/oauth.h"
#include "unit/connector/tiny.h"

using namespace probackup;
using nlohmann::json;

namespace {

json with_oauth(const json& change = json::object()) {
  json out = tiny();
  out["config"]["host"] = {{"help", "Own server"}, {"optional", true}};
  json& oauth = out["auth"]["oauth"];
  oauth = {{"authorize_url", "https://${config.host ?: 'tiny.example'}/authorize"},
           {"token_url", "https://tiny.example/token"},
           {"scopes", {"a", "b"}},
           {"register", "https://tiny.example/apps"}};
  oauth.merge_patch(change);
  out["check"]["needs"] = {{"a|all", "boards"}};
  return out;
}

bool complains(const json& file, const std::string& path) {
  auto problems = Connector::lint(file.dump(), "tiny.json");
  return std::any_of(problems.begin(), problems.end(),
                     [&](const LintProblem& problem) { return problem.path == path; });
}

}  // namespace

TEST_CASE("A connector says how to sign in, with the user's settings in it") {
  auto connector = Connector::parse(with_oauth().dump(), "tiny.json");
  CHECK(connector.has_sign_in());
  auto offer = sign_in_offer(connector, json::object());
  REQUIRE(offer);
  CHECK(offer->app.authorize_url == "https://tiny.example/authorize");
  CHECK(offer->app.scopes == std::vector<std::string>{"a", "b"});
  CHECK(sign_in_offer(connector, {{"host", "own.example"}})->app.authorize_url ==
        "https://own.example/authorize");
  CHECK(connector.model().auth.size() == 2);  // the other ways stay
}

TEST_CASE("Mistakes in a sign-in are found at their places") {
  CHECK(Connector::lint(with_oauth().dump(), "tiny.json").empty());
  CHECK(complains(with_oauth({{"token_url", nullptr}}), "/auth/oauth"));
  CHECK(complains(with_oauth({{"register", nullptr}}), "/auth/oauth"));
  CHECK(complains(with_oauth({{"authorize_url", "http://tiny.example/authorize"}}),
                  "/auth/oauth/authorize_url"));
  CHECK(complains(with_oauth({{"token_url", "https://tiny.example/${config.token}"}}),
                  "/auth/oauth/token_url"));
  CHECK(complains(with_oauth({{"redirect", "https://tiny.example/back"}}), "/auth/oauth/redirect"));
  CHECK(complains(with_oauth({{"client_secret", "maybe"}}), "/auth/oauth/client_secret"));
  CHECK(complains(with_oauth({{"scope", "a"}}), "/auth/oauth/scope"));
  CHECK(complains(with_oauth({{"restore_scopes", "a"}}), "/auth/oauth/restore_scopes"));
  CHECK(complains(with_oauth({{"scheme", 1}}), "/auth/oauth/scheme"));
  CHECK(
      complains(with_oauth({{"authorize_url", "${config.nothing}"}}), "/auth/oauth/authorize_url"));
  json empty = with_oauth();
  empty["auth"]["oauth"] = json::object();
  CHECK(complains(empty, "/auth/oauth"));
}

TEST_CASE("The redirect address, the ways and the names are taken from the file") {
  auto connector = Connector::parse(
      with_oauth({{"redirect", "http://localhost:8976/callback"},
                  {"app_token_url", "https://tiny.example/app/${installation}/token"},
                  {"client_auth", "basic"},
                  {"restore_scopes", {"c"}},
                  {"scheme", ""},
                  {"token_body", "json"},
                  {"pkce", false}})
          .dump(),
      "tiny.json");
  auto offer = sign_in_offer(connector, json::object());
  CHECK(offer->app.redirect_host == "localhost");
  CHECK(offer->app.redirect_port == 8976);
  CHECK(offer->app.redirect_path == "/callback");
  CHECK(offer->app.client_basic);
  CHECK(offer->app.json_body);
  CHECK(!offer->app.pkce);
  CHECK(offer->restore_scopes == std::vector<std::string>{"c"});
  CHECK(connector.model().oauth->scheme.empty());
  CHECK(app_token_url(connector, json::object(), "77") == "https://tiny.example/app/77/token");
}

TEST_CASE("An account without streams is one for a command") {
  json file = with_oauth();
  file.erase("streams");
  file.erase("restore");
  file.erase("defaults");
  file["config"].erase("boards");
  CHECK(complains(file, ""));
  file["account_for"] = "sync-drive";
  file["config"].erase("state");
  file["let"] = {{"agent", "x"}};
  auto connector = Connector::parse(file.dump(), "tiny.json");
  CHECK(connector.account_for() == "sync-drive");
  CHECK(connector.streams().empty());
}

TEST_CASE("The built-in Google account asks for files that it made, and nothing else") {
  auto offer = sign_in_offer(ConnectorSet().get("google"), json::object());
  CHECK(offer->app.scopes ==
        std::vector<std::string>{"https://www.googleapis.com/auth/drive.file"});
  CHECK(offer->app.token_url == "https://oauth2.googleapis.com/token");
  CHECK(offer->service_account);
}
