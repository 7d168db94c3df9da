// What a drill finds equal, and what it does not.
#include "catch.h"
#include "rig.h"

using namespace probackup;
using namespace probackup::test;
using nlohmann::json;

namespace {

struct DrillRig : RestoreRig {
  DrillRig() {
    add_board("old-board-1", 3);
    json card = json::parse(source.streams["cards"][2].raw);
    card["text"] = "see https://notes.example/old-board-1-card-1";
    source.streams["cards"][2].raw = card.dump();
    run();
  }
  // The app as a backup of it would be.
  std::vector<RestoreDifference> differences() {
    MemorySource back;
    for (const auto& [kind, things] : server.things)
      for (const auto& [id, thing] : things)
        back.streams[kind].push_back({id, "", "", "", thing.dump()});
    std::vector<RestoreDifference> out;
    comparison = engine().compare(
        back, [&](const RestoreDifference& difference) { out.push_back(difference); });
    return out;
  }
  RestoreEngine::Comparison comparison;
};

}  // namespace

TEST_CASE("What was restored is equal under what the connector declares") {
  DrillRig rig;
  auto differences = rig.differences();
  for (const auto& difference : differences)
    UNSCOPED_INFO(difference.kind << " " << difference.path << ": " << difference.expected << " / "
                                  << difference.got);
  CHECK(differences.empty());
  CHECK(rig.comparison.compared == 4);
  CHECK(rig.comparison.equal == 4);
}

TEST_CASE("A value that came out wrong is found, and so is a record that is not there") {
  DrillRig rig;
  const std::string first = rig.entry("cards", "old-board-1-card-0").new_id;
  const std::string second = rig.entry("cards", "old-board-1-card-1").new_id;
  rig.server.things["cards"][first]["name"] = "Other";
  rig.server.things["cards"].erase(second);
  auto differences = rig.differences();
  REQUIRE(differences.size() == 2);
  CHECK(differences[0].path.empty());
  CHECK(differences[0].new_id == second);
  CHECK(differences[1].path == "name");
  CHECK(differences[1].expected == "\"Card\"");
  CHECK(differences[1].got == "\"Other\"");
  CHECK(rig.comparison.compared == 4);
  CHECK(rig.comparison.equal == 2);
}

TEST_CASE("A member that the connector does not declare is not passed over") {
  DrillRig rig;
  json card = json::parse(rig.source.streams["cards"][0].raw);
  card["estimate"] = 5;
  rig.source.streams["cards"][0].raw = card.dump();
  auto differences = rig.differences();
  REQUIRE(differences.size() == 1);
  CHECK(differences[0].path == "estimate");
  CHECK(differences[0].got == "null");
}
