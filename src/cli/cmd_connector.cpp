// connector list, show, lint.
#include <fmt/format.h>

#include <set>

#include "cli/commands.h"
#include "connector/model.h"
#include "job/settings.h"
#include "util/file.h"
#include "util/text.h"

namespace probackup {
namespace {

using Json = nlohmann::ordered_json;

std::vector<LintProblem> lint_of(const ConnectorSet::File& file) {
  return Connector::lint(file.text, file.name);
}

void print_list(Output& out, const std::string& heading, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  out.line("");
  out.line(heading);
  for (const auto& text : texts) out.line("  - " + text);
}

const char* auth_kind(AuthModel::Kind kind) {
  switch (kind) {
    case AuthModel::Kind::none:
      break;
    case AuthModel::Kind::bearer:
      return "token";
    case AuthModel::Kind::basic:
      return "user and token or password (basic)";
    case AuthModel::Kind::header:
      return "token or key in a header";
    case AuthModel::Kind::query:
      return "token or key in the address";
  }
  return "nothing: open to all";
}

// The ways to sign in; the client's own and the user's.
std::vector<std::vector<std::string>> oauth_ways(const OAuthModel& oauth,
                                                 const std::string& login) {
  std::vector<std::vector<std::string>> rows;
  if (oauth.authorize_url) rows.push_back({"OAuth in the browser", login});
  if (oauth.device_url) rows.push_back({"OAuth with a device code", login + " --device"});
  if (oauth.client_credentials)
    rows.push_back({"OAuth client credentials", login + " --client-credentials"});
  if (oauth.service_account)
    rows.push_back({"key of a service account", login + " --service-account FILE"});
  if (oauth.app_token_url)
    rows.push_back({"key of an app", login + " --app-id ID --app-key FILE --installation ID"});
  return rows;
}

void print_sign_in(Output& out, const Connector& connector) {
  const ConnectorModel& model = connector.model();
  std::vector<std::vector<std::string>> rows;
  std::set<AuthModel::Kind> shown;
  for (const auto& variant : model.auth)
    if (shown.insert(variant.kind).second)
      rows.push_back({auth_kind(variant.kind), "probackup auth add " + model.app});
  if (model.oauth)
    for (auto& row : oauth_ways(*model.oauth, "probackup auth login " + model.app))
      rows.push_back(std::move(row));
  if (rows.empty()) return;
  out.line("");
  out.table({"SIGN-IN", "COMMAND"}, rows);
  if (!model.oauth) return;
  const OAuthModel& oauth = *model.oauth;
  out.line("Scopes: " + (oauth.scopes.empty() ? "those that the registered client has"
                                              : join(oauth.scopes, ", ")));
  if (!oauth.restore_scopes.empty())
    out.line("For a restore also: " + join(oauth.restore_scopes, ", "));
  if (!oauth.register_at.empty()) out.line("Client: " + oauth.register_at);
  if (oauth.secret == OAuthModel::Secret::required) out.line("The client's secret is needed.");
}

void print_restore(Output& out, const Connector& connector) {
  if (!connector.can_restore()) {
    out.line("");
    out.line("Restored into files only (restore --target).");
    return;
  }
  const auto& restore = *connector.model().restore;
  std::vector<std::vector<std::string>> rows;
  for (const auto& step : restore.steps)
    rows.push_back({step.make, !step.missing.empty() ? "found"
                               : step.find           ? "found or made"
                                                     : "made"});
  out.line("");
  out.table({"RESTORED INTO THE APP", ""}, rows);
  if (!restore.target.empty()) {
    rows.clear();
    for (const auto& setting : restore.target)
      rows.push_back({setting.name, setting.optional ? "" : "needed", setting.help});
    out.line("");
    out.table({"SETTING OF A RESTORE", "", "WHAT"}, rows);
  }
  print_list(out, "Lost by a restore into the app:", restore.lossy);
}

}  // namespace

int run_connector_list(Session& session) {
  Json document = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& app : session.connectors().apps()) {
    auto file = session.connectors().file(app);
    if (!lint_of(file).empty()) {
      document.push_back({{"app", app}, {"file", file.name}, {"broken", true}});
      rows.push_back({app, "broken: probackup connector lint", "", file.name});
      continue;
    }
    auto connector = session.connectors().get(app);
    document.push_back({{"app", app},
                        {"title", connector.title()},
                        {"version", connector.version()},
                        {"streams", connector.streams()},
                        {"file", file.name}});
    rows.push_back({app, connector.title(), std::to_string(connector.streams().size()), file.name});
  }
  if (session.out().json())
    session.out().document(document);
  else
    session.out().table({"APP", "TITLE", "STREAMS", "FILE"}, rows, {false, false, true, false});
  return 0;
}

int run_connector_show(Session& session) {
  auto connector = session.connectors().get(session.options().app);
  auto& out = session.out();
  if (out.json()) {
    out.raw(connector.source());
    return 0;
  }
  out.line(fmt::format("{} ({}), connector version {}", connector.title(), connector.app(),
                       connector.version()));
  out.line("API: " + connector.docs());
  out.line("");
  std::vector<std::vector<std::string>> rows;
  for (const auto& setting : connector.settings())
    rows.push_back({setting.name,
                    setting.optional || !setting.default_value.empty() ? "" : "needed",
                    setting.secret ? "secret"
                    : setting.list ? "list"
                                   : "",
                    environment_name(connector.app(), setting.name), setting.help});
  out.table({"SETTING", "", "", "ENVIRONMENT", "WHAT"}, rows);
  print_sign_in(out, connector);
  out.line("");
  rows.clear();
  for (const auto& name : connector.streams()) {
    const auto* stream = connector.model().stream(name);
    std::vector<std::string> notes;
    if (!stream->files.empty()) notes.emplace_back("files");
    if (!stream->git.empty()) notes.emplace_back("git");
    if (stream->webhooks) notes.emplace_back("webhooks");
    for (const auto& source : stream->sources)
      if (source.since) {
        notes.emplace_back("only changes");
        break;
      }
    rows.push_back({name, stream->title, join(connector.parents(name), ", "), join(notes, ", ")});
  }
  out.table({"STREAM", "WHAT", "BELOW", ""}, rows);
  print_list(out,
             "Not in the backup, because the API does not give it:", connector.model().not_read);
  print_restore(out, connector);
  return 0;
}

int run_connector_lint(Session& session) {
  std::vector<ConnectorSet::File> files;
  for (const auto& path : session.options().files) files.push_back({path, read_file(path)});
  if (files.empty())
    for (const auto& app : session.connectors().apps())
      files.push_back(session.connectors().file(app));
  Json document = Json::array();
  for (const auto& file : files)
    for (const auto& problem : lint_of(file)) {
      document.push_back(
          {{"file", problem.file}, {"path", problem.path}, {"message", problem.message}});
      if (!session.out().json()) session.out().line(problem.text());
    }
  bool good = document.empty();
  if (session.out().json())
    session.out().document(document);
  else if (good)
    session.out().line(fmt::format("{} connector file{} without a mistake", files.size(),
                                   files.size() == 1 ? "" : "s"));
  return good ? 0 : 1;
}

}  // namespace probackup
