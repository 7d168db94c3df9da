// Signing in with a browser against a server after the RFCs.
#include <unistd.h>

#include "catch.h"
#include "http/url.h"
#include "signin_world.h"
#include "util/descriptor.h"
#include "util/log.h"
#include "util/text.h"

using namespace probackup;

std::string probackup::redirect_in(const std::string& url) {
  auto query = url.substr(url.find('?') + 1);
  for (const auto& [name, value] : parse_form(query))
    if (name == "redirect_uri") return value;
  return "";
}

std::string probackup::message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("A sign-in in the browser gives a token that the app takes") {
  SignInWorld world;
  SignIn got = world.by_browser();
  CHECK(got.scopes == std::vector<std::string>{"boards:read", "people:read"});
  CHECK(got.renewable());
  CHECK(got.expires == world.clock.now() + std::chrono::hours(1));
  HttpRequest me;
  me.url = world.server.origin() + "/me";
  me.headers = {{"Authorization", "Bearer " + got.access_token}};
  CHECK(world.http->send(me, {}).status == 200);
  CHECK(redact("x " + got.refresh_token) == "x ***");
}

TEST_CASE("The client's secret goes by HTTP Basic where the app wants it so") {
  SignInWorld world;
  OAuthApp app = world.app();
  app.client_basic = true;
  app.json_body = true;
  CHECK(
      !world.by_browser(app, [&](const std::string& url) { world.get(url); }).access_token.empty());
  app.client_secret = "not the secret";
  CHECK(
      message_of([&] { world.by_browser(app, [&](const std::string& url) { world.get(url); }); }) ==
      "Tiny: the code of the sign-in is not accepted: invalid_client: wrong client or secret");
}

TEST_CASE("A user who says no in the browser ends the sign-in") {
  SignInWorld world;
  OAuthConduct conduct;
  conduct.consent = "deny";
  world.server.behave(conduct);
  CHECK(message_of([&] { world.by_browser(); }) ==
        "Tiny: the sign-in was cancelled in the browser (access_denied: The user said no)");
}

TEST_CASE("A reply with another state is ignored, and the true one still counts") {
  SignInWorld world;
  OAuthConduct conduct;
  conduct.consent = "foreign_state";
  world.server.behave(conduct);
  SignIn got = world.by_browser(world.app(), [&](const std::string& url) {
    world.get(url);
    world.server.behave({});
    world.get(url);
  });
  CHECK(!got.access_token.empty());
  REQUIRE(world.ignored.size() == 1);
  CHECK(world.ignored[0].find("another state") != std::string::npos);
  CHECK(world.server.counts().codes == 1);
}

TEST_CASE("Strangers on the loopback port neither end the sign-in nor get their code in") {
  SignInWorld world;
  SignIn got = world.by_browser(world.app(), [&](const std::string& url) {
    std::string redirect = redirect_in(url);
    world.get(redirect + "?code=stolen&state=guessed");
    world.get(redirect + "?error=access_denied");
    world.get(redirect + "?code=stolen");
    world.get(redirect + "other?code=stolen");
    HttpRequest post;
    post.method = "POST";
    post.url = redirect;
    post.body = "code=stolen";
    CHECK(world.http->send(post, {}).status == 405);
    HttpRequest rebound;
    rebound.url = redirect + "?code=stolen";
    rebound.headers = {{"Host", "evil.example"}};
    CHECK(world.http->send(rebound, {}).status == 400);
    world.get(url);
  });
  CHECK(!got.access_token.empty());
  CHECK(world.ignored.size() == 4);
}

TEST_CASE("Nobody signs in: the wait ends") {
  SignInWorld world;
  std::string message = message_of([&] {
    world.by_browser(world.app(), [&](const std::string& url) {
      world.get(redirect_in(url));  // once it is answered, the wait has begun
      world.clock.advance(std::chrono::minutes(11));
    });
  });
  CHECK(message == "nobody signed in before the time was over");
}

TEST_CASE("The address that a browser on another machine ended at can be pasted") {
  SignInWorld world;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  Descriptor read(ends[0]), write(ends[1]);
  BrowserPrompt prompt;
  prompt.paste = read.get();
  prompt.open = [&](const std::string& url) {
    HttpRequest request;
    request.url = url;
    request.redirects_max = 0;
    auto answer = world.http->send(request, {});
    std::string line = "what is this\n" + header(answer.headers, "location").value() + "\n";
    CHECK(::write(write.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  };
  SignIn got = sign_in_browser(world.app(), prompt, *world.http, world.clock, {});
  CHECK(!got.access_token.empty());
}

TEST_CASE("A vendor's maintenance page at the token endpoint is told as such") {
  SignInWorld world;
  OAuthConduct conduct;
  conduct.maintenance = 100;
  world.server.behave(conduct);
  std::string message = message_of([&] { world.by_browser(); });
  CHECK(message.find("answers 503 with a web page instead of JSON") != std::string::npos);
  CHECK(message.find("maintenance") != std::string::npos);
  CHECK(world.server.conduct().maintenance == 96);  // it was tried four times
}

TEST_CASE("A maintenance page that goes away costs nothing") {
  SignInWorld world;
  OAuthConduct conduct;
  conduct.maintenance = 2;
  world.server.behave(conduct);
  CHECK(!world.by_browser().access_token.empty());
}

TEST_CASE("An interrupt ends the wait for the browser") {
  SignInWorld world;
  std::stop_source stop;
  BrowserPrompt prompt;
  prompt.open = [&](const std::string&) { stop.request_stop(); };
  try {
    sign_in_browser(world.app(), prompt, *world.http, world.clock, stop.get_token());
    FAIL("it waited");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::interrupted);
  }
}
