#include "engine/oauth.h"

#include <fmt/format.h>

#include "connector/model.h"
#include "engine/context.h"

namespace probackup {
namespace {

// The names that every template of `auth.oauth` sees.
class OfferNames {
 public:
  OfferNames(const ConnectorModel& model, const nlohmann::json& settings) {
    nlohmann::json config = settings.is_object() ? settings : nlohmann::json::object();
    for (const auto& setting : model.settings) {
      nlohmann::json& value = config[setting.name];
      if (value.is_null() && !setting.default_value.empty()) value = setting.default_value;
    }
    auto base = config.find("base_url");
    if (base != config.end() && base->is_string()) *base = without_slash(*base);
    names_.set("config", config);
    for (const char* name : {"account", "now", "options"}) names_.set(name, nullptr);
    std::map<std::string, nlohmann::json> lets;
    for (const auto& [name, value] : model.let) lets[name] = value.evaluate(names_.scope());
    for (auto& [name, value] : lets) names_.set(name, std::move(value));
  }

  std::string url(const ConnectorModel& model, const std::optional<Template>& value) const {
    return url(model, value, names_.scope());
  }

  static std::string url(const ConnectorModel& model, const std::optional<Template>& value,
                         const Scope& scope) {
    if (!value) return "";
    std::string text = value->text(scope);
    if (text.empty()) return text;
    try {
      url_origin(text);
    } catch (const Error&) {
      throw Error(ErrorKind::usage,
                  fmt::format("{}: \"{}\" is no address to sign in at", model.title, text));
    }
    return text;
  }

  const Scope& scope() const { return names_.scope(); }

 private:
  Names names_;
};

}  // namespace

std::optional<SignInOffer> sign_in_offer(const Connector& connector,
                                         const nlohmann::json& settings) {
  const ConnectorModel& model = connector.model();
  if (!model.oauth) return std::nullopt;
  const OAuthModel& oauth = *model.oauth;
  OfferNames names(model, settings);
  SignInOffer out;
  out.app.title = model.title;
  out.app.authorize_url = names.url(model, oauth.authorize_url);
  out.app.token_url = names.url(model, oauth.token_url);
  out.app.device_url = names.url(model, oauth.device_url);
  out.app.scopes = oauth.scopes;
  out.app.scope_separator = oauth.scope_separator;
  out.app.scope_parameter = oauth.scope_parameter;
  out.app.authorize_params = oauth.authorize_params;
  out.app.token_params = oauth.token_params;
  out.app.pkce = oauth.pkce;
  out.app.client_basic = oauth.client_basic;
  out.app.json_body = oauth.json_body;
  out.app.token_path = oauth.token_at;
  out.app.redirect_host = oauth.redirect_host;
  out.app.redirect_port = oauth.redirect_port;
  out.app.redirect_path = oauth.redirect_path;
  out.secret = oauth.secret;
  out.restore_scopes = oauth.restore_scopes;
  out.client_credentials = oauth.client_credentials;
  out.service_account = oauth.service_account;
  out.by_app = oauth.app_token_url.has_value();
  out.register_at = oauth.register_at;
  return out;
}

std::string app_token_url(const Connector& connector, const nlohmann::json& settings,
                          const std::string& installation) {
  const ConnectorModel& model = connector.model();
  OfferNames names(model, settings);
  Names with(&names.scope());
  with.set("installation", installation);
  return OfferNames::url(model, model.oauth->app_token_url, with.scope());
}

}  // namespace probackup
