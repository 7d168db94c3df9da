// Authorization code with PKCE on a loopback port.
#include <fmt/format.h>

#include "signin/callback.h"
#include "signin/loopback.h"
#include "signin/token_request.h"
#include "util/bytes.h"
#include "util/hash.h"
#include "util/random.h"
#include "util/text.h"

namespace probackup {
namespace {

std::string challenge_of(const std::string& verifier) {
  Id digest = sha256(verifier);
  return to_base64url({reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()});
}

std::string authorization_url(const OAuthApp& app, const std::string& redirect,
                              const std::string& state, const std::string& verifier) {
  FormFields fields = app.authorize_params;
  fields["response_type"] = "code";
  fields["client_id"] = app.client_id;
  fields["redirect_uri"] = redirect;
  fields["state"] = state;
  if (!app.scopes.empty()) fields[app.scope_parameter] = join(app.scopes, app.scope_separator);
  if (app.pkce) {
    fields["code_challenge"] = challenge_of(verifier);
    fields["code_challenge_method"] = "S256";
  }
  bool has_query = app.authorize_url.find('?') != std::string::npos;
  return app.authorize_url + (has_query ? "&" : "?") + print_form(fields);
}

std::string refusal_text(const OAuthApp& app, const std::string& reason) {
  if (reason.starts_with("access_denied"))
    return fmt::format("{}: the sign-in was cancelled in the browser ({})", app.title, reason);
  return fmt::format("{}: the app refused the sign-in: {}", app.title, reason);
}

}  // namespace

SignIn sign_in_browser(const OAuthApp& app, const BrowserPrompt& prompt, Http& http, Clock& clock,
                       std::stop_token stop) {
  LoopbackListener listener(app.redirect_port);
  std::string redirect =
      fmt::format("http://{}:{}{}", app.redirect_host, listener.port(), app.redirect_path);
  std::string state = to_base64url(random_bytes(32)), verifier = to_base64url(random_bytes(32));
  Callback got;
  auto judge = [&](const std::string& target) -> LoopbackVerdict {
    Callback callback = read_callback(target, app.redirect_path, state);
    if (callback.kind == Callback::Kind::stranger) {
      // Browsers ask for icons by themselves.
      if (prompt.ignored && !target.starts_with("/favicon")) prompt.ignored(callback.reason);
      return {false, "This is not the answer to the sign-in that probackup waits for."};
    }
    got = std::move(callback);
    return {true, got.kind == Callback::Kind::code
                      ? "Signed in. You can close this page and go back to the terminal."
                      : "The sign-in was not completed. You can close this page."};
  };
  prompt.open(authorization_url(app, redirect, state, verifier));
  listener.wait(judge, prompt.paste, prompt.timeout, clock, stop);
  if (got.kind == Callback::Kind::refused)
    throw Error(refusal_text(app, got.reason), "run the command again to sign in after all");

  SignIn out = begin_sign_in(app, SignIn::Way::browser);
  FormFields fields = {
      {"grant_type", "authorization_code"}, {"code", got.code}, {"redirect_uri", redirect}};
  if (app.pkce) fields["code_verifier"] = verifier;
  request_token(out, fields, "the code of the sign-in is not accepted", http, clock, stop);
  return out;
}

}  // namespace probackup
