#include "job/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "util/log.h"
#include "util/text.h"

namespace probackup {
namespace {

// Every connector takes it: self-hosted servers and test servers.
constexpr const char* base_url = "base_url";

std::vector<std::string> names_of(const Connector& connector) {
  std::vector<std::string> names;
  for (const auto& setting : connector.settings()) names.push_back(setting.name);
  if (std::find(names.begin(), names.end(), base_url) == names.end()) names.emplace_back(base_url);
  return names;
}

void check_name(const Connector& connector, const std::string& name, const std::string& where) {
  auto names = names_of(connector);
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  throw Error(ErrorKind::usage,
              fmt::format("{}: {} has no setting {}{}", where, connector.app(), name,
                          did_you_mean(name, names)),
              fmt::format("settings: {}", join(names, ", ")));
}

nlohmann::json value_of(const ConnectorSetting& setting, const std::string& text) {
  if (!setting.list) return text;
  auto list = nlohmann::json::array();
  for (const auto& part : split(text, ','))
    if (auto item = trim(part); !item.empty()) list.push_back(item);
  return list;
}

}  // namespace

std::string environment_name(const std::string& app, const std::string& setting) {
  std::string out = "PROBACKUP_" + app + "_" + setting;
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c == '-' ? '_' : c;
  return out;
}

std::map<std::string, std::string> set_values(const Connector& connector,
                                              const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> values;
  for (const auto& pair : pairs) {
    auto equals = pair.find('=');
    if (equals == std::string::npos)
      throw Error(ErrorKind::usage, fmt::format("--set {}: want KEY=VALUE", pair));
    std::string name = pair.substr(0, equals);
    check_name(connector, name, "--set");
    for (const auto& setting : connector.settings())
      if (setting.secret && setting.name == name)
        throw Error(ErrorKind::usage,
                    fmt::format("--set {}: a secret must not stand on the command line", name),
                    fmt::format("use auth add, or the environment: {}",
                                environment_name(connector.app(), name)));
    values[name] = pair.substr(equals + 1);
  }
  return values;
}

nlohmann::json resolve_settings(const Connector& connector, const SourceRef& source,
                                const SettingSources& from) {
  std::map<std::string, std::string> given = from.credentials;
  for (const auto& [name, value] : from.config) {
    check_name(connector, name, "config file");
    given[name] = value;
  }
  for (const auto& name : names_of(connector))
    if (auto value = from.environment(environment_name(connector.app(), name)))
      given[name] = *value;
  for (auto& [name, value] : set_values(connector, from.set)) given[name] = std::move(value);

  auto settings = nlohmann::json::object();
  std::vector<std::string> missing;
  for (const auto& setting : connector.settings()) {
    auto found = given.find(setting.name);
    std::string text = found != given.end() ? found->second : setting.default_value;
    if (setting.secret) add_secret(text);
    if (text.empty() && found == given.end()) {
      bool replaced = setting.secret && from.signed_in;
      if (!setting.optional && !replaced) missing.push_back(setting.name);
      settings[setting.name] = nullptr;
      continue;
    }
    settings[setting.name] = value_of(setting, text);
  }
  if (auto found = given.find(base_url); found != given.end() && !found->second.empty())
    settings[base_url] = found->second;
  if (!missing.empty()) {
    std::vector<std::string> variables;
    for (const auto& name : missing) variables.push_back(environment_name(connector.app(), name));
    throw Error(
        ErrorKind::usage, fmt::format("{} needs {}", source.text(), join(missing, ", ")),
        fmt::format("run: probackup auth add {}; or set {}", source.text(), join(variables, ", ")));
  }
  return settings;
}

nlohmann::json public_settings(const Connector& connector, const nlohmann::json& settings) {
  auto out = nlohmann::json::object();
  for (const auto& entry : settings.items()) {
    const std::string& name = entry.key();
    const nlohmann::json& value = entry.value();
    bool secret =
        std::any_of(connector.settings().begin(), connector.settings().end(),
                    [&](const auto& setting) { return setting.secret && setting.name == name; });
    if (!secret && !value.is_null()) out[name] = value;
  }
  return out;
}

}  // namespace probackup
