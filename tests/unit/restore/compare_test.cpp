// What a drill finds equal, and what it does not.
#include "catch.h"
#include "rig.h"

using namespace probackup;
using namespace probackup::test;
using nlohmann::json;

namespace {

struct DrillRig : RestoreRig {
  explicit DrillRig(const json& file = notes_file()) : RestoreRig(file) {
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

TEST_CASE("What the app adds to a text by itself is taken off before the texts are compared") {
  json file = notes_file();
  file["restore"]["steps"][1]["compare"]["seen"] = {
      {"text", "${replace(record.text, ' (seen)', '')}"}};
  DrillRig rig(file);
  for (auto& [id, card] : rig.server.things["cards"])
    card["text"] = card["text"].get<std::string>() + " (seen)";
  CHECK(rig.differences().empty());
  rig.server.things["cards"].begin()->second["text"] = "other (seen)";
  auto differences = rig.differences();
  REQUIRE(differences.size() == 1);
  CHECK(differences[0].got == "\"other\"");
}

TEST_CASE("The content of an attachment that is a record is compared under its new id") {
  json file = notes_file();
  file["streams"]["files"] =
      json::parse(R"({"each": "cards", "get": "/cards/${parent.id}/files"})");
  file["restore"]["steps"].push_back(json::parse(R"({
    "make": "files", "post": "/files", "multipart": {"file": {"file": "${record.id}"}},
    "new_id": "${body.id}", "repeatable": true,
    "compare": {"ignore": ["sent", "url"]}})"));
  RestoreRig rig(file);
  rig.add_board("old-board-1", 1);
  rig.source.streams["files"].push_back(record("old-file-1", json::object()));
  rig.source.files["files/old-file-1/old-file-1"] = {"a.txt", "content"};
  rig.run();
  const std::string made = rig.entry("files", "old-file-1").new_id;
  for (const std::string bytes : {"content", "garbage"}) {
    MemorySource back;
    for (const auto& [kind, things] : rig.server.things)
      for (const auto& [id, thing] : things)
        back.streams[kind].push_back({id, "", "", "", thing.dump()});
    back.files["files/" + made + "/" + made] = {"a.txt", bytes};
    std::vector<RestoreDifference> out;
    auto result = rig.engine().compare(
        back, [&](const RestoreDifference& difference) { out.push_back(difference); });
    CAPTURE(bytes);
    CHECK(result.compared == 4);
    CHECK(out.size() == (bytes == "content" ? 0u : 1u));
  }
}

TEST_CASE("What a look-up tells the new id of is compared, too") {
  json file = notes_file();
  json& step = file["restore"]["steps"][1];
  for (const char* key : {"new_id", "order"}) step.erase(key);
  step["learn_id"] = true;
  step["confirm"]["where"] = "${found.text == note + ' ' + relink(record.text)}";
  DrillRig rig(file);
  CHECK(rig.differences().empty());
  CHECK(rig.comparison.compared == 4);
  rig.server.things["cards"].begin()->second["name"] = "Other";
  CHECK(rig.differences().size() == 1);
}

TEST_CASE("Elements of lists that the app computes are left out on both sides") {
  json file = notes_file();
  file["restore"]["steps"][1]["compare"]["skip"] = {{"values", "${item.computed}"}};
  DrillRig rig(file);
  const auto value = [](const std::string& text, bool is_computed) {
    return json{{"text", text}, {"computed", is_computed}};
  };
  json card = json::parse(rig.source.streams["cards"][0].raw);
  card["values"] = {value("a", false), value("old sum", true)};
  rig.source.streams["cards"][0].raw = card.dump();
  const std::string id = rig.entry("cards", "old-board-1-card-0").new_id;
  auto& restored = rig.server.things["cards"][id];
  restored["values"] = {value("new sum", true), value("other", true), value("a", false)};
  CHECK(rig.differences().empty());
  restored["values"][2]["text"] = "b";
  REQUIRE(rig.differences().size() == 1);
  CHECK(rig.differences()[0].path == "values[0].text");
}
