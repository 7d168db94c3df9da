#include "signin/token_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "util/log.h"
#include "util/raw_json.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr double lifetime_max = 3.2e9;  // seconds; a longer one is taken for this
constexpr std::size_t about_max = 16, about_bytes_max = 200;

std::string text_of(const json& object, const char* name) {
  auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Seconds, which some apps send as a text.
std::optional<std::chrono::nanoseconds> seconds_of(const json& object, const char* name) {
  auto found = object.find(name);
  if (found == object.end()) return std::nullopt;
  double seconds = -1;
  if (found->is_number()) seconds = found->get<double>();
  if (found->is_string())
    seconds = std::strtod(found->get_ref<const std::string&>().c_str(), nullptr);
  if (!(seconds > 0)) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(seconds, lifetime_max) * 1e9));
}

const json* token_object(const json& answer, const std::string& path) {
  const json* at = &answer;
  if (path.empty()) return at;
  for (const auto& name : split(path, '.')) {
    auto found = at->find(name);
    if (!at->is_object() || found == at->end()) return nullptr;
    at = &*found;
  }
  return at->is_object() ? at : nullptr;
}

std::string access_token_in(const json& token) {
  std::string access = text_of(token, "access_token");
  return access.empty() ? text_of(token, "token") : access;
}

std::vector<std::string> scopes_in(const std::string& text) {
  std::string blanks = text;
  std::replace(blanks.begin(), blanks.end(), ',', ' ');
  std::vector<std::string> out;
  for (const auto& part : split(blanks, ' '))
    if (!part.empty()) out.push_back(part);
  return out;
}

void take_times(const json& token, Time now, SignIn& sign_in) {
  sign_in.expires.reset();
  sign_in.renew_at.reset();
  auto lifetime = seconds_of(token, "expires_in");
  if (!lifetime)
    if (auto at = parse_rfc3339(text_of(token, "expires_at"))) lifetime = time_between(now, *at);
  if (lifetime) {
    sign_in.expires = now + *lifetime;
    // Early enough for the request under way, and not at once again for short-lived ones.
    sign_in.renew_at = *sign_in.expires - std::min<std::chrono::nanoseconds>(2min, *lifetime / 4);
  }
  for (const char* name : {"refresh_token_expires_in", "refresh_expires_in"})
    if (auto refresh = seconds_of(token, name)) sign_in.refresh_expires = now + *refresh;
}

// Names of workspaces and the like; never anything that speaks of a token.
void take_about(const json& answer, SignIn& sign_in) {
  for (const auto& [name, value] : answer.items()) {
    bool plain =
        value.is_string() && value.get_ref<const std::string&>().size() <= about_bytes_max &&
        name.find("token") == std::string::npos && name.find("secret") == std::string::npos &&
        name != "scope" && name != "expires_at";
    if (plain && sign_in.about.size() < about_max) sign_in.about[name] = value.get<std::string>();
  }
}

}  // namespace

TokenRefusal refusal_of(const HttpResponse& response) {
  TokenRefusal out;
  out.status = response.status;
  json answer = json::parse(response.body, nullptr, false);
  if (!answer.is_object()) {
    std::string kind = header(response.headers, "content-type").value_or("");
    bool page =
        to_lower(kind).find("html") != std::string::npos || trim(response.body).starts_with('<');
    out.reason = fmt::format("{} answers {} with {}", url_origin(response.url), response.status,
                             page ? "a web page instead of JSON" : "something that is no JSON");
    if (response.status >= 500) out.reason += "; the service is down or under maintenance";
    return out;
  }
  out.code = text_of(answer, "error");
  std::string words = text_of(answer, "error_description");
  if (words.empty()) words = text_of(answer, "message");
  if (words.empty() && answer.contains("error") && answer["error"].is_object())
    words = text_of(answer["error"], "message");
  out.reason = out.code.empty() ? fmt::format("the server answers {}", response.status) : out.code;
  if (!words.empty()) out.reason += ": " + valid_utf8(words.substr(0, 300));
  out.reason = redact(out.reason);
  return out;
}

std::optional<TokenRefusal> take_token(const HttpResponse& response, Time now, SignIn& sign_in) {
  // Some apps report errors with 200.
  json answer = json::parse(response.body, nullptr, false);
  bool good = response.status >= 200 && response.status < 300 && answer.is_object();
  const json* token = good ? token_object(answer, sign_in.token_path) : nullptr;
  std::string access;
  if (token) access = access_token_in(*token);
  // Slack puts a user's first token further in, and the later ones at the top.
  if (good && access.empty()) {
    token = &answer;
    access = access_token_in(answer);
  }
  if (access.empty()) {
    TokenRefusal refusal = refusal_of(response);
    if (good && refusal.code.empty()) refusal.reason = "the answer holds no access token";
    return refusal;
  }
  // It goes into a header as it is.
  if (access.find_first_of("\r\n") != std::string::npos)
    return TokenRefusal{"", "the access token has a line break in it", response.status};
  add_secret(access);
  sign_in.access_token = std::move(access);
  if (auto refresh = text_of(*token, "refresh_token"); !refresh.empty()) {
    add_secret(refresh);
    sign_in.refresh_token = std::move(refresh);
  }
  take_times(*token, now, sign_in);
  // Left out, it is what was asked for.
  if (auto scope = text_of(*token, "scope"); !scope.empty()) sign_in.scopes = scopes_in(scope);
  if (auto given = token->find("permissions"); given != token->end() && given->is_object()) {
    sign_in.scopes.clear();
    for (const auto& [name, level] : given->items())
      sign_in.scopes.push_back(level.is_string() ? name + ":" + level.get<std::string>() : name);
  }
  take_about(answer, sign_in);
  return std::nullopt;
}

}  // namespace probackup
