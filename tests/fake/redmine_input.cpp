#include "fake/redmine_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "util/time.h"

namespace probackup {
namespace {

using Row = RedmineData::Row;

constexpr std::string_view suffix = ".json";

std::optional<int> number_in(const Row& value) {
  if (value.is_null() || value == "") return 0;
  if (value.is_number_integer()) return value.get<int>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  int number = 0;
  auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

bool is_blank(const Row& value) {
  if (value.is_null() || value == 0) return true;
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

// Whether a custom field can hold a value.
bool is_possible(const Row& definition, const Row& value) {
  if (value == "" || !definition.contains("possible_values")) return true;
  const auto& possible = definition.at("possible_values");
  return std::any_of(possible.begin(), possible.end(),
                     [&](const Row& entry) { return entry.at("value") == value; });
}

}  // namespace

RedmineInput::RedmineInput(const ApiRequest& request, const std::string& name) {
  const auto type = request.header("content-type").value_or("");
  if (!type.starts_with("application/json") || request.body.empty()) return;
  const auto body = Row::parse(request.body, nullptr, false);
  if (body.is_discarded()) throw RedmineRefusal(400);
  if (body.is_object() && body.contains(name) && body.at(name).is_object()) given_ = body.at(name);
}

Row RedmineInput::value(const std::string& name) const {
  auto found = given_.find(name);
  return found == given_.end() ? Row(nullptr) : *found;
}

std::optional<std::string> RedmineInput::text(const std::string& name) const {
  if (!has(name)) return std::nullopt;
  const auto given = value(name);
  if (given.is_null()) return "";
  return given.is_string() ? given.get<std::string>() : given.dump();
}

std::optional<int> RedmineInput::id(const std::string& name) const {
  return has(name) ? number_in(value(name)) : std::nullopt;
}

std::vector<int> RedmineInput::ids(const std::string& name) const {
  std::vector<int> out;
  for (const auto& entry : value(name))
    if (auto id = number_in(entry); id && *id != 0) out.push_back(*id);
  return out;
}

std::optional<bool> RedmineInput::flag(const std::string& name) const {
  if (!has(name)) return std::nullopt;
  const auto given = value(name);
  return given == true || given == "true" || given == "1" || given == 1;
}

void RedmineErrors::require(const std::string& label, const Row& value) {
  if (is_blank(value)) add(label + " cannot be blank");
}

void RedmineErrors::limit(const std::string& label, const Row& value, std::size_t characters_max) {
  if (value.is_string() && characters(value.get<std::string>()) > characters_max)
    add(fmt::format("{} is too long (maximum is {} characters)", label, characters_max));
}

bool RedmineErrors::require_date(const std::string& label, const Row& value) {
  if (value.is_null() || value == "") return true;
  const bool is_date = value.is_string() && value.get<std::string>().size() == 10 &&
                       parse_rfc3339(value.get<std::string>());
  if (!is_date) add(label + " is not a valid date");
  return is_date;
}

void RedmineErrors::check() const {
  if (!messages_.empty()) throw RedmineRefusal(422, messages_);
}

std::string RedmineCall::name(const std::string& param) const {
  const auto& text = request.param(param);
  if (!text.ends_with(suffix)) throw RedmineRefusal(404);
  return text.substr(0, text.size() - suffix.size());
}

int RedmineCall::number(const std::string& param) const {
  auto text = request.param(param);
  if (text.ends_with(suffix)) text.resize(text.size() - suffix.size());
  const auto number = number_in(Row(text));
  if (!number || *number == 0) throw RedmineRefusal(404);
  return *number;
}

int RedmineCall::project(const std::string& param) const {
  auto text = request.param(param);
  if (text.ends_with(suffix)) text.resize(text.size() - suffix.size());
  const auto id = find_project(data, text);
  if (!id) throw RedmineRefusal(404);
  may_change(*id);
  return *id;
}

void RedmineCall::may_change(int id) const {
  if (data.table("projects").at(id).at("status") != RedmineData::active) throw RedmineRefusal(403);
  if (!is_ours(id)) throw RedmineRefusal(403);
}

bool RedmineCall::is_open(int id) const {
  return data.table("projects").at(id).at("status") == RedmineData::active &&
         data.has_module(id, "issue_tracking");
}

bool RedmineCall::is_public(int id) const {
  return data.table("projects").at(id).at("is_public") == true;
}

bool RedmineCall::is_ours(int id) const {
  if (is_admin) return true;
  for (const auto& [key, membership] : data.table("memberships")) {
    if (membership.at("project") != id) continue;
    if (membership.value("user", 0) == data.actor) return true;
    const auto users = data.group_users.find(membership.value("group", 0));
    if (users != data.group_users.end() && users->second.contains(data.actor)) return true;
  }
  return false;
}

void RedmineCall::require_admin() const {
  if (!is_admin) throw RedmineRefusal(403);
}

ApiAnswer RedmineCall::created(const std::string& root, const Row& row) const {
  return json_answer(fmt::format("{{\"{}\":{}}}", root, RedmineViews::text(row)), 201);
}

namespace {

// The upload of that token that belongs to nothing yet; 0 for none.
int waiting_upload(RedmineData& data, const Row& upload) {
  if (!upload.is_object() || !upload.contains("token")) return 0;
  for (int id : data.attached[""])
    if (upload.at("token") == data.token_of(id)) return id;
  return 0;
}

}  // namespace

void RedmineCall::check_uploads(const RedmineInput& input, RedmineErrors& errors) const {
  int missing = 0;
  for (const auto& upload : input.value("uploads"))
    if (waiting_upload(data, upload) == 0) ++missing;
  if (missing > 0) errors.add(fmt::format("{} file(s) could not be saved.", missing));
}

std::vector<int> RedmineCall::take_uploads(const RedmineInput& input,
                                           const std::string& container) const {
  std::vector<int> taken;
  for (const auto& upload : input.value("uploads")) {
    const int id = waiting_upload(data, upload);
    if (id == 0) continue;
    auto& row = data.table("attachments").at(id);
    for (const char* member : {"filename", "content_type"})
      if (upload.contains(member) && !is_blank(upload.at(member))) row[member] = upload.at(member);
    row["description"] = upload.value("description", "");
    data.give_upload(id, container);
    taken.push_back(id);
  }
  return taken;
}

void RedmineCall::set_customs(Row& row, const RedmineInput& input, const std::string& kind,
                              RedmineErrors& errors) const {
  for (const auto& entry : input.value("custom_fields")) {
    if (!entry.is_object()) continue;
    const auto id = number_in(entry.value("id", Row(nullptr)));
    const auto definition = data.table("custom_fields").find(id.value_or(0));
    if (definition == data.table("custom_fields").end()) continue;
    if (definition->second.at("customized_type") != kind || !entry.contains("value")) continue;
    auto value = entry.at("value");
    if (value.is_null()) value = "";
    const bool is_multiple = definition->second.at("multiple") == true;
    if (is_multiple && !value.is_array()) value = value == "" ? Row::array() : Row{value};
    if (!is_multiple && value.is_array()) value = value.empty() ? Row("") : Row(value.front());
    if (!value.is_array() && !value.is_string()) value = value.dump();
    bool possible = is_multiple || is_possible(definition->second, value);
    if (is_multiple)
      for (const auto& one : value) possible = possible && is_possible(definition->second, one);
    if (!possible) {
      errors.add(definition->second.at("name").get<std::string>() + " is not included in the list");
      continue;
    }
    data.set_custom(row, *id, value);
  }
}

}  // namespace probackup
