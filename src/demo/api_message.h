// Requests and answers as the handlers of an ApiServer see them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace probackup {

// Names and values in the order in which they were sent.
using NameValues = std::vector<std::pair<std::string, std::string>>;

// One field of a multipart/form-data body.
struct ApiPart {
  std::string name, file_name, type, content;
};

struct ApiRequest {
  std::string method;
  std::string target;  // path and query as sent
  std::string path;    // as sent, without the query
  std::map<std::string, std::string>
      params;          // what ":id" or "*rest" of the route stood for, decoded
  NameValues query;    // decoded
  NameValues headers;  // names in lower case
  std::string body;
  std::vector<ApiPart> parts;  // of a multipart/form-data body; `body` is empty then

  // The first value of that query parameter, or nothing.
  std::optional<std::string> query_value(std::string_view name) const;
  // The number in that query parameter; `fallback` if it is missing or no number.
  std::int64_t query_number(std::string_view name, std::int64_t fallback) const;
  // The first header of that name (given in lower case), or nothing.
  std::optional<std::string> header(std::string_view name) const;
  // The first part of that name, or null.
  const ApiPart* part(std::string_view name) const;
  const std::string& param(const std::string& name) const { return params.at(name); }
};

struct ApiAnswer {
  int status = 200;
  std::string body;
  std::string type = "application/json; charset=utf-8";
  NameValues headers;
};

// JSON or plain text as an answer.
ApiAnswer json_answer(std::string body, int status = 200);
ApiAnswer text_answer(std::string body, int status = 200);

// Gives a 200 answer to a GET an ETag made of its body and, where the request's If-None-Match names
// it, turns it into a 304 without a body (RFC 9110, 13.1.2).
void add_etag(const ApiRequest& request, ApiAnswer& answer);

// The path's parameters if it fits the pattern (see ApiServer::route; both split at '/').
std::optional<std::map<std::string, std::string>> match_path(
    const std::vector<std::string>& pattern, const std::vector<std::string>& path);
// Names and values of "a=1&b=x%20y", decoded; '+' stands for a space.
NameValues parse_form(std::string_view text);
// True for headers and parameters whose value is a credential, by their name.
bool is_secret_name(std::string_view name);

}  // namespace probackup
