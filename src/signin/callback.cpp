#include "signin/callback.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "http/url.h"
#include "util/text.h"

namespace probackup {
namespace {

std::string form_decode(std::string text) {
  std::replace(text.begin(), text.end(), '+', ' ');
  return url_decode(text);
}

Callback stranger(std::string reason) {
  return {Callback::Kind::stranger, "", std::move(reason)};
}

std::string printable(std::string_view text) {
  std::string out = valid_utf8(text.substr(0, 200));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  return out;
}

}  // namespace

Callback read_callback(std::string_view target, std::string_view path, std::string_view state) {
  auto url = parse_url(target);
  if (!url || url->path != path) return stranger("a request for another address");
  std::map<std::string, std::string> query;
  for (const auto& pair : split(url->query.value_or(""), '&')) {
    auto equals = pair.find('=');
    std::string name = form_decode(pair.substr(0, equals));
    std::string value = equals == pair.npos ? "" : form_decode(pair.substr(equals + 1));
    if (!query.emplace(name, value).second)
      return stranger(fmt::format("a reply that names {} twice", printable(name)));
  }
  auto given = query.find("state");
  if (given == query.end()) return stranger("a reply without a state");
  if (given->second != state)
    return stranger("a reply with another state: it belongs to another sign-in, or is forged");
  if (auto error = query.find("error"); error != query.end()) {
    Callback out{Callback::Kind::refused, "", printable(error->second)};
    if (auto words = query.find("error_description");
        words != query.end() && !words->second.empty())
      out.reason += ": " + printable(words->second);
    return out;
  }
  auto code = query.find("code");
  if (code == query.end() || code->second.empty()) return stranger("a reply without a code");
  return {Callback::Kind::code, code->second, ""};
}

}  // namespace probackup
