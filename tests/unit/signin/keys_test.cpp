// Service accounts, app keys and client credentials.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "signin/jwt.h"
#include "signin_world.h"
#include "util/bytes.h"
#include "util/text.h"

using namespace probackup;
using nlohmann::json;

namespace {

std::string key_file(const SignInWorld& world, const std::string& key) {
  return json({{"type", "service_account"},
               {"client_email", "backup@project.example"},
               {"private_key", key},
               {"token_uri", world.server.origin() + "/token"}})
      .dump();
}

}  // namespace

TEST_CASE("A service account's key buys tokens, and buys another when one ends") {
  SignInWorld world;
  SignIn got = sign_in_service_account(world.app(), key_file(world, world.key), "", *world.http,
                                       world.clock, {});
  CHECK(got.renewable());
  MemorySignIn store(got);
  auto tokens = access_tokens(store, *world.http, world.clock);
  CHECK(tokens->token({}) == got.access_token);
  world.clock.advance(std::chrono::minutes(59));
  CHECK(tokens->token({}) != got.access_token);
  CHECK(world.server.counts().keys == 2);
}

TEST_CASE("A key that the server does not know is refused, and another kind of file too") {
  SignInWorld world;
  std::string other = key_file(world, make_rsa_key());
  CHECK_THROWS_AS(sign_in_service_account(world.app(), other, "", *world.http, world.clock, {}),
                  SignInEnded);
  for (const char* text : {"", "{}", "[1]", R"({"type":"authorized_user","client_email":"a"})"})
    CHECK(message_of([&] {
            sign_in_service_account(world.app(), text, "", *world.http, world.clock, {});
          }).starts_with("the key file "));
  CHECK(message_of([&] {
          sign_in_service_account(world.app(), key_file(world, "no key"), "", *world.http,
                                  world.clock, {});
        }) == "the private key cannot be read");
}

TEST_CASE("An app's key makes tokens of its installation") {
  SignInWorld world;
  std::string url = world.server.origin() + "/app/installations/77/access_tokens";
  SignIn got = sign_in_app("Tiny", "Iv1.abc", world.key, url, *world.http, world.clock, {});
  CHECK(got.scopes == std::vector<std::string>{"contents:read", "issues:read"});
  CHECK(got.expires.has_value());
  std::string gone = world.server.origin() + "/app/installations/5/access_tokens";
  std::string message = message_of(
      [&] { sign_in_app("Tiny", "Iv1.abc", world.key, gone, *world.http, world.clock, {}); });
  CHECK(message.find("is not installed there") != std::string::npos);
}

TEST_CASE("The client itself signs in, and again when the token ends") {
  SignInWorld world;
  SignIn got = sign_in_client(world.app(), *world.http, world.clock, {});
  MemorySignIn store(got);
  auto tokens = access_tokens(store, *world.http, world.clock);
  world.clock.advance(std::chrono::hours(2));
  CHECK(tokens->token({}) != got.access_token);
  CHECK(world.server.counts().clients == 2);
}

TEST_CASE("A token is signed as RFC 7519 says") {
  std::string jwt = signed_jwt(R"({"iss":"me"})", make_rsa_key());
  auto parts = split(jwt, '.');
  REQUIRE(parts.size() == 3);
  CHECK(parts[1] == to_base64url(R"({"iss":"me"})"));
  CHECK(parts[2].size() == 342);  // 256 bytes
}
