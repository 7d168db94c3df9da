// Steps whose things are made together, in another way, or with the help of other records.
#include <set>

#include "catch.h"
#include "rig.h"

using namespace probackup;
using namespace probackup::test;
using nlohmann::json;
using State = JournalEntry::State;

namespace {

json& step_of(json& file, std::size_t i) {
  return file["restore"]["steps"][i];
}

// Cards of which the server takes none; a comment takes their place.
json with_comments() {
  json file = notes_file();
  step_of(file, 1)["instead"] = json::parse(R"([
    {"if": "${status == 422}", "say": "its place", "post": "/comments",
     "body": {"text": "${record.text}"}, "confirm": {"get": "/comments", "where": "${found.text == record.text}"}},
    {"if": "${status == 410}", "say": "a card of a kind that is gone"}])");
  return file;
}

std::function<std::optional<HttpResponse>(const Asked&)> refuse_cards(int status) {
  return [status](const Asked& asked) -> std::optional<HttpResponse> {
    bool is_card = asked.request.method == "POST" && asked.path.ends_with("/cards");
    return is_card ? std::optional(reply("{}", status)) : std::nullopt;
  };
}

}  // namespace

TEST_CASE("Steps of a sequence make their things in one order") {
  json file = notes_file();
  json other = step_of(file, 1);
  step_of(file, 1)["sequence"] = "numbers";
  step_of(file, 1)["if"] = "${record.position > 2}";
  other["make"] = "small_cards";
  other["from"] = "cards";
  other["sequence"] = "numbers";
  other["if"] = "${record.position <= 2 || record.position == 4}";
  file["restore"]["steps"].push_back(other);
  RestoreRig rig(file);
  rig.add_board("old-board-1", 5);  // at the positions 5 to 1
  rig.run();
  std::vector<std::string> kinds;
  for (const auto& entry : rig.journal.entries)
    kinds.push_back(entry.kind + "/" + entry.old_id.back());
  CHECK(kinds == std::vector<std::string>{"boards/1", "small_cards/4", "small_cards/3", "cards/2",
                                          "cards/1", "small_cards/1", "cards/0"});
}

TEST_CASE("Nothing of a sequence is made behind a thing that may be there or not") {
  json file = notes_file();
  step_of(file, 1)["sequence"] = "numbers";
  RestoreRig rig(file);
  rig.add_board("old-board-1", 3);
  bool is_cut = true;
  rig.server.before = [&](const Asked& asked) -> std::optional<HttpResponse> {
    bool is_second = asked.path.ends_with("/cards") && rig.server.order.size() == 2;
    if (is_cut && is_second) throw NetworkError("cut", true);
    return std::nullopt;
  };
  CHECK_THROWS_WITH(rig.run(), ContainsSubstring("must wait"));
  CHECK(rig.server.things["cards"].size() == 1);
  is_cut = false;
  rig.run();
  CHECK(rig.server.things["cards"].size() == 3);
  CHECK(rig.server.order[3] == rig.entry("cards", "old-board-1-card-0").new_id);
}

TEST_CASE("What the app refuses is made in another way, by declaration") {
  RestoreRig rig(with_comments());
  rig.add_board("old-board-1", 2);
  rig.server.before = refuse_cards(422);
  rig.run();
  CHECK(rig.server.things["cards"].empty());
  CHECK(rig.server.things["comments"].size() == 2);
  const auto& entry = rig.entry("cards", "old-board-1-card-0");
  CHECK(entry.state == State::finished);
  CHECK(entry.notes == std::vector<std::string>{"without its place"});
  CHECK(entry.new_id.empty());
  rig.run();
  CHECK(rig.server.things["comments"].size() == 2);
}

TEST_CASE("What the app refuses for a declared reason is lost for it") {
  RestoreRig rig(with_comments());
  rig.add_board("old-board-1", 1);
  rig.server.before = refuse_cards(410);
  rig.run();
  const auto& entry = rig.entry("cards", "old-board-1-card-0");
  CHECK(entry.state == State::lost);
  CHECK(entry.notes == std::vector<std::string>{"a card of a kind that is gone"});
}

TEST_CASE("Another refusal is none that another create answers") {
  RestoreRig rig(with_comments());
  rig.add_board("old-board-1", 1);
  rig.server.before = refuse_cards(400);
  rig.run();
  CHECK(rig.entry("cards", "old-board-1-card-0").state == State::failed);
}

TEST_CASE("The other create is not sent twice when its answer is lost") {
  RestoreRig rig(with_comments());
  rig.add_board("old-board-1", 2);
  rig.server.before = refuse_cards(422);
  unsigned lost = 0;
  rig.server.after_create = [&](HttpResponse answer) -> HttpResponse {
    if (answer.body.find("new-comments") != std::string::npos && ++lost == 1)
      throw NetworkError("cut", true);
    return answer;
  };
  rig.run();
  CHECK(lost == 2);
  CHECK(rig.server.things["comments"].size() == 2);
  CHECK(rig.entry("cards", "old-board-1-card-0").state == State::finished);
}

TEST_CASE("What is known beforehand is made in the other way at once, and stands in the plan") {
  json file = with_comments();
  step_of(file, 1)["instead"][0]["if"] = "${record.closed || status == 422}";
  step_of(file, 1)["instead"][1]["if"] = "${record.position == 1}";
  RestoreRig rig(file);
  rig.add_board("old-board-1", 5);  // those with odd numbers are closed, the last is at position 1
  auto plan = rig.engine().plan();
  REQUIRE(plan.losses.size() == 2);
  CHECK(plan.losses[0].reason == "a card of a kind that is gone");
  CHECK(plan.losses[1].reason == "without its place");
  CHECK(plan.losses[1].items == 2);
  rig.run();
  CHECK(rig.server.things["comments"].size() == 2);
  CHECK(rig.server.things["cards"].size() == 2);
  CHECK(rig.entry("cards", "old-board-1-card-4").state == State::lost);
}

TEST_CASE("A record of another stream stands beside the step's own") {
  json file = notes_file();
  step_of(file, 1)["beside"] = {{"its_board", {{"stream", "boards"}, {"id", "${parent_key}"}}},
                                {"nothing", {{"stream", "boards"}, {"id", "none"}}}};
  step_of(file, 1)["body"]["name"] = "${its_board.name}: ${nothing.name ?: 'nothing'}";
  RestoreRig rig(file);
  rig.add_board("old-board-1", 1);
  rig.run();
  CHECK(rig.made("cards", "old-board-1-card-0")["name"] == "Board old-board-1: nothing");
}

TEST_CASE("What a broken create left behind is removed before the next") {
  json file = notes_file();
  step_of(file, 1)["confirm"]["where"] = "${found.name == record.name && found.whole}";
  step_of(file, 1)["leftover"] = {{"get", "/boards/${parent_key | ref('boards')}/cards"},
                                  {"where", "${!found.whole}"},
                                  {"remove", {{"delete", "/cards/${found.id}"}}}};
  RestoreRig rig(file);
  rig.add_board("old-board-1", 1);
  bool breaks = true;
  rig.server.after_create = [&](HttpResponse answer) {
    json thing = json::parse(answer.body);
    if (!thing.contains("board")) return answer;
    const bool was_broken = breaks;
    breaks = false;
    rig.server.things["cards"][thing["id"]]["whole"] = !was_broken;
    return was_broken ? reply("{}", 502) : answer;
  };
  rig.run();
  REQUIRE(rig.server.things["cards"].size() == 1);
  CHECK(rig.server.things["cards"].begin()->second["whole"] == true);
  CHECK(rig.entry("cards", "old-board-1-card-0").state == State::finished);
}

TEST_CASE("A thing that is still there has its other names, too") {
  json file = notes_file();
  step_of(file, 0)["also"] = {{{"map", "board_names"}, {"new", "${body.name}"}}};
  step_of(file, 0)["exists"] = {{"get", "/boards/${old_id}"}};
  step_of(file, 1)["body"]["name"] = "${parent_key | ref('board_names')}";
  RestoreRig rig(file);
  rig.options.same_account = true;
  rig.add_board("old-board-1", 1);
  rig.server.things["boards"]["old-board-1"] = {{"id", "old-board-1"}, {"name", "Renamed"}};
  rig.source.chosen = {"cards/old-board-1-card-0"};
  rig.run();
  CHECK(rig.made("cards", "old-board-1-card-0")["name"] == "Renamed");
  CHECK(rig.server.things["boards"].size() == 1);
}

TEST_CASE("A restore has a name of its own for ids that it chooses") {
  json file = notes_file();
  step_of(file, 0)["body"]["name"] = "${uuid(options.restore + old_id)}";
  std::set<std::string> names;
  for (const char* id : {"one", "other"}) {
    RestoreRig rig(file);
    rig.options.id = id;
    rig.add_board("old-board-1", 0);
    rig.run();
    names.insert(rig.made("boards", "old-board-1")["name"]);
  }
  CHECK(names.size() == 2);
}

TEST_CASE("A thing whose git data is not taken is lost, and tried again") {
  json file = notes_file();
  step_of(file, 0)["put"] = "/boards/x";
  for (const char* key : {"post", "new_id", "new_url", "confirm", "remove"})
    step_of(file, 0).erase(key);
  file["restore"]["steps"].erase(1);
  step_of(file, 0)["git"] = {{{"id", "${record.name}"},
                              {"url", "https://api.notes.example/x.git"},
                              {"replace", true},
                              {"lost", "it needs a first page"}}};
  RestoreRig rig(file);
  rig.add_board("old-board-1", 0);
  rig.server.things["boards"]["x"] = json::object();
  rig.source.refuses_git = true;
  rig.run();
  const auto& entry = rig.entry("boards", "old-board-1");
  CHECK(entry.state == State::lost);
  CHECK(entry.notes[0].find("it needs a first page (") == 0);
  rig.source.refuses_git = false;
  rig.run();
  CHECK(rig.entry("boards", "old-board-1").state == State::finished);
  REQUIRE(rig.source.pushed.size() == 1);
  CHECK(rig.source.pushed[0].replace);
}
