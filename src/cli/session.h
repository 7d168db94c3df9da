// What a command needs, opened when it is first asked for.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "cli/config.h"
#include "cli/options.h"
#include "cli/output.h"
#include "job/connector_source.h"
#include "job/credentials.h"
#include "job/settings.h"
#include "probackup/catalog.h"
#include "probackup/connector.h"
#include "probackup/http.h"
#include "probackup/job.h"
#include "probackup/signin.h"

namespace probackup {

// Not for concurrent calls, but for `stop`.
class Session {
 public:
  Session(const Options& options, Output& output, std::stop_token stop);
  ~Session();

  const Options& options() const { return options_; }
  Output& out() { return output_; }
  std::stop_token stop() const { return stop_; }
  Clock& clock() { return system_clock(); }

  // Throws Error(usage) when none is named.
  const std::string& repository_url();
  Storage& storage();
  // What --object-lock asks for; nothing without it.
  std::optional<RetentionRule> retention() const;
  // The password from the environment, a file, a command or a prompt (`twice` for a new one).
  std::string password(bool twice = false);
  // Another password for the same repository, from its own options or a prompt.
  std::string new_password();
  // The second repository, of --to; its password has options of its own.
  Repository& target_repository();
  Repository& repository();
  Catalog& catalog();
  // The catalog after it has read what other machines wrote, and forgotten what was removed.
  Catalog& current_catalog();
  JobContext context() { return {repository(), catalog(), clock()}; }
  ConnectorSet& connectors();
  Http& http();
  CredentialStore& credentials();

  // "trello" or "trello:acme"; the account stays empty where none is named. Throws Error(usage) for
  // an app that no connector reads.
  SourceRef parse_source(const std::string& text);
  // A source of the catalog by APP or APP:ACCOUNT. Throws Error naming those that exist.
  SourceRef known_source(const std::string& text);
  // Connector, settings and credentials of a source, ready to ask the app. For a restore the
  // credentials that were stored for one, else those for reading; the settings of its target are
  // left out of --set.
  std::unique_ptr<ConnectorSource> connector_source(const SourceRef& source,
                                                    Purpose purpose = Purpose::read);
  // The sign-in of an account, for commands that ask an app themselves (`google` for the copy in
  // Drive). With an empty account the only one of the app. Lives as long as the session. Throws
  // Error(usage) when nobody is signed in.
  AccessTokens& access_tokens(const SourceRef& source, Purpose purpose = Purpose::read);
  // The settings that a sign-in can use: secrets may be missing.
  nlohmann::json settings_to_sign_in(const Connector& connector, const SourceRef& source);
  // The value of a setting of the settings file, or of PROBACKUP_APP_NAME; "" for none.
  std::string client_value(const SourceRef& source, const std::string& name);
  std::filesystem::path credentials_path() const;
  RecordDescriber* describer_of(const SourceRef& source);

 private:
  struct SignedIn;
  StorageOptions storage_options();
  // Null where the entry is no sign-in, or a secret that is set elsewhere goes before it.
  AccessTokens* tokens_of(const CredentialStore::Entry& entry);
  bool has_own_secret(const Connector& connector, const SourceRef& source);
  SettingSources setting_sources(const Connector& connector, const SourceRef& source);
  // Null when there are none. Throws Error(usage) when it could be several.
  const CredentialStore::Entry* find_credentials(const SourceRef& source, Purpose purpose);

  Options options_;
  Output& output_;
  std::stop_token stop_;
  Config config_;
  std::unique_ptr<Storage> storage_, target_storage_;
  std::unique_ptr<Repository> repository_, target_repository_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<ConnectorSet> connectors_;
  std::unique_ptr<Http> http_;
  std::unique_ptr<CredentialStore> credentials_;
  std::map<std::string, std::shared_ptr<SignedIn>> signed_in_;
  std::map<std::string, std::unique_ptr<RecordDescriber>> describers_;
};

}  // namespace probackup
