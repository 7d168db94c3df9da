#include "engine/context.h"

#include <fmt/format.h>

#include "signin/way.h"
#include "util/log.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

using nlohmann::json;

json complete_settings(const ConnectorModel& model, const EngineOptions& options) {
  json config =
      options.settings && options.settings->is_object() ? *options.settings : json::object();
  for (const auto& setting : model.settings) {
    json& value = config[setting.name];
    if (value.is_null() && !setting.default_value.empty()) value = setting.default_value;
    if (value.is_null() && setting.list) value = json::array();
    if (value.is_null() && !setting.optional && !(options.tokens && setting.secret))
      throw Error(ErrorKind::usage, fmt::format("{}: {} is not set", model.title, setting.name),
                  fmt::format("{}; store it with: probackup auth add {}", setting.help, model.app));
    if (setting.secret && value.is_string()) add_secret(value.get<std::string>());
  }
  return config;
}

// The user's own server, or "".
std::string own_base(const json& config) {
  auto base = config.find("base_url");
  return base != config.end() && base->is_string() ? base->get<std::string>() : std::string();
}

bool is_absolute(std::string_view url) {
  return url.starts_with("https://") || url.starts_with("http://");
}

}  // namespace

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

RunContext::RunContext(const ConnectorModel& model, const EngineOptions& options, Time now)
    : model_(model), full_(options.full), wait_max_(options.wait_max), tokens_(options.tokens) {
  json config = complete_settings(model, options);
  names_.set("config", config);
  names_.set("account", options.account);
  names_.set("now", format_rfc3339_seconds(now));
  SignIn sign_in = tokens_ ? tokens_->state() : SignIn{};
  names_.set("options", {{"full", options.full},
                         {"signed_in", tokens_ ? json(way_name(sign_in.way)) : json(false)},
                         {"about", sign_in.about}});
  std::map<std::string, json> lets;
  for (const auto& [name, value] : model.let) lets[name] = value.evaluate(scope());
  for (auto& [name, value] : lets) names_.set(name, std::move(value));

  std::string own = own_base(config);
  base_ = without_slash(own.empty() ? model.base.text(scope()) : own);
  api_origins_.insert(url_origin(base_));
  // The hosts beside the vendor's server are not those beside the user's own.
  const bool is_vendors =
      own.empty() ||
      (!model.hosts.empty() && url_origin(base_) == url_origin(model.base.text(scope())));
  if (is_vendors) {
    for (const auto& host : model.hosts) other_origins_.insert(url_origin("https://" + host));
  } else if (model.own_hosts) {
    for (const auto& host : model.own_hosts->evaluate(scope()))
      if (host.is_string() && host != "")
        other_origins_.insert(url_origin("https://" + host.get<std::string>()));
  }
  if (model.graphql) {
    graphql_ = model.graphql->text(scope());
    if (!is_absolute(graphql_)) graphql_ = base_ + graphql_;
    api_origins_.insert(url_origin(graphql_));
  }
  if (!tokens_) credentials_ = make_credentials(model, scope());
  for (const auto& [name, value] : credentials().headers) secret_headers_.push_back(name);
  for (const auto& [name, value] : model.headers) {
    headers_.emplace_back(name, value.text(scope()));
    if (value.uses("config")) secret_headers_.push_back(name);
  }
}

Credentials RunContext::credentials() const {
  if (!tokens_) return credentials_;
  return sign_in_credentials(tokens_->token({}), model_.oauth);
}

bool RunContext::is_api(std::string_view url) const {
  return api_origins_.contains(url_origin(url));
}

bool RunContext::own_host(std::string_view url) const {
  // Where git reads a local folder, nobody asks for credentials.
  if (!is_absolute(to_lower(url))) return false;
  return is_api(url) || other_origins_.contains(url_origin(url));
}

}  // namespace probackup
