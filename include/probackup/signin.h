// Signing in to apps: OAuth 2 in the browser or with a device code, service accounts, app keys; and
// access tokens that stay fresh as long as a run takes.
// Sources: RFC 6749 (OAuth 2.0), RFC 7636 (PKCE), RFC 8252 (native apps), RFC 8628 (device codes),
// RFC 7523 (JWT grants).
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "probackup/clock.h"
#include "probackup/error.h"
#include "probackup/http.h"

namespace probackup {

// How an app lets programs sign in, with the client that the user registered there.
struct OAuthApp {
  std::string title;                                 // of the app, for messages
  std::string authorize_url, token_url, device_url;  // "" where the app has no such flow
  std::string client_id, client_secret;
  std::vector<std::string> scopes;    // to ask for
  std::string scope_separator = " ";  // RFC 6749 says a blank; some apps want a comma
  std::string scope_parameter = "scope";
  std::map<std::string, std::string> authorize_params, token_params;  // what the app wants besides
  bool pkce = true;
  bool client_basic = false;  // the client's secret goes by HTTP Basic and not into the body
  bool json_body = false;     // the token endpoint wants JSON and no form
  std::string token_path;     // dotted path of the object in the answer that holds the token
  // Of the loopback redirect: "127.0.0.1" or "localhost", a fixed port or 0, and the path.
  std::string redirect_host = "127.0.0.1";
  unsigned redirect_port = 0;
  std::string redirect_path = "/";
};

// What a sign-in gave, and all that is needed to renew it. Secret; it is kept sealed.
struct SignIn {
  enum class Way { browser, device, client, service_account, app } way = Way::browser;
  std::string title, token_url, token_path;
  std::string client_id, client_secret;
  bool client_basic = false, json_body = false;
  std::map<std::string, std::string> token_params;
  std::string issuer, key, subject;  // of keys: who signs, PEM, the user that is acted for ("")
  std::vector<std::string> scopes;   // that were granted, as far as the app says
  std::string scope_separator = " ", scope_parameter = "scope";
  std::string access_token, refresh_token;
  std::optional<Time> expires, renew_at;  // of the access token; nothing: it does not end
  std::optional<Time> refresh_expires;    // of the refresh token, as far as the app says
  // Extra members of the token's answer that are plain texts, such as the workspace's name.
  std::map<std::string, std::string> about;

  bool renewable() const;
  std::string print() const;  // JSON
  // Throws Error for what print() did not make.
  static SignIn parse(const std::string& json);
};

// Where one account's sign-in is kept. Safe for concurrent calls.
class SignInStore {
 public:
  virtual ~SignInStore() = default;
  // As it is saved now, whichever process saved it. Throws Error when it is gone.
  virtual SignIn load() = 0;
  // Returns when it is safely on the disk.
  virtual void save(const SignIn& sign_in) = 0;
  // Runs `work` while no other process does so for this account. Throws Error(interrupted).
  virtual void locked(const std::function<void()>& work, std::stop_token stop) = 0;
  // What the user can do when the sign-in has ended: the hint of SignInEnded.
  virtual std::string renew_hint() const { return ""; }
};

// The server refuses to renew: the sign-in was revoked, has ended, or its key is not accepted any
// more. Only a new sign-in helps.
class SignInEnded : public Error {
 public:
  using Error::Error;
};

// Access tokens of one account, renewed before they end. Safe for concurrent calls.
class AccessTokens {
 public:
  virtual ~AccessTokens() = default;
  // A token that is good now, known to redact(). Renews where that is due: under the store's lock,
  // and what the app gave is saved before it is used, so that two processes do not lose a session
  // whose refresh token changes with each use. Throws SignInEnded, NetworkError, Error.
  virtual std::string token(std::stop_token stop) = 0;
  // Another token than `refused`, which the app answered with 401 though it should be good; nothing
  // if there is none.
  virtual std::optional<std::string> renewed(const std::string& refused, std::stop_token stop) = 0;
  // The sign-in as it is now, for showing when it ends.
  virtual SignIn state() = 0;
};

// All references must outlive the result.
std::unique_ptr<AccessTokens> access_tokens(SignInStore& store, Http& http, Clock& clock);

// What a browser sign-in shows and takes.
struct BrowserPrompt {
  // Told where to sign in.
  std::function<void(const std::string& url)> open;
  // Told of replies that were not the answer to this sign-in and are ignored.
  std::function<void(const std::string& why)> ignored;
  // Descriptor on which the address that the browser ended at may be pasted as a line, for a
  // browser on another machine; -1 for none.
  int paste = -1;
  std::chrono::seconds timeout{600};
};

// Authorization code with PKCE on a loopback port. Throws Error when the user declines, the app
// refuses, the time is over; Error(interrupted) when stopped.
SignIn sign_in_browser(const OAuthApp& app, const BrowserPrompt& prompt, Http& http, Clock& clock,
                       std::stop_token stop);

struct DeviceCode {
  std::string user_code, url;  // for people
  std::string complete_url;    // with the code in it; "" if the app gives none
  std::chrono::seconds lifetime{};
};
// Device code flow: shows a code that is typed into a browser anywhere. Throws as above.
SignIn sign_in_device(const OAuthApp& app, const std::function<void(const DeviceCode&)>& show,
                      Http& http, Clock& clock, std::stop_token stop);

// The client itself, without a user (RFC 6749, 4.4).
SignIn sign_in_client(const OAuthApp& app, Http& http, Clock& clock, std::stop_token stop);

// The JSON key file of a Google service account; `subject`: the user to act for (domain-wide
// delegation), or "". Throws Error(usage) for a file that is none.
SignIn sign_in_service_account(const OAuthApp& app, const std::string& key_file,
                               const std::string& subject, Http& http, Clock& clock,
                               std::stop_token stop);

// A GitHub App: `issuer` is its client id or app id, `key` its private key (PEM), and `token_url`
// where installation tokens are made (".../app/installations/ID/access_tokens").
SignIn sign_in_app(const std::string& title, const std::string& issuer, const std::string& key,
                   const std::string& token_url, Http& http, Clock& clock, std::stop_token stop);

}  // namespace probackup
