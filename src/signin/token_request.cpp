#include "signin/token_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "util/bytes.h"
#include "util/log.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

using namespace std::chrono_literals;

constexpr unsigned tries_max = 4;
constexpr std::chrono::nanoseconds wait_max = 1min;
constexpr std::uint64_t answer_bytes_max = 1 << 20;

std::chrono::nanoseconds wait_of(const HttpResponse& response, unsigned tries, Time now) {
  auto text = header(response.headers, "retry-after").value_or("");
  std::optional<std::chrono::nanoseconds> wait;
  if (auto at = parse_http_date(text)) wait = time_between(now, *at);
  if (!text.empty() && text.size() < 7 && text.find_first_not_of("0123456789") == text.npos)
    wait = std::chrono::seconds(std::stol(text));
  std::chrono::nanoseconds own = 1s * (1 << tries);
  return std::clamp<std::chrono::nanoseconds>(wait.value_or(own), 0ns, wait_max);
}

}  // namespace

std::string print_form(const FormFields& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out += url_encode(name) + '=' + url_encode(value);
  }
  return out;
}

HttpResponse send_once_more(HttpRequest request, Http& http, Clock& clock, std::stop_token stop) {
  request.body_bytes_max = answer_bytes_max;
  request.redirects_max = 0;  // a secret goes nowhere but where it was to go
  request.once = true;
  for (unsigned tries = 1;; ++tries) {
    std::chrono::nanoseconds wait{};
    try {
      auto response = http.send(request, stop);
      bool refused = response.status == 429 || response.status == 503;
      if (!refused || tries >= tries_max) return response;
      wait = wait_of(response, tries, clock.now());
    } catch (const NetworkError& error) {
      if (!error.unsent() || !error.retryable() || tries >= tries_max) throw;
      wait = 1s * (1 << tries);
    }
    if (!clock.sleep(wait, stop)) throw Error(ErrorKind::interrupted, "interrupted");
  }
}

HttpResponse send_token_request(const SignIn& sign_in, FormFields fields, Http& http, Clock& clock,
                                std::stop_token stop) {
  HttpRequest request;
  request.method = "POST";
  request.url = sign_in.token_url;
  request.headers.emplace_back("Accept", "application/json");
  for (const auto& [name, value] : sign_in.token_params) fields.emplace(name, value);
  add_secret(sign_in.client_secret);
  // A client without a secret has nothing to prove: it says its name in the body (RFC 6749, 3.2.1).
  if (sign_in.client_basic && !sign_in.client_secret.empty()) {
    // RFC 6749, 2.3.1: both are form-encoded first.
    std::string pair = url_encode(sign_in.client_id) + ":" + url_encode(sign_in.client_secret);
    std::string value = "Basic " + to_base64(pair);
    add_secret(value);
    request.headers.emplace_back("Authorization", value);
    request.secret_headers.emplace_back("Authorization");
  } else if (!sign_in.client_id.empty()) {
    fields["client_id"] = sign_in.client_id;
    if (!sign_in.client_secret.empty()) fields["client_secret"] = sign_in.client_secret;
  }
  request.headers.emplace_back(
      "Content-Type", sign_in.json_body ? "application/json" : "application/x-www-form-urlencoded");
  request.body = sign_in.json_body ? nlohmann::json(fields).dump() : print_form(fields);
  return send_once_more(std::move(request), http, clock, stop);
}

SignIn begin_sign_in(const OAuthApp& app, SignIn::Way way) {
  SignIn out;
  out.way = way;
  out.title = app.title;
  out.token_url = app.token_url;
  out.token_path = app.token_path;
  out.client_id = app.client_id;
  out.client_secret = app.client_secret;
  out.client_basic = app.client_basic;
  out.json_body = app.json_body;
  out.token_params = app.token_params;
  out.scopes = app.scopes;
  out.scope_separator = app.scope_separator;
  out.scope_parameter = app.scope_parameter;
  return out;
}

void request_token(SignIn& sign_in, const FormFields& fields, const std::string& what, Http& http,
                   Clock& clock, std::stop_token stop) {
  Time now = clock.now();
  auto response = send_token_request(sign_in, fields, http, clock, stop);
  auto refusal = take_token(response, now, sign_in);
  if (!refusal) return;
  std::string hint;
  if (refusal->code == "invalid_client" || refusal->code == "unauthorized_client" ||
      refusal->code == "incorrect_client_credentials")
    hint = "check the client id and the client secret of the app that you registered";
  if (refusal->code == "invalid_scope")
    hint = "the app that you registered may not ask for these scopes";
  if (refusal->code == "redirect_uri_mismatch")
    hint = "register the redirect address that docs/connectors names for this app";
  if (refusal->code.empty() && refusal->status >= 500) hint = "try again later";
  throw Error(fmt::format("{}: {}: {}", sign_in.title, what, refusal->reason), hint);
}

}  // namespace probackup
