// The settings file (TOML).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "probackup/catalog.h"

namespace probackup {

// What the settings file says. Keys of [APP] are for every account of the app, those of
// [APP.ACCOUNT] for one. Lists are joined by commas.
struct Config {
  std::string path;  // "" when there is no file
  std::string repository, password_file, password_command, catalog, connectors;
  std::vector<std::string> storage_options;  // KEY=VALUE
  std::string object_lock;                   // "", "governance" or "compliance"
  unsigned retain_days = 0;                  // with object_lock
  std::map<std::string, std::map<std::string, std::string>> apps;  // "trello", "trello:acme"

  std::map<std::string, std::string> settings_of(const SourceRef& source) const;
};

// Reads `path`; "" reads the file in the XDG config folder if there is one. Throws Error(usage)
// naming line and column.
Config load_config(const std::string& path);

}  // namespace probackup
