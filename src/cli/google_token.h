// The bearer token that Google is asked with.
#pragma once

#include <functional>
#include <string>

#include "cli/session.h"
#include "probackup/drive.h"

namespace probackup {

// Gives a token; `renew`: another one, because Google refused the last. From
// PROBACKUP_GOOGLE_TOKEN, from the command in PROBACKUP_GOOGLE_TOKEN_COMMAND, which is run again
// where a token has ended, or else from the sign-in of `auth login google`. Throws Error(usage)
// when there is none of them. `session` must outlive it.
std::function<std::string(bool renew)> google_token(Session& session);

// Google's address, or that of a test server (PROBACKUP_GOOGLE_BASE_URL).
std::string google_address();

}  // namespace probackup
