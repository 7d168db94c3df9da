// Device codes against a server after RFC 8628.
#include "catch.h"
#include "signin_world.h"

using namespace probackup;

namespace {

SignIn by_device(SignInWorld& world, DeviceCode* shown = nullptr) {
  return sign_in_device(world.app(),
                        [&](const DeviceCode& code) {
                          if (shown) *shown = code;
                        },
                        *world.http, world.clock, {});
}

}  // namespace

TEST_CASE("A device code signs in once the user has entered it") {
  SignInWorld world;
  OAuthConduct conduct;
  conduct.pending_polls = 3;
  world.server.behave(conduct);
  DeviceCode shown;
  SignIn got = by_device(world, &shown);
  CHECK(shown.user_code.starts_with("WDJB-"));
  CHECK(shown.url == world.server.origin() + "/device");
  CHECK(!got.access_token.empty());
  CHECK(got.renewable());
  CHECK(world.clock.seconds() == 20);  // four polls, five seconds apart
  CHECK(world.server.counts().early_polls == 0);
}

TEST_CASE("slow_down makes the polls rarer for good") {
  SignInWorld world;
  OAuthConduct conduct;
  conduct.slow_downs = 2;
  conduct.pending_polls = 2;
  world.server.behave(conduct);
  by_device(world);
  CHECK(world.clock.seconds() == 5 + 10 + 15 * 3);
  CHECK(world.server.counts().early_polls == 0);
}

TEST_CASE("A device code that nobody enters expires") {
  SignInWorld world;
  OAuthConduct conduct;
  conduct.pending_polls = 1'000'000;
  conduct.device_lifetime = 60;
  world.server.behave(conduct);
  DeviceCode shown;
  std::string message = message_of([&] { by_device(world, &shown); });
  CHECK(message == "Tiny: the code " + shown.user_code + " has expired before anybody entered it");
  CHECK(world.clock.seconds() <= 65);
}

TEST_CASE("A user who says no to a device code ends the sign-in") {
  SignInWorld world;
  OAuthConduct conduct;
  conduct.consent = "deny";
  world.server.behave(conduct);
  CHECK(message_of([&] { by_device(world); }) == "Tiny: the sign-in was cancelled in the browser");
}

TEST_CASE("Maintenance while a device code waits is waited out") {
  SignInWorld world;
  OAuthConduct conduct;
  conduct.maintenance = 6;
  conduct.maintenance_status = 502;
  world.server.behave(conduct);
  CHECK(!by_device(world).access_token.empty());
}

TEST_CASE("An app without the device flow says so") {
  SignInWorld world;
  OAuthApp app = world.app();
  app.client_id = "nobody";
  std::string message = message_of(
      [&] { sign_in_device(app, [](const DeviceCode&) {}, *world.http, world.clock, {}); });
  CHECK(message == "Tiny: cannot begin the sign-in with a device code: invalid_client");
}
