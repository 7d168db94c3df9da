#include "fake/oauth_server.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "http/url.h"
#include "util/bytes.h"
#include "util/hash.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

using nlohmann::json;
using Form = std::map<std::string, std::string>;

constexpr const char* client_id = "client-1";
constexpr const char* client_secret = "secret-of-client-1";

ApiAnswer refuse(const std::string& code, const std::string& words = "", int status = 400) {
  json body = {{"error", code}};
  if (!words.empty()) body["error_description"] = words;
  return json_answer(body.dump(), status);
}

Form form_of(const ApiRequest& request) {
  Form out;
  if (request.header("content-type").value_or("").find("json") != std::string::npos) {
    json body = json::parse(request.body, nullptr, false);
    if (body.is_object())
      for (const auto& [name, value] : body.items())
        if (value.is_string()) out[name] = value.get<std::string>();
    return out;
  }
  for (const auto& [name, value] : parse_form(request.body)) out[name] = value;
  return out;
}

std::optional<std::string> from_base64url(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  while (text.size() % 4 != 0) text += '=';
  return from_base64(text);
}

std::string challenge_of(const std::string& verifier) {
  Id digest = sha256(verifier);
  return to_base64url({reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()});
}

// RFC 8252, 7.3: any port of the loopback address.
bool is_loopback_redirect(const std::string& text) {
  auto url = parse_url(text);
  return url && url->scheme == "http" && (url->host == "127.0.0.1" || url->host == "localhost") &&
         !url->port.empty() && !url->fragment;
}

// The registered address itself, but for the port.
bool is_registered(const std::string& text, const std::string& registered) {
  if (!is_loopback_redirect(text)) return false;
  if (registered.empty()) return true;
  auto given = parse_url(text), known = parse_url(registered);
  return known && given->host == known->host && given->path == known->path;
}

// RFC 7636, 4.1.
bool is_verifier(const std::string& text) {
  return text.size() >= 43 && text.size() <= 128 &&
         text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") ==
             std::string::npos;
}

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

}  // namespace

std::string make_rsa_key() {
  KeyPtr key(EVP_RSA_gen(2048), EVP_PKEY_free);
  std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* bytes = nullptr;
  long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

OAuthServer::OAuthServer(Clock& clock, const std::string& key_pem, const OAuthRules& rules)
    : clock_(clock), key_pem_(key_pem), rules_(rules), server_(ApiServerOptions{}, clock) {
  auto locked = [this](ApiAnswer (OAuthServer::*handler)(const ApiRequest&)) {
    return [this, handler](const ApiRequest& request) {
      std::lock_guard lock(mutex_);
      return (this->*handler)(request);
    };
  };
  server_.route("GET", rules_.authorize_path, locked(&OAuthServer::authorize));
  server_.route("POST", rules_.token_path, locked(&OAuthServer::token));
  server_.route("POST", rules_.device_path, locked(&OAuthServer::device_code));
  server_.route("POST", "/app/installations/:id/access_tokens",
                locked(&OAuthServer::installation_token));
  for (const char* path : {"/me", "/boards", "/boards/:id/cards"})
    server_.route("GET", path, locked(&OAuthServer::api));
  if (!rules_.api_answer.empty()) server_.set_fallback(locked(&OAuthServer::api));
}

void OAuthServer::behave(const OAuthConduct& conduct) {
  std::lock_guard lock(mutex_);
  conduct_ = conduct;
}

OAuthConduct OAuthServer::conduct() const {
  std::lock_guard lock(mutex_);
  return conduct_;
}

OAuthCounts OAuthServer::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

void OAuthServer::revoke_all() {
  std::lock_guard lock(mutex_);
  for (auto& [name, session] : sessions_) session.dead = true;
  tokens_.clear();
}

void OAuthServer::drop_tokens() {
  std::lock_guard lock(mutex_);
  tokens_.clear();
}

std::string OAuthServer::make_name(const std::string& kind) {
  ++made_;
  return fmt::format("{}-{}-{}", kind, made_, sha256(std::to_string(made_)).hex().substr(0, 12));
}

std::string OAuthServer::fault_of(const ApiRequest& request) const {
  auto value = [&](const std::string& name) { return request.query_value(name).value_or(""); };
  if (value("response_type") != "code") return "no response_type=code";
  if (value("state").size() < 16) return "no state";
  if (rules_.pkce == OAuthRules::Pkce::unknown) {
    if (request.query_value("code_challenge")) return "unknown parameter code_challenge";
  } else {
    bool given = request.query_value("code_challenge").has_value();
    if (!given && rules_.pkce == OAuthRules::Pkce::required) return "no code_challenge";
    if (given &&
        (value("code_challenge_method") != "S256" || !is_verifier(value("code_challenge"))))
      return "a bad code_challenge";
  }
  for (const auto& [name, wanted] : rules_.authorize_params)
    if (value(name) != wanted) return "no " + name + "=" + wanted;
  if (rules_.scope && value(rules_.scope_parameter) != *rules_.scope)
    return "the scopes are not as they should be: " + value(rules_.scope_parameter);
  if (rules_.scope && rules_.scope_parameter != "scope" && request.query_value("scope"))
    return "scopes for a bot";
  return "";
}

ApiAnswer OAuthServer::authorize(const ApiRequest& request) {
  auto value = [&](const char* name) { return request.query_value(name).value_or(""); };
  std::string redirect = value("redirect_uri");
  // RFC 6749, 4.1.2.1: never redirect where client or address are wrong.
  if (value("client_id") != client_id || !is_registered(redirect, rules_.redirect))
    return text_answer("unknown client or redirect address", 400);
  ApiAnswer answer;
  answer.status = 302;
  std::string state = value("state");
  auto send = [&](const std::string& query) {
    answer.headers.emplace_back("Location", redirect + "?" + query);
  };
  if (std::string fault = fault_of(request); !fault.empty()) {
    send("error=invalid_request&error_description=" + url_encode(fault) +
         "&state=" + url_encode(state));
  } else if (conduct_.consent == "deny") {
    send("error=access_denied&error_description=The+user+said+no&state=" + url_encode(state));
  } else {
    std::string code = make_name("code");
    codes_[code] = {redirect, value("code_challenge"), value(rules_.scope_parameter.c_str())};
    bool foreign = conduct_.consent == "foreign_state";
    send("code=" + code + "&state=" + url_encode(foreign ? "somebody-elses-state" : state));
  }
  return answer;
}

bool OAuthServer::is_client(const ApiRequest& request, Form& form) const {
  using Auth = OAuthRules::ClientAuth;
  auto basic = request.header("authorization").value_or("");
  if (basic.starts_with("Basic "))
    return rules_.client_auth != Auth::body && !form.contains("client_secret") &&
           from_base64(basic.substr(6)) == fmt::format("{}:{}", client_id, client_secret);
  bool given = form.contains("client_secret");
  if (given ? rules_.client_auth == Auth::basic : rules_.secret_required) return false;
  return form["client_id"] == client_id && (!given || form["client_secret"] == client_secret);
}

ApiAnswer OAuthServer::token(const ApiRequest& request) {
  if (conduct_.maintenance > 0) {
    --conduct_.maintenance;
    ApiAnswer page =
        text_answer("<!doctype html><h1>We will be back soon</h1>", conduct_.maintenance_status);
    page.type = "text/html; charset=utf-8";
    return page;
  }
  bool json_body = request.header("content-type").value_or("").find("json") != std::string::npos;
  if (rules_.body != OAuthRules::Body::any && json_body != (rules_.body == OAuthRules::Body::json))
    return refuse("invalid_request", "the body is of the wrong kind");
  Form form = form_of(request);
  std::string grant = form["grant_type"];
  if (grant == "urn:ietf:params:oauth:grant-type:jwt-bearer") return by_assertion(form);
  if (!is_client(request, form)) return refuse("invalid_client", "wrong client or secret", 401);
  if (grant == "authorization_code") return by_code(form);
  if (grant == "refresh_token") return by_refresh(form);
  if (grant == "urn:ietf:params:oauth:grant-type:device_code") return by_device(form);
  if (grant == "client_credentials") {
    if (form["client_secret"].empty() && !request.header("authorization"))
      return refuse("invalid_client", "the secret is missing", 401);
    ++counts_.clients;
    return issue("", form["scope"], false);
  }
  return refuse("unsupported_grant_type");
}

ApiAnswer OAuthServer::by_code(Form& form) {
  auto found = codes_.find(form["code"]);
  if (found == codes_.end() || found->second.used) return refuse("invalid_grant", "unknown code");
  Code& code = found->second;
  if (form["redirect_uri"] != code.redirect) return refuse("invalid_grant", "another redirect_uri");
  const bool challenged = !code.challenge.empty();
  if (challenged ? !is_verifier(form["code_verifier"]) ||
                       challenge_of(form["code_verifier"]) != code.challenge
                 : form.contains("code_verifier"))
    return refuse("invalid_grant", "the verifier does not fit");
  code.used = true;
  ++counts_.codes;
  std::string session = make_name("session");
  sessions_[session].scope = code.scope;
  return issue(session, code.scope, conduct_.gives_refresh);
}

ApiAnswer OAuthServer::by_refresh(Form& form) {
  const std::string& given = form["refresh_token"];
  if (auto old = old_refresh_.find(given); old != old_refresh_.end()) {
    // RFC 9700, 4.14.2: a thief or the client uses it a second time.
    sessions_[old->second].dead = true;
    std::erase_if(tokens_, [&](const auto& pair) { return pair.second.session == old->second; });
  }
  for (auto& [name, session] : sessions_)
    if (!session.dead && !given.empty() && session.refresh == given) {
      ++counts_.refreshes;
      if (conduct_.rotate) old_refresh_[given] = name;
      return issue(name, session.scope, conduct_.rotate, false);
    }
  ++counts_.refused_refreshes;
  return refuse("invalid_grant", "Token has been expired or revoked.");
}

ApiAnswer OAuthServer::device_code(const ApiRequest& request) {
  Form form = form_of(request);
  if (form["client_id"] != client_id) return refuse("invalid_client", "", 401);
  std::string name = make_name("device");
  Device& device = devices_[name];
  device.scope = form["scope"];
  device.user_code = fmt::format("WDJB-{:04}", made_);
  device.begun = clock_.steady();
  device.interval = conduct_.device_interval;
  json body = {{"device_code", name},
               {"user_code", device.user_code},
               {"verification_uri", origin() + "/device"},
               {"verification_uri_complete", origin() + "/device?user_code=" + device.user_code},
               {"expires_in", conduct_.device_lifetime},
               {"interval", conduct_.device_interval}};
  return json_answer(body.dump());
}

ApiAnswer OAuthServer::by_device(Form& form) {
  auto found = devices_.find(form["device_code"]);
  if (found == devices_.end()) return refuse("invalid_grant", "unknown device code");
  Device& device = found->second;
  ++counts_.polls;
  auto now = clock_.steady();
  auto since_last = now - (device.polled ? device.last_poll : device.begun);
  if (since_last < std::chrono::seconds(device.interval)) ++counts_.early_polls;
  device.polled = true;
  device.last_poll = now;
  if (now - device.begun > std::chrono::seconds(conduct_.device_lifetime))
    return refuse("expired_token");
  if (conduct_.slow_downs > 0) {
    --conduct_.slow_downs;
    device.interval += 5;
    return refuse("slow_down");
  }
  if (device.polls++ < conduct_.pending_polls) return refuse("authorization_pending");
  if (conduct_.consent == "deny") return refuse("access_denied");
  std::string session = make_name("session"), scope = device.scope;
  devices_.erase(found);
  sessions_[session].scope = scope;
  return issue(session, scope, conduct_.gives_refresh);
}

std::string OAuthServer::verified_claims(const std::string& jwt) const {
  auto parts = split(jwt, '.');
  if (parts.size() != 3 || key_pem_.empty()) return "";
  auto header = from_base64url(parts[0]), claims = from_base64url(parts[1]),
       signature = from_base64url(parts[2]);
  if (!header || !claims || !signature || json::parse(*header).value("alg", "") != "RS256")
    return "";
  std::unique_ptr<BIO, decltype(&BIO_free)> in(
      BIO_new_mem_buf(key_pem_.data(), static_cast<int>(key_pem_.size())), BIO_free);
  KeyPtr key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                  EVP_MD_CTX_free);
  std::string text = parts[0] + "." + parts[1];
  bool good =
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature->data()),
                       signature->size(), reinterpret_cast<const unsigned char*>(text.data()),
                       text.size()) == 1;
  return good ? *claims : "";
}

ApiAnswer OAuthServer::by_assertion(Form& form) {
  std::string claims = verified_claims(form["assertion"]);
  if (claims.empty()) return refuse("invalid_grant", "Invalid JWT Signature.");
  json parsed = json::parse(claims);
  auto now = std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch());
  auto exp = parsed.value("exp", std::int64_t{0}), iat = parsed.value("iat", std::int64_t{0});
  if (exp <= now.count() || exp - iat > 3600 || parsed.value("aud", "") != origin() + "/token")
    return refuse("invalid_grant", "Invalid JWT: times or audience");
  ++counts_.keys;
  return issue("", parsed.value("scope", ""), false);
}

ApiAnswer OAuthServer::installation_token(const ApiRequest& request) {
  auto bearer = request.header("authorization").value_or("");
  std::string claims = bearer.starts_with("Bearer ") ? verified_claims(bearer.substr(7)) : "";
  if (claims.empty())
    return json_answer(R"({"message":"A JSON web token could not be decoded"})", 401);
  json parsed = json::parse(claims);
  auto now = std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch());
  auto exp = parsed.value("exp", std::int64_t{0});
  if (exp <= now.count() || exp > now.count() + 600 || !parsed["iss"].is_string())
    return json_answer(R"({"message":"'Expiration time' claim ('exp') is too far in the future"})",
                       401);
  if (request.param("id") != "77") return json_answer(R"({"message":"Not Found"})", 404);
  ++counts_.keys;
  std::string name = make_name("access");
  auto expires = clock_.now() + std::chrono::seconds(conduct_.lifetime);
  tokens_[name] = {"", "", expires, true};
  json body = {{"token", name},
               {"expires_at", format_rfc3339_seconds(expires)},
               {"permissions", {{"contents", "read"}, {"issues", "read"}}},
               {"repository_selection", "selected"}};
  return json_answer(body.dump(), 201);
}

ApiAnswer OAuthServer::issue(const std::string& session, const std::string& scope,
                             bool with_refresh, bool first) {
  std::string name = make_name("access");
  std::string granted = conduct_.granted_scopes.empty() ? scope : conduct_.granted_scopes;
  json body = {{"access_token", name}, {"token_type", "Bearer"}};
  if (rules_.tells_scope) body["scope"] = granted;
  tokens_[name] = {session, granted, clock_.now() + std::chrono::seconds(conduct_.lifetime),
                   conduct_.lifetime > 0};
  if (conduct_.lifetime > 0) body["expires_in"] = conduct_.lifetime;
  if (with_refresh) body["refresh_token"] = sessions_[session].refresh = make_name("refresh");
  if (first && !rules_.token_at.empty()) body = {{"ok", true}, {rules_.token_at, body}};
  if (!rules_.origin_member.empty()) body[rules_.origin_member] = origin();
  ApiAnswer answer = json_answer(body.dump());
  answer.headers.emplace_back("Cache-Control", "no-store");
  return answer;
}

ApiAnswer OAuthServer::api(const ApiRequest& request) {
  ++counts_.api_calls;
  auto bearer = request.header("authorization").value_or("");
  std::string prefix = rules_.scheme.empty() ? "" : rules_.scheme + " ";
  auto found = tokens_.find(bearer.starts_with(prefix) ? bearer.substr(prefix.size()) : "");
  bool good =
      found != tokens_.end() && (!found->second.ends || clock_.now() < found->second.expires);
  if (!good) {
    ++counts_.refused_calls;
    ApiAnswer answer = json_answer(R"({"message":"Bad credentials"})", 401);
    answer.headers.emplace_back("WWW-Authenticate", "Bearer error=\"invalid_token\"");
    return answer;
  }
  ApiAnswer answer;
  if (!rules_.api_answer.empty()) {
    answer = json_answer(rules_.api_answer);
  } else if (request.path == "/me") {
    answer = json_answer(R"({"login":"ada","name":"Ada"})");
  } else if (request.path == "/boards") {
    answer = json_answer(R"([{"id":"b1","name":"Roadmap"},{"id":"b2","name":"Hiring"}])");
  } else {
    answer = json_answer(
        fmt::format(R"([{{"id":"{0}-c1","name":"Card of {0}"}}])", request.param("id")));
  }
  answer.headers.emplace_back("X-Scopes", join(split(found->second.scope, ' '), ", "));
  return answer;
}

}  // namespace probackup
