// A short run of the simulated worlds; `simulate` is the long one.
#include <cstdlib>

#include "catch.h"
#include "simulation/world.h"
#include "util/log.h"

using namespace probackup;
using namespace probackup::simulation;

TEST_CASE("two forgets that meet while one of them sleeps are no failure") {
  set_log_level(LogLevel::error);
  World world(22598);
  REQUIRE_NOTHROW(world.run(12));
}

TEST_CASE("in faulty worlds no finished snapshot is ever lost") {
  set_log_level(LogLevel::error);
  const char* given = std::getenv("PROBACKUP_SIMULATED_WORLDS");
  std::uint64_t worlds = given ? std::strtoull(given, nullptr, 10) : 60;
  Tally total;
  for (std::uint64_t seed = 1; seed <= worlds; ++seed) {
    World world(seed);
    REQUIRE_NOTHROW(world.run(12));
    total += world.tally();
  }
  // The worlds are bad enough to prove something, and good enough to get somewhere.
  CHECK(total.kills > worlds / 4);
  CHECK(total.finished > 4 * worlds);
  CHECK(total.refused > 0);
}
