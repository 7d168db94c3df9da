// From the text of a connector file to its checked model.
#include <fmt/format.h>

#include <algorithm>

#include "connector/loader_json.h"
#include "connector/loader_parts.h"
#include "expr/expr_node.h"
#include "util/text.h"

namespace probackup {
namespace {

using nlohmann::json;

constexpr std::size_t streams_max = 500;

bool is_lower_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name[0] >= 'a' && name[0] <= 'z' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == name.npos;
}

bool is_name(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  std::string lower = to_lower(name);
  return is_lower_name(lower);
}

// The keys of a direct member of the document in the file's order.
std::vector<std::string> keys_of(const ConnectorDocument& document, const std::string& pointer) {
  auto found = document.order.find(pointer);
  return found == document.order.end() ? std::vector<std::string>{} : found->second;
}

void read_settings(LoadContext& context, const ConnectorDocument& document, const Found& config,
                   ConnectorModel& model) {
  if (config) {
    ObjectReader reader(context, config);
    for (const auto& name : keys_of(document, "/config"))
      if (Found found = reader.find(name))
        model.settings.push_back(read_setting(context, name, found));
  }
  for (const auto& setting : model.settings) context.settings[setting.name] = setting.secret;
  if (context.settings.emplace("base_url", false).second) {
    ConnectorSetting base_url;
    base_url.name = "base_url";
    base_url.help = "Address of the API, for self-hosted and test servers";
    base_url.optional = true;
    model.settings.push_back(std::move(base_url));
  }
  context.settings_used.insert("base_url");
}

void read_head(ObjectReader& top, ConnectorModel& model) {
  if (Found version = top.require("connector"); version && *version.value != 1)
    top.context().add(version.pointer, "expected 1, the version of the file format");
  model.app = top.required_text("app");
  if (!model.app.empty() && !is_lower_name(model.app))
    top.refuse("app", "an app's name is lower-case letters, digits and _");
  model.title = top.required_text("title");
  model.version = top.required_text("version");
  model.docs = top.text("docs");
  if (!model.docs.empty() && !model.docs.starts_with("https://") &&
      !model.docs.starts_with("http://"))
    top.refuse("docs", "expected a URL");
  model.account_for = top.text("account_for");
  model.not_read = top.texts("not_read");
  top.text("$schema");
}

void read_check(LoadContext& context, const Found& found, const Lets& lets, ConnectorModel& model) {
  if (!found) return;
  ObjectReader reader(context, found);
  model.check = read_request(reader, lets, roots_with(lets));
  Roots answer = roots_with(lets, {"status", "headers", "body"});
  model.check_account = reader.templated("account", answer);
  model.check_show = reader.templated("show", answer);
  model.check_scopes = reader.templated("scopes", answer);
  if (Found needs = reader.find("needs")) {
    ObjectReader list(context, needs);
    for (const auto& [scope, purpose] : needs.value->items())
      if (auto text = text_at(context, list.find(scope)); text && !scope.empty())
        model.check_needs.emplace_back(scope, *text);
    list.finish();
  }
  reader.finish();
}

void read_streams(LoadContext& context, const ConnectorDocument& document, ObjectReader& top,
                  const Lets& lets, ConnectorModel& model) {
  Found defaults = top.find("defaults");
  if (defaults) {
    ObjectReader reader(context, defaults);
    reader.know(default_keys);
    reader.finish();
  }
  if (!model.account_for.empty()) return;
  Found streams = top.require("streams");
  if (!streams) return;
  ObjectReader reader(context, streams);
  context.streams = keys_of(document, "/streams");
  if (context.streams.empty()) context.add(streams.pointer, "must hold a stream");
  if (context.streams.size() > streams_max) {
    context.add(streams.pointer, fmt::format("more than {} streams", streams_max));
    return;
  }
  for (const auto& name : context.streams) {
    Found found = reader.find(name);
    if (!found) continue;
    if (!is_name(name))
      context.add(found.pointer, "a stream's name is letters, digits and _, a letter first");
    model.streams.push_back(read_stream(context, name, found, defaults, lets));
  }
  sort_streams(context, model.streams);
}

void check_unused_settings(LoadContext& context, const ConnectorModel& model) {
  for (const auto& setting : model.settings) {
    if (!context.settings_used.contains(setting.name))
      context.add("/config" + pointer_step(setting.name), "nothing in the file uses this setting");
  }
}

ConnectorModel read_model(LoadContext& context, const ConnectorDocument& document) {
  ConnectorModel model;
  ObjectReader top(context, {&document.root, ""});
  read_head(top, model);
  read_settings(context, document, top.find("config"), model);
  Lets lets;
  model.let = read_let(context, top.find("let"), lets);
  if (Found auth = top.require("auth")) {
    model.oauth = read_oauth(context, auth, lets);
    model.auth = read_auth(context, auth, lets);
  }
  if (Found http = top.require("http")) read_http(context, http, lets, model);
  model.errors = read_errors(top, lets);
  read_check(context, top.find("check"), lets, model);
  read_streams(context, document, top, lets, model);
  // An empty one says that the app cannot take anything back.
  if (Found restore = top.find("restore"); restore && *restore.value != json::object())
    model.restore = read_restore(context, restore, lets, model.streams);
  top.finish();
  check_unused_settings(context, model);
  return model;
}

ConnectorModel load(std::string_view text, const std::string& file,
                    std::vector<LintProblem>& problems) {
  ConnectorDocument document = read_connector_document(text, file, problems);
  if (!problems.empty()) return {};
  LoadContext context(file);
  ConnectorModel model = read_model(context, document);
  model.file = file;
  model.source = text;
  problems = std::move(context.problems());
  return model;
}

}  // namespace

ConnectorSetting read_setting(LoadContext& context, const std::string& name, const Found& found) {
  ConnectorSetting setting;
  setting.name = name;
  if (!is_lower_name(name))
    context.add(found.pointer, "a setting's name is lower-case letters, digits and _");
  ObjectReader reader(context, found);
  setting.help = reader.required_text("help");
  setting.secret = reader.flag("secret");
  setting.list = reader.flag("list");
  setting.optional = reader.flag("optional");
  setting.default_value = reader.text("default");
  if (setting.secret) reader.refuse("default", "a secret has no default");
  reader.finish();
  return setting;
}

Roots roots_with(const Lets& lets, std::initializer_list<std::string_view> more) {
  Roots roots{"config", "account", "now", "options"};
  roots.insert(roots.end(), lets.names.begin(), lets.names.end());
  roots.insert(roots.end(), more.begin(), more.end());
  return roots;
}

void add_parent_roots(Roots& roots) {
  roots.emplace_back("parent");
  roots.emplace_back("parent_key");
}

std::map<std::string, Template> read_let(LoadContext& context, const Found& found, Lets& lets) {
  if (!found) return {};
  static const Roots reserved{
      "config", "account", "now",   "options", "record", "parent",       "parent_key",
      "item",   "body",    "page",  "status",  "last",   "headers",      "since",
      "true",   "null",    "false", "in",      "target", "note",         "key",
      "outer",  "new",     "found", "old_id",  "sent",   "parent_stream"};
  ObjectReader reader(context, found);
  std::map<std::string, Template> out;
  Lets inside = lets;
  for (const auto& [name, value] : found.value->items()) {
    Found member = reader.find(name);
    if (!member) continue;
    if (!is_name(name)) context.add(member.pointer, "a name is letters, digits and _");
    if (std::find(reserved.begin(), reserved.end(), name) != reserved.end())
      context.add(member.pointer, "this name has a meaning of its own");
    inside.names.push_back(name);
    auto parsed = context.parse_template(member, roots_with(lets));
    if (!parsed) continue;
    inside.fixed.erase(name);
    if (!parsed->varies()) inside.fixed[name] = parsed->evaluate(Scope());
    out.emplace(name, std::move(*parsed));
  }
  lets = std::move(inside);
  return out;
}

std::string LintProblem::text() const {
  return path.empty() ? fmt::format("{}: {}", file, message)
                      : fmt::format("{}: {}: {}", file, path, message);
}

const StreamModel* ConnectorModel::stream(const std::string& name) const {
  auto found = std::find_if(streams.begin(), streams.end(),
                            [&](const StreamModel& stream) { return stream.name == name; });
  return found == streams.end() ? nullptr : &*found;
}

std::vector<LintProblem> Connector::lint(std::string_view text, const std::string& file) {
  std::vector<LintProblem> problems;
  load(text, file, problems);
  return problems;
}

Connector Connector::parse(std::string_view text, const std::string& file) {
  std::vector<LintProblem> problems;
  auto model = std::make_shared<const ConnectorModel>(load(text, file, problems));
  if (!problems.empty()) {
    std::vector<std::string> lines;
    for (const auto& problem : problems) lines.push_back(problem.text());
    throw Error(ErrorKind::usage, join(lines, "\n"),
                "docs/connectors/README.md describes the file format");
  }
  Connector out;
  out.model_ = std::move(model);
  return out;
}

const std::string& Connector::app() const {
  return model_->app;
}
const std::string& Connector::title() const {
  return model_->title;
}
const std::string& Connector::version() const {
  return model_->version;
}
const std::string& Connector::docs() const {
  return model_->docs;
}
const std::string& Connector::source() const {
  return model_->source;
}
const std::vector<ConnectorSetting>& Connector::settings() const {
  return model_->settings;
}
const std::vector<ConnectorSetting>& Connector::restore_settings() const {
  static const std::vector<ConnectorSetting> none;
  return model_->restore ? model_->restore->target : none;
}
bool Connector::can_restore() const {
  return model_->restore.has_value();
}
const std::string& Connector::account_for() const {
  return model_->account_for;
}
bool Connector::has_sign_in() const {
  return model_->oauth.has_value();
}

std::vector<std::string> Connector::streams() const {
  std::vector<std::string> out;
  for (const auto& stream : model_->streams) out.push_back(stream.name);
  return out;
}

std::vector<std::string> Connector::folders() const {
  std::vector<std::string> out;
  for (const auto& stream : model_->streams)
    if (stream.folder) out.push_back(stream.name);
  return out;
}

std::vector<std::string> Connector::parents(const std::string& name) const {
  std::vector<std::string> out;
  auto add = [&](const std::string& parent) {
    if (!parent.empty() && std::find(out.begin(), out.end(), parent) == out.end())
      out.push_back(parent);
  };
  const StreamModel* stream = model_->stream(name);
  if (!stream) return out;
  add(stream->belongs_stream);
  for (const auto& source : stream->sources)
    for (const auto& parent : source.each) add(parent);
  return out;
}

}  // namespace probackup
