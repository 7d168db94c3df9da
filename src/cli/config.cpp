#include "cli/config.h"

#define TOML_HEADER_ONLY 1
#include <fmt/format.h>

#include <toml++/toml.h>
#include <charconv>
#include <filesystem>

#include "util/file.h"
#include "util/text.h"

namespace probackup {
namespace {

[[noreturn]] void bad(const std::string& path, const toml::source_region& where,
                      const std::string& why) {
  throw Error(ErrorKind::usage,
              fmt::format("{}:{}:{}: {}", path, where.begin.line, where.begin.column, why));
}

std::string text_of(const std::string& path, const std::string& key, const toml::node& node) {
  if (auto text = node.value_exact<std::string>()) return *text;
  if (auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  if (auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  if (const auto* list = node.as_array()) {
    std::vector<std::string> parts;
    for (const auto& element : *list) parts.push_back(text_of(path, key, element));
    return join(parts, ",");
  }
  bad(path, node.source(), key + " must be a text, a number, true, false, or a list of these");
}

constexpr unsigned retain_days_max = 36'500;  // as for --retain-days

void read_object_lock(Config& config, const std::string& days) {
  auto wrong = [&](const std::string& why) {
    throw Error(ErrorKind::usage, config.path + ": " + why);
  };
  if (config.object_lock.empty() != days.empty())
    wrong("object_lock and retain_days only work together");
  if (days.empty()) return;
  if (config.object_lock != "governance" && config.object_lock != "compliance")
    wrong(fmt::format("object_lock is \"{}\", not governance or compliance", config.object_lock));
  auto [end, error] = std::from_chars(days.data(), days.data() + days.size(), config.retain_days);
  if (error != std::errc() || end != days.data() + days.size() || config.retain_days == 0 ||
      config.retain_days > retain_days_max)
    wrong(fmt::format("retain_days is {}, not a number from 1 to {}", days, retain_days_max));
}

}  // namespace

std::map<std::string, std::string> Config::settings_of(const SourceRef& source) const {
  std::map<std::string, std::string> out;
  for (const auto& name : {source.app, source.text()})
    if (auto found = apps.find(name); found != apps.end())
      for (const auto& [key, value] : found->second) out[key] = value;
  return out;
}

Config load_config(const std::string& wanted) {
  std::filesystem::path path =
      wanted.empty() ? config_folder() / "config.toml" : std::filesystem::path(wanted);
  Config config;
  if (wanted.empty() && !std::filesystem::exists(path)) return config;
  config.path = path.string();
  std::string storage_options, retain_days;
  std::map<std::string, std::string*> top = {{"repository", &config.repository},
                                             {"password_file", &config.password_file},
                                             {"password_command", &config.password_command},
                                             {"catalog", &config.catalog},
                                             {"connectors", &config.connectors},
                                             {"storage_options", &storage_options},
                                             {"object_lock", &config.object_lock},
                                             {"retain_days", &retain_days}};
  toml::table table;
  try {
    table = toml::parse(read_file(path), config.path);
  } catch (const toml::parse_error& error) {
    bad(config.path, error.source(), std::string(error.description()));
  }
  std::vector<std::string> names;
  for (const auto& [name, slot] : top) names.push_back(name);
  for (const auto& [key, node] : table) {
    std::string name(key.str());
    if (const auto* app = node.as_table()) {
      for (const auto& [inner, value] : *app) {
        std::string setting(inner.str());
        if (const auto* account = value.as_table())
          for (const auto& [last, leaf] : *account)
            config.apps[name + ":" + setting][std::string(last.str())] =
                text_of(config.path, std::string(last.str()), leaf);
        else
          config.apps[name][setting] = text_of(config.path, setting, value);
      }
      continue;
    }
    auto slot = top.find(name);
    if (slot == top.end())
      bad(config.path, node.source(),
          fmt::format("unknown key {}{}", name, did_you_mean(name, names)));
    *slot->second = text_of(config.path, name, node);
  }
  read_object_lock(config, retain_days);
  if (!storage_options.empty()) config.storage_options = split(storage_options, ',');
  return config;
}

}  // namespace probackup
