// Requests: from the connector's templates to what goes onto the wire.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/context.h"

namespace probackup {

// A request that pages and times can still be put into.
struct RequestParts {
  std::string method;
  std::string url;                                         // absolute, encoded
  std::vector<std::pair<std::string, std::string>> query;  // not yet encoded
  Headers headers;
  std::optional<nlohmann::json> body;
  std::string graphql;
  nlohmann::json vars = nlohmann::json::object();
  bool with_auth = true;
};

// Evaluates the templates. Throws Error for one that does not make a URL, or one that would leave
// the API's path by "..".
RequestParts render_request(const RequestModel& model, const RunContext& context,
                            const Scope& scope);
// A template's text as an absolute URL: one below the base, or as it is. Throws like
// render_request.
std::string absolute_url(const std::string& text, const RunContext& context);
// Puts a value into the place that the connector names; it replaces what is there.
void put_value(RequestParts& parts, PageModel::Into into, const std::string& name,
               const nlohmann::json& value);
void set_query(RequestParts& parts, const std::string& name, const std::string& value);

// What names the request among all of a connector, without credentials.
std::string request_name(const RequestParts& parts);
// Adds the connector's headers and the credentials, where the host may have them.
HttpRequest finish_request(const RequestParts& parts, const RunContext& context);

// Replaces the credentials of a finished request; one without them stays without.
void change_credentials(HttpRequest& request, const Credentials& from, const Credentials& to);

// What git sends to the app's own hosts; nothing where the user gave no credentials. Throws Error.
std::string git_authorization(const GitModel& model, const RunContext& context, const Scope& names);

// Strings as they are, null as "", the rest as JSON.
std::string json_text(const nlohmann::json& value);

}  // namespace probackup
