// Connectors: one JSON file per app that says how to read it and how to put it back.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/error.h"

namespace probackup {

struct ConnectorModel;  // the checked form of the file; src/connector/model.h

// One mistake in a connector file.
struct LintProblem {
  std::string file;  // path, or "built-in trello.json"
  std::string
      path;  // JSON pointer of the offending value ("/streams/cards/page/by"), "" for the file
  std::string message;
  // "FILE: PATH: MESSAGE"
  std::string text() const;
};

// A setting that a connector takes (from `auth add`, the config file, --set, or the environment).
struct ConnectorSetting {
  std::string name, help;
  bool secret = false, list = false, optional = false;
  std::string default_value;  // "" for none
};

// A loaded connector. Immutable; copies share the model; safe for concurrent use.
class Connector {
 public:
  // Parses one file. Throws Error(usage) whose message lists every mistake, one per line.
  static Connector parse(std::string_view json, const std::string& file);
  // Every mistake in the file; empty for a good one. Never throws for the file's content.
  static std::vector<LintProblem> lint(std::string_view json, const std::string& file);

  const std::string& app() const;    // "trello"
  const std::string& title() const;  // "Trello"
  const std::string& version() const;
  const std::string& docs() const;    // URL of the vendor's API documentation
  const std::string& source() const;  // the file's text
  const std::vector<ConnectorSetting>& settings() const;
  // Those of a restore's target; none where nothing can be put back.
  const std::vector<ConnectorSetting>& restore_settings() const;
  bool can_restore() const;
  // The command that its accounts are for, where it has nothing to back up itself; else "".
  const std::string& account_for() const;
  bool has_sign_in() const;                  // `auth login` works
  std::vector<std::string> streams() const;  // in the order in which they are read
  // The streams that a record of `stream` can hang below, for trees; empty for the top.
  std::vector<std::string> parents(const std::string& stream) const;
  // The streams whose records become folders of the readable copy.
  std::vector<std::string> folders() const;
  const ConnectorModel& model() const { return *model_; }

 private:
  std::shared_ptr<const ConnectorModel> model_;
};

// The connectors that this run knows: the built-in ones, and those of a folder, which win.
class ConnectorSet {
 public:
  // `folder` may be empty. Throws Error(usage) for a folder that cannot be read; a broken file is
  // reported only when it is asked for.
  explicit ConnectorSet(const std::filesystem::path& folder = {});
  std::vector<std::string> apps() const;  // sorted
  // Throws Error(usage) with suggestions for an app that is not there, or with all mistakes of a
  // broken file.
  Connector get(const std::string& app) const;
  // The text and the name of a connector's file, broken or not.
  struct File {
    std::string name, text;
  };
  File file(const std::string& app) const;

 private:
  std::map<std::string, File> files_;
};

}  // namespace probackup
