// Names of the ways to sign in.
#pragma once

#include "probackup/signin.h"

namespace probackup {

// "browser", "device", "client", "service_account" or "app".
const char* way_name(SignIn::Way way);

}  // namespace probackup
