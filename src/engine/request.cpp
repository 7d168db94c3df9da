#include "engine/request.h"

#include <fmt/format.h>

#include "http/url.h"
#include "util/hash.h"
#include "util/log.h"
#include "util/text.h"

namespace probackup {
namespace {

using nlohmann::json;

// Escapes what may not stand in a URL; escapes that are there stay.
std::string escape_illegal(std::string_view text) {
  std::string out;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    bool illegal = byte <= ' ' || byte >= 0x7f ||
                   std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos;
    if (illegal)
      out += fmt::format("%{:02X}", byte);
    else
      out += c;
  }
  return out;
}

bool has_dot_segment(std::string_view path) {
  for (const auto& segment : split(path, '/')) {
    std::string plain = url_decode(segment);
    if (plain == "." || plain == "..") return true;
  }
  return false;
}

std::string encode_query(const std::vector<std::pair<std::string, std::string>>& query) {
  std::string out;
  for (const auto& [name, value] : query) {
    if (!out.empty()) out += '&';
    out += url_encode(name) + '=' + url_encode(value);
  }
  return out;
}

void add_query(RequestParts& parts, const std::string& name, const json& value) {
  if (value.is_null()) return;
  if (!value.is_array()) return parts.query.emplace_back(name, json_text(value)), void();
  for (const auto& element : value) add_query(parts, name, element);
}

// Takes the URL's own parameters of that name out.
void drop_from_url(std::string& url, const std::string& name) {
  auto parsed = parse_url(url);
  if (!parsed || !parsed->query) return;
  std::vector<std::string> kept;
  for (const auto& pair : split(*parsed->query, '&'))
    if (url_decode(pair.substr(0, pair.find('='))) != name) kept.push_back(pair);
  if (kept.empty())
    parsed->query.reset();
  else
    parsed->query = join(kept, "&");
  url = print_url(*parsed);
}

std::string with_query(std::string url,
                       const std::vector<std::pair<std::string, std::string>>& query) {
  if (query.empty()) return url;
  return url + (url.find('?') == std::string::npos ? '?' : '&') + encode_query(query);
}

std::string body_of(const RequestParts& parts) {
  constexpr auto lenient = json::error_handler_t::replace;
  if (!parts.graphql.empty()) {
    json body{{"query", parts.graphql}, {"variables", parts.vars}};
    return body.dump(-1, ' ', false, lenient);
  }
  return parts.body ? parts.body->dump(-1, ' ', false, lenient) : std::string();
}

void set_member(json& object, const std::string& path, const json& value) {
  json* at = &object;
  for (const auto& name : split(path, '.')) {
    if (!at->is_object()) *at = json::object();
    at = &(*at)[name];
  }
  *at = value;
}

void set_header(Headers& headers, const std::string& name, const std::string& value) {
  std::erase_if(headers, [&](const auto& pair) { return to_lower(pair.first) == to_lower(name); });
  headers.emplace_back(name, value);
}

}  // namespace

std::string json_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "";
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string absolute_url(const std::string& text, const RunContext& context) {
  std::string encoded = escape_illegal(text);
  bool absolute = encoded.starts_with("https://") || encoded.starts_with("http://");
  bool needs_slash = !absolute && !encoded.empty() && encoded[0] != '/' && encoded[0] != '?';
  std::string url = absolute ? encoded : context.base() + (needs_slash ? "/" : "") + encoded;
  auto parsed = parse_url(url);
  if (!parsed || parsed->host.empty()) throw Error("not a web address: " + safe_url(url));
  if (has_dot_segment(parsed->path)) throw Error("a path with '..' in it: " + safe_url(url));
  parsed->fragment.reset();
  return print_url(*parsed);
}

RequestParts render_request(const RequestModel& model, const RunContext& context,
                            const Scope& scope) {
  RequestParts parts;
  parts.with_auth = model.with_auth;
  parts.graphql = model.graphql;
  parts.method = model.graphql.empty() ? model.method : "POST";
  parts.url =
      model.graphql.empty() ? absolute_url(model.url.text(scope), context) : context.graphql();
  for (const auto& [name, value] : model.query) add_query(parts, name, value.evaluate(scope));
  for (const auto& [name, value] : model.headers)
    if (auto text = value.text(scope); !text.empty()) parts.headers.emplace_back(name, text);
  if (model.body) parts.body = model.body->evaluate(scope);
  for (const auto& [name, value] : model.vars)
    if (json made = value.evaluate(scope); !made.is_null()) parts.vars[name] = std::move(made);
  return parts;
}

void set_query(RequestParts& parts, const std::string& name, const std::string& value) {
  drop_from_url(parts.url, name);
  std::erase_if(parts.query, [&](const auto& pair) { return pair.first == name; });
  parts.query.emplace_back(name, value);
}

void put_value(RequestParts& parts, PageModel::Into into, const std::string& name,
               const json& value) {
  switch (into) {
    case PageModel::Into::query:
      return set_query(parts, name, json_text(value));
    case PageModel::Into::header:
      return set_header(parts.headers, name, json_text(value));
    case PageModel::Into::vars:
      parts.vars[name] = value;
      return;
    case PageModel::Into::body:
      if (!parts.body) parts.body = json::object();
      return set_member(*parts.body, name, value);
  }
}

std::string request_name(const RequestParts& parts) {
  std::string name = parts.method + " " + with_query(parts.url, parts.query);
  std::string body = body_of(parts);
  return body.empty() ? name : name + " " + sha256(body).hex();
}

HttpRequest finish_request(const RequestParts& parts, const RunContext& context) {
  HttpRequest request;
  RequestParts all = parts;
  if (context.own_host(parts.url)) {
    for (const auto& [name, value] : context.headers())
      if (!header(all.headers, name)) all.headers.emplace_back(name, value);
    if (parts.with_auth) {
      Credentials credentials = context.credentials();
      for (const auto& [name, value] : credentials.headers) set_header(all.headers, name, value);
      for (const auto& [name, value] : credentials.query) set_query(all, name, value);
    }
  }
  request.method = all.method;
  request.url = with_query(all.url, all.query);
  request.headers = std::move(all.headers);
  request.body = body_of(all);
  if (!header(request.headers, "accept"))
    request.headers.emplace_back("Accept", "application/json");
  if (!request.body.empty() && !header(request.headers, "content-type"))
    request.headers.emplace_back("Content-Type", "application/json");
  request.secret_headers = context.secret_headers();
  return request;
}

void change_credentials(HttpRequest& request, const Credentials& from, const Credentials& to) {
  bool has_any = false;
  for (const auto& [name, value] : from.headers)
    if (header(request.headers, name) == value) {
      std::erase_if(request.headers, [lower = to_lower(name)](const auto& pair) {
        return to_lower(pair.first) == lower;
      });
      has_any = true;
    }
  for (const auto& [name, value] : from.query) {
    const std::string before = request.url;
    drop_from_url(request.url, name);
    has_any |= request.url != before;
  }
  if (!has_any) return;
  for (const auto& [name, value] : to.headers) {
    set_header(request.headers, name, value);
    request.secret_headers.push_back(name);
  }
  request.url = with_query(request.url, to.query);
}

std::string git_authorization(const GitModel& model, const RunContext& context,
                              const Scope& names) {
  std::string of_app = context.credentials().git_authorization;
  if (!model.auth || context.tokens() || of_app.empty()) return of_app;
  auto own = make_credentials(*model.auth, context.model(), names);
  return header(own.headers, "authorization").value_or("");
}

}  // namespace probackup
