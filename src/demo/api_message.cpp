#include "demo/api_message.h"

#include <algorithm>
#include <charconv>

#include "util/hash.h"
#include "util/text.h"

namespace probackup {

namespace {

std::optional<std::string> first_of(const NameValues& values, std::string_view name) {
  for (const auto& [key, value] : values) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string decode_form(std::string text) {
  std::replace(text.begin(), text.end(), '+', ' ');
  return url_decode(text);
}

}  // namespace

std::optional<std::string> ApiRequest::query_value(std::string_view name) const {
  return first_of(query, name);
}

std::int64_t ApiRequest::query_number(std::string_view name, std::int64_t fallback) const {
  const auto text = query_value(name).value_or("");
  std::int64_t number = 0;
  const auto* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  return parsed.ec == std::errc() && parsed.ptr == end ? number : fallback;
}

std::optional<std::string> ApiRequest::header(std::string_view name) const {
  return first_of(headers, name);
}

const ApiPart* ApiRequest::part(std::string_view name) const {
  const auto found = std::find_if(parts.begin(), parts.end(),
                                  [&](const ApiPart& part) { return part.name == name; });
  return found == parts.end() ? nullptr : &*found;
}

ApiAnswer json_answer(std::string body, int status) {
  ApiAnswer answer;
  answer.status = status;
  answer.body = std::move(body);
  return answer;
}

ApiAnswer text_answer(std::string body, int status) {
  auto answer = json_answer(std::move(body), status);
  answer.type = "text/plain; charset=utf-8";
  return answer;
}

void add_etag(const ApiRequest& request, ApiAnswer& answer) {
  if (request.method != "GET" || answer.status != 200) return;
  const auto tag = "W/\"" + sha256(answer.body).hex() + "\"";
  answer.headers.emplace_back("ETag", tag);
  if (request.header("if-none-match") != tag) return;
  answer.status = 304;
  answer.body.clear();
}

std::optional<std::map<std::string, std::string>> match_path(
    const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  std::map<std::string, std::string> params;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (i >= path.size()) return std::nullopt;
    const auto& want = pattern[i];
    if (want.starts_with('*')) {
      const std::vector<std::string> rest(path.begin() + static_cast<std::ptrdiff_t>(i),
                                          path.end());
      params[want.substr(1)] = url_decode(join(rest, "/"));
      return params;
    }
    if (want.starts_with(':')) {
      if (path[i].empty()) return std::nullopt;
      params[want.substr(1)] = url_decode(path[i]);
    } else if (want != path[i]) {
      return std::nullopt;
    }
  }
  if (path.size() != pattern.size()) return std::nullopt;
  return params;
}

NameValues parse_form(std::string_view text) {
  NameValues values;
  for (const auto& part : split(text, '&')) {
    if (part.empty()) continue;
    const auto equals = part.find('=');
    values.emplace_back(decode_form(part.substr(0, equals)),
                        equals == std::string::npos ? "" : decode_form(part.substr(equals + 1)));
  }
  return values;
}

bool is_secret_name(std::string_view name) {
  const auto lower = to_lower(name);
  for (const auto* part : {"authorization", "cookie", "token", "secret", "password", "key"}) {
    if (lower.find(part) != std::string::npos) return lower != "page_token";
  }
  return false;
}

}  // namespace probackup
