#include "demo/trello_input.h"

#include <algorithm>

#include "util/text.h"
#include "util/time.h"

namespace probackup {

namespace {

constexpr double place_step = 16'384;

[[noreturn]] void refuse(const std::string& name) {
  throw TrelloError(400, "invalid value for " + name);
}

std::size_t characters(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string text_of(const JsonRecord& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

bool is_trello_id(const std::string& text) {
  return text.size() == 24 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

std::string trello_id(const RecordTable& table, const std::string& name) {
  if (table.find(name) != nullptr) return name;
  for (const auto& [id, record] : table.all()) {
    if (record.contains("shortLink") && record.at("shortLink") == name) return id;
  }
  if (!is_trello_id(name)) throw TrelloError(400, "invalid id");
  throw TrelloError(404, "The requested resource was not found.");
}

const std::vector<std::string>& trello_colors() {
  static const std::vector<std::string> colors = [] {
    std::vector<std::string> all;
    for (const std::string name :
         {"yellow", "purple", "blue", "red", "green", "orange", "black", "sky", "pink", "lime"}) {
      for (const auto* shade : {"", "_light", "_dark"}) all.push_back(name + shade);
    }
    return all;
  }();
  return colors;
}

TrelloInput::TrelloInput(const ApiRequest& request) {
  const auto take = [&](const NameValues& values) {
    for (const auto& [name, value] : values) given_[name] = value;
  };
  take(request.query);
  const auto type = request.header("content-type").value_or("");
  if (type.starts_with("application/json") && !request.body.empty()) {
    const auto body = JsonRecord::parse(request.body, nullptr, false);
    if (!body.is_object()) throw TrelloError(400, "Invalid JSON");
    given_.update(body);
  } else if (type.starts_with("application/x-www-form-urlencoded")) {
    take(parse_form(request.body));
  }
  for (const auto& part : request.parts) {
    if (part.file_name.empty()) given_[part.name] = part.content;
  }
}

const JsonRecord* TrelloInput::value(const std::string& name) const {
  const auto found = given_.find(name);
  return found == given_.end() ? nullptr : &*found;
}

std::optional<std::string> TrelloInput::text(const std::string& name, std::size_t max) const {
  const auto* given = value(name);
  if (given == nullptr) return std::nullopt;
  if (given->is_structured() || given->is_null()) refuse(name);
  auto text = text_of(*given);
  if (characters(text) > max) refuse(name);
  return text;
}

std::string TrelloInput::required(const std::string& name, std::size_t max) const {
  auto given = text(name, max);
  if (!given || given->empty()) refuse(name);
  return *given;
}

std::optional<std::string> TrelloInput::choice(const std::string& name,
                                               const std::vector<std::string>& choices) const {
  auto given = text(name);
  if (given && std::find(choices.begin(), choices.end(), *given) == choices.end()) refuse(name);
  return given;
}

std::optional<bool> TrelloInput::flag(const std::string& name) const {
  const auto given = choice(name, {"true", "false"});
  if (!given) return std::nullopt;
  return *given == "true";
}

std::optional<double> TrelloInput::number(const std::string& name, double low, double high) const {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const auto number = JsonRecord::parse(*given, nullptr, false);
  if (!number.is_number() || number < low || number > high) refuse(name);
  return number.get<double>();
}

std::optional<JsonRecord> TrelloInput::date(const std::string& name) const {
  const auto* given = value(name);
  if (given == nullptr) return std::nullopt;
  const auto text = text_of(*given);
  if (text.empty() || text == "null") return JsonRecord(nullptr);
  const auto time = parse_rfc3339(text);
  if (!time) throw TrelloError(400, "invalid date");
  return JsonRecord(trello_time(*time));
}

std::optional<std::vector<std::string>> TrelloInput::ids(const std::string& name,
                                                         const RecordTable& table) const {
  const auto* given = value(name);
  if (given == nullptr) return std::nullopt;
  std::vector<std::string> ids;
  if (given->is_array()) {
    for (const auto& id : *given) ids.push_back(text_of(id));
  } else {
    for (const auto& id : split(text_of(*given), ',')) {
      if (!id.empty()) ids.push_back(id);
    }
  }
  for (const auto& id : ids) {
    if (table.find(id) == nullptr) refuse(name);
  }
  return ids;
}

std::optional<JsonRecord> TrelloInput::id(const std::string& name, const RecordTable& table,
                                          bool may_be_null) const {
  const auto* given = value(name);
  if (given == nullptr) return std::nullopt;
  const auto text = text_of(*given);
  if (may_be_null && (text.empty() || text == "null")) return JsonRecord(nullptr);
  if (!is_trello_id(text)) refuse(name);
  if (table.find(text) == nullptr) {
    throw TrelloError(404, "The requested resource was not found.");
  }
  return JsonRecord(text);
}

std::optional<double> TrelloInput::place(const std::string& name,
                                         const std::vector<double>& present) const {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const auto [first, last] = std::minmax_element(present.begin(), present.end());
  if (*given == "top") return present.empty() ? place_step : *first / 2;
  if (*given == "bottom") return present.empty() ? place_step : *last + place_step;
  const auto number = JsonRecord::parse(*given, nullptr, false);
  if (!number.is_number() || number <= 0) refuse(name);
  return number.get<double>();
}

}  // namespace probackup
