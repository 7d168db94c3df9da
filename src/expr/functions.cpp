#include "expr/functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "expr/adf.h"
#include "expr/expr_node.h"
#include "expr/markup.h"
#include "util/hash.h"
#include "util/raw_json.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

using nlohmann::json;

[[noreturn]] void wrong_type(std::string_view wanted, const json& found) {
  throw Error(fmt::format("expected {}, found {}", wanted, kind_of(found)));
}

const std::string& text_of(const json& value) {
  if (!value.is_string()) wrong_type("a text", value);
  return value.get_ref<const std::string&>();
}

const json& list_of(const json& value) {
  if (!value.is_array()) wrong_type("a list", value);
  return value;
}

std::string limited(std::string text) {
  if (text.size() > expression_result_max) throw Error("a text that is too long");
  return text;
}

Time time_of(const json& value) {
  if (value.is_number()) {
    double seconds = value.get<double>();
    if (!(seconds > -9.0e9 && seconds < 9.0e9)) throw Error("a time out of range");
    return Time(std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(seconds)));
  }
  auto time = parse_rfc3339(text_of(value));
  if (!time) throw Error("expected a time such as 2024-05-01T10:00:00Z, found another text");
  return *time;
}

std::optional<json> number_in(std::string_view text) {
  text = trim(text);
  const char* end = text.data() + text.size();
  std::int64_t whole = 0;
  if (auto result = std::from_chars(text.data(), end, whole);
      result.ec == std::errc{} && result.ptr == end)
    return json(whole);
  double real = 0;
  if (auto result = std::from_chars(text.data(), end, real);
      result.ec == std::errc{} && result.ptr == end && std::isfinite(real))
    return json(real);
  return std::nullopt;
}

json run_date(Arguments args) {
  Time time = time_of(*args[0]);
  if (args.size() == 1) return format_rfc3339(time);
  const std::string& pattern = text_of(*args[1]);
  if (pattern.size() > 200) throw Error("a date pattern that is too long");
  return format_time(time, pattern);
}

json run_default(Arguments args) {
  return is_empty(*args[0]) ? *args[1] : *args[0];
}

json run_hex(Arguments args) {
  if (!args[0]->is_number_integer() || *args[0] < 0)
    wrong_type("a whole number from 0 on", *args[0]);
  return fmt::format("{:08x}", args[0]->get<std::uint64_t>());
}

json run_empty(Arguments args) {
  return is_empty(*args[0]);
}

json run_ends_with(Arguments args) {
  return text_of(*args[0]).ends_with(text_of(*args[1]));
}

json run_starts_with(Arguments args) {
  return text_of(*args[0]).starts_with(text_of(*args[1]));
}

const json* member_at(const json& value, const std::string& path) {
  const json* here = &value;
  for (const std::string& name : split(path, '.')) {
    if (!here->is_object()) return nullptr;
    auto found = here->find(name);
    if (found == here->end()) return nullptr;
    here = &*found;
  }
  return here;
}

json run_first(Arguments args) {
  const json& list = list_of(*args[0]);
  if (args.size() == 2) throw Error("first(list, path, value) has no value");
  if (args.size() == 1) return list.empty() ? json() : list.front();
  const std::string& path = text_of(*args[1]);
  for (const json& element : list) {
    const json* found = member_at(element, path);
    if (found && *found == *args[2]) return element;
  }
  return nullptr;
}

json run_join(Arguments args) {
  const std::string& separator = text_of(*args[1]);
  std::string out;
  bool first = true;
  for (const json& element : list_of(*args[0])) {
    if (element.is_null()) continue;
    if (!first) out += separator;
    out += as_text(element);
    first = false;
    if (out.size() > expression_result_max) throw Error("a text that is too long");
  }
  return out;
}

json run_length(Arguments args) {
  const json& value = *args[0];
  if (value.is_string()) return value.get_ref<const std::string&>().size();
  if (value.is_null() || value.is_array() || value.is_object()) return value.size();
  wrong_type("a list, an object or a text", value);
}

json run_distinct(Arguments args) {
  json out = list_of(*args[0]);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

json run_values(Arguments args) {
  const json& value = *args[0];
  if (!value.is_object()) wrong_type("an object", value);
  json out = json::array();
  for (const json& member : value) out.push_back(member);
  return out;
}

json run_lower(Arguments args) {
  return to_lower(text_of(*args[0]));
}

json run_upper(Arguments args) {
  std::string out = text_of(*args[0]);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return out;
}

// RFC 9562: version 4, with the digest of the text in place of random bits.
json run_uuid(Arguments args) {
  const Id digest = sha256(text_of(*args[0]));
  std::string out = digest.hex().substr(0, 32);
  out[12] = '4';
  out[16] = "89ab"[digest.bytes[8] % 4];
  for (std::size_t at : {20, 16, 12, 8}) out.insert(at, "-");
  return out;
}

// Whether `text` fits `pattern`, where "*" is any text and "?" any one byte. Linear in memory, and
// at worst the product of both lengths in time.
bool fits(std::string_view text, std::string_view pattern) {
  std::size_t t = 0, p = 0, star = pattern.npos, from = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++t, ++p;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

json run_matches(Arguments args) {
  constexpr std::size_t bytes_max = 10'000;
  std::string_view text = text_of(*args[0]);
  auto matches = [&](const json& pattern) {
    if (text.size() > bytes_max || text_of(pattern).size() > bytes_max)
      throw Error("a text that is too long for matches");
    return fits(text, text_of(pattern));
  };
  if (args[1]->is_null()) return false;
  if (!args[1]->is_array()) return matches(*args[1]);
  return std::any_of(args[1]->begin(), args[1]->end(), matches);
}

// The least (or greatest) element, which must all be numbers or all texts.
json extreme(const json& list, bool greatest) {
  const json* best = nullptr;
  for (const json& element : list_of(list)) {
    if (element.is_null()) continue;
    bool comparable = element.is_number() || element.is_string();
    if (!comparable || (best && best->is_number() != element.is_number()))
      wrong_type("a list of numbers or of texts", element);
    if (!best || (greatest ? *best < element : element < *best)) best = &element;
  }
  return best ? *best : json();
}

json run_max(Arguments args) {
  return extreme(*args[0], true);
}

json run_min(Arguments args) {
  return extreme(*args[0], false);
}

json run_number(Arguments args) {
  if (args[0]->is_number()) return *args[0];
  return number_in(text_of(*args[0])).value_or(json());
}

json run_parse(Arguments args) {
  return parse_json(text_of(*args[0]));
}

json run_pick(Arguments args) {
  auto pick = [&](const json& object) {
    if (!object.is_object()) wrong_type("an object", object);
    json out = json::object();
    for (const json* name : args.subspan(1))
      if (auto found = object.find(text_of(*name)); found != object.end())
        out[found.key()] = *found;
    return out;
  };
  if (!args[0]->is_array()) return pick(*args[0]);
  json out = json::array();
  for (const json& element : *args[0]) out.push_back(pick(element));
  return out;
}

json run_replace(Arguments args) {
  const std::string& text = text_of(*args[0]);
  const std::string& from = text_of(*args[1]);
  const std::string& to = text_of(*args[2]);
  if (from.empty()) return text;
  std::string out;
  for (std::size_t at = 0;;) {
    auto found = text.find(from, at);
    out.append(text, at, found - at);
    if (found == std::string::npos) return limited(std::move(out));
    out += to;
    if (out.size() > expression_result_max) throw Error("a text that is too long");
    at = found + from.size();
  }
}

json unix_seconds(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// Whole where it is whole, so that it prints as "90".
json seconds_of(std::chrono::nanoseconds duration) {
  if (duration % std::chrono::seconds(1) == duration.zero())
    return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  return std::chrono::duration<double>(duration).count();
}

json run_seconds(Arguments args) {
  if (args[0]->is_number()) return *args[0];
  const std::string& text = text_of(*args[0]);
  if (auto number = number_in(text)) return *number;
  if (auto duration = parse_duration(trim(text))) return seconds_of(*duration);
  if (auto time = parse_http_date(text)) return unix_seconds(*time);
  if (auto time = parse_rfc3339(text)) return unix_seconds(*time);
  return nullptr;
}

// A bound of slice() as a position from 0 to `size`; a negative one counts from the end.
std::size_t bound(const json& value, std::size_t size) {
  if (!value.is_number_integer()) wrong_type("a whole number", value);
  auto limit = static_cast<std::int64_t>(size);
  std::int64_t at = value.get<std::int64_t>();
  return static_cast<std::size_t>(std::clamp(at < 0 ? at + limit : at, std::int64_t{0}, limit));
}

json run_slice(Arguments args) {
  const json& value = *args[0];
  if (!value.is_string() && !value.is_array()) wrong_type("a text or a list", value);
  std::size_t size = value.is_string() ? value.get_ref<const std::string&>().size() : value.size();
  std::size_t from = bound(*args[1], size);
  std::size_t to = args.size() > 2 ? std::max(from, bound(*args[2], size)) : size;
  if (value.is_string())
    return valid_utf8(value.get_ref<const std::string&>().substr(from, to - from));
  auto begin = value.begin();
  return json(json::array_t(begin + static_cast<std::ptrdiff_t>(from),
                            begin + static_cast<std::ptrdiff_t>(to)));
}

json run_split(Arguments args) {
  const std::string& text = text_of(*args[0]);
  const std::string& separator = text_of(*args[1]);
  if (separator.empty()) throw Error("split needs a separator");
  json out = json::array();
  for (std::size_t at = 0;;) {
    auto found = text.find(separator, at);
    out.push_back(text.substr(at, found - at));
    if (found == std::string::npos) return out;
    at = found + separator.size();
  }
}

json run_text(Arguments args) {
  return as_text(*args[0]);
}

json run_trim(Arguments args) {
  return std::string(trim(text_of(*args[0])));
}

json run_url(Arguments args) {
  return limited(url_encode(as_text(*args[0])));
}

json run_form_name(Arguments args) {
  return limited(form_name(as_text(*args[0])));
}

std::vector<std::string> texts_behind(Arguments args) {
  std::vector<std::string> out;
  for (const json* text : args.subspan(1)) out.push_back(text_of(*text));
  return out;
}

json run_without_attributes(Arguments args) {
  return without_attributes(text_of(*args[0]), text_of(*args[1]));
}

json run_without_tags(Arguments args) {
  return without_tags(text_of(*args[0]), texts_behind(args));
}

json run_adf(Arguments args) {
  return adf_elsewhere(*args[0], args.size() > 1 ? text_of(*args[1]) : "");
}

json run_entries(Arguments args) {
  json out = json::array();
  if (!args[0]->is_object()) wrong_type("an object", *args[0]);
  for (const auto& [key, value] : args[0]->items()) out.push_back({{"key", key}, {"value", value}});
  return out;
}

constexpr std::size_t many = 20;

// --- of the restore section ---

// A new id has the type of the old one.
json like(const json& old_id, const std::optional<std::string>& new_id) {
  if (!new_id) return nullptr;
  if (old_id.is_number())
    if (auto number = number_in(*new_id)) return *number;
  return *new_id;
}

template <typename Find>
json find_all(const json& list, const Find& find) {
  json out = json::array();
  for (const json& old_id : list_of(list))
    if (json found = like(old_id, find(as_text(old_id))); !found.is_null())
      out.push_back(std::move(found));
  return out;
}

json run_ref(Arguments args, References& references) {
  return like(*args[0], references.ref(as_text(*args[0]), texts_behind(args)));
}

json run_refs(Arguments args, References& references) {
  auto kinds = texts_behind(args);
  return find_all(*args[0], [&](const std::string& id) { return references.ref(id, kinds); });
}

json run_person(Arguments args, References& references) {
  return like(*args[0], references.person(as_text(*args[0])));
}

json run_people(Arguments args, References& references) {
  return find_all(*args[0], [&](const std::string& id) { return references.person(id); });
}

json run_person_name(Arguments args, References& references) {
  auto name = references.person_name(as_text(*args[0]));
  return name ? json(*name) : json();
}

json run_mute(Arguments args, References& references) {
  return limited(references.mute(text_of(*args[0])));
}

json run_relink(Arguments args, References& references) {
  return limited(references.relink(text_of(*args[0])));
}

constexpr std::array<Function, 39> functions{{
    {"adf", "adf(document, note)",
     "a document of Jira for another place: no mentions, no attached pictures, the note in front",
     1, 2, true, run_adf},
    {"date", "date(time, pattern)", "a time printed in UTC by a strftime pattern, or as RFC 3339",
     1, 2, false, run_date},
    {"default", "default(x, other)", "other where x is null, '', [] or {}", 2, 2, true,
     run_default},
    {"distinct", "distinct(list)", "its elements, each once, the least first", 1, 1, false,
     run_distinct},
    {"empty", "empty(x)", "true for null, '', [] and {}", 1, 1, true, run_empty},
    {"ends_with", "ends_with(text, end)", "true or false", 2, 2, false, run_ends_with},
    {"entries", "entries(object)", "its members as a list of {key, value}", 1, 1, false,
     run_entries},
    {"first", "first(list, path, value)",
     "the first element, or the first whose member at path equals value", 1, 3, false, run_first},
    {"form_name", "form_name(text)", "a file's name as multipart forms carry it", 1, 1, false,
     run_form_name},
    {"hex", "hex(number)", "a whole number from 0 on in hexadecimal, 8 digits or more", 1, 1, false,
     run_hex},
    {"join", "join(list, separator)", "the elements as one text, nulls left out", 2, 2, false,
     run_join},
    {"length", "length(x)", "elements of a list or object, bytes of a text, 0 for null", 1, 1, true,
     run_length},
    {"lower", "lower(text)", "ASCII letters in lower case", 1, 1, false, run_lower},
    {"matches", "matches(text, patterns)",
     "true when the text fits a pattern, or one of a list, with * and ?", 2, 2, false, run_matches},
    {"max", "max(list)", "the greatest of numbers or texts, null for none", 1, 1, false, run_max},
    {"min", "min(list)", "the least of numbers or texts, null for none", 1, 1, false, run_min},
    {"mute", "mute(text)", "restore: @names written so that nobody is told, but with --notify", 1,
     1, false, nullptr, run_mute},
    {"number", "number(x)", "the number that a text spells, else null", 1, 1, false, run_number},
    {"parse", "parse(text)", "the value that a JSON text holds", 1, 1, false, run_parse},
    {"people", "people(list)", "restore: the ids of these people in the target", 1, 1, false,
     nullptr, run_people},
    {"person", "person(id)", "restore: the person's id in the target, else null", 1, 1, false,
     nullptr, run_person},
    {"person_name", "person_name(id)", "restore: the person's name in the snapshot, else null", 1,
     1, false, nullptr, run_person_name},
    {"pick", "pick(x, name…)", "an object, or each of a list, with these members only", 2, many,
     false, run_pick},
    {"ref", "ref(id, kind…)", "restore: the new id of a thing of one of these kinds, else null", 2,
     many, false, nullptr, run_ref},
    {"refs", "refs(list, kind…)", "restore: the new ids of those that have one", 2, many, false,
     nullptr, run_refs},
    {"relink", "relink(text)", "restore: addresses of restored things replaced by the new ones", 1,
     1, false, nullptr, run_relink},
    {"replace", "replace(text, from, to)", "every from replaced", 3, 3, false, run_replace},
    {"seconds", "seconds(x)", "a duration in seconds, a time as seconds since 1970, else null", 1,
     1, false, run_seconds},
    {"slice", "slice(x, from, to)", "part of a list or of a text; to may be left out", 2, 3, false,
     run_slice},
    {"split", "split(text, separator)", "a list of the parts", 2, 2, false, run_split},
    {"starts_with", "starts_with(text, start)", "true or false", 2, 2, false, run_starts_with},
    {"text", "text(x)", "a number or boolean printed, others as JSON", 1, 1, false, run_text},
    {"trim", "trim(text)", "without white space at both ends", 1, 1, false, run_trim},
    {"upper", "upper(text)", "ASCII letters in upper case", 1, 1, false, run_upper},
    {"url", "url(x)", "percent-encoded", 1, 1, false, run_url},
    {"uuid", "uuid(text)", "a UUID that is the same for the same text", 1, 1, false, run_uuid},
    {"values", "values(object)", "the values of its members, as a list", 1, 1, false, run_values},
    {"without_attributes", "without_attributes(xml, prefix)",
     "the tags of the text without the attributes whose names begin so", 2, 2, false,
     run_without_attributes},
    {"without_tags", "without_tags(xml, element…)",
     "the text without the tags of these elements; what they enclose stays", 2, many, false,
     run_without_tags},
}};

}  // namespace

std::span<const Function> all_functions() {
  return functions;
}

const Function* find_function(std::string_view name) {
  auto found = std::find_if(functions.begin(), functions.end(),
                            [&](const Function& function) { return function.name == name; });
  return found == functions.end() ? nullptr : &*found;
}

}  // namespace probackup
