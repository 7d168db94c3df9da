// What stays the same during one run: the connector, the settings, the app's own hosts, the
// credentials, and the names that every expression sees.
#pragma once

#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

#include "connector/model.h"
#include "engine/auth.h"
#include "probackup/clock.h"
#include "probackup/engine.h"

namespace probackup {

// A scope that owns its values.
class Names {
 public:
  explicit Names(const Scope* outer = nullptr) : scope_(outer) {}
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;
  void set(std::string_view name, nlohmann::json value) {
    scope_.set(name, &values_.emplace_back(std::move(value)));
  }
  void set_references(References* references) { scope_.set_references(references); }
  const Scope& scope() const { return scope_; }

 private:
  std::deque<nlohmann::json> values_;  // pointers into it stay valid
  Scope scope_;
};

// Paths begin with the slash that a server's address may end with.
std::string without_slash(std::string url);

// Immutable after construction; safe for concurrent use.
class RunContext {
 public:
  // Throws Error(usage) when a setting is missing or the base is no URL.
  RunContext(const ConnectorModel& model, const EngineOptions& options, Time now);

  const ConnectorModel& model() const { return model_; }
  const Scope& scope() const { return names_.scope(); }
  const std::string& base() const { return base_; }
  const std::string& graphql() const { return graphql_; }
  // With a sign-in those of its token now, renewed where that is due.
  Credentials credentials() const;
  // Null where there is no sign-in.
  AccessTokens* tokens() const { return tokens_; }
  // The connector's headers, for the app's own hosts.
  const Headers& headers() const { return headers_; }
  // Names of all headers that must not reach another host.
  const std::vector<std::string>& secret_headers() const { return secret_headers_; }
  // True for the API's own scheme, host and port.
  bool is_api(std::string_view url) const;
  // True where credentials may go: the API, and the hosts that the connector names besides.
  bool own_host(std::string_view url) const;
  bool full() const { return full_; }
  std::chrono::nanoseconds wait_max() const { return wait_max_; }

 private:
  const ConnectorModel& model_;
  const bool full_;
  const std::chrono::nanoseconds wait_max_;
  AccessTokens* const tokens_;
  Names names_;
  std::string base_, graphql_;
  std::set<std::string> api_origins_, other_origins_;
  Credentials credentials_;
  Headers headers_;
  std::vector<std::string> secret_headers_;
};

}  // namespace probackup
