// Device codes (RFC 8628).
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "signin/token_request.h"
#include "util/log.h"
#include "util/text.h"

namespace probackup {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr auto interval_default = 5s, slower_by = 5s;  // RFC 8628, 3.2 and 3.5
constexpr auto lifetime_max = std::chrono::seconds(3600);

struct Grant {
  std::string device_code;
  DeviceCode code;
  std::chrono::seconds interval = interval_default;
};

std::string text_in(const json& object, const char* name) {
  auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::chrono::seconds seconds_in(const json& object, const char* name,
                                std::chrono::seconds otherwise) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_number()) return otherwise;
  double seconds = found->get<double>();
  if (!(seconds >= 1)) return otherwise;
  return std::min<std::chrono::seconds>(
      lifetime_max, std::chrono::seconds(static_cast<std::int64_t>(std::min(seconds, 1e6))));
}

Grant begin(const OAuthApp& app, Http& http, Clock& clock, std::stop_token stop) {
  SignIn asking = begin_sign_in(app, SignIn::Way::device);
  asking.token_url = app.device_url;
  asking.token_params.clear();
  FormFields fields = {{"client_id", app.client_id}};
  if (!app.scopes.empty()) fields[app.scope_parameter] = join(app.scopes, app.scope_separator);
  auto response = send_token_request(asking, fields, http, clock, stop);
  json answer = json::parse(response.body, nullptr, false);
  Grant out;
  if (response.status >= 200 && response.status < 300 && answer.is_object()) {
    out.device_code = text_in(answer, "device_code");
    out.code.user_code = text_in(answer, "user_code");
    out.code.url = text_in(answer, "verification_uri");
    if (out.code.url.empty()) out.code.url = text_in(answer, "verification_url");  // Google's name
    out.code.complete_url = text_in(answer, "verification_uri_complete");
    out.code.lifetime = seconds_in(answer, "expires_in", 900s);
    out.interval = seconds_in(answer, "interval", interval_default);
  }
  if (out.device_code.empty() || out.code.user_code.empty() || out.code.url.empty())
    throw Error(fmt::format("{}: cannot begin the sign-in with a device code: {}", app.title,
                            refusal_of(response).reason),
                "is the device flow switched on for the app that you registered?");
  add_secret(out.device_code);
  return out;
}

}  // namespace

SignIn sign_in_device(const OAuthApp& app, const std::function<void(const DeviceCode&)>& show,
                      Http& http, Clock& clock, std::stop_token stop) {
  Grant grant = begin(app, http, clock, stop);
  show(grant.code);
  SignIn out = begin_sign_in(app, SignIn::Way::device);
  FormFields fields = {{"grant_type", "urn:ietf:params:oauth:grant-type:device_code"},
                       {"device_code", grant.device_code}};
  auto end = clock.steady() + grant.code.lifetime;
  auto over = [&] {
    return Error(fmt::format("{}: the code {} has expired before anybody entered it", app.title,
                             grant.code.user_code),
                 "run the command again for a new one");
  };
  for (;;) {
    if (!clock.sleep(grant.interval, stop))
      throw Error(ErrorKind::interrupted, "the sign-in was interrupted");
    if (clock.steady() >= end) throw over();
    Time now = clock.now();
    std::optional<TokenRefusal> refusal;
    try {
      refusal = take_token(send_token_request(out, fields, http, clock, stop), now, out);
    } catch (const NetworkError& error) {
      if (!error.retryable()) throw;
      grant.interval *= 2;  // RFC 8628, 3.5: slower after a broken connection
      continue;
    }
    if (!refusal) return out;
    if (refusal->code == "authorization_pending") continue;
    if (refusal->code == "slow_down" || (refusal->code.empty() && refusal->status >= 500)) {
      grant.interval += slower_by;
      continue;
    }
    if (refusal->code == "expired_token") throw over();
    if (refusal->code == "access_denied")
      throw Error(fmt::format("{}: the sign-in was cancelled in the browser", app.title),
                  "run the command again to sign in after all");
    throw Error(fmt::format("{}: the app refused the sign-in: {}", app.title, refusal->reason));
  }
}

}  // namespace probackup
