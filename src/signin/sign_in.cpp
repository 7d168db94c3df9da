// What is kept of a sign-in.
#include <nlohmann/json.hpp>

#include "probackup/signin.h"
#include "signin/way.h"
#include "util/log.h"
#include "util/time.h"

namespace probackup {
namespace {

using nlohmann::json;

struct WayName {
  SignIn::Way way;
  const char* name;
};
constexpr WayName way_names[] = {{SignIn::Way::browser, "browser"},
                                 {SignIn::Way::device, "device"},
                                 {SignIn::Way::client, "client"},
                                 {SignIn::Way::service_account, "service_account"},
                                 {SignIn::Way::app, "app"}};

json time_or_null(const std::optional<Time>& time) {
  return time ? json(format_rfc3339(*time)) : json(nullptr);
}

std::optional<Time> time_in(const json& object, const char* name) {
  const json& value = object.at(name);
  return value.is_string() ? parse_rfc3339(value.get<std::string>()) : std::nullopt;
}

}  // namespace

const char* way_name(SignIn::Way way) {
  for (const auto& [of, name] : way_names)
    if (of == way) return name;
  return "";
}

bool SignIn::renewable() const {
  bool by_user = way == Way::browser || way == Way::device;
  return !by_user || !refresh_token.empty();
}

std::string SignIn::print() const {
  json out = {{"version", 1},
              {"title", title},
              {"token_url", token_url},
              {"token_path", token_path},
              {"client_id", client_id},
              {"client_secret", client_secret},
              {"client_basic", client_basic},
              {"json_body", json_body},
              {"token_params", token_params},
              {"issuer", issuer},
              {"key", key},
              {"subject", subject},
              {"scopes", scopes},
              {"scope_separator", scope_separator},
              {"scope_parameter", scope_parameter},
              {"access_token", access_token},
              {"refresh_token", refresh_token},
              {"expires", time_or_null(expires)},
              {"renew_at", time_or_null(renew_at)},
              {"refresh_expires", time_or_null(refresh_expires)},
              {"about", about}};
  out["way"] = way_name(way);
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

SignIn SignIn::parse(const std::string& text) {
  try {
    json in = json::parse(text);
    if (in.at("version").get<int>() > 1)
      throw Error("the sign-in was stored by a newer probackup", "update probackup");
    SignIn out;
    std::string way = in.at("way").get<std::string>();
    for (const auto& [of, name] : way_names)
      if (way == name) out.way = of;
    auto take = [&](const char* name, auto& value) { in.at(name).get_to(value); };
    take("title", out.title);
    take("token_url", out.token_url);
    take("token_path", out.token_path);
    take("client_id", out.client_id);
    take("client_secret", out.client_secret);
    take("client_basic", out.client_basic);
    take("json_body", out.json_body);
    take("token_params", out.token_params);
    take("issuer", out.issuer);
    take("key", out.key);
    take("subject", out.subject);
    take("scopes", out.scopes);
    take("scope_separator", out.scope_separator);
    take("scope_parameter", out.scope_parameter);
    take("access_token", out.access_token);
    take("refresh_token", out.refresh_token);
    take("about", out.about);
    out.expires = time_in(in, "expires");
    out.renew_at = time_in(in, "renew_at");
    out.refresh_expires = time_in(in, "refresh_expires");
    for (const auto* secret : {&out.client_secret, &out.key, &out.access_token, &out.refresh_token})
      add_secret(*secret);
    return out;
  } catch (const json::exception& error) {
    throw Error(std::string("the stored sign-in is damaged: ") + error.what());
  }
}

}  // namespace probackup
