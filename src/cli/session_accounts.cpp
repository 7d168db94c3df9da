// The accounts of a session: settings, credentials, sign-ins.
#include <fmt/format.h>

#include <cstdlib>

#include "cli/session.h"
#include "job/sign_in_store.h"
#include "util/file.h"

namespace probackup {
namespace {

std::optional<std::string> environment(const std::string& name) {
  const char* found = std::getenv(name.c_str());
  if (!found) return std::nullopt;
  return found;
}

// Settings of the sign-in itself, which no connector declares.
constexpr const char* client_id = "client_id";

}  // namespace

struct Session::SignedIn {
  SignedIn(std::filesystem::path path, const CredentialStore::Entry& entry, Repository& repository,
           Http& http, Clock& clock)
      : store(std::move(path), entry.source, entry.purpose, repository),
        tokens(probackup::access_tokens(store, http, clock)) {}
  StoredSignIn store;
  std::unique_ptr<AccessTokens> tokens;
};

Session::~Session() = default;

std::filesystem::path Session::credentials_path() const {
  return config_folder() / "credentials.json";
}

AccessTokens* Session::tokens_of(const CredentialStore::Entry& entry) {
  const auto& fields = entry.fields;
  if (std::find(fields.begin(), fields.end(), CredentialStore::sign_in_field) == fields.end())
    return nullptr;
  auto& slot = signed_in_[entry.source.text() + (entry.purpose == Purpose::read ? "" : " restore")];
  if (!slot)
    slot = std::make_shared<SignedIn>(credentials_path(), entry, repository(), http(), clock());
  return slot->tokens.get();
}

AccessTokens& Session::access_tokens(const SourceRef& source, Purpose purpose) {
  const auto* entry = find_credentials(source, purpose);
  AccessTokens* tokens = entry ? tokens_of(*entry) : nullptr;
  if (!tokens)
    throw Error(ErrorKind::usage, fmt::format("nobody is signed in as {}", source.text()),
                "sign in: probackup auth login " + source.text());
  return *tokens;
}

bool Session::has_own_secret(const Connector& connector, const SourceRef& source) {
  auto config = config_.settings_of(source);
  for (const auto& setting : connector.settings()) {
    if (!setting.secret) continue;
    auto value = environment(environment_name(connector.app(), setting.name));
    if (config.contains(setting.name) || (value && !value->empty())) return true;
  }
  return false;
}

SettingSources Session::setting_sources(const Connector& connector, const SourceRef& source) {
  SettingSources from;
  from.config = config_.settings_of(source);
  if (connector.has_sign_in()) from.config.erase(client_id);
  from.environment = environment;
  from.set = options_.set;
  return from;
}

std::string Session::client_value(const SourceRef& source, const std::string& name) {
  if (auto value = environment(environment_name(source.app, name))) return *value;
  auto config = config_.settings_of(source);
  auto found = name == client_id ? config.find(name) : config.end();
  return found == config.end() ? "" : found->second;
}

nlohmann::json Session::settings_to_sign_in(const Connector& connector, const SourceRef& source) {
  auto from = setting_sources(connector, source);
  from.signed_in = true;
  if (const auto* entry = credentials().find(source, Purpose::read))
    from.credentials = CredentialStore::open(*entry, repository());
  return resolve_settings(connector, source, from);
}

std::unique_ptr<ConnectorSource> Session::connector_source(const SourceRef& wanted,
                                                           Purpose purpose) {
  Connector connector = connectors().get(wanted.app);
  SourceRef source = wanted;
  const auto* entry = find_credentials(source, purpose);
  if (!entry && purpose == Purpose::restore) entry = find_credentials(source, Purpose::read);
  std::map<std::string, std::string> stored;
  if (entry) {
    stored = CredentialStore::open(*entry, repository());
    if (source.account.empty()) source.account = entry->source.account;
  }
  SettingSources from = setting_sources(connector, source);
  from.credentials = std::move(stored);
  if (purpose == Purpose::restore)
    for (const auto& setting : connector.restore_settings())
      std::erase_if(from.set,
                    [&](const auto& text) { return text.starts_with(setting.name + "="); });
  AccessTokens* tokens = entry && !has_own_secret(connector, source) ? tokens_of(*entry) : nullptr;
  from.signed_in = tokens != nullptr;
  auto settings = resolve_settings(connector, source, from);
  // Here, where it can be interrupted, and not in the middle of the first request.
  if (tokens) tokens->token(stop_);
  std::vector<ConnectorSource::Token> more;
  if (entry && purpose == Purpose::read && !has_own_secret(connector, source))
    for (const auto& other : credentials().entries()) {
      if (other.source != entry->source || other.purpose != purpose || other.name.empty()) continue;
      SettingSources token = from;
      token.signed_in = false;
      for (auto& [name, value] : CredentialStore::open(other, repository()))
        token.credentials[name] = value;
      more.push_back({other.name, resolve_settings(connector, source, token)});
    }
  return std::make_unique<ConnectorSource>(connector, source, settings, http(), clock(), tokens,
                                           std::move(more));
}

}  // namespace probackup
