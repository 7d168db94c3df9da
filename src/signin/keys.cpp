#include "signin/keys.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "signin/jwt.h"
#include "signin/token_request.h"
#include "util/log.h"
#include "util/text.h"

namespace probackup {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto clock_slack = 1min;         // between the server's clock and ours
constexpr auto assertion_life = 1h;        // the most that Google takes
constexpr auto app_assertion_life = 9min;  // GitHub takes ten

std::int64_t unix_seconds(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

[[noreturn]] void refuse(const SignIn& sign_in, const TokenRefusal& refusal) {
  std::string message =
      fmt::format("{} refuses the key of {}: {}", sign_in.title, sign_in.issuer, refusal.reason);
  bool later = refusal.status >= 500 || refusal.status == 429;
  if (later) throw Error(message, "try again later");
  throw SignInEnded(message,
                    "the key was removed, or may not ask for this; the clock of this "
                    "machine must be right as well");
}

// RFC 7523, 2.1, with Google's claims.
void renew_service_account(SignIn& sign_in, Http& http, Clock& clock, std::stop_token stop) {
  Time now = clock.now();
  json claims = {{"iss", sign_in.issuer},
                 {"scope", join(sign_in.scopes, " ")},
                 {"aud", sign_in.token_url},
                 {"iat", unix_seconds(now)},
                 {"exp", unix_seconds(now + assertion_life)}};
  if (!sign_in.subject.empty()) claims["sub"] = sign_in.subject;
  FormFields fields = {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"},
                       {"assertion", signed_jwt(claims.dump(), sign_in.key)}};
  auto response = send_token_request(sign_in, fields, http, clock, stop);
  if (auto refusal = take_token(response, now, sign_in)) refuse(sign_in, *refusal);
}

void renew_app(SignIn& sign_in, Http& http, Clock& clock, std::stop_token stop) {
  Time now = clock.now();
  json claims = {{"iss", sign_in.issuer},
                 {"iat", unix_seconds(now - clock_slack)},
                 {"exp", unix_seconds(now + app_assertion_life)}};
  std::string assertion = signed_jwt(claims.dump(), sign_in.key);
  add_secret(assertion);
  HttpRequest request;
  request.method = "POST";
  request.url = sign_in.token_url;
  request.headers = {{"Accept", "application/vnd.github+json"},
                     {"Authorization", "Bearer " + assertion}};
  request.secret_headers = {"Authorization"};
  auto response = send_once_more(std::move(request), http, clock, stop);
  if (auto refusal = take_token(response, now, sign_in)) {
    if (refusal->status == 404) refusal->reason += "; the app is not installed there (any more)";
    refuse(sign_in, *refusal);
  }
}

}  // namespace

void renew_by_key(SignIn& sign_in, Http& http, Clock& clock, std::stop_token stop) {
  if (sign_in.way == SignIn::Way::app) return renew_app(sign_in, http, clock, stop);
  renew_service_account(sign_in, http, clock, stop);
}

SignIn sign_in_service_account(const OAuthApp& app, const std::string& key_file,
                               const std::string& subject, Http& http, Clock& clock,
                               std::stop_token stop) {
  json file = json::parse(key_file, nullptr, false);
  auto member = [&](const char* name) {
    auto found = file.is_object() ? file.find(name) : file.end();
    if (found == file.end() || !found->is_string())
      throw Error(ErrorKind::usage, fmt::format("the key file has no {}", name),
                  "give the JSON file that the Google Cloud console made for the service account");
    return found->get<std::string>();
  };
  if (member("type") != "service_account")
    throw Error(ErrorKind::usage, "the key file is of another kind: " + member("type"),
                "make a key of a service account, kind JSON");
  SignIn out = begin_sign_in(app, SignIn::Way::service_account);
  out.client_id.clear();
  out.client_secret.clear();
  out.issuer = member("client_email");
  out.key = member("private_key");
  out.token_url = member("token_uri");
  out.subject = subject;
  add_secret(out.key);
  renew_by_key(out, http, clock, stop);
  return out;
}

SignIn sign_in_app(const std::string& title, const std::string& issuer, const std::string& key,
                   const std::string& token_url, Http& http, Clock& clock, std::stop_token stop) {
  SignIn out;
  out.way = SignIn::Way::app;
  out.title = title;
  out.issuer = issuer;
  out.key = key;
  out.token_url = token_url;
  add_secret(key);
  renew_by_key(out, http, clock, stop);
  return out;
}

SignIn sign_in_client(const OAuthApp& app, Http& http, Clock& clock, std::stop_token stop) {
  SignIn out = begin_sign_in(app, SignIn::Way::client);
  FormFields fields = {{"grant_type", "client_credentials"}};
  if (!app.scopes.empty()) fields[app.scope_parameter] = join(app.scopes, app.scope_separator);
  request_token(out, fields, "signing in as the client", http, clock, stop);
  return out;
}

}  // namespace probackup
