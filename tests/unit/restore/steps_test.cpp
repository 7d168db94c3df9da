// What the steps of a restore section make.
#include "catch.h"
#include "rig.h"
#include "util/bytes.h"

using namespace probackup;
using namespace probackup::test;
using nlohmann::json;
using State = JournalEntry::State;

TEST_CASE("Things are made in order, with new ids, people, notes and closed state") {
  RestoreRig rig;
  rig.add_board("old-board-1", 3);
  rig.run();
  CHECK(rig.server.things["boards"].size() == 1);
  REQUIRE(rig.server.order.size() == 4);
  CHECK(rig.server.order[0] == rig.entry("boards", "old-board-1").new_id);
  // By position: the last card of the snapshot comes first.
  CHECK(rig.server.order[1] == rig.entry("cards", "old-board-1-card-2").new_id);
  CHECK(rig.server.order[3] == rig.entry("cards", "old-board-1-card-0").new_id);
  const json& card = rig.made("cards", "old-board-1-card-1");
  CHECK(card["board"] == rig.entry("boards", "old-board-1").new_id);
  CHECK(card["owners"] == json{"new-person-7"});
  CHECK(card["text"] == "[by Ada] text 1");
  CHECK(card["closed"] == true);
  CHECK(rig.made("cards", "old-board-1-card-0")["closed"] == false);
  for (const auto& entry : rig.journal.entries) CHECK(entry.state == State::finished);
}

TEST_CASE("A second run of the same restore sends no create") {
  RestoreRig rig;
  rig.add_board("old-board-1", 3);
  rig.run();
  auto things = rig.server.things;
  rig.http.forget();
  rig.run();
  CHECK(rig.server.things == things);
  CHECK(rig.http.urls().empty());
}

TEST_CASE("Links to things that are made later are set when they are there") {
  RestoreRig rig;
  rig.add_board("old-board-1", 2);
  json first = json::parse(rig.source.streams["cards"][1].raw);
  first["text"] =
      "see https://notes.example/old-board-1-card-0, https://notes.example/old-board-1 and "
      "https://elsewhere.example/old-board-1-card-0";
  rig.source.streams["cards"][1].raw = first.dump();
  rig.run();
  std::string later = rig.entry("cards", "old-board-1-card-0").new_url;
  std::string board = rig.entry("boards", "old-board-1").new_url;
  REQUIRE(!later.empty());
  CHECK(rig.made("cards", "old-board-1-card-1")["text"] ==
        "[by Ada] see " + later + ", " + board +
            " and https://elsewhere.example/old-board-1-card-0");
}

TEST_CASE("The rest of an address stays behind a known one") {
  RestoreRig rig;
  rig.add_board("old-board-1", 1);
  json card = json::parse(rig.source.streams["cards"][0].raw);
  card["text"] = "(https://notes.example/old-board-1/activity?x=1#top)";
  rig.source.streams["cards"][0].raw = card.dump();
  rig.run();
  CHECK(rig.made("cards", "old-board-1-card-0")["text"] ==
        "[by Ada] (" + rig.entry("boards", "old-board-1").new_url + "/activity?x=1#top)");
}

TEST_CASE("People who are not in the target are left out and said") {
  RestoreRig rig;
  rig.add_board("old-board-1", 1);
  json card = json::parse(rig.source.streams["cards"][0].raw);
  card["owners"] = {"old-person-2", "old-person-1"};
  rig.source.streams["cards"][0].raw = card.dump();
  rig.run();
  CHECK(rig.made("cards", "old-board-1-card-0")["owners"] == json{"new-person-7"});
  REQUIRE(rig.entry("cards", "old-board-1-card-0").notes.size() == 1);
  CHECK(rig.entry("cards", "old-board-1-card-0").notes[0] ==
        "without Bo, who is not among the people of the target");
}

TEST_CASE("A thing whose parent is not there is lost and says why") {
  RestoreRig rig;
  rig.add_board("old-board-1", 1);
  rig.source.chosen = {"cards/old-board-1-card-0"};
  auto plan = rig.engine().plan();
  REQUIRE(plan.losses.size() == 1);
  CHECK(plan.losses[0].items == 1);
  rig.run();
  const auto& entry = rig.entry("cards", "old-board-1-card-0");
  CHECK(entry.state == State::lost);
  CHECK(entry.notes[0].find("boards old-board-1, which it belongs to") == 0);
  CHECK(rig.server.order.empty());
}

TEST_CASE("A stand-in takes all things whose parent is not there") {
  json file = notes_file();
  file["restore"]["steps"][1]["parents"][0]["stand_in"] = {{"id", "all"},
                                                           {"post", "/boards"},
                                                           {"body", {{"name", "Restored items"}}},
                                                           {"new_id", "${body.id}"}};
  RestoreRig rig(file);
  rig.add_board("old-board-1", 3);
  rig.source.chosen = {"cards/old-board-1-card-0", "cards/old-board-1-card-2"};
  rig.run();
  REQUIRE(rig.server.things["boards"].size() == 1);
  CHECK(rig.server.things["boards"].begin()->second["name"] == "Restored items");
  CHECK(rig.server.things["cards"].size() == 2);
  CHECK(rig.entry("cards", "old-board-1-card-2").notes[0].find("put into a place") !=
        std::string::npos);
}

TEST_CASE("What goes into a stand-in waits while the app does not say whether it made one") {
  json file = notes_file();
  file["restore"]["steps"][1]["parents"][0]["stand_in"] = {
      {"id", "all"},
      {"post", "/boards"},
      {"body", {{"name", "Restored items"}}},
      {"new_id", "${body.id}"},
      {"find", {{"get", "/boards"}, {"where", "${true}"}}}};
  RestoreRig rig(file);
  rig.add_board("old-board-1", 1);
  rig.source.chosen = {"cards/old-board-1-card-0"};
  rig.server.before = [](const Asked& asked) -> std::optional<HttpResponse> {
    bool is_board = asked.request.method == "POST" && asked.path.ends_with("/boards");
    return is_board ? std::optional(reply("down", 503)) : std::nullopt;
  };
  rig.run();
  CHECK(rig.entry("cards", "old-board-1-card-0").state == JournalEntry::State::failed);
  CHECK(rig.entry("cards", "old-board-1-card-0").notes.empty());
  rig.server.before = {};
  rig.run();
  CHECK(rig.server.things["boards"].size() == 1);
  CHECK(rig.server.things["cards"].size() == 1);
}

TEST_CASE("A stand-in that is where things belong by declaration leaves none of them incomplete") {
  json file = notes_file();
  file["restore"]["steps"][1]["parents"][0]["stand_in"] = {{"id", "all"},
                                                           {"post", "/boards"},
                                                           {"body", {{"name", "Restored items"}}},
                                                           {"new_id", "${body.id}"},
                                                           {"say", "its own board"}};
  RestoreRig rig(file);
  rig.add_board("old-board-1", 1);
  rig.source.chosen = {"cards/old-board-1-card-0"};
  rig.run();
  CHECK(rig.entry("cards", "old-board-1-card-0").notes ==
        std::vector<std::string>{"without its own board"});
}

namespace {

// Each new board comes with a card of its own.
json claiming_file() {
  json file = notes_file();
  auto& step = file["restore"]["steps"][1];
  step["claim"] = {{"get", "/boards/${parent_key | ref('boards')}/cards"}, {"where", "${true}"}};
  step["then"] = json::parse(R"([{"if": "${body.text != note + ' ' + (record.text | relink)}",
    "put": "/cards/${new.id}",
    "body": {"name": "${record.name}", "text": "${note} ${record.text | relink}",
             "owners": "${record.owners | people}"}}])");
  return file;
}

void add_first_card(RestoreRig& rig, const std::string& board) {
  const std::string id = "own-card-of-" + board;
  if (!rig.server.things["cards"]
           .emplace(id, json{{"id", id}, {"board", board}, {"name", "First"}})
           .second)
    return;
  rig.server.order.push_back(id);
}

}  // namespace

TEST_CASE("What the app made by itself in a new parent is taken instead of a create") {
  RestoreRig rig(claiming_file());
  rig.add_board("old-board-1", 3);
  rig.add_board("old-board-2", 1);
  rig.server.after_create = [&](HttpResponse answer) {
    const std::string id = json::parse(answer.body)["id"];
    if (id.starts_with("new-boards")) add_first_card(rig, id);
    return answer;
  };
  rig.run();
  CHECK(rig.server.things["cards"].size() == 4);
  const json& first = rig.made("cards", "old-board-1-card-2");
  CHECK(first["id"] == "own-card-of-" + rig.entry("boards", "old-board-1").new_id);
  CHECK(first["text"] == "[by Ada] text 2");
  CHECK(first["name"] == "Card");
  CHECK_FALSE(rig.entry("cards", "old-board-1-card-2").adopted);
  for (const auto& entry : rig.journal.entries) CHECK(entry.state == State::finished);
}

TEST_CASE("A look-up whose condition does not hold is not asked") {
  json file = claiming_file();
  file["restore"]["steps"][1]["claim"]["if"] = "${record.position == 1}";
  RestoreRig rig(file);
  rig.add_board("old-board-1", 2);
  rig.server.after_create = [&](HttpResponse answer) {
    const std::string id = json::parse(answer.body)["id"];
    if (id.starts_with("new-boards")) add_first_card(rig, id);
    return answer;
  };
  rig.run();
  CHECK(rig.server.things["cards"].size() == 2);
  CHECK(rig.made("cards", "old-board-1-card-1")["name"] == "Card");
  CHECK(rig.entry("cards", "old-board-1-card-1").new_id.starts_with("own-card-of-"));
}

TEST_CASE("Requests before the create see what those in front of them gave") {
  json file = notes_file();
  file["restore"]["steps"][1]["before"] = json::parse(R"([
    {"as": "opened", "post": "/uploads", "body": {"name": "${record.name}"}, "give": "${body.id}"},
    {"as": "sent", "post": "/uploads", "body": {"of": "${opened[0]}"}, "give": "${body.of}"}])");
  file["restore"]["steps"][1]["body"]["upload"] = "${sent[0]}";
  RestoreRig rig(file);
  rig.add_board("old-board-1", 1);
  rig.run();
  const std::string upload = rig.made("cards", "old-board-1-card-0")["upload"];
  CHECK(rig.server.things["uploads"].at(upload)["name"] == "Card");
}

TEST_CASE("What stands in a parent that was there before is never taken over") {
  json file = claiming_file();
  file["restore"]["steps"][0]["find"] = {{"get", "/boards"},
                                         {"where", "${found.name == record.name}"}};
  RestoreRig rig(file);
  rig.add_board("old-board-1", 1);
  rig.server.things["boards"]["there"] = {{"id", "there"}, {"name", "Board old-board-1"}};
  rig.server.order.push_back("there");
  add_first_card(rig, "there");
  rig.run();
  CHECK(rig.server.things["cards"].size() == 2);
  CHECK(rig.server.things["cards"]["own-card-of-there"]["name"] == "First");
}

TEST_CASE("A restore that is killed while it takes a card over goes on and makes nothing twice") {
  for (std::uint64_t kill = 0; kill < 10; ++kill) {
    RestoreRig rig(claiming_file());
    rig.add_board("old-board-1", 2);
    rig.server.after_create = [&](HttpResponse answer) {
      const std::string id = json::parse(answer.body)["id"];
      if (id.starts_with("new-boards")) add_first_card(rig, id);
      return answer;
    };
    rig.journal.puts_left = kill;
    CHECK_THROWS_AS(rig.run(), Killed);
    rig.journal.puts_left = UINT64_MAX;
    rig.run();
    CAPTURE(kill);
    CHECK(rig.server.things["boards"].size() == 1);
    CHECK(rig.server.things["cards"].size() == 2);
    CHECK(rig.made("cards", "old-board-1-card-0")["text"] == "[by Ada] text 0");
    CHECK(rig.made("cards", "old-board-1-card-1")["text"] == "[by Ada] text 1");
  }
}

TEST_CASE("What is in the target already is taken where the connector looks for it") {
  json file = notes_file();
  file["restore"]["steps"][0]["find"] = {{"get", "/boards"},
                                         {"where", "${found.name == record.name}"}};
  RestoreRig rig(file);
  rig.add_board("old-board-1", 1);
  rig.server.things["boards"]["there"] = {{"id", "there"}, {"name", "Board old-board-1"}};
  rig.server.order.push_back("there");
  rig.run();
  CHECK(rig.server.things["boards"].size() == 1);
  CHECK(rig.entry("boards", "old-board-1").adopted);
  CHECK(rig.made("cards", "old-board-1-card-0")["board"] == "there");
  // Not ours to remove.
  rig.engine().remove_made({});
  CHECK(rig.server.things["boards"].contains("there"));
}

TEST_CASE("What is not chosen is found for the things that refer to it, and never made") {
  json file = notes_file();
  file["restore"]["steps"][0]["find"] = {{"get", "/boards"},
                                         {"where", "${found.name == record.name}"}};
  RestoreRig rig(file);
  rig.add_board("old-board-1", 1);
  rig.add_board("old-board-2", 1);
  rig.server.things["boards"]["there"] = {{"id", "there"}, {"name", "Board old-board-1"}};
  rig.server.order.push_back("there");
  rig.source.chosen = {"cards/old-board-1-card-0", "cards/old-board-2-card-0"};
  CHECK(rig.engine().plan().losses.empty());
  rig.run();
  CHECK(rig.server.things["boards"].size() == 1);
  CHECK(rig.made("cards", "old-board-1-card-0")["board"] == "there");
  CHECK(rig.entry("cards", "old-board-2-card-0").state == State::lost);
}

TEST_CASE("What cannot be made is found by name, or lost for the connector's reason") {
  json file = notes_file();
  auto& step = file["restore"]["steps"][0];
  for (const char* key : {"post", "body", "new_id", "confirm", "remove"}) step.erase(key);
  step["find"] = {{"get", "/boards"}, {"where", "${found.name == record.name}"}};
  step["missing"] = "an administrator has to make it";
  RestoreRig rig(file);
  rig.add_board("old-board-1", 1);
  rig.add_board("old-board-2", 1);
  rig.server.things["boards"]["there"] = {{"id", "there"}, {"name", "Board old-board-2"}};
  rig.server.order.push_back("there");
  rig.run();
  CHECK(rig.server.things["boards"].size() == 1);
  CHECK(rig.made("cards", "old-board-2-card-0")["board"] == "there");
  CHECK(rig.entry("boards", "old-board-1").notes ==
        std::vector<std::string>{"an administrator has to make it"});
  CHECK(rig.entry("cards", "old-board-1-card-0").state == State::lost);
}

TEST_CASE("Elements of a record's list are made with ids of their own") {
  json file = notes_file();
  file["restore"]["steps"].push_back(json::parse(R"({
    "make": "marks", "from": "cards", "each": ["${record.groups}", "${item.marks}"],
    "id": "${key}/${outer.name}/${item.id}", "if": "${item.id != 3}",
    "post": "/marks", "body": {"card": "${key | ref('cards')}", "group": "${outer.name}",
                               "id_was": "${item.id}"},
    "new_id": "${body.id}", "repeatable": true})"));
  RestoreRig rig(file);
  rig.add_board("old-board-1", 1);
  json card = json::parse(rig.source.streams["cards"][0].raw);
  card["groups"] = json::parse(
      R"([{"name":"a","marks":[{"id":1},{"id":2}]},{"name":"b","marks":[{"id":1},{"id":3}]}])");
  rig.source.streams["cards"][0].raw = card.dump();
  rig.run();
  REQUIRE(rig.server.things["marks"].size() == 3);
  const json& mark = rig.made("marks", "old-board-1-card-0/b/1");
  CHECK(mark["group"] == "b");
  CHECK(mark["id_was"] == 1);
  CHECK(mark["card"] == rig.entry("cards", "old-board-1-card-0").new_id);
}

TEST_CASE("Things wait for the one of their kind that they are below") {
  json file = notes_file();
  file["restore"]["steps"][1]["after"] = "${record.above}";
  file["restore"]["steps"][1]["body"]["above"] = "${record.above | ref('cards')}";
  RestoreRig rig(file);
  rig.add_board("old-board-1", 4);
  auto& cards = rig.source.streams["cards"];
  for (int i : {1, 2, 3}) {
    json card = json::parse(cards[static_cast<std::size_t>(i)].raw);
    card["above"] = "old-board-1-card-" + std::to_string(i - 1);
    cards[static_cast<std::size_t>(i)].raw = card.dump();
  }
  rig.run();
  for (int i : {1, 2, 3})
    CHECK(rig.made("cards", "old-board-1-card-" + std::to_string(i))["above"] ==
          rig.entry("cards", "old-board-1-card-" + std::to_string(i - 1)).new_id);
}

TEST_CASE("Attachments are sent as forms and as bodies") {
  json file = notes_file();
  file["restore"]["steps"].push_back(json::parse(R"({
    "make": "files", "from": "cards", "each": "${record.files}", "id": "${key}/${item.id}",
    "post": "/files", "multipart": {"card": "${key | ref('cards')}", "none": "${null}",
                                    "words": {"file": "${item.id}", "text": true},
                                    "file": {"file": "${item.id}", "type": "image/png"}},
    "new_id": "${body.id}", "repeatable": true})"));
  RestoreRig rig(file);
  rig.add_board("old-board-1", 1);
  json card = json::parse(rig.source.streams["cards"][0].raw);
  card["files"] = json::parse(R"([{"id":"f1"},{"id":"f2"}])");
  rig.source.streams["cards"][0].raw = card.dump();
  const std::string bytes = std::string(5000, 'x') + std::string(1, '\0') + "end";
  rig.source.files["cards/old-board-1-card-0/f1"] = {"a \"b\".png", bytes};
  rig.run();
  const std::string sent = rig.made("files", "old-board-1-card-0/f1")["sent"];
  CHECK(sent.find("name=\"file\"; filename=\"a %22b%22.png\"\r\nContent-Type: image/png\r\n\r\n" +
                  bytes + "\r\n--") != std::string::npos);
  CHECK(sent.find("name=\"card\"\r\n\r\n" + rig.entry("cards", "old-board-1-card-0").new_id) !=
        std::string::npos);
  CHECK(sent.find("name=\"words\"\r\n\r\n" + bytes + "\r\n--") != std::string::npos);
  CHECK(sent.find("none") == std::string::npos);
  const auto& missing = rig.entry("files", "old-board-1-card-0/f2");
  CHECK(missing.state == State::failed);
  CHECK(missing.notes[0] == "the snapshot does not hold its attachment f2");
}

TEST_CASE("Attachments are sent in JSON, too") {
  for (const std::string tail : {"", "e", "en"}) {
    json file = notes_file();
    file["restore"]["steps"].push_back(json::parse(R"({
      "make": "files", "from": "cards", "each": "${record.files}", "id": "${key}/${item.id}",
      "post": "/files", "base64": {"name": "${item.name}", "none": "${null}", "file": {"file": "${item.id}"}},
      "new_id": "${body.id}", "repeatable": true})"));
    RestoreRig rig(file);
    rig.add_board("old-board-1", 1);
    json card = json::parse(rig.source.streams["cards"][0].raw);
    card["files"] = json::parse(R"([{"id":"f1","name":"a \"b\""}])");
    rig.source.streams["cards"][0].raw = card.dump();
    const std::string bytes = std::string(5000, 'x') + std::string(1, '\0') + tail;
    rig.source.files["cards/old-board-1-card-0/f1"] = {"a", bytes};
    rig.run();
    const json made =
        json::parse(rig.made("files", "old-board-1-card-0/f1")["sent"].get<std::string>());
    CHECK(made["name"] == "a \"b\"");
    CHECK(from_base64(made["file"].get<std::string>()) == bytes);
    CHECK(!made.contains("none"));
  }
}

TEST_CASE("What each goes over may come from the record beside it") {
  json file = notes_file();
  file["restore"]["steps"].push_back(json::parse(R"({
    "make": "marks", "from": "cards", "beside": {"board": {"stream": "boards", "id": "${slice(key, 0, 11)}"}},
    "each": "${board.names}", "id": "${key}/${item}",
    "post": "/marks", "body": {"name": "${item}"}, "new_id": "${body.id}", "repeatable": true})"));
  RestoreRig rig(file);
  rig.add_board("old-board-1", 2);
  json board = json::parse(rig.source.streams["boards"][0].raw);
  board["names"] = {"a", "b"};
  rig.source.streams["boards"][0].raw = board.dump();
  rig.run();
  CHECK(rig.made("marks", "old-board-1-card-1/b")["name"] == "b");
}

TEST_CASE("A plan counts and sends nothing") {
  RestoreRig rig;
  rig.add_board("old-board-1", 4);
  auto plan = rig.engine().plan();
  CHECK(rig.http.urls().empty());
  CHECK(rig.journal.entries.empty());
  REQUIRE(plan.kinds.size() == 2);
  CHECK(plan.kinds[1].items == 4);
  CHECK(plan.kinds[1].calls == 6);  // two are closed afterwards
  CHECK(plan.calls == 7);
  CHECK(plan.lossy == std::vector<std::string>{"who wrote a card"});
}

TEST_CASE("What a thing lacks by declaration is planned and said") {
  json file = notes_file();
  file["restore"]["steps"][1]["without"] = {
      {{"if", "${record.owners && !options.notify}"}, {"say", "its owners"}}};
  RestoreRig rig(file);
  rig.add_board("old-board-1", 2);
  auto plan = rig.engine().plan();
  REQUIRE(plan.losses.size() == 1);
  CHECK(plan.losses[0].made);
  CHECK(plan.losses[0].items == 2);
  CHECK(plan.kinds[1].items == 2);
  rig.run();
  CHECK(rig.entry("cards", "old-board-1-card-0").notes ==
        std::vector<std::string>{"without its owners"});
  CHECK(rig.entry("cards", "old-board-1-card-0").state == State::finished);
}

TEST_CASE("A plan says how long the declared limits make it") {
  json file = notes_file();
  file["restore"]["limits"] = {{{"rate", "2/1m"}}};
  RestoreRig rig(file);
  rig.add_board("old-board-1", 4);
  CHECK(rig.engine().plan().duration == std::chrono::minutes(3));
  rig.run();
  CHECK(rig.clock.seconds() >= 180);
}

TEST_CASE("Git data is pushed with the credentials of the app's own host only") {
  json file = notes_file();
  file["restore"]["steps"][0]["git"] = {
      {{"id", "${record.name}"}, {"url", "https://api.notes.example/${new.id}.git"}},
      {{"id", "${record.name}.wiki"}, {"url", "https://elsewhere.example/${new.id}.git"}}};
  RestoreRig rig(file);
  rig.add_board("old-board-1", 0);
  rig.run();
  REQUIRE(rig.source.pushed.size() == 2);
  CHECK(rig.source.pushed[0].id == "Board old-board-1");
  CHECK(rig.source.pushed[0].url.find("/new-boards-1000.git") != std::string::npos);
  CHECK(!rig.source.pushed[0].authorization.empty());
  CHECK(rig.source.pushed[1].authorization.empty());
}

TEST_CASE("Removing takes what was made, and nothing else") {
  RestoreRig rig;
  rig.add_board("old-board-1", 1);
  rig.server.things["boards"]["there"] = {{"id", "there"}, {"name", "other"}};
  rig.run();
  CHECK(rig.engine().remove_made({}).empty());
  CHECK(rig.server.things["boards"].size() == 1);
  CHECK(rig.server.things["boards"].contains("there"));
  // Again: what is gone is no failure.
  CHECK(rig.engine().remove_made({}).empty());
}

TEST_CASE("Settings of the target are asked for by name") {
  json file = notes_file();
  file["restore"]["target"] = {{"team", {{"help", "Team to restore into"}}}};
  file["restore"]["steps"][0]["body"]["team"] = "${target.team}";
  RestoreRig rig(file);
  rig.add_board("old-board-1", 0);
  CHECK_THROWS_WITH(rig.run(), ContainsSubstring("team is not set"));
  rig.options.target = {{"team", "t1"}, {"teem", "t2"}};
  CHECK_THROWS_WITH(rig.run(), ContainsSubstring("no setting teem"));
  rig.options.target = {{"team", "t1"}};
  rig.run();
  CHECK(rig.made("boards", "old-board-1")["team"] == "t1");
}

TEST_CASE(
    "A stand-in that is there already is taken, also when the answer to its create was lost") {
  const bool is_there = GENERATE(true, false);
  json file = notes_file();
  file["restore"]["steps"][1]["parents"][0]["stand_in"] = json::parse(R"({
    "id": "all", "post": "/boards", "body": {"name": "Restored items"}, "new_id": "${body.id}",
    "find": {"get": "/boards", "where": "${found.name == 'Restored items'}"}})");
  RestoreRig rig(file);
  rig.add_board("old-board-1", 2);
  rig.source.chosen = {"cards/old-board-1-card-0", "cards/old-board-1-card-1"};
  if (is_there) {
    rig.server.things["boards"]["there"] = {{"id", "there"}, {"name", "Restored items"}};
    rig.server.order.push_back("there");
  } else {
    rig.server.after_create = [is_lost = false](HttpResponse answer) mutable {
      const bool is_first = !is_lost;
      is_lost = true;
      return is_first ? reply("{}", 500) : answer;
    };
    rig.run();
  }
  rig.run();
  CHECK(rig.server.things["boards"].size() == 1);
  CHECK(rig.server.things["cards"].size() == 2);
  for (const auto& entry : rig.journal.entries)
    if (entry.kind == "cards") CHECK(entry.state == State::finished);
}

TEST_CASE("What only needs an order waits while it is open whether the one before was made") {
  json file = notes_file();
  file["restore"]["steps"][1]["parents"].push_back(
      {{"of", "cards"}, {"id", "${record.before}"}, {"optional", true}});
  file["restore"]["steps"][1].erase("order");
  RestoreRig rig(file);
  rig.add_board("old-board-1", 3);
  auto& cards = rig.source.streams["cards"];
  for (int i : {0, 1, 2}) {
    json card = json::parse(cards[static_cast<std::size_t>(i)].raw);
    // The first one comes after a card that the snapshot does not have.
    card["before"] = i == 0 ? "old-card-gone" : "old-board-1-card-" + std::to_string(i - 1);
    card["name"] = "Card " + std::to_string(i);
    cards[static_cast<std::size_t>(i)].raw = card.dump();
  }
  bool is_down = true;
  rig.network = [&](const Asked& asked) {
    const bool is_second = asked.request.body.find("Card 1") != std::string::npos;
    return is_down && is_second ? reply("{}", 500) : rig.server(asked);
  };
  rig.run();
  CHECK(rig.server.things["cards"].size() == 1);
  is_down = false;
  rig.run();
  REQUIRE(rig.server.things["cards"].size() == 3);
  for (int i : {0, 1, 2}) {
    const std::string old_id = "old-board-1-card-" + std::to_string(i);
    CHECK(rig.server.order[static_cast<std::size_t>(i) + 1] == rig.entry("cards", old_id).new_id);
  }
}
