#include "fake/github_body.h"

#include <algorithm>

#include "fake/github_view_parts.h"
#include "util/text.h"

namespace probackup {

namespace {

JsonRecord parse_body(const ApiRequest& request) {
  if (request.body.empty()) return JsonRecord::object();
  auto parsed = JsonRecord::parse(request.body, nullptr, false);
  if (parsed.is_discarded()) refuse_github(400, "Problems parsing JSON");
  if (!parsed.is_object()) refuse_github(400, "Body should be a JSON object");
  return parsed;
}

// Code points of UTF-8.
std::size_t characters_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace

void refuse_github(int status, const std::string& message) {
  throw GithubRefused{github_refusal(status, message)};
}

void refuse_invalid(const std::string& resource, const std::string& field, const std::string& code,
                    const std::string& message) {
  JsonRecord error{{"resource", resource}, {"field", field}, {"code", code}};
  if (!message.empty()) error["message"] = message;
  auto answer = github_refusal(422, "Validation Failed");
  auto body = JsonRecord::parse(answer.body);
  body["errors"] = JsonRecord::array({std::move(error)});
  answer.body = body.dump();
  throw GithubRefused{std::move(answer)};
}

GithubBody::GithubBody(const ApiRequest& request, std::string resource)
    : members_(parse_body(request)), resource_(std::move(resource)) {}

GithubBody::GithubBody(JsonRecord members, std::string resource)
    : members_(std::move(members)), resource_(std::move(resource)) {}

void GithubBody::wrong(const std::string& name, const std::string& type) const {
  refuse_github(422, "Invalid request.\n\nFor 'properties/" + name + "', " +
                         members_.at(name).dump() + " is not " + type + ".");
}

std::optional<std::string> GithubBody::text(const std::string& name, std::size_t max) const {
  if (!has(name) || is_null(name)) return std::nullopt;
  if (!members_.at(name).is_string()) wrong(name, "a string");
  auto text = members_.at(name).get<std::string>();
  if (characters_of(text) > max) {
    refuse_invalid(resource_, name, "custom",
                   name + " is too long (maximum is " + std::to_string(max) + " characters)");
  }
  return text;
}

std::string GithubBody::required(const std::string& name, std::size_t max) const {
  const auto found = text(name, max);
  if (!found || trim(*found).empty()) refuse_invalid(resource_, name, "missing_field");
  return *found;
}

std::optional<std::string> GithubBody::one_of(const std::string& name,
                                              std::initializer_list<const char*> choices) const {
  const auto found = text(name);
  if (!found) return std::nullopt;
  if (std::find(choices.begin(), choices.end(), *found) == choices.end()) {
    wrong(name, "a possible value");
  }
  return found;
}

std::optional<bool> GithubBody::flag(const std::string& name) const {
  if (!has(name) || is_null(name)) return std::nullopt;
  if (!members_.at(name).is_boolean()) wrong(name, "a boolean");
  return members_.at(name).get<bool>();
}

std::optional<std::int64_t> GithubBody::number(const std::string& name) const {
  if (!has(name) || is_null(name)) return std::nullopt;
  if (!members_.at(name).is_number_integer()) wrong(name, "an integer");
  return members_.at(name).get<std::int64_t>();
}

std::optional<std::vector<std::string>> GithubBody::texts(const std::string& name) const {
  if (!has(name) || is_null(name)) return std::nullopt;
  if (!members_.at(name).is_array()) wrong(name, "an array");
  std::vector<std::string> list;
  for (const auto& entry : members_.at(name)) {
    if (!entry.is_string()) wrong(name, "an array of strings");
    list.push_back(entry);
  }
  return list;
}

std::vector<GithubBody> GithubBody::objects(const std::string& name) const {
  std::vector<GithubBody> list;
  if (!has(name) || is_null(name)) return list;
  if (!members_.at(name).is_array()) wrong(name, "an array");
  for (const auto& entry : members_.at(name)) {
    if (!entry.is_object()) wrong(name, "an array of objects");
    list.emplace_back(entry, resource_);
  }
  return list;
}

void GithubBody::put_text(JsonRecord& changes, const std::string& name, std::size_t max) const {
  if (!has(name)) return;
  const auto found = text(name, max);
  changes[name] = found && !found->empty() ? JsonRecord(*found) : JsonRecord(nullptr);
}

void GithubBody::put_flag(JsonRecord& changes, const std::string& name) const {
  if (const auto found = flag(name)) changes[name] = *found;
}

}  // namespace probackup
