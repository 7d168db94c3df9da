// Credentials as they go onto requests.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connector/model.h"
#include "probackup/http.h"

namespace probackup {

struct Credentials {
  Headers headers;
  std::vector<std::pair<std::string, std::string>> query;
  // What git sends over https instead; "" when there are no credentials.
  std::string git_authorization;
};

// The credentials of one variant; none when its `when` does not hold. Throws as below.
Credentials make_credentials(const AuthModel& auth, const ConnectorModel& model,
                             const Scope& scope);

// Of a user who signed in. Nothing in `oauth`: the defaults of `auth.oauth`.
Credentials sign_in_credentials(const std::string& token, const std::optional<OAuthModel>& oauth);
// What stands before the token in `Authorization`: "Bearer ", or "".
std::string token_prefix(const std::optional<OAuthModel>& oauth);

// The first variant whose `when` holds. Every value is made known to redact(). Throws Error(usage)
// when no variant holds, or when the values that the chosen one needs are not set.
Credentials make_credentials(const ConnectorModel& model, const Scope& scope);

}  // namespace probackup
