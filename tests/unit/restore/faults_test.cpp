// Nothing is made twice, whatever breaks.
#include "catch.h"
#include "rig.h"

using namespace probackup;
using namespace probackup::test;
using nlohmann::json;
using State = JournalEntry::State;

namespace {

// Each thing of the snapshot is in the app once, in its place, with its final values.
void check_whole(RestoreRig& rig) {
  CHECK(rig.server.things["boards"].size() == rig.source.streams["boards"].size());
  CHECK(rig.server.things["cards"].size() == rig.source.streams["cards"].size());
  for (const auto& entry : rig.journal.entries) {
    CAPTURE(entry.kind, entry.old_id, entry.notes);
    CHECK(entry.state == State::finished);
  }
  for (const auto& record : rig.source.streams["cards"]) {
    const json& card = rig.made("cards", record.key);
    json old = json::parse(record.raw);
    CHECK(card["text"] == "[by Ada] " + old["text"].get<std::string>());
    CHECK(card["board"] == rig.entry("boards", record.scope).new_id);
    CHECK(card.value("closed", false) == old["closed"].get<bool>());
  }
}

HttpResponse cut() {
  throw NetworkError("the answer was cut short", true);
}

}  // namespace

TEST_CASE("A restore that is killed at any request goes on and makes nothing twice") {
  enum Moment { before_server, after_server };
  for (Moment moment : {before_server, after_server})
    for (unsigned at = 0;; ++at) {
      RestoreRig rig;
      rig.add_board("old-board-1", 2);
      rig.add_board("old-board-2", 1);
      unsigned seen = 0;
      rig.network = [&](const Asked& asked) {
        if (moment == before_server && seen++ == at) throw Killed{};
        HttpResponse answer = rig.server(asked);
        if (moment == after_server && seen++ == at) throw Killed{};
        return answer;
      };
      CAPTURE(moment, at);
      bool killed = false;
      try {
        rig.run();
      } catch (const Killed&) {
        killed = true;
      }
      if (!killed) break;
      rig.run();
      check_whole(rig);
    }
}

TEST_CASE("A restore that is killed at any write to its journal goes on and makes nothing twice") {
  for (std::uint64_t at = 0;; ++at) {
    RestoreRig rig;
    rig.add_board("old-board-1", 2);
    rig.add_board("old-board-2", 1);
    rig.journal.puts_left = at;
    CAPTURE(at);
    bool killed = false;
    try {
      rig.run();
    } catch (const Killed&) {
      killed = true;
    }
    rig.journal.puts_left = UINT64_MAX;
    if (!killed) break;
    rig.run();
    check_whole(rig);
  }
}

TEST_CASE("A create whose answer was lost is looked up before it is sent again") {
  const std::vector<std::function<HttpResponse()>> faults = {
      cut, [] { return reply("gateway", 504); }, [] { return reply("oops", 500); },
      [] {
        return reply("<html>", 200, {{"Content-Type", "text/html"}});
      }};
  for (const auto& fault : faults)
    for (unsigned at = 0; at < 4; ++at) {
      RestoreRig rig;
      rig.add_board("old-board-1", 3);
      unsigned made = 0;
      rig.server.after_create = [&](HttpResponse answer) {
        return made++ == at ? fault() : std::move(answer);
      };
      CAPTURE(at);
      rig.run();
      check_whole(rig);
      CHECK(rig.server.things["cards"].size() == 3);
    }
}

TEST_CASE("A link is mended though the answer came to light when what it leads to was there") {
  RestoreRig rig;
  rig.add_board("old-board-1", 2);  // the second comes first
  json first = json::parse(rig.source.streams["cards"][1].raw);
  first["text"] = "see https://notes.example/old-board-1-card-0";
  rig.source.streams["cards"][1].raw = first.dump();
  bool is_blind = false;
  rig.server.after_create = [&](HttpResponse answer) {
    const bool is_first = rig.server.things["cards"].size() == 1 && !is_blind;
    is_blind = is_first;
    return is_first ? cut() : std::move(answer);
  };
  // Nobody can look for it until the other one was made.
  rig.server.before = [&](const Asked& asked) -> std::optional<HttpResponse> {
    return is_blind && asked.request.method == "GET" ? std::optional(cut()) : std::nullopt;
  };
  rig.run();
  REQUIRE(rig.entry("cards", "old-board-1-card-1").state == State::sent);
  rig.run();
  CHECK(rig.server.things["cards"].size() == 2);
  CHECK(rig.made("cards", "old-board-1-card-1")["text"] ==
        "[by Ada] see " + rig.entry("cards", "old-board-1-card-0").new_url);
}

TEST_CASE("A create that certainly did not come about is sent again") {
  RestoreRig rig;
  rig.add_board("old-board-1", 1);
  unsigned posts = 0;
  rig.server.before = [&](const Asked& asked) -> std::optional<HttpResponse> {
    if (asked.request.method != "POST" || posts++ != 1) return std::nullopt;
    return reply("too fast", 429, {{"Retry-After", "3"}});
  };
  rig.run();
  check_whole(rig);
  CHECK(rig.clock.seconds() >= 3);
}

TEST_CASE("Where the app cannot tell, a create is never sent twice") {
  json file = notes_file();
  file["restore"]["steps"][1].erase("confirm");
  RestoreRig rig(file);
  rig.add_board("old-board-1", 2);
  unsigned made = 0;
  rig.server.after_create = [&](HttpResponse answer) {
    return made++ == 1 ? cut() : std::move(answer);
  };
  rig.run();
  rig.run();
  CHECK(rig.server.things["cards"].size() == 2);
  const auto& entry = rig.entry("cards", "old-board-1-card-1");
  CHECK(entry.state == State::uncertain);
  CHECK(entry.notes.back().find("not known") != std::string::npos);
}

TEST_CASE("A look-up that finds no place to look at does not make a create be sent again") {
  RestoreRig rig;
  rig.add_board("old-board-1", 1);
  bool lost = false;
  rig.server.after_create = [&](HttpResponse answer) {
    return std::exchange(lost, rig.server.order.size() == 2) ? std::move(answer)
           : rig.server.order.size() == 2                    ? cut()
                                                             : std::move(answer);
  };
  rig.server.before = [](const Asked& asked) -> std::optional<HttpResponse> {
    if (asked.request.method == "GET" && asked.path.ends_with("/cards")) return reply("{}", 404);
    return std::nullopt;
  };
  rig.run();
  CHECK(rig.server.things["cards"].size() == 1);
  CHECK(rig.entry("cards", "old-board-1-card-0").state == State::sent);
  rig.server.before = {};
  rig.run();
  check_whole(rig);
}

TEST_CASE("What refers to a thing that is not known to be there waits for the next run") {
  json file = notes_file();
  file["restore"]["steps"][1]["after"] = "${record.above}";
  file["restore"]["steps"][1]["body"]["above"] = "${record.above | ref('cards')}";
  RestoreRig rig(file);
  rig.add_board("old-board-1", 2);
  json card = json::parse(rig.source.streams["cards"][1].raw);
  card["above"] = "old-board-1-card-0";
  rig.source.streams["cards"][1].raw = card.dump();
  rig.server.after_create = [&](HttpResponse answer) {
    return rig.server.order.size() == 2 ? cut() : std::move(answer);
  };
  rig.server.before = [&](const Asked& asked) -> std::optional<HttpResponse> {
    bool dead = rig.server.order.size() == 2;
    return dead && asked.request.method == "GET" ? std::optional(reply("down", 503)) : std::nullopt;
  };
  rig.run();
  CHECK(rig.server.things["cards"].size() == 1);
  CHECK(rig.entry("cards", "old-board-1-card-1").state == State::failed);
  rig.server.before = {};
  rig.server.after_create = {};
  rig.run();
  check_whole(rig);
  CHECK(rig.made("cards", "old-board-1-card-1")["above"] ==
        rig.entry("cards", "old-board-1-card-0").new_id);
}

TEST_CASE("A thing in its order waits for one that may be sent again and got no answer") {
  json file = notes_file();
  auto& step = file["restore"]["steps"][1];
  step["repeatable"] = true;
  step.erase("confirm");
  step["parents"].push_back({{"of", "cards"}, {"id", "${record.above}"}, {"optional", true}});
  RestoreRig rig(file);
  rig.add_board("old-board-1", 2);  // the second comes first
  json second = json::parse(rig.source.streams["cards"][0].raw);
  second["above"] = "old-board-1-card-1";
  rig.source.streams["cards"][0].raw = second.dump();
  unsigned asked_for_first = 0;
  rig.server.before = [&](const Asked& asked) -> std::optional<HttpResponse> {
    const bool is_first =
        asked.request.method == "POST" && asked.request.body.find("text 1") != std::string::npos;
    return is_first && ++asked_for_first ? std::optional(cut()) : std::nullopt;
  };
  rig.run();
  CHECK(asked_for_first > 1);
  CHECK(rig.server.things["cards"].empty());
  rig.server.before = {};
  rig.run();
  check_whole(rig);
  CHECK(rig.server.things["cards"].size() == 2);
}

TEST_CASE("What another thing brought along after all does not stand in the journal as not made") {
  json file = notes_file();
  file["restore"]["steps"][0]["also"] = {{{"map", "board_names"}, {"new", "${body.name}"}}};
  file["restore"]["steps"][1]["if"] = "${!(parent_key | ref('board_names'))}";
  RestoreRig rig(file);
  rig.add_board("old-board-1", 2);
  bool dead = false;
  rig.server.after_create = [&](HttpResponse) { return dead = true, cut(); };
  rig.server.before = [&](const Asked& asked) -> std::optional<HttpResponse> {
    return dead && asked.request.method == "GET" ? std::optional(reply("down", 503)) : std::nullopt;
  };
  rig.run();
  CHECK(rig.entry("boards", "old-board-1").state == State::sent);
  CHECK(rig.entry("cards", "old-board-1-card-1").state == State::failed);
  rig.server.before = {};
  rig.server.after_create = {};
  rig.run();
  CHECK(rig.server.things["boards"].size() == 1);
  CHECK(rig.server.things["cards"].empty());
  CHECK(rig.journal.find("boards", "old-board-1")->state == State::finished);
  CHECK_FALSE(rig.journal.find("cards", "old-board-1-card-1"));
}

TEST_CASE("Nothing is closed while something is still to be put into it") {
  json file = notes_file();
  file["restore"]["steps"][0]["finish"] = {
      {{"put", "/boards/${new.id}"}, {"body", {{"archived", true}}}, {"say", "that it is closed"}}};
  RestoreRig rig(file);
  rig.add_board("old-board-1", 2);
  bool broken = true;
  rig.server.before = [&](const Asked& asked) -> std::optional<HttpResponse> {
    if (broken && asked.path.ends_with("/cards") && asked.request.method == "POST")
      return reply("down", 503);
    return std::nullopt;
  };
  rig.run();
  CHECK_FALSE(rig.made("boards", "old-board-1").contains("archived"));
  CHECK(rig.entry("boards", "old-board-1").state == State::done);
  broken = false;
  rig.run();
  CHECK(rig.made("boards", "old-board-1")["archived"] == true);
  check_whole(rig);
}

TEST_CASE("Nothing is closed while the second pass inside of it is not through") {
  json file = notes_file();
  file["restore"]["steps"][0]["finish"] = {
      {{"put", "/boards/${new.id}"}, {"body", {{"archived", true}}}, {"say", "that it is closed"}}};
  file["restore"]["steps"][1]["finish"] = {
      {{"put", "/cards/${new.id}"}, {"body", {{"done", true}}}, {"say", "that it is done"}}};
  RestoreRig rig(file);
  rig.add_board("old-board-1", 2);
  rig.server.before = [](const Asked& asked) -> std::optional<HttpResponse> {
    if (asked.request.method == "PUT" && asked.path.find("/cards/") != std::string::npos)
      return reply("down", 503);
    return std::nullopt;
  };
  rig.run();
  CHECK_FALSE(rig.made("boards", "old-board-1").contains("archived"));
  rig.server.before = {};
  rig.run();
  CHECK(rig.made("cards", "old-board-1-card-1")["done"] == true);
  CHECK(rig.made("boards", "old-board-1")["archived"] == true);
}

TEST_CASE("What a second pass deletes may be gone already") {
  json file = notes_file();
  file["restore"]["steps"][0]["finish"] = {
      {{"delete", "/boards/none"}, {"say", "that a part of it was gone"}}};
  RestoreRig rig(file);
  rig.add_board("old-board-1", 1);
  rig.run();
  CHECK(rig.entry("boards", "old-board-1").state == State::finished);
  CHECK(rig.entry("boards", "old-board-1").notes.empty());
}

TEST_CASE("A create that met a conflict is looked for before it is sent again") {
  json file = notes_file();
  file["errors"] = {{{"when", "${status == 409}"}, {"do", "retry"}}};
  RestoreRig rig(file);
  rig.add_board("old-board-1", 2);
  bool made = GENERATE(false, true);  // by the request that it was in conflict with
  unsigned conflicts = 0;
  const auto is_first = [&](const Asked& asked) {
    bool is_card = asked.request.method == "POST" && asked.path.ends_with("/cards");
    return is_card && conflicts++ == 0;
  };
  if (made)
    rig.server.after_create = [&](HttpResponse answer) {
      bool is_card = rig.server.things["cards"].size() == 1;
      return is_card && conflicts++ == 0 ? reply("", 409) : std::move(answer);
    };
  else
    rig.server.before = [&](const Asked& asked) -> std::optional<HttpResponse> {
      return is_first(asked) ? std::optional(reply("", 409)) : std::nullopt;
    };
  rig.run();
  CHECK(conflicts > 0);
  CHECK(rig.server.things["cards"].size() == 2);
  check_whole(rig);
}

TEST_CASE("A conflict that never ends is a failure, with its reason") {
  json file = notes_file();
  file["errors"] = {{{"when", "${status == 409}"}, {"do", "retry"}, {"say", "in conflict"}}};
  RestoreRig rig(file);
  rig.add_board("old-board-1", 1);
  rig.server.before = [](const Asked& asked) -> std::optional<HttpResponse> {
    bool is_card = asked.request.method == "POST" && asked.path.ends_with("/cards");
    return is_card ? std::optional(reply("", 409)) : std::nullopt;
  };
  rig.run();
  const auto& card = rig.entry("cards", "old-board-1-card-0");
  CHECK(card.state == State::failed);
  REQUIRE(card.notes.size() == 1);
  CHECK(card.notes[0].find("in conflict") != std::string::npos);
}

TEST_CASE("A server that fails for good leaves what can be gone on with") {
  RestoreRig rig;
  rig.add_board("old-board-1", 2);
  bool broken = true;
  rig.server.before = [&](const Asked& asked) -> std::optional<HttpResponse> {
    if (broken && asked.path.ends_with("/cards") && asked.request.method == "POST")
      return reply("down", 503);
    return std::nullopt;
  };
  rig.run();
  CHECK(rig.server.things["cards"].empty());
  CHECK(rig.entry("cards", "old-board-1-card-0").state == State::sent);
  broken = false;
  rig.run();
  check_whole(rig);
}

TEST_CASE("A quota that is used up for long pauses the restore and says until when") {
  RestoreRig rig;
  rig.add_board("old-board-1", 2);
  bool limited = true;
  rig.server.before = [&](const Asked& asked) -> std::optional<HttpResponse> {
    if (limited && asked.path.ends_with("/cards"))
      return reply("daily limit", 429, {{"Retry-After", "20000"}});
    return std::nullopt;
  };
  Time before = rig.clock.now();
  auto outcome = rig.run();
  REQUIRE(outcome.paused_until);
  CHECK(*outcome.paused_until - before >= std::chrono::seconds(20000));
  CHECK(rig.server.things["boards"].size() == 1);
  limited = false;
  rig.clock.advance(std::chrono::seconds(20000));
  CHECK(!rig.run().paused_until);
  check_whole(rig);
}

TEST_CASE("Refused credentials end the restore at once") {
  RestoreRig rig;
  rig.add_board("old-board-1", 2);
  rig.server.before = [](const Asked&) { return reply("no", 401); };
  CHECK_THROWS_WITH(rig.run(), ContainsSubstring("credentials are refused"));
  rig.server.before = {};
  rig.run();
  check_whole(rig);
}

TEST_CASE("Twenty failures in a row end the restore") {
  RestoreRig rig;
  rig.add_board("old-board-1", 30);
  rig.server.before = [](const Asked& asked) -> std::optional<HttpResponse> {
    if (asked.path.ends_with("/cards") && asked.request.method == "POST")
      return reply("read-only", 403);
    return std::nullopt;
  };
  CHECK_THROWS_WITH(rig.run(), ContainsSubstring("20 things in a row"));
  rig.server.before = {};
  rig.run();
  check_whole(rig);
}

TEST_CASE("What the app refuses after a create is said and does not undo it") {
  RestoreRig rig;
  rig.add_board("old-board-1", 2);
  rig.server.before = [](const Asked& asked) -> std::optional<HttpResponse> {
    if (asked.request.method == "PUT") return reply("no", 403);
    return std::nullopt;
  };
  rig.run();
  const auto& entry = rig.entry("cards", "old-board-1-card-1");
  CHECK(entry.state == State::finished);
  REQUIRE(entry.notes.size() == 1);
  CHECK(entry.notes[0] == "that it was closed is missing: access is denied (403)");
}

TEST_CASE("A record that the connector's expressions do not fit fails alone") {
  RestoreRig rig;
  rig.add_board("old-board-1", 2);
  json card = json::parse(rig.source.streams["cards"][0].raw);
  card["owners"] = 7;
  rig.source.streams["cards"][0].raw = card.dump();
  rig.run();
  CHECK(rig.entry("cards", "old-board-1-card-0").state == State::failed);
  CHECK(rig.entry("cards", "old-board-1-card-1").state == State::finished);
}

TEST_CASE("A stop ends the restore between two things") {
  RestoreRig rig;
  rig.add_board("old-board-1", 5);
  std::stop_source stop;
  rig.server.after_create = [&](HttpResponse answer) {
    if (rig.server.order.size() == 3) stop.request_stop();
    return answer;
  };
  try {
    rig.engine().run(stop.get_token());
    FAIL("not interrupted");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::interrupted);
  }
  CHECK(rig.server.order.size() == 3);
  rig.run();
  check_whole(rig);
}
