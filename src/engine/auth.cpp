#include "engine/auth.h"

#include <fmt/format.h>

#include "util/bytes.h"
#include "util/log.h"

namespace probackup {
namespace {

[[noreturn]] void missing(const ConnectorModel& model, const std::string& what) {
  throw Error(ErrorKind::usage, fmt::format("{}: {} is not set", model.title, what),
              fmt::format("store the credentials with: probackup auth add {}", model.app));
}

std::string secret(const ConnectorModel& model, const Template& value, const Scope& scope,
                   const std::string& what) {
  std::string text = value.text(scope);
  if (text.empty()) missing(model, what);
  add_secret(text);
  return text;
}

// Git hosts take a token as the password of any user.
std::string git_token(const std::string& token) {
  return "Basic " + to_base64("x-access-token:" + token);
}

const OAuthModel& or_default(const std::optional<OAuthModel>& oauth) {
  static const OAuthModel none;
  return oauth ? *oauth : none;
}

}  // namespace

Credentials make_credentials(const AuthModel& auth, const ConnectorModel& model,
                             const Scope& scope) {
  Credentials out;
  if (auth.when && !auth.when->holds(scope)) return out;
  switch (auth.kind) {
    case AuthModel::Kind::none:
      break;
    case AuthModel::Kind::bearer: {
      std::string token = secret(model, auth.token, scope, "the token");
      out.headers.emplace_back("Authorization", "Bearer " + token);
      out.git_authorization = git_token(token);
      break;
    }
    case AuthModel::Kind::basic: {
      std::string user = auth.user.text(scope), password = auth.password.text(scope);
      if (user.empty()) missing(model, "the user");
      add_secret(password);
      out.git_authorization = "Basic " + to_base64(user + ":" + password);
      out.headers.emplace_back("Authorization", out.git_authorization);
      break;
    }
    case AuthModel::Kind::header:
      for (const auto& [name, value] : auth.pairs)
        out.headers.emplace_back(name, secret(model, value, scope, "the value of " + name));
      if (!out.headers.empty()) out.git_authorization = git_token(out.headers.front().second);
      break;
    case AuthModel::Kind::query:
      for (const auto& [name, value] : auth.pairs)
        out.query.emplace_back(name, secret(model, value, scope, "the value of " + name));
      if (!out.query.empty()) out.git_authorization = git_token(out.query.front().second);
      break;
  }
  add_secret(out.git_authorization);
  for (const auto& [name, value] : out.headers) add_secret(value);
  return out;
}

std::string token_prefix(const std::optional<OAuthModel>& oauth) {
  const std::string& scheme = or_default(oauth).scheme;
  return scheme.empty() ? "" : scheme + " ";
}

Credentials sign_in_credentials(const std::string& token, const std::optional<OAuthModel>& oauth) {
  Credentials out;
  add_secret(token);
  out.headers.emplace_back("Authorization", token_prefix(oauth) + token);
  out.git_authorization = "Basic " + to_base64(or_default(oauth).git_user + ":" + token);
  add_secret(out.git_authorization);
  return out;
}

Credentials make_credentials(const ConnectorModel& model, const Scope& scope) {
  for (const auto& variant : model.auth)
    if (!variant.when || variant.when->holds(scope)) return make_credentials(variant, model, scope);
  if (model.oauth)
    throw Error(ErrorKind::usage, fmt::format("{}: nobody is signed in", model.title),
                fmt::format("sign in: probackup auth login {}", model.app));
  if (!model.auth.empty()) missing(model, "a token");
  return {};
}

}  // namespace probackup
