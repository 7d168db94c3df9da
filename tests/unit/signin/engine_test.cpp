// The engine with a sign-in instead of a token.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "probackup/engine.h"
#include "signin_world.h"

using namespace probackup;
using nlohmann::json;

namespace {

struct EngineWorld : SignInWorld {
  Connector connector = Connector::parse(file().dump(), "tiny.json");
  json settings = json::object();
  MemorySignIn store{by_browser()};
  std::unique_ptr<AccessTokens> tokens = access_tokens(store, *http, clock);

  json file() const {
    return {
        {"connector", 1},
        {"app", "tiny"},
        {"title", "Tiny"},
        {"version", "1.0"},
        {"config", {{"token", {{"help", "Token"}, {"secret", true}}}}},
        {"auth",
         {{"kind", "bearer"},
          {"token", "${config.token}"},
          {"oauth",
           {{"authorize_url", server.origin() + "/authorize"},
            {"token_url", server.origin() + "/token"},
            {"register", "there"}}}}},
        {"http", {{"base", server.origin()}}},
        {"check",
         {{"get", "/me"},
          {"account", "${body.login}"},
          {"show", "${body.name}"},
          {"scopes", "${headers['x-scopes']}"},
          {"needs", {{"boards:read", "boards"}, {"cards:read|cards:all", "cards"}}}}},
        {"streams",
         {{"boards", {{"get", "/boards"}, {"id", "id"}, {"name", "name"}}},
          {"cards", {{"each", "boards"}, {"get", "/boards/${parent.id}/cards"}, {"id", "id"}}}}}};
  }

  Engine engine() {
    EngineOptions options;
    options.settings = &settings;
    options.tokens = tokens.get();
    return Engine(connector, options, *http, clock);
  }
};

}  // namespace

TEST_CASE("A check tells who signed in, and which scopes are missing for what") {
  EngineWorld world;
  auto result = world.engine().check({});
  CHECK(result.account == "ada");
  CHECK(result.scopes == std::vector<std::string>{"boards:read", "people:read"});
  REQUIRE(result.missing.size() == 1);
  CHECK(result.missing[0].scope == "cards:read");
  CHECK(result.missing[0].purpose == "cards");
}

TEST_CASE("A run takes a fresh token first, and another one once after a 401") {
  EngineWorld world;
  world.clock.advance(std::chrono::hours(2));
  world.engine().check({});
  CHECK(world.server.counts().refreshes == 1);
  CHECK(world.server.counts().refused_calls == 0);
  world.server.drop_tokens();
  world.engine().check({});
  CHECK(world.server.counts().refreshes == 2);
  CHECK(world.server.counts().refused_calls == 1);
}

TEST_CASE("A sign-in that was revoked ends the run with the way back") {
  EngineWorld world;
  world.server.revoke_all();
  try {
    world.engine().check({});
    FAIL("it went on");
  } catch (const SignInEnded& error) {
    CHECK(error.hint() == "sign in again");
  }
}

TEST_CASE("What the credentials can see is listed") {
  EngineWorld world;
  auto seen = world.engine().visible({});
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].stream == "boards");
  CHECK(seen[0].count == 2);
  CHECK(seen[0].complete);
  CHECK(seen[0].names == std::vector<std::string>{"Roadmap", "Hiring"});
}
