// Access tokens that are bought with a key instead of a user: service accounts and app keys.
#pragma once

#include <stop_token>

#include "probackup/signin.h"

namespace probackup {

// Asks for a new token by `sign_in.key`. Throws Error, SignInEnded where the key is refused.
void renew_by_key(SignIn& sign_in, Http& http, Clock& clock, std::stop_token stop);

}  // namespace probackup
