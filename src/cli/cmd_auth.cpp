// auth add, list, check, remove.
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <iostream>
#include <iterator>

#include "cli/commands.h"
#include "job/settings.h"
#include "util/file.h"
#include "util/log.h"
#include "util/text.h"

namespace probackup {
namespace {

Purpose purpose_of(const Options& options) {
  return options.purpose == "restore" ? Purpose::restore : Purpose::read;
}

std::string read_all_input() {
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

// NAME=FILE and NAME=- of the command line.
std::map<std::string, std::string> given_fields(const Connector& connector,
                                                const Options& options) {
  std::vector<std::string> names = {"base_url"};
  for (const auto& setting : connector.settings()) names.push_back(setting.name);
  std::map<std::string, std::string> values;
  for (const auto& pair : options.fields) {
    auto equals = pair.find('=');
    std::string name = pair.substr(0, equals);
    if (equals == std::string::npos || std::find(names.begin(), names.end(), name) == names.end())
      throw Error(ErrorKind::usage,
                  fmt::format("--field {}: want NAME=FILE{}", pair, did_you_mean(name, names)),
                  "names: " + join(names, ", "));
    std::string from = pair.substr(equals + 1);
    values[name] = trim(from == "-" ? read_all_input() : read_file(from));
  }
  return values;
}

std::string ask(const ConnectorSetting& setting) {
  std::fprintf(stderr, "%s (%s)%s: ", setting.name.c_str(), setting.help.c_str(),
               setting.optional ? " [optional]" : "");
  termios shown{};
  ::tcgetattr(0, &shown);
  termios hidden = shown;
  if (setting.secret) hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(0, TCSAFLUSH, &hidden);
  std::string line;
  std::getline(std::cin, line);
  ::tcsetattr(0, TCSAFLUSH, &shown);
  if (setting.secret) std::fputc('\n', stderr);
  return std::string(trim(line));
}

}  // namespace

int run_auth_add(Session& session) {
  auto source = session.parse_source(session.options().source);
  auto connector = session.connectors().get(source.app);
  auto values = set_values(connector, session.options().set);
  bool asks = session.options().fields.empty() && ::isatty(0);
  values.merge(given_fields(connector, session.options()));
  std::vector<std::string> missing;
  for (const auto& setting : connector.settings()) {
    bool wanted = !setting.optional || setting.secret;
    if (asks && wanted && !values.contains(setting.name))
      if (auto value = ask(setting); !value.empty()) values[setting.name] = value;
    if (!setting.optional && setting.default_value.empty() && !values.contains(setting.name))
      missing.push_back(setting.name);
    if (setting.secret && values.contains(setting.name)) add_secret(values[setting.name]);
  }
  if (!missing.empty())
    throw Error(
        ErrorKind::usage, fmt::format("{} needs {}", source.app, join(missing, ", ")),
        fmt::format("give each by --field NAME=FILE, or by --field {}=- on standard input; what "
                    "is no secret also by --set NAME=VALUE",
                    missing[0]));
  session.credentials().put(source, purpose_of(session.options()), values, session.repository());
  if (session.out().json())
    session.out().document({{"source", source.text()}, {"for", session.options().purpose}});
  else
    session.out().line(fmt::format("stored the credentials of {}, sealed with the repository's key",
                                   source.text()));
  session.out().message("Try them: probackup auth check " + source.text());
  return 0;
}

int run_auth_list(Session& session) {
  auto& out = session.out();
  if (out.json()) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& entry : session.credentials().entries())
      list.push_back({{"source", entry.source.text()},
                      {"for", entry.purpose == Purpose::read ? "read" : "restore"},
                      {"fields", entry.fields},
                      {"repository", entry.repository}});
    out.document(list);
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& entry : session.credentials().entries())
    rows.push_back({entry.source.text(), entry.purpose == Purpose::read ? "read" : "restore",
                    join(entry.fields, ", "), entry.repository.substr(0, 10)});
  if (rows.empty()) {
    out.message("No credentials are stored. Add some: probackup auth add APP");
    return 0;
  }
  out.table({"SOURCE", "FOR", "FIELDS", "REPOSITORY"}, rows);
  return 0;
}

int run_auth_check(Session& session) {
  auto source = session.connector_source(session.parse_source(session.options().source));
  auto result = source->check(session.stop());
  auto& out = session.out();
  if (out.json()) {
    out.document({{"source", source->source().text()},
                  {"account", result.account},
                  {"who", result.who},
                  {"scopes", result.scopes}});
    return 0;
  }
  out.line(fmt::format("{}: signed in as {}", source->source().text(), result.who));
  if (!result.scopes.empty()) out.line("scopes: " + join(result.scopes, ", "));
  return 0;
}

int run_auth_remove(Session& session) {
  auto source = session.parse_source(session.options().source);
  if (!session.credentials().remove(source, purpose_of(session.options()))) {
    std::vector<std::string> names;
    for (const auto& entry : session.credentials().entries()) names.push_back(entry.source.text());
    throw Error(fmt::format("no credentials are stored for {}{}", source.text(),
                            did_you_mean(source.text(), names)),
                "see: probackup auth list");
  }
  session.out().message("removed the credentials of " + source.text() +
                        "; revoke the token in the app too");
  return 0;
}

}  // namespace probackup
