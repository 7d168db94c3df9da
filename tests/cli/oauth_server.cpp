// The test authorization server as a program: prints its address, obeys POST /control, and ends
// with its standard input.
#include <nlohmann/json.hpp>

#include <iostream>

#include "fake/oauth_server.h"

using namespace probackup;
using nlohmann::json;

namespace {

void change(OAuthServer& server, const json& wish) {
  OAuthConduct conduct = server.conduct();
  conduct.consent = wish.value("consent", conduct.consent);
  conduct.rotate = wish.value("rotate", conduct.rotate);
  conduct.gives_refresh = wish.value("gives_refresh", conduct.gives_refresh);
  conduct.lifetime = wish.value("lifetime", conduct.lifetime);
  conduct.maintenance = wish.value("maintenance", conduct.maintenance);
  conduct.granted_scopes = wish.value("granted_scopes", conduct.granted_scopes);
  conduct.device_interval = wish.value("device_interval", conduct.device_interval);
  conduct.pending_polls = wish.value("pending_polls", conduct.pending_polls);
  server.behave(conduct);
  if (wish.value("revoke", false)) server.revoke_all();
  if (wish.value("drop", false)) server.drop_tokens();
}

}  // namespace

int main() {
  std::string key = make_rsa_key();
  OAuthServer server(system_clock(), key);
  server.server().route("POST", "/control", [&](const ApiRequest& request) {
    change(server, json::parse(request.body));
    auto counts = server.counts();
    return json_answer(json({{"codes", counts.codes},
                             {"refreshes", counts.refreshes},
                             {"refused_refreshes", counts.refused_refreshes},
                             {"refused_calls", counts.refused_calls},
                             {"keys", counts.keys}})
                           .dump());
  });
  std::cout << json({{"origin", server.origin()}, {"key", key}}).dump() << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
  }
}
