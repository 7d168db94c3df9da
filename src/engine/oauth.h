// What a connector says about signing in, with the user's settings put in.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "connector/request_model.h"
#include "probackup/connector.h"
#include "probackup/signin.h"

namespace probackup {

struct SignInOffer {
  OAuthApp app;  // without a client
  OAuthModel::Secret secret = OAuthModel::Secret::optional;
  std::vector<std::string> restore_scopes;  // besides those of `app`, to put records back
  bool client_credentials = false, service_account = false, by_app = false;
  std::string register_at;
};

// Nothing where the connector knows no sign-in. `settings`: those that are set; null or missing
// ones take their defaults. Throws Error for an address that is none.
std::optional<SignInOffer> sign_in_offer(const Connector& connector,
                                         const nlohmann::json& settings);
// Where tokens of an app's installation are made.
std::string app_token_url(const Connector& connector, const nlohmann::json& settings,
                          const std::string& installation);

}  // namespace probackup
