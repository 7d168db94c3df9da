// Restores into the account that the snapshot was made of.
#include "catch.h"
#include "rig.h"

using namespace probackup;
using namespace probackup::test;
using nlohmann::json;
using State = JournalEntry::State;

namespace {

// The originals are in the app, but for those that were deleted.
struct SameRig : RestoreRig {
  explicit SameRig(const json& file = with_exists()) : RestoreRig(file) {
    options.same_account = true;
    add_board("old-board-1", 2);
    add("boards", source.streams["boards"][0]);
    for (const auto& card : source.streams["cards"]) add("cards", card);
  }
  static json with_exists() {
    json file = notes_file();
    for (int i : {0, 1}) {
      auto& step = file["restore"]["steps"][static_cast<std::size_t>(i)];
      std::string kind = step["make"];
      step["exists"] = {{"get", "/" + kind + "/${old_id}"}, {"where", "${!body.closed}"}};
      step["update"] = {{"put", "/" + kind + "/${new.id}"}, {"body", {{"name", "${record.name}"}}}};
    }
    return file;
  }
  void add(const std::string& kind, const RestoreRecord& record) {
    server.things[kind][record.key] = json::parse(record.raw);
    server.things[kind][record.key]["closed"] = false;
    server.order.push_back(record.key);
  }
};

}  // namespace

TEST_CASE("A deleted card goes back to its board, which is still there") {
  SameRig rig;
  rig.server.things["cards"].erase("old-board-1-card-0");
  rig.source.chosen = {"cards/old-board-1-card-0"};
  rig.run();
  CHECK(rig.server.things["boards"].size() == 1);
  CHECK(rig.made("cards", "old-board-1-card-0")["board"] == "old-board-1");
}

TEST_CASE("A card does not go to a board that is closed") {
  SameRig rig;
  rig.server.things["boards"]["old-board-1"]["closed"] = true;
  rig.source.chosen = {"cards/old-board-1-card-0"};
  rig.run();
  CHECK(rig.entry("cards", "old-board-1-card-0").state == State::lost);
}

TEST_CASE("A copy of a whole board never touches the original") {
  SameRig rig;
  auto before = rig.server.things;
  rig.run();
  for (const auto& [kind, things] : before)
    for (const auto& [id, thing] : things) CHECK(rig.server.things[kind][id] == thing);
  CHECK(rig.server.things["boards"].size() == 2);
  CHECK(rig.server.things["cards"].size() == 4);
  CHECK(rig.made("cards", "old-board-1-card-0")["board"] != "old-board-1");
}

TEST_CASE("A lost answer of a copy is not taken for the original of the same name") {
  SameRig rig;
  bool broken = false;
  rig.server.after_create = [&](HttpResponse answer) {
    if (std::exchange(broken, true)) return answer;
    throw NetworkError("cut", true);
  };
  rig.run();
  CHECK(rig.server.things["boards"].size() == 2);
  CHECK(rig.entry("boards", "old-board-1").new_id != "old-board-1");
  CHECK(rig.server.things["cards"].size() == 4);
}

TEST_CASE("skip keeps what is still there, and makes what is not") {
  SameRig rig;
  rig.options.conflict = Conflict::skip;
  rig.server.things["cards"].erase("old-board-1-card-1");
  rig.server.things["cards"]["old-board-1-card-0"]["name"] = "Renamed since";
  rig.run();
  CHECK(rig.server.things["boards"].size() == 1);
  CHECK(rig.server.things["cards"].size() == 2);
  CHECK(rig.server.things["cards"]["old-board-1-card-0"]["name"] == "Renamed since");
  CHECK(rig.entry("cards", "old-board-1-card-0").adopted);
  CHECK(rig.made("cards", "old-board-1-card-1")["board"] == "old-board-1");
}

TEST_CASE("replace gives what is still there the snapshot's values") {
  SameRig rig;
  rig.options.conflict = Conflict::replace;
  rig.server.things["cards"]["old-board-1-card-0"]["name"] = "Renamed since";
  rig.run();
  CHECK(rig.server.things["cards"].size() == 2);
  CHECK(rig.server.things["cards"]["old-board-1-card-0"]["name"] == "Card");
}

TEST_CASE("A parent that the user names is taken") {
  RestoreRig rig;
  rig.add_board("old-board-1", 1);
  rig.server.things["boards"]["mine"] = {{"id", "mine"}, {"name", "Mine"}};
  rig.source.chosen = {"cards/old-board-1-card-0"};
  rig.options.known = {{"boards/old-board-1", "mine"}};
  rig.run();
  CHECK(rig.made("cards", "old-board-1-card-0")["board"] == "mine");
  rig.options.known = {{"bords/old-board-1", "mine"}};
  CHECK_THROWS_WITH(rig.engine(), ContainsSubstring("did you mean boards"));
}

TEST_CASE("What belongs to a card that is kept is not made again") {
  for (const Conflict conflict : {Conflict::skip, Conflict::replace}) {
    json file = SameRig::with_exists();
    file["restore"]["steps"].push_back(json::parse(R"({
      "make": "marks", "from": "cards", "each": "${record.owners}", "id": "${key}/${item}",
      "parents": [{"of": "cards", "id": "${key}"}],
      "post": "/marks", "body": {"card": "${key | ref('cards')}"}, "new_id": "${body.id}"})"));
    SameRig rig(file);
    rig.options.conflict = conflict;
    rig.server.things["cards"].erase("old-board-1-card-0");
    rig.run();
    // Of the card that was made anew alone.
    REQUIRE(rig.server.things["marks"].size() == 1);
    CHECK(rig.server.things["marks"].begin()->second["card"] ==
          rig.entry("cards", "old-board-1-card-0").new_id);
    CHECK(rig.entry("marks", "old-board-1-card-1/old-person-1").adopted);
  }
}
