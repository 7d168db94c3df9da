// A connector with its settings as a source of backups.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "probackup/connector.h"
#include "probackup/engine.h"
#include "probackup/job.h"

namespace probackup {

// Describes records by what the connector's file says: volatile fields, titles, text.
std::unique_ptr<RecordDescriber> connector_describer(const Connector& connector);

// Everything that one account's runs share. `http`, `clock` and `tokens` must outlive it. Not for
// concurrent calls.
class ConnectorSource {
 public:
  struct Choice {
    std::vector<std::string> only, exclude;  // as in EngineOptions
    bool full = false;
    unsigned concurrency = 0;
    std::chrono::nanoseconds wait_max = default_wait_max;
  };
  // Another token of the same account: the settings with its secrets.
  struct Token {
    std::string name;
    nlohmann::json settings;
  };
  ConnectorSource(Connector connector, SourceRef source, nlohmann::json settings, Http& http,
                  Clock& clock, AccessTokens* tokens = nullptr, std::vector<Token> more = {});
  ~ConnectorSource();

  const Connector& connector() const { return connector_; }
  const nlohmann::json& settings() const { return settings_; }
  AccessTokens* tokens() const { return tokens_; }  // null where nobody signed in
  // Asks the app who we are; fills in the account's name where the user gave none. Further tokens
  // must prove to be of the same account: one that does not, or is refused, is left out from then
  // on, with a warning. Throws QuotaUsedUp when no token is left that does not rest.
  CheckResult check(std::stop_token stop);
  // What the app says of each token: the first, which has no name, and the further ones.
  struct Checked {
    std::string name;
    CheckResult result;
    std::string problem;  // "" for none
    std::optional<Time> resting_until;
  };
  const std::vector<Checked>& checked() const { return checked_; }
  const SourceRef& source() const { return source_; }
  // The result refers to this object.
  BackupSource backup_source(const Choice& choice,
                             std::function<void(const EngineProgress&)> progress);
  std::vector<Engine::Visible> visible(std::stop_token stop);
  std::vector<Engine::Estimate> estimate(const Choice& choice, std::stop_token stop);

 private:
  std::unique_ptr<Engine> engine(const Choice& choice);
  Checked check_token(const std::string& name, const nlohmann::json& settings, AccessTokens* tokens,
                      std::stop_token stop);
  Connector connector_;
  SourceRef source_;
  nlohmann::json settings_;
  Http& http_;
  Clock& clock_;
  AccessTokens* tokens_;
  std::vector<Token> more_;
  std::vector<Checked> checked_;
  std::unique_ptr<RecordDescriber> describer_;
};

}  // namespace probackup
