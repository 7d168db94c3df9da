// How users sign in: `auth.oauth`.
#include <fmt/format.h>

#include "connector/loader_parts.h"
#include "http/url.h"
#include "probackup/http.h"
#include "util/text.h"

namespace probackup {
namespace {

using Secret = OAuthModel::Secret;

// Tokens and codes go there: nowhere but over TLS, or to this machine.
std::optional<Template> read_endpoint(ObjectReader& reader, const char* key, const Roots& roots) {
  auto value = reader.templated(key, roots);
  Found found = reader.find(key);
  if (!value || !found.value->is_string()) return value;
  const auto& text = found.value->get_ref<const std::string&>();
  if (!text.starts_with("https://") && !text.starts_with("${") &&
      !(text.starts_with("http://") && is_loopback(text)))
    reader.refuse(key, "expected a URL that begins with https://");
  reader.context().refuse_secrets(*value, found.pointer);
  return value;
}

std::map<std::string, std::string> read_params(ObjectReader& above, const char* key) {
  std::map<std::string, std::string> out;
  Found found = above.find(key);
  if (!found) return out;
  ObjectReader reader(above.context(), found);
  for (const auto& [name, value] : found.value->items())
    if (auto text = text_at(above.context(), reader.find(name))) out[name] = *text;
  reader.finish();
  return out;
}

// "http://127.0.0.1/callback", with or without a port.
void read_redirect(ObjectReader& reader, OAuthModel& model) {
  std::string text = reader.text("redirect");
  if (text.empty()) return;
  auto url = parse_url(text);
  bool local =
      url && url->scheme == "http" && (url->host == "127.0.0.1" || url->host == "localhost");
  if (!local || url->query || url->path.empty()) {
    reader.refuse("redirect", "expected http://127.0.0.1[:PORT]/PATH, or localhost");
    return;
  }
  model.redirect_host = url->host;
  model.redirect_path = url->path;
  if (!url->port.empty()) model.redirect_port = static_cast<unsigned>(std::stoul(url->port));
}

void check_ways(ObjectReader& reader, const OAuthModel& model) {
  bool by_user = model.authorize_url || model.device_url;
  bool needs_token_url = by_user || model.client_credentials || model.service_account;
  if (needs_token_url && !model.token_url) reader.require("token_url");
  if (!needs_token_url && !model.app_token_url)
    reader.context().add(reader.pointer(),
                         "names no way to sign in: authorize_url, device_url, client_credentials, "
                         "service_account or app_token_url");
  if (by_user && model.register_at.empty())
    reader.context().add(reader.pointer(),
                         "register is missing: users need a client of their own, and must be told "
                         "where to register it");
}

}  // namespace

std::optional<OAuthModel> read_oauth(LoadContext& context, const Found& auth, const Lets& lets) {
  if (!auth.value->is_object() || !auth.value->contains("oauth")) return std::nullopt;
  Found found{&auth.value->at("oauth"), auth.pointer + "/oauth"};
  OAuthModel model;
  ObjectReader reader(context, found);
  Roots roots = roots_with(lets);
  model.authorize_url = read_endpoint(reader, "authorize_url", roots);
  model.token_url = read_endpoint(reader, "token_url", roots);
  model.device_url = read_endpoint(reader, "device_url", roots);
  Roots app_roots = roots_with(lets, {"installation"});
  model.app_token_url = read_endpoint(reader, "app_token_url", app_roots);
  model.scopes = reader.texts("scopes");
  model.restore_scopes = reader.texts("restore_scopes");
  if (reader.has("scope_separator"))
    model.scope_separator = reader.required_text("scope_separator");
  if (reader.has("scope_parameter"))
    model.scope_parameter = reader.required_text("scope_parameter");
  model.authorize_params = read_params(reader, "authorize_params");
  model.token_params = read_params(reader, "token_params");
  if (reader.has("pkce")) model.pkce = reader.flag("pkce");
  static constexpr std::array secrets{Secret::none, Secret::optional, Secret::required};
  model.secret = secrets[reader.word("client_secret", {"none", "optional", "required"}, 1)];
  model.client_basic = reader.word("client_auth", {"body", "basic"}, 0) == 1;
  model.json_body = reader.word("token_body", {"form", "json"}, 0) == 1;
  if (reader.has("token_at")) model.token_at = reader.path("token_at", false);
  read_redirect(reader, model);
  model.client_credentials = reader.flag("client_credentials");
  model.service_account = reader.flag("service_account");
  if (reader.has("scheme")) model.scheme = reader.text("scheme");
  if (reader.has("git_user")) model.git_user = reader.required_text("git_user");
  model.register_at = reader.text("register");
  check_ways(reader, model);
  reader.finish();
  return model;
}

}  // namespace probackup
