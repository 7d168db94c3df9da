// Access tokens that are renewed.
#include <thread>

#include "catch.h"
#include "signin_world.h"

using namespace probackup;

namespace {

// Finds out whether a token was used before it was saved.
class WatchedStore final : public SignInStore {
 public:
  WatchedStore(const SignIn& sign_in, const OAuthServer& server)
      : inner_(sign_in), server_(server) {}
  SignIn load() override { return inner_.load(); }
  void save(const SignIn& sign_in) override {
    calls_at_save = server_.counts().api_calls;
    if (fail) throw Error("disk full");
    inner_.save(sign_in);
  }
  void locked(const std::function<void()>& work, std::stop_token stop) override {
    inner_.locked(work, stop);
  }
  int calls_at_save = -1;
  bool fail = false;

 private:
  MemorySignIn inner_;
  const OAuthServer& server_;
};

}  // namespace

TEST_CASE("A token is renewed before it ends, and the rotated refresh token is saved first") {
  SignInWorld world;
  SignIn got = world.by_browser();
  MemorySignIn store(got);
  auto tokens = access_tokens(store, *world.http, world.clock);
  CHECK(tokens->token({}) == got.access_token);
  world.clock.advance(std::chrono::minutes(57));
  CHECK(tokens->token({}) == got.access_token);
  world.clock.advance(std::chrono::minutes(2));
  std::string second = tokens->token({});
  CHECK(second != got.access_token);
  CHECK(store.load().refresh_token != got.refresh_token);
  CHECK(store.load().access_token == second);
  for (int i = 0; i < 5; ++i) {
    world.clock.advance(std::chrono::hours(1));
    tokens->token({});
  }
  CHECK(world.server.counts().refreshes == 6);
  CHECK(world.server.counts().refused_refreshes == 0);
}

TEST_CASE("What cannot be saved is not used") {
  SignInWorld world;
  WatchedStore store(world.by_browser(), world.server);
  store.fail = true;
  auto tokens = access_tokens(store, *world.http, world.clock);
  world.clock.advance(std::chrono::hours(2));
  CHECK(message_of([&] { tokens->token({}); }) == "disk full");
  CHECK(store.calls_at_save == 0);
}

TEST_CASE("Two processes that renew at once do not lose the session") {
  SignInWorld world;
  MemorySignIn store(world.by_browser());
  world.clock.advance(std::chrono::hours(2));
  std::vector<std::unique_ptr<AccessTokens>> processes;
  for (int i = 0; i < 8; ++i) processes.push_back(access_tokens(store, *world.http, world.clock));
  std::vector<std::string> got(processes.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < processes.size(); ++i)
      threads.emplace_back([&, i] { got[i] = processes[i]->token({}); });
  }
  for (const auto& token : got) CHECK(token == got[0]);
  CHECK(world.server.counts().refreshes == 1);
  CHECK(world.server.counts().refused_refreshes == 0);
}

TEST_CASE("A revoked sign-in is told, with the way back") {
  SignInWorld world;
  MemorySignIn store(world.by_browser());
  auto tokens = access_tokens(store, *world.http, world.clock);
  world.server.revoke_all();
  try {
    tokens->renewed(tokens->token({}), {});
    FAIL("it was renewed");
  } catch (const SignInEnded& error) {
    CHECK(std::string(error.what()).find("Token has been expired or revoked") != std::string::npos);
    CHECK(error.hint() == "sign in again");
  }
  CHECK(store.saves == 0);
}

TEST_CASE("An app that gives no refresh token says when the sign-in ended") {
  SignInWorld world;
  OAuthConduct conduct;
  conduct.gives_refresh = false;
  world.server.behave(conduct);
  SignIn got = world.by_browser();
  CHECK(!got.renewable());
  MemorySignIn store(got);
  auto tokens = access_tokens(store, *world.http, world.clock);
  CHECK(!tokens->renewed(got.access_token, {}));
  world.clock.advance(std::chrono::hours(2));
  std::string message = message_of([&] { tokens->token({}); });
  CHECK(message ==
        "the sign-in to Tiny ended on 2023-11-14T23:13:20Z, and the app gave nothing to renew it "
        "with");
}

TEST_CASE("A maintenance page does not end a sign-in whose token still lives") {
  SignInWorld world;
  SignIn got = world.by_browser();
  MemorySignIn store(got);
  auto tokens = access_tokens(store, *world.http, world.clock);
  OAuthConduct conduct;
  conduct.maintenance = 1000;
  conduct.maintenance_status = 500;
  world.server.behave(conduct);
  world.clock.advance(std::chrono::minutes(59));
  CHECK(tokens->token({}) == got.access_token);
  world.clock.advance(std::chrono::minutes(2));
  std::string message = message_of([&] { tokens->token({}); });
  CHECK(message.find("maintenance") != std::string::npos);
  world.server.behave({});
  CHECK(tokens->token({}) != got.access_token);
}

TEST_CASE("An app that answers 401 again and again is not asked for tokens each time") {
  SignInWorld world;
  MemorySignIn store(world.by_browser());
  auto tokens = access_tokens(store, *world.http, world.clock);
  std::string token = tokens->token({});
  for (int i = 0; i < 50; ++i) {
    auto other = tokens->renewed(token, {});
    if (other) token = *other;
  }
  CHECK(world.server.counts().refreshes == 1);
  world.clock.advance(std::chrono::minutes(2));
  CHECK(tokens->renewed(token, {}));
  CHECK(world.server.counts().refreshes == 2);
}

TEST_CASE("A token without an end is kept, and a refresh token that does not rotate too") {
  SignInWorld world;
  OAuthConduct conduct;
  conduct.lifetime = 0;
  conduct.rotate = false;
  world.server.behave(conduct);
  SignIn got = world.by_browser();
  CHECK(!got.expires);
  MemorySignIn store(got);
  auto tokens = access_tokens(store, *world.http, world.clock);
  world.clock.advance(std::chrono::hours(10'000));
  CHECK(tokens->token({}) == got.access_token);
  CHECK(tokens->renewed(got.access_token, {}));
  CHECK(store.load().refresh_token == got.refresh_token);
}

TEST_CASE("A sign-in is printed and read again") {
  SignIn in;
  in.way = SignIn::Way::device;
  in.title = "Tiny";
  in.token_url = "https://a.example/token";
  in.token_params = {{"a", "b"}};
  in.scopes = {"x", "y"};
  in.access_token = "access";
  in.refresh_token = "refresh";
  in.expires = Time{std::chrono::seconds(1'800'000'000)};
  SignIn out = SignIn::parse(in.print());
  CHECK(out.way == in.way);
  CHECK(out.print() == in.print());
  for (const char* text : {"", "{}", "[]", R"({"version":1,"way":"browser"})"})
    CHECK_THROWS_AS(SignIn::parse(text), Error);
}
