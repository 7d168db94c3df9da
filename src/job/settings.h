// A connector's settings, put together from all the places where a user may set them.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "probackup/catalog.h"
#include "probackup/connector.h"

namespace probackup {

// The places, weakest first: the connector's defaults, then these in order of declaration.
struct SettingSources {
  std::map<std::string, std::string> credentials;  // of `auth add`, opened
  std::map<std::string, std::string> config;       // of the config file; lists joined by commas
  std::function<std::optional<std::string>(const std::string&)> environment;  // getenv
  std::vector<std::string> set;  // KEY=VALUE of the command line
  bool signed_in = false;        // a sign-in stands in for the secrets: they may be missing
};

// What KEY=VALUE texts of the command line set. Throws Error(usage) for one without `=`, an unknown
// key, and a secret, which would show in the process list.
std::map<std::string, std::string> set_values(const Connector& connector,
                                              const std::vector<std::string>& pairs);

// The settings as a JSON object: lists as arrays, missing ones as null. Every secret in it is made
// known to redact(). Throws Error(usage) for unknown keys, a secret in `set`, and missing settings,
// naming the ways to give them.
nlohmann::json resolve_settings(const Connector& connector, const SourceRef& source,
                                const SettingSources& from);
// The same without secret values, for the manifest.
nlohmann::json public_settings(const Connector& connector, const nlohmann::json& settings);
// "PROBACKUP_TRELLO_KEY".
std::string environment_name(const std::string& app, const std::string& setting);

}  // namespace probackup
