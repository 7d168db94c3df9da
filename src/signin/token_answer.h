// What a token endpoint answers (RFC 6749, 5.1 and 5.2).
#pragma once

#include <optional>
#include <string>

#include "probackup/signin.h"

namespace probackup {

// An answer that is no token.
struct TokenRefusal {
  std::string code;    // "invalid_grant", "access_denied" …; "" where the answer is no JSON
  std::string reason;  // for people, without secrets
  int status = 0;
};

// Takes the token of a good answer over into `sign_in`: access token, a new refresh token if there
// is one, when they end, granted scopes. `now` is when the request was sent. Returns why it is
// none.
std::optional<TokenRefusal> take_token(const HttpResponse& response, Time now, SignIn& sign_in);

// For a 2xx or error answer of the device endpoint and the like: the parsed JSON's refusal.
TokenRefusal refusal_of(const HttpResponse& response);

}  // namespace probackup
