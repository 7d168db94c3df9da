#include "repository/document.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "probackup/error.h"
#include "util/raw_json.h"
#include "util/time.h"

namespace probackup {
namespace {

using nlohmann::json;

const json* find(const json& object, const char* name) {
  auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

[[noreturn]] void wrong(const char* name, const char* kind) {
  throw Error(fmt::format("\"{}\" is missing or no {}", name, kind));
}

}  // namespace

json parse_document(std::string_view text) {
  json document = parse_json(text);
  if (!document.is_object()) throw Error("not a JSON object");
  return document;
}

std::string print_document(const nlohmann::ordered_json& document) {
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string text_member(const json& object, const char* name) {
  const json* value = find(object, name);
  if (!value || !value->is_string()) wrong(name, "text");
  return value->get<std::string>();
}

std::uint64_t number_member(const json& object, const char* name) {
  const json* value = find(object, name);
  if (!value || !value->is_number_unsigned()) wrong(name, "whole number");
  return value->get<std::uint64_t>();
}

Time time_member(const json& object, const char* name) {
  auto time = parse_time(text_member(object, name));
  if (!time) wrong(name, "time");
  return *time;
}

Id id_member(const json& object, const char* name) {
  auto id = Id::from_hex(text_member(object, name));
  if (!id) wrong(name, "id");
  return *id;
}

std::string optional_text(const json& object, const char* name) {
  return find(object, name) ? text_member(object, name) : std::string{};
}

std::uint64_t optional_number(const json& object, const char* name) {
  return find(object, name) ? number_member(object, name) : 0;
}

bool optional_flag(const json& object, const char* name) {
  const json* value = find(object, name);
  if (!value) return false;
  if (!value->is_boolean()) wrong(name, "true or false");
  return value->get<bool>();
}

std::optional<Id> optional_id(const json& object, const char* name) {
  if (!find(object, name)) return std::nullopt;
  return id_member(object, name);
}

std::vector<std::string> optional_texts(const json& object, const char* name) {
  std::vector<std::string> out;
  const json* value = find(object, name);
  if (!value) return out;
  if (!value->is_array()) wrong(name, "list of texts");
  for (const json& element : *value) {
    if (!element.is_string()) wrong(name, "list of texts");
    out.push_back(element.get<std::string>());
  }
  return out;
}

std::optional<Time> parse_time(std::string_view text) {
  bool digits = text.size() > 4 && text[4] == '-' &&
                text.substr(0, 4).find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits) return std::nullopt;
  std::string_view year = text.substr(0, 4);
  if (year < "1678" || year > "2261") return Time{};
  return parse_rfc3339(text);
}

}  // namespace probackup
