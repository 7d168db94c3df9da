// Each connector's sign-in, against a server that goes by what its vendor documents.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "catch.h"
#include "connector/model.h"
#include "engine/context.h"
#include "engine/oauth.h"
#include "http/url.h"
#include "probackup/engine.h"
#include "signin_world.h"
#include "util/text.h"
#include "vendors.h"

using namespace probackup;
using nlohmann::json;

namespace {

// What the checks of all connectors look for.
constexpr const char* api_answer = R"json({
  "ok": true, "login": "ada", "username": "ada", "name": "Ada", "email": "ada@acme.example", "id": 7,
  "user": {"id": 7, "name": "Ada", "username": "ada", "email": "ada@acme.example",
           "emailAddress": "ada@acme.example", "displayName": "Ada"},
  "team": {"id": 1, "name": "Acme"}, "bot": {"workspace_name": "Acme"}, "scopes": [], "portalId": 5,
  "displayName": "Ada", "accountId": "a1", "email_address": "ada@acme.example", "url": "acme",
  "data": {"gid": "1", "name": "Ada", "email": "ada@acme.example", "company_domain": "acme",
           "me": {"name": "Ada", "email": "ada@acme.example", "account": {"slug": "acme"}},
           "viewer": {"name": "Ada"}, "organization": {"urlKey": "acme", "name": "Acme"}}
})json";

std::string path_of(const std::string& url) {
  return parse_url(url)->path;
}

struct VendorWorld {
  explicit VendorWorld(const Vendor& vendor)
      : connector(ConnectorSet().get(vendor.app)),
        settings(json::parse(vendor.settings)),
        offer(*sign_in_offer(connector, settings)),
        server(clock, "", rules_of(vendor)) {
    OAuthConduct conduct;
    conduct.lifetime = vendor.lifetime;
    conduct.gives_refresh = vendor.gives_refresh;
    conduct.rotate = vendor.rotates;
    conduct.device_interval = 1;
    server.behave(conduct);
  }

  static OAuthRules rules_of(const Vendor& vendor) {
    OAuthRules out = vendor.rules;
    out.authorize_path = path_of(vendor.authorize);
    out.token_path = path_of(vendor.token);
    if (!vendor.device.empty()) out.device_path = path_of(vendor.device);
    out.redirect = vendor.redirect;
    out.scope = vendor.scopes;
    out.api_answer = api_answer;
    return out;
  }

  // The client that is registered here. Any port: others test on this machine, too.
  OAuthApp app(bool with_secret) const {
    OAuthApp out = offer.app;
    for (std::string* url : {&out.authorize_url, &out.token_url, &out.device_url})
      if (!url->empty()) *url = server.origin() + path_of(*url);
    out.redirect_port = 0;
    out.client_id = "client-1";
    if (with_secret) out.client_secret = "secret-of-client-1";
    return out;
  }

  SignIn sign_in(const OAuthApp& to) {
    std::jthread browser;
    BrowserPrompt prompt;
    prompt.open = [&](const std::string& url) {
      browser = std::jthread([this, url] {
        HttpRequest request;
        request.url = url;
        try {
          http->send(request, {});
        } catch (const NetworkError&) {
          // The listener may be gone once it has its answer.
        }
      });
    };
    return sign_in_browser(to, prompt, *http, clock, {});
  }

  CheckResult check(AccessTokens& tokens) {
    json used = settings;
    used["base_url"] = server.origin() + "/base";
    // Where the token's answer says where the API is, the settings do not.
    if (!tokens.state().about.empty()) used.erase("base_url");
    EngineOptions options;
    options.settings = &used;
    options.tokens = &tokens;
    return Engine(connector, options, *http, clock).check({});
  }

  FakeClock clock;
  const Connector connector;
  const json settings;
  const SignInOffer offer;
  OAuthServer server;
  std::unique_ptr<Http> http = curl_http();  // goes first: the server waits for its connections
};

}  // namespace

TEST_CASE("Every connector with a sign-in is held to its vendor's rules") {
  std::vector<std::string> tested = {"google"};  // for sync-drive; it has tests of its own
  for (const auto& vendor : vendors()) tested.push_back(vendor.app);
  ConnectorSet set;
  for (const auto& app : set.apps())
    if (set.get(app).has_sign_in()) {
      INFO(app);
      CHECK(std::find(tested.begin(), tested.end(), app) != tested.end());
    }
}

TEST_CASE("Addresses, scopes and the client are as the vendor documents them") {
  for (const auto& vendor : vendors()) {
    INFO(vendor.app);
    auto offer = sign_in_offer(ConnectorSet().get(vendor.app), json::parse(vendor.settings));
    REQUIRE(offer);
    const OAuthApp& app = offer->app;
    CHECK(app.authorize_url == vendor.authorize);
    CHECK(app.token_url == vendor.token);
    CHECK(app.device_url == vendor.device);
    std::string port = app.redirect_port ? fmt::format(":{}", app.redirect_port) : "";
    CHECK("http://" + app.redirect_host + port + app.redirect_path == vendor.redirect);
    CHECK(offer->register_at.find(vendor.app == "google_drive" ? "Desktop app" : vendor.redirect) !=
          std::string::npos);
    CHECK(join(app.scopes, app.scope_separator) == vendor.scopes);
    CHECK(app.scopes.empty() == vendor.scopes_at_client);
    CHECK(join(offer->restore_scopes, app.scope_separator) == vendor.restore_scopes);
    CHECK(app.pkce == (vendor.rules.pkce != OAuthRules::Pkce::unknown));
    bool required = offer->secret == OAuthModel::Secret::required;
    // GitHub wants it in the browser's flow, and not with a device code.
    if (vendor.app != "github") CHECK(required == vendor.rules.secret_required);
  }
}

TEST_CASE("A user signs in to each app, and its API takes the token as long as the vendor says") {
  for (const auto& vendor : vendors()) {
    INFO(vendor.app << " " << vendor.settings);
    VendorWorld world(vendor);
    SignIn got = world.sign_in(world.app(true));
    CHECK(got.scopes == world.offer.app.scopes);
    CHECK(got.expires.has_value() == (vendor.lifetime > 0));
    CHECK(got.renewable() == vendor.gives_refresh);
    MemorySignIn store(got);
    auto tokens = access_tokens(store, *world.http, world.clock);
    CHECK(!world.check(*tokens).account.empty());
    for (int renewal = 1; renewal <= 2; ++renewal) {
      world.clock.advance(
          std::chrono::seconds(vendor.lifetime > 0 ? vendor.lifetime : 86400 * 400));
      world.check(*tokens);
      CHECK(world.server.counts().refreshes == (vendor.lifetime > 0 ? renewal : 0));
    }
    CHECK(world.server.counts().refused_calls == 0);
    CHECK(world.server.counts().refused_refreshes == 0);
    // A token that ended before its time, or has no time to end at.
    world.server.drop_tokens();
    if (vendor.gives_refresh) CHECK(!world.check(*tokens).account.empty());
    CHECK(world.server.counts().refused_calls == (vendor.gives_refresh ? 1 : 0));
  }
}

TEST_CASE("A client without a secret signs in where the vendor lets it") {
  for (const auto& vendor : vendors()) {
    INFO(vendor.app);
    VendorWorld world(vendor);
    auto sign_in = [&] { world.sign_in(world.app(false)); };
    CHECK(message_of(sign_in).empty() == !vendor.rules.secret_required);
  }
}

TEST_CASE("A device code signs in where the vendor has them") {
  for (const auto& vendor : vendors()) {
    if (vendor.device.empty()) continue;
    INFO(vendor.app);
    VendorWorld world(vendor);
    SignIn got =
        sign_in_device(world.app(true), [](const DeviceCode&) {}, *world.http, world.clock, {});
    MemorySignIn store(got);
    auto tokens = access_tokens(store, *world.http, world.clock);
    CHECK(!world.check(*tokens).account.empty());
  }
}

TEST_CASE("A token goes as the app wants it, to git as the password of the user it wants") {
  auto connector = ConnectorSet().get("gitlab");
  CHECK(sign_in_credentials("t", connector.model().oauth).headers ==
        Headers{{"Authorization", "Bearer t"}});
  CHECK(sign_in_credentials("t", connector.model().oauth).git_authorization ==
        "Basic b2F1dGgyOnQ=");  // oauth2:t
  CHECK(sign_in_credentials("t", ConnectorSet().get("monday").model().oauth).headers ==
        Headers{{"Authorization", "t"}});
}

TEST_CASE("Where the API is, the token's answer may say, or a setting") {
  FakeClock clock;
  auto http = curl_http();
  SignIn got;
  got.title = "Pipedrive";
  got.access_token = "t";
  got.about = {{"api_domain", "https://acme.pipedrive.com"}};
  MemorySignIn store(got);
  auto tokens = access_tokens(store, *http, clock);
  auto base = [&](const std::string& app, const json& settings) {
    auto connector = ConnectorSet().get(app);
    EngineOptions options;
    options.settings = &settings;
    options.tokens = tokens.get();
    return RunContext(connector.model(), options, clock.now()).base();
  };
  CHECK(base("pipedrive", json::object()) == "https://acme.pipedrive.com");
  json site = {{"site", "acme.atlassian.net"}};
  CHECK(base("jira", site) == "https://acme.atlassian.net");
  CHECK(base("confluence", site) == "https://acme.atlassian.net/wiki");
  site["cloud_id"] = "35273b54";
  CHECK(base("jira", site) == "https://api.atlassian.com/ex/jira/35273b54");
  CHECK(base("confluence", site) == "https://api.atlassian.com/ex/confluence/35273b54/wiki");
}
