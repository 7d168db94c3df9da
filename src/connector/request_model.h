// The parts of a connector file that reading and restoring share: signing in, requests, pages, git,
// rates.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "expr/expr.h"

namespace probackup {

// How credentials get onto a request. The first variant whose `when` holds is used.
struct AuthModel {
  enum class Kind { none, bearer, basic, header, query } kind = Kind::none;
  std::optional<Expression> when;
  Template token;                         // bearer
  Template user, password;                // basic
  std::map<std::string, Template> pairs;  // header: name to value; query: name to value
};

// How users sign in, of `auth.oauth`.
struct OAuthModel {
  std::optional<Template> authorize_url, token_url, device_url;
  std::optional<Template> app_token_url;            // also over `installation`
  std::vector<std::string> scopes, restore_scopes;  // the latter besides, where records go back
  std::string scope_separator = " ", scope_parameter = "scope";
  std::map<std::string, std::string> authorize_params, token_params;
  bool pkce = true;
  enum class Secret { none, optional, required } secret = Secret::optional;
  bool client_basic = false, json_body = false;
  std::string token_at;  // dotted path in the answer
  std::string redirect_host = "127.0.0.1", redirect_path = "/";
  unsigned redirect_port = 0;
  bool client_credentials = false, service_account = false;
  std::string scheme = "Bearer";  // before the token in Authorization; "": the token alone
  std::string git_user = "x-access-token";
  std::string register_at;  // where and how to register a client, for people
};

struct RequestModel {
  std::string method = "GET";
  Template url;  // a path below http.base, or an absolute URL
  std::map<std::string, Template> query, headers;
  std::optional<Template> body;  // JSON body
  std::string graphql;           // query text; sent with `vars` to http.graphql
  std::map<std::string, Template> vars;
  bool with_auth = true;
};

struct PageModel {
  enum class By { none, cursor, number, offset, link, url } by = By::none;
  std::optional<Expression> next;   // cursor: the next token; url: the next URL; null or "" ends
  std::optional<Expression> more;   // number, offset: false ends; without it a short page ends
  std::optional<Expression> total;  // number, offset: records in all; pages go side by side
  enum class Into { query, body, vars, header } into = Into::query;
  std::string into_name;   // for example "before"
  std::string size_name;   // query parameter for the page size, "" for none
  std::int64_t size = 0;   // records a page
  std::int64_t start = 1;  // number: the first page's number
};

struct GitModel {
  std::optional<Expression> when;
  Template id;                    // folder name below git/
  Template url;                   // https clone URL
  std::optional<AuthModel> auth;  // bearer or basic, instead of the app's own, for `url`'s host
  bool missing_is_empty = false;  // a wiki that was never made is no gap
  // In a restore:
  bool replace = false;  // what the remote has is overwritten
  std::string lost;      // not "": why the thing is lost when the push fails
};

struct LimitModel {
  std::string match;  // part of the path, "" for all
  unsigned count = 0;
  std::chrono::nanoseconds window{};
};

}  // namespace probackup
