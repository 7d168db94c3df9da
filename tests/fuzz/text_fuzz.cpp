// JSON, URLs, Link headers, times and names as apps send them. The first byte chooses what the rest
// is.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "fuzz.h"
#include "http/url.h"
#include "probackup/http.h"
#include "probackup/id.h"
#include "util/bytes.h"
#include "util/raw_json.h"
#include "util/text.h"
#include "util/time.h"

using namespace probackup;
using fuzz::accepts;
using fuzz::require;

namespace {

using nlohmann::json;

// What is left out by RawJson::without, done by another program. Members that come twice are one
// there, so such documents are not compared.
void drop(json& value, const std::vector<std::string>& names, std::size_t at) {
  if (at == names.size()) return;
  if (names[at] == "[*]") {
    if (!value.is_structured()) return;  // the members of an object, too
    if (at + 1 == names.size()) return value.clear();
    for (auto& element : value) drop(element, names, at + 1);
    return;
  }
  if (!value.is_object()) return;
  auto found = value.find(names[at]);
  if (found == value.end()) return;
  if (at + 1 == names.size())
    value.erase(found);
  else
    drop(*found, names, at + 1);
}

std::vector<std::string> steps_of(std::string_view path) {
  std::vector<std::string> out;
  for (const auto& part : split(path, '.')) {
    bool each = part.ends_with("[*]");
    if (auto name = each ? part.substr(0, part.size() - 3) : part; !name.empty())
      out.push_back(name);
    if (each) out.push_back("[*]");
  }
  return out;
}

bool has_twins(std::string_view text) {
  std::vector<std::set<std::string>> open;
  bool twins = false;
  auto watch = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end) open.pop_back();
    if (event == json::parse_event_t::key)
      twins |= !open.back().insert(value.get<std::string>()).second;
    return true;
  };
  json parsed = json::parse(text, watch, false);
  return twins || parsed.is_discarded();
}

void try_document(std::string_view text) {
  RawJson parser;
  std::string minified;
  if (!accepts([&] { minified = parser.prepare(text); })) return;
  require(minified.size() <= text.size(), "minified text is longer");
  require(valid_utf8(minified) == minified, "JSON that is no UTF-8 is accepted");
  require(minified.find('\n') == std::string::npos, "a record of several lines");
  require(parser.prepare(minified) == minified, "minified text changes when it is minified again");
  // Another reader, which refuses lone surrogates and numbers beyond a double.
  json before = json::parse(text, nullptr, false), after = json::parse(minified, nullptr, false);
  if (before.is_discarded())
    require(after.is_discarded() && minified.find_first_of("0123456789") != std::string::npos,
            "text that is no JSON is accepted");
  else
    require(before == after, "minifying changed the document");
}

void try_paths(std::string_view path, std::string_view text) {
  RawJson parser;
  if (path.size() > 200) return;
  // Records of a snapshot are looked into as they are.
  accepts([&] { require(raw_value(text, path).size() <= text.size(), "a value beyond its text"); });
  accepts([&] { text_value(text, path); });
  if (!accepts([&] { parser.prepare(text); })) return;
  std::string document(parser.prepare(text));
  std::size_t selected = 0;
  parser.select(document, path, [&](std::string_view raw) {
    selected += raw.size();
    require(!raw.empty() && raw != "null", "nothing is selected as a record");
    require(document.find(raw) != std::string::npos, "a record that the answer does not hold");
    require(accepts([&] { RawJson().prepare(raw); }), "a record that is no JSON");
  });
  require(selected <= document.size(), "more is selected than there is");
  accepts([&] { parser.text_at(document, path); });
  std::string rest = parser.without(document, {std::string(path)});
  require(rest.size() <= document.size(), "leaving out makes longer");
  require(parser.without(rest, {std::string(path)}) == rest, "leaving out twice is not once");
  if (path.empty() || has_twins(document) || steps_of(path).empty()) return;
  json expected = json::parse(document);
  drop(expected, steps_of(path), 0);
  require(json::parse(rest) == expected, "the wrong members are left out");
}

void try_link(std::string_view rel, std::string_view value) {
  Headers headers{{"Link", std::string(value)}};
  constexpr std::string_view base = "https://api.example/v1/items?page=2";
  std::optional<std::string> target;
  if (!accepts([&] { target = link_target(headers, rel, base); }) || !target) return;
  auto url = parse_url(*target);
  require(url && !url->scheme.empty(), "a link that is no absolute URL: " + *target);
  if (accepts([&] { url_origin(*target); }))
    require(resolve_url(base, *target) == *target, "a resolved link is not stable: " + *target);
}

void try_url(std::string_view base, std::string_view reference) {
  if (auto url = parse_url(reference)) {
    std::string printed = print_url(*url);
    auto again = parse_url(printed);
    require(again && print_url(*again) == printed, "a printed URL reads differently: " + printed);
    require(again->host == url->host && again->user_info == url->user_info &&
                again->query == url->query && again->path == url->path,
            "the parts of a URL move when it is printed: " + printed);
  }
  std::string safe = safe_url(reference);
  if (auto url = parse_url(safe))
    require(url->user_info.empty() || url->user_info == "***", "a password in a message: " + safe);
  accepts([&] {
    std::string resolved = resolve_url(base, reference);
    auto url = parse_url(resolved);
    require(url.has_value(), "a resolved URL is none: " + resolved);
    bool has_path = !parse_url(reference)->path.empty();  // else it is the base's own
    if (url->has_authority && has_path)
      for (const auto& part : split(url->path, '/'))
        require(part != "..", "a resolved URL leaves its folder: " + resolved);
  });
  accepts([&] { is_loopback(reference); });
  accepts([&] { url_origin(reference); });
}

void try_time(std::string_view text) {
  if (auto time = parse_rfc3339(text)) {
    std::string printed = format_rfc3339(*time);
    require(parse_rfc3339(printed) == time, "a printed time reads differently: " + printed);
  }
  if (auto time = parse_http_date(text)) {
    std::string printed = format_http_date(*time);
    require(parse_http_date(printed) == time, "a printed date reads differently: " + printed);
  }
  if (auto duration = parse_duration(text)) {
    require(duration->count() >= 0, "a negative duration");
    format_duration(*duration);
  }
  if (auto size = parse_size(text)) format_size(*size);
}

void try_bytes(std::string_view text) {
  if (auto bytes = from_base64(text))
    require(to_base64(*bytes) == text, "base64 that is not strict");
  if (auto bytes = from_hex(text))
    require(to_hex(*bytes) == to_lower(text), "hex that is not strict");
  if (auto id = Id::from_hex(text)) require(id->hex() == text, "an id that is not strict");
  require(from_base64(to_base64(text)) == text, "base64 loses bytes");
  require(from_hex(to_hex(text)) == text, "hex loses bytes");
  require(url_decode(url_encode(text)) == text, "percent-encoding loses bytes");
  std::string valid = valid_utf8(text);
  require(valid_utf8(valid) == valid, "repaired UTF-8 is not valid");
  url_decode(text);
}

void try_names(std::string_view one, std::string_view other) {
  std::string name = safe_file_name(one);
  require(!name.empty() && name.size() <= 255 && name != "." && name != "..", "no file name");
  require(name.find_first_of(std::string_view("/\\:\0\n", 5)) == std::string::npos,
          "a file name that is not safe: " + name);
  if (one != other) require(name != safe_file_name(other), "two names become one: " + name);
  // Streams of a snapshot are found by their folders' names.
  if (!one.empty() && 3 * one.size() <= 200)
    require(url_decode(name) == one, "a name cannot be read back: " + name);
  nearest(one.substr(0, 50), {std::string(other.substr(0, 50)), "boards", "cards"});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  switch (input.byte() % 7) {
    case 0:
      try_document(input.rest());
      accepts([&] { parse_json(input.rest()); });
      break;
    case 1: {
      auto path = input.until("\n");
      try_paths(path, input.rest());
      break;
    }
    case 2: {
      auto rel = input.until("\n");
      try_link(rel, input.rest());
      break;
    }
    case 3: {
      auto base = input.until("\n");
      try_url(base, input.rest());
      break;
    }
    case 4:
      try_time(input.rest());
      break;
    case 5:
      try_bytes(input.rest());
      break;
    default: {
      auto one = input.until("\n");
      try_names(one, input.rest());
      break;
    }
  }
  return 0;
}
