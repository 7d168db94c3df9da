// An authorization server with a small API behind it, after RFC 6749, 6750, 7636, 8252, 8628, 7523
// and 9700: codes are good once, verifiers are checked, refresh tokens rotate, and the use of one
// that was replaced ends the whole session. Its users decide at once, as the test says.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "demo/api_server.h"

namespace probackup {

// What one vendor's documentation says of its server; the defaults are the RFCs' and forgiving.
struct OAuthRules {
  std::string authorize_path = "/authorize", token_path = "/token", device_path = "/device/code";
  std::string redirect;  // the registered address, any port; "": any path of this machine
  enum class Pkce { required, optional, unknown } pkce = Pkce::required;  // unknown: refused
  enum class ClientAuth { any, body, basic } client_auth = ClientAuth::any;
  enum class Body { any, form, json } body = Body::any;
  bool secret_required = false;
  std::map<std::string, std::string> authorize_params;  // that must be there
  std::string scope_parameter = "scope";
  std::optional<std::string> scope;  // what it must be, letter for letter; "": left out
  std::string scope_separator = " ";
  std::string token_at;           // member of the answer to a code that holds the token
  std::string scheme = "Bearer";  // what the API wants before the token
  bool tells_scope = true;
  std::string origin_member;  // of the token's answer: where the API is
  std::string api_answer;     // JSON that every other address answers to who is signed in; "": 404
};

// How the server behaves from now on.
struct OAuthConduct {
  std::string consent = "approve";  // or "deny", "foreign_state" (then the true answer), "silent"
  bool rotate = true;               // a refresh token is good once
  bool gives_refresh = true;
  int lifetime = 3600;  // seconds of access tokens; 0: they do not end
  int maintenance = 0;  // so many token requests get 503 and a web page
  int maintenance_status = 503;
  std::string granted_scopes;  // "": what was asked for
  int device_lifetime = 600, device_interval = 5;
  int pending_polls = 1;  // device: so many polls before the user enters the code
  int slow_downs = 0;     // device: so many polls answered so first
};

struct OAuthCounts {
  int codes = 0, refreshes = 0, refused_refreshes = 0, keys = 0, clients = 0, polls = 0,
      early_polls = 0, api_calls = 0, refused_calls = 0;
};

// Safe for concurrent calls. The client is "client-1" with the secret "secret-of-client-1".
class OAuthServer {
 public:
  // `key_pem`: the private key that assertions must be signed with; "" refuses all.
  OAuthServer(Clock& clock, const std::string& key_pem, const OAuthRules& rules = {});

  std::string origin() const { return server_.origin(); }
  ApiServer& server() { return server_; }
  void behave(const OAuthConduct& conduct);
  OAuthConduct conduct() const;
  OAuthCounts counts() const;
  // Ends every session and every token, as a user does in the app's settings.
  void revoke_all();
  // Ends the access tokens alone, as a restart of the app's server may.
  void drop_tokens();

 private:
  struct Code {
    std::string redirect, challenge, scope;
    bool used = false;
  };
  struct Session {
    std::string scope, refresh;
    bool dead = false;
  };
  struct Token {
    std::string session, scope;
    Time expires;
    bool ends = false;
  };
  struct Device {
    std::string scope, user_code;
    std::chrono::nanoseconds begun{}, last_poll{};
    int interval = 5, polls = 0;
    bool polled = false;
  };

  ApiAnswer authorize(const ApiRequest& request);
  ApiAnswer token(const ApiRequest& request);
  ApiAnswer device_code(const ApiRequest& request);
  ApiAnswer installation_token(const ApiRequest& request);
  ApiAnswer api(const ApiRequest& request);
  ApiAnswer by_code(std::map<std::string, std::string>& form);
  ApiAnswer by_refresh(std::map<std::string, std::string>& form);
  ApiAnswer by_device(std::map<std::string, std::string>& form);
  ApiAnswer by_assertion(std::map<std::string, std::string>& form);
  // `first`: for a code, not for a refresh token.
  ApiAnswer issue(const std::string& session, const std::string& scope, bool with_refresh,
                  bool first = true);
  // Why the request for an authorization is not as the rules say; "" if it is.
  std::string fault_of(const ApiRequest& request) const;
  bool is_client(const ApiRequest& request, std::map<std::string, std::string>& form) const;
  // The claims of a JWT whose signature holds; "" otherwise.
  std::string verified_claims(const std::string& jwt) const;
  std::string make_name(const std::string& kind);

  Clock& clock_;
  const std::string key_pem_;
  const OAuthRules rules_;
  mutable std::mutex mutex_;  // guards what follows
  OAuthConduct conduct_;
  OAuthCounts counts_;
  std::map<std::string, Code> codes_;
  std::map<std::string, Session> sessions_;
  std::map<std::string, std::string> old_refresh_;  // replaced refresh token to session
  std::map<std::string, Token> tokens_;
  std::map<std::string, Device> devices_;
  int made_ = 0;
  ApiServer server_;  // last: its threads use the rest
};

// An RSA private key in PEM, made anew.
std::string make_rsa_key();

}  // namespace probackup
