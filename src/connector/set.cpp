// Which connectors there are: those built in, and those of a folder.
#include <fmt/format.h>

#include "connector/embed.h"
#include "connector/loader_json.h"
#include "probackup/connector.h"
#include "util/file.h"
#include "util/text.h"

namespace probackup {
namespace {

namespace fs = std::filesystem;

bool is_connector_file(const fs::path& path) {
  return path.extension() == ".json" && path.stem().extension() != ".schema";
}

std::string read_limited(const fs::path& path) {
  std::error_code error;
  auto size = fs::file_size(path, error);
  if (!error && size > connector_bytes_max)
    throw Error(ErrorKind::usage,
                fmt::format("{}: a connector file of {} bytes; at most {} are allowed",
                            path.string(), size, connector_bytes_max));
  return read_file(path);
}

}  // namespace

ConnectorSet::ConnectorSet(const fs::path& folder) {
  for (const auto& [app, text] : built_in_connectors())
    files_[std::string(app)] = {fmt::format("built-in {}.json", app), std::string(text)};
  if (folder.empty()) return;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error)
    throw Error(
        ErrorKind::usage,
        fmt::format("cannot read the connector folder {}: {}", folder.string(), error.message()),
        "check --connectors");
  for (const auto& entry : entries)
    if (is_connector_file(entry.path()) && !entry.is_directory(error))
      files_[entry.path().stem().string()] = {entry.path().string(), read_limited(entry.path())};
}

std::vector<std::string> ConnectorSet::apps() const {
  std::vector<std::string> out;
  for (const auto& [app, file] : files_) out.push_back(app);
  return out;
}

ConnectorSet::File ConnectorSet::file(const std::string& app) const {
  auto found = files_.find(app);
  if (found == files_.end())
    throw Error(ErrorKind::usage,
                fmt::format("there is no connector for \"{}\"{}", app, did_you_mean(app, apps())),
                "`probackup list apps` shows all");
  return found->second;
}

Connector ConnectorSet::get(const std::string& app) const {
  File found = file(app);
  Connector connector = Connector::parse(found.text, found.name);
  if (connector.app() != app)
    throw Error(ErrorKind::usage,
                fmt::format("{}: /app: the file is named for \"{}\", but says \"{}\"", found.name,
                            app, connector.app()));
  return connector;
}

}  // namespace probackup
