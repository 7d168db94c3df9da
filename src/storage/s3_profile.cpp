#include "storage/s3_profile.h"

#include <filesystem>

#include "util/file.h"
#include "util/text.h"

namespace probackup {
namespace {

namespace fs = std::filesystem;

using Sections = std::map<std::string, std::map<std::string, std::string>>;

// "value # comment": the mark of a comment stands behind a blank.
std::string_view without_comment(std::string_view value) {
  for (std::size_t i = 1; i < value.size(); ++i)
    if ((value[i] == '#' || value[i] == ';') && (value[i - 1] == ' ' || value[i - 1] == '\t'))
      return trim(value.substr(0, i));
  return value;
}

Sections load(const Environment& environment, const std::string& path_variable,
              const std::string& file_name) {
  fs::path path;
  if (auto named = variable(environment, path_variable))
    path = *named;
  else if (auto home = variable(environment, "HOME"))
    path = fs::path(*home) / ".aws" / file_name;
  std::error_code ignored;
  if (path.empty() || !fs::exists(path, ignored)) return {};
  return parse_aws_file(read_file(path));
}

}  // namespace

std::optional<std::string> variable(const Environment& environment, const std::string& name) {
  if (!environment) return std::nullopt;
  auto value = environment(name);
  if (!value || value->empty()) return std::nullopt;
  return value;
}

std::optional<std::string> AwsProfile::setting(const std::string& key) const {
  auto at = settings.find(key);
  if (at == settings.end() || at->second.empty()) return std::nullopt;
  return at->second;
}

Sections parse_aws_file(std::string_view text) {
  Sections sections;
  std::map<std::string, std::string>* section = nullptr;
  for (const auto& whole : split(text, '\n')) {
    auto line = trim(whole);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      section = &sections[std::string(trim(line.substr(1, line.find(']') - 1)))];
      continue;
    }
    bool nested = whole[0] == ' ' || whole[0] == '\t';
    auto equals = line.find('=');
    if (nested || !section || equals == std::string_view::npos) continue;
    (*section)[to_lower(trim(line.substr(0, equals)))] =
        without_comment(trim(line.substr(equals + 1)));
  }
  return sections;
}

AwsProfile load_aws_profile(const Environment& environment) {
  AwsProfile profile;
  profile.name = variable(environment, "AWS_PROFILE").value_or("default");
  auto add = [&](const Sections& sections, const std::string& name) {
    auto at = sections.find(name);
    if (at == sections.end()) return;
    profile.found = true;
    for (const auto& [key, value] : at->second) profile.settings[key] = value;
  };
  auto config = load(environment, "AWS_CONFIG_FILE", "config");
  if (profile.name == "default") add(config, "default");
  add(config, "profile " + profile.name);
  add(load(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials"), profile.name);
  return profile;
}

}  // namespace probackup
