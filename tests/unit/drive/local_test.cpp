// The copy in a local folder.
#include <cstdlib>

#include "../export/board_account.h"
#include "catch.h"
#include "memory_drive.h"
#include "util/file.h"

using namespace probackup;
using namespace probackup::test;

TEST_CASE("look", "[.]") {
  MemorySource source = board_account();
  auto target = local_drive(std::getenv("LOOK"));
  MemoryOfDrive memory;
  DriveOptions options;
  options.folders = {"workspaces", "boards"};
  DriveInput input{source,
                   [](const auto& each) {
                     each({"cards", "old", "lists", "5f03ab000000000000000001", "An old card", "https://x.example/c/1",
                           Time(std::chrono::seconds(1'716'000'000)), Time(std::chrono::seconds(1'717'000'000)),
                           "1a2b3c4d"});
                   },
                   [](const ExportFile&) { return true; }};
  auto report = sync_drive(input, *target, memory, options, {});
  CHECK(report.created > 0);
  auto second = sync_drive(input, *target, memory, options, {});
  CHECK(second.created + second.updated == 0);
}
