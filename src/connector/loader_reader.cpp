#include "connector/loader_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "expr/expr_node.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

using nlohmann::json;

const json& empty_object() {
  static const json empty = json::object();
  return empty;
}

std::string quoted_list(std::initializer_list<std::string_view> words) {
  std::vector<std::string> out(words.begin(), words.end());
  return join(out, ", ");
}

}  // namespace

void LoadContext::add(const std::string& pointer, const std::string& message) {
  bool known = std::any_of(problems_.begin(), problems_.end(), [&](const LintProblem& problem) {
    return problem.path == pointer && problem.message == message;
  });
  if (!known) problems_.push_back({file_, pointer, message});
}

template <class Parsed>
void LoadContext::note_names(const Parsed& parsed, const std::string& pointer) {
  for (const auto& kind : parsed.ref_kinds()) kinds_used.emplace_back(kind, pointer);
  for (const auto& name : parsed.members("config")) {
    settings_used.insert(name);
    if (settings.contains(name)) continue;
    std::vector<std::string> known;
    for (const auto& [setting, secret] : settings) known.push_back(setting);
    add(pointer,
        fmt::format("config.{} is not declared in /config{}", name, did_you_mean(name, known)));
  }
}

std::optional<Template> LoadContext::parse_template(const Found& found, const Roots& roots) {
  std::vector<std::pair<std::string, std::string>> mistakes;
  Template out = Template::parse(*found.value, roots, mistakes);
  for (const auto& [path, message] : mistakes) add(found.pointer + path, message);
  if (!mistakes.empty()) return std::nullopt;
  note_names(out, found.pointer);
  return out;
}

std::optional<Expression> LoadContext::parse_expression(const Found& found, const Roots& roots) {
  auto text = text_at(*this, found);
  if (!text) return std::nullopt;
  if (!text->starts_with("${") || !text->ends_with("}")) {
    add(found.pointer, "expected an expression, \"${…}\"");
    return std::nullopt;
  }
  try {
    Expression out = Expression::parse(std::string_view(*text).substr(2, text->size() - 3), roots);
    note_names(out, found.pointer);
    return out;
  } catch (const Error& error) {
    add(found.pointer, error.what());
    return std::nullopt;
  }
}

void LoadContext::refuse_secrets(const Template& value, const std::string& pointer) {
  for (const auto& name : value.members("config")) {
    auto setting = settings.find(name);
    if (setting != settings.end() && setting->second)
      add(pointer, fmt::format("the secret config.{} must not be in a URL, where logs and proxies "
                               "see it; use auth (of kind \"query\" if the app wants it there)",
                               name));
  }
}

ObjectReader::ObjectReader(LoadContext& context, Found object) : context_(context) {
  if (!object.value || !object.value->is_object()) {
    if (object.value)
      context.add(object.pointer,
                  fmt::format("expected an object, found {}", kind_of(*object.value)));
    object.value = &empty_object();
  }
  layers_.push_back({std::move(object), {}});
}

void ObjectReader::add_layer(const Found& lower, std::span<const std::string_view> keys) {
  if (lower && lower.value->is_object()) layers_.push_back({lower, keys});
}

std::vector<Found> ObjectReader::find_all(std::string_view key) {
  known_.emplace(key);
  std::vector<Found> out;
  for (const Layer& layer : layers_) {
    bool allowed = layer.keys.empty() ||
                   std::find(layer.keys.begin(), layer.keys.end(), key) != layer.keys.end();
    if (!allowed) continue;
    auto found = layer.object.value->find(std::string(key));
    if (found == layer.object.value->end()) continue;
    if (found->is_null() && layers_.size() > 1) break;
    out.push_back({&*found, layer.object.pointer + pointer_step(key)});
  }
  return out;
}

Found ObjectReader::find(std::string_view key) {
  auto all = find_all(key);
  return all.empty() ? Found{} : all.front();
}

Found ObjectReader::require(std::string_view key) {
  Found found = find(key);
  if (!found) context_.add(pointer(), fmt::format("\"{}\" is missing", key));
  return found;
}

std::string ObjectReader::text(std::string_view key) {
  Found found = find(key);
  return found ? text_at(context_, found).value_or("") : "";
}

std::string ObjectReader::required_text(std::string_view key) {
  Found found = require(key);
  if (!found) return {};
  auto text = text_at(context_, found);
  if (text && text->empty()) context_.add(found.pointer, "must not be empty");
  return text.value_or("");
}

bool ObjectReader::flag(std::string_view key) {
  Found found = find(key);
  if (!found) return false;
  if (found.value->is_boolean()) return found.value->get<bool>();
  context_.add(found.pointer,
               fmt::format("expected true or false, found {}", kind_of(*found.value)));
  return false;
}

std::int64_t ObjectReader::number(std::string_view key, std::int64_t min, std::int64_t max,
                                  std::int64_t otherwise) {
  Found found = find(key);
  if (!found) return otherwise;
  if (found.value->is_number_integer()) {
    auto value = found.value->is_number_unsigned() && found.value->get<std::uint64_t>() > INT64_MAX
                     ? INT64_MAX
                     : found.value->get<std::int64_t>();
    if (value >= min && value <= max) return value;
  }
  context_.add(found.pointer, fmt::format("expected a whole number from {} to {}", min, max));
  return otherwise;
}

std::chrono::nanoseconds ObjectReader::duration(std::string_view key) {
  Found found = find(key);
  if (!found) return {};
  auto text = text_at(context_, found);
  if (!text) return {};
  if (auto duration = parse_duration(*text)) return *duration;
  context_.add(found.pointer, "expected a duration such as \"10s\", \"5m\" or \"7d\"");
  return {};
}

std::vector<std::string> ObjectReader::texts(std::string_view key) {
  std::vector<std::string> out;
  Found found = find(key);
  if (!found) return out;
  if (!found.value->is_array()) {
    context_.add(found.pointer,
                 fmt::format("expected a list of texts, found {}", kind_of(*found.value)));
    return out;
  }
  for (std::size_t i = 0; i < found.value->size(); ++i)
    if (auto text = text_at(context_, {&(*found.value)[i], fmt::format("{}/{}", found.pointer, i)}))
      out.push_back(*text);
  return out;
}

std::size_t ObjectReader::word(std::string_view key, std::initializer_list<std::string_view> words,
                               std::size_t otherwise) {
  Found found = find(key);
  if (!found) return otherwise;
  auto text = text_at(context_, found);
  if (!text) return otherwise;
  auto at = std::find(words.begin(), words.end(), *text);
  if (at != words.end()) return static_cast<std::size_t>(at - words.begin());
  std::vector<std::string> candidates(words.begin(), words.end());
  context_.add(found.pointer, fmt::format("\"{}\" is none of {}{}", *text, quoted_list(words),
                                          did_you_mean(*text, candidates)));
  return otherwise;
}

std::optional<Template> ObjectReader::templated(std::string_view key, const Roots& roots) {
  Found found = find(key);
  return found ? context_.parse_template(found, roots) : std::nullopt;
}

std::optional<Expression> ObjectReader::expression(std::string_view key, const Roots& roots) {
  Found found = find(key);
  return found ? context_.parse_expression(found, roots) : std::nullopt;
}

std::map<std::string, Template> ObjectReader::templates(std::string_view key, const Roots& roots) {
  std::map<std::string, Template> out;
  std::set<std::string> hidden;
  for (const Found& found : find_all(key)) {
    if (!found.value->is_object()) {
      context_.add(found.pointer,
                   fmt::format("expected an object, found {}", kind_of(*found.value)));
      continue;
    }
    for (const auto& [name, value] : found.value->items()) {
      if (name.empty()) context_.add(found.pointer, "a member without a name");
      if (out.contains(name) || hidden.contains(name)) continue;
      if (value.is_null() && layers_.size() > 1) {
        hidden.insert(name);
        continue;
      }
      auto parsed = context_.parse_template({&value, found.pointer + pointer_step(name)}, roots);
      if (parsed) out.emplace(name, std::move(*parsed));
    }
  }
  return out;
}

std::string ObjectReader::path(std::string_view key, bool through_lists) {
  Found found = find(key);
  if (!found || !check_path(context_, found, through_lists)) return {};
  return found.value->get<std::string>();
}

std::optional<Template> ObjectReader::path_or_template(std::string_view key, const Roots& roots) {
  Found found = find(key);
  if (!found) return std::nullopt;
  auto text = text_at(context_, found);
  if (!text) return std::nullopt;
  if (text->find("${") != std::string::npos) return context_.parse_template(found, roots);
  if (!check_path(context_, found, false)) return std::nullopt;
  return Template::parse("${" + record_expression(*text) + "}", {"record"});
}

std::vector<Found> ObjectReader::objects(std::string_view key) {
  std::vector<Found> out;
  Found found = find(key);
  if (!found) return out;
  if (!found.value->is_array()) {
    context_.add(found.pointer, fmt::format("expected a list, found {}", kind_of(*found.value)));
    return out;
  }
  for (std::size_t i = 0; i < found.value->size(); ++i)
    out.push_back({&(*found.value)[i], fmt::format("{}/{}", found.pointer, i)});
  return out;
}

void ObjectReader::know(std::span<const std::string_view> keys) {
  known_.insert(keys.begin(), keys.end());
}

void ObjectReader::refuse(std::string_view key, const std::string& why) {
  Found found = find(key);
  if (found) context_.add(found.pointer, why);
}

void ObjectReader::finish() {
  std::vector<std::string> known(known_.begin(), known_.end());
  const Found& object = layers_.front().object;
  for (const auto& [key, value] : object.value->items())
    if (!known_.contains(key))
      context_.add(object.pointer + pointer_step(key),
                   fmt::format("unknown key \"{}\"{}", key, did_you_mean(key, known)));
}

bool check_path(LoadContext& context, const Found& found, bool through_lists) {
  auto text = text_at(context, found);
  if (!text) return false;
  if (text->empty() && through_lists) return true;
  auto bad = [&](const std::string& why) {
    context.add(found.pointer, why);
    return false;
  };
  if (text->find("${") != std::string::npos)
    return bad("expected a path such as \"owner.login\", without ${…}");
  for (std::string name : split(*text, '.')) {
    if (name.ends_with("[*]")) {
      if (!through_lists) return bad("[*] is not possible here");
      while (name.ends_with("[*]")) name.resize(name.size() - 3);
      if (name.empty() && !text->starts_with("[*]")) return bad("an empty name in the path");
      continue;
    }
    if (name.empty()) return bad("an empty name in the path");
    if (name.find_first_of("[]{}$\"\n") != std::string::npos)
      return bad(fmt::format("\"{}\" cannot be in a path", name));
  }
  return true;
}

std::string record_expression(std::string_view path) {
  std::string out = "record";
  for (const std::string& name : split(path, '.')) {
    out += "['";
    for (char c : name) {
      if (c == '\'' || c == '\\') out += '\\';
      out += c;
    }
    out += "']";
  }
  return out;
}

std::optional<std::string> text_at(LoadContext& context, const Found& found) {
  if (found.value->is_string()) return found.value->get<std::string>();
  context.add(found.pointer, fmt::format("expected a text, found {}", kind_of(*found.value)));
  return std::nullopt;
}

}  // namespace probackup
