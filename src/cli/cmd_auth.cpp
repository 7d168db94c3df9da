// auth add, list, check, remove.
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <iostream>
#include <iterator>
#include <set>

#include "cli/commands.h"
#include "job/settings.h"
#include "util/file.h"
#include "util/log.h"
#include "util/text.h"
#include "util/time.h"

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

// A further token is one beside a first.
void check_token_name(Session& session, const SourceRef& source) {
  if (session.options().token_name.empty()) return;
  if (purpose_of(session.options()) != Purpose::read)
    throw Error(ErrorKind::usage, "a restore uses one token: --name does not go with --for restore",
                "leave --name out");
  if (session.credentials().find(source, Purpose::read)) return;
  throw Error(ErrorKind::usage, fmt::format("{} has no first token", source.text()),
              fmt::format("probackup auth add {} without --name, or auth login", source.text()));
}

}  // namespace

int run_auth_add(Session& session) {
  auto source = session.parse_source(session.options().source);
  check_token_name(session, source);
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
  const std::string& name = session.options().token_name;
  session.credentials().put(source, purpose_of(session.options()), values, session.repository(),
                            name);
  if (session.out().json())
    session.out().document(
        {{"source", source.text()}, {"for", session.options().purpose}, {"name", name}});
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
                      {"name", entry.name},
                      {"fields", entry.fields},
                      {"repository", entry.repository}});
    out.document(list);
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& entry : session.credentials().entries())
    rows.push_back({entry.source.text(), entry.purpose == Purpose::read ? "read" : "restore",
                    entry.name, join(entry.fields, ", "), entry.repository.substr(0, 10)});
  if (rows.empty()) {
    out.message("No credentials are stored. Add some: probackup auth add APP");
    return 0;
  }
  out.table({"SOURCE", "FOR", "NAME", "FIELDS", "REPOSITORY"}, rows);
  return 0;
}

namespace {

nlohmann::ordered_json json_of(const std::optional<Time>& time) {
  return time ? nlohmann::ordered_json(format_rfc3339_seconds(*time)) : nullptr;
}

// How long the credentials last, as far as that is known.
void describe_sign_in(const SignIn& sign_in, nlohmann::ordered_json& document,
                      std::vector<std::string>& lines) {
  document["signed_in"] = true;
  document["expires"] = json_of(sign_in.expires);
  document["renewable"] = sign_in.renewable();
  document["renewal_ends"] = json_of(sign_in.refresh_expires);
  if (!sign_in.expires)
    lines.emplace_back("the token does not end by itself");
  else if (sign_in.renewable())
    lines.push_back("the token is renewed by itself; this one ends " +
                    format_rfc3339_seconds(*sign_in.expires));
  else
    lines.push_back("the token ends " + format_rfc3339_seconds(*sign_in.expires) +
                    " and cannot be renewed: sign in again before");
  if (sign_in.refresh_expires)
    lines.push_back("without a run until " + format_rfc3339_seconds(*sign_in.refresh_expires) +
                    " the sign-in ends");
}

void describe_visible(const std::vector<Engine::Visible>& streams, nlohmann::ordered_json& document,
                      std::vector<std::string>& lines) {
  auto& list = document["visible"] = nlohmann::ordered_json::array();
  lines.emplace_back("these credentials see:");
  for (const auto& stream : streams) {
    list.push_back({{"stream", stream.stream},
                    {"count", stream.count},
                    {"complete", stream.complete},
                    {"names", stream.names}});
    lines.push_back(fmt::format("  {}: {}{}", stream.stream, format_count(stream.count),
                                stream.complete ? "" : " (incomplete)"));
    for (const auto& name : stream.names) lines.push_back("    " + name);
    if (stream.count > stream.names.size())
      lines.push_back(
          fmt::format("    and {} more", format_count(stream.count - stream.names.size())));
  }
}

// What the newest snapshot of the account holds and these credentials do not see; false if
// anything.
bool compare_with_backup(Catalog& catalog, const SourceRef& source,
                         const std::vector<Engine::Visible>& streams,
                         nlohmann::ordered_json& document, std::vector<std::string>& lines) {
  auto& list = document["not_seen"] = nlohmann::ordered_json::array();
  for (const auto& stream : streams) {
    if (!stream.complete || !stream.whole) continue;
    const std::set<std::string> seen(stream.keys.begin(), stream.keys.end());
    ItemQuery query;
    query.source = source;
    query.stream = stream.stream;
    catalog.items(query, [&](const CatalogItem& item) {
      if (seen.contains(item.key)) return true;
      if (list.empty())
        lines.emplace_back("these are in the newest snapshot, and are deleted or hidden now:");
      list.push_back({{"stream", item.stream}, {"key", item.key}, {"title", item.title}});
      lines.push_back(fmt::format("  {} {} {}", item.stream, item.key, item.title));
      return true;
    });
  }
  return list.empty();
}

// Each of several tokens; false if there is a problem with one.
bool describe_tokens(const std::vector<ConnectorSource::Checked>& tokens,
                     nlohmann::ordered_json& document, std::vector<std::string>& lines) {
  auto& list = document["tokens"] = nlohmann::ordered_json::array();
  bool good = true;
  for (const auto& token : tokens) {
    list.push_back({{"name", token.name},
                    {"who", token.result.who},
                    {"scopes", token.result.scopes},
                    {"problem", token.problem},
                    {"resting_until", json_of(token.resting_until)}});
    good &= token.problem.empty();
    if (tokens.size() < 2) continue;
    std::string name = token.name.empty() ? "the first token" : "token " + token.name;
    std::string state = token.problem.empty() ? "signed in as " + token.result.who : token.problem;
    if (token.resting_until)
      state += ", rests until " + format_rfc3339_seconds(*token.resting_until);
    lines.push_back(fmt::format("  {}: {}", name, state));
    if (token.problem.empty() && tokens.front().problem.empty() &&
        token.result.scopes != tokens.front().result.scopes)
      lines.push_back("    its scopes differ: " + join(token.result.scopes, ", "));
  }
  return good;
}

}  // namespace

int run_auth_check(Session& session) {
  auto source = session.connector_source(session.parse_source(session.options().source),
                                         purpose_of(session.options()));
  auto result = source->check(session.stop());
  nlohmann::ordered_json document = {{"source", source->source().text()},
                                     {"account", result.account},
                                     {"who", result.who},
                                     {"scopes", result.scopes},
                                     {"missing", nlohmann::ordered_json::array()}};
  std::vector<std::string> lines = {
      fmt::format("{}: signed in as {}", source->source().text(), result.who)};
  if (!result.scopes.empty()) lines.push_back("scopes: " + join(result.scopes, ", "));
  for (const auto& need : result.missing) {
    document["missing"].push_back({{"scope", need.scope}, {"for", need.purpose}});
    lines.push_back(fmt::format("missing scope {}: {}", need.scope, need.purpose));
  }
  const bool all_good = describe_tokens(source->checked(), document, lines);
  document["signed_in"] = false;
  if (source->tokens()) describe_sign_in(source->tokens()->state(), document, lines);
  bool complete = true;
  if (session.options().visible) {
    auto visible = source->visible(session.stop());
    for (const auto& stream : visible) complete &= stream.complete;
    describe_visible(visible, document, lines);
    try {
      complete &= compare_with_backup(session.current_catalog(), source->source(), visible,
                                      document, lines);
    } catch (const Error& error) {  // nobody needs a repository to look at an app
      if (error.kind() == ErrorKind::interrupted) throw;
      lines.push_back(fmt::format("not compared with a backup: {}", error.what()));
    }
  }
  if (session.out().json())
    session.out().document(document);
  else
    for (const auto& line : lines) session.out().line(line);
  return result.missing.empty() && complete && all_good ? 0 : exit_gaps;
}

int run_auth_remove(Session& session) {
  auto source = session.parse_source(session.options().source);
  if (!session.credentials().remove(source, purpose_of(session.options()),
                                    session.options().token_name)) {
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
