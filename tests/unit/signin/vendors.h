// What the vendors document of their OAuth servers, for tests of the connectors' `auth.oauth`.
#pragma once

#include <string>
#include <vector>

#include "fake/oauth_server.h"

namespace probackup {

struct Vendor {
  std::string app;
  std::string settings = "{}";                   // JSON, as of `auth login --set`
  std::string authorize, token, device = "";     // addresses, with these settings
  std::string redirect;                          // what the user registers
  std::string scopes = "", restore_scopes = "";  // as the parameter has them; the latter besides
  bool scopes_at_client = false;  // chosen where the client is registered, not asked for
  OAuthRules rules;               // all but paths, redirect and scope
  int lifetime = 0;               // seconds of an access token; 0: no end
  bool gives_refresh = true, rotates = true;  // rotates: a refresh token is good once
};

std::vector<Vendor> vendors();

}  // namespace probackup
