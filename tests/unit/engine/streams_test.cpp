#include <algorithm>

#include "catch.h"
#include "rig.h"

using namespace probackup;
using nlohmann::json;

TEST_CASE("a union takes each record once, and deletes only when all its sources were read") {
  bool broken = false;
  std::string mine = R"([{"id": "1"}, {"id": "2"}])";
  Rig rig(R"({"teams": {"get": "/teams", "id": "id"},
              "boards": {"id": "id", "detail": {"get": "/boards/${record.id}"}, "from": [
                {"get": "/me/boards"}, {"each": "teams", "get": "/teams/${parent.id}/boards"}]}})",
          [&](const Asked& asked) {
            if (asked.path == "/v1/teams") return reply(R"([{"id": "t"}])");
            if (asked.path == "/v1/me/boards") return reply(mine);
            if (asked.path == "/v1/teams/t/boards")
              return broken ? reply("", 403) : reply(R"([{"id": "2"}, {"id": "3"}])");
            return reply(R"({"id": ")" + asked.path.substr(asked.path.rfind('/') + 1) + "\"}");
          });
  rig.run();
  CHECK(rig.sink.keys("boards") == std::vector<std::string>{"1", "2", "3"});
  CHECK(rig.http.requests() == 6);
  broken = true;
  mine = R"([{"id": "2"}])";
  rig.run();
  CHECK(rig.sink.keys("boards") == std::vector<std::string>{"1", "2", "3"});
  broken = false;
  rig.run();
  CHECK(rig.sink.keys("boards") == std::vector<std::string>{"2", "3"});
}

TEST_CASE("a tree is read level by level down to its depth, and what lies deeper is a gap") {
  // Task "x" has the subtasks "xa" and "xb", down to five letters.
  Rig rig(R"({"tasks": {"id": "id", "from": [
               {"get": "/tasks"},
               {"each": "tasks", "depth": 3, "if": "${parent.more}", "get": "/tasks/${parent.id}/sub"}]}})",
          [&](const Asked& asked) {
            auto task = [](const std::string& id) {
              return json{{"id", id}, {"more", id.size() < 5}};
            };
            if (asked.path == "/v1/tasks") return reply(json::array({task("x")}).dump());
            std::string id = asked.path.substr(10, asked.path.rfind('/') - 10);
            return reply(json::array({task(id + "a"), task(id + "b")}).dump());
          });
  rig.run();
  CHECK(rig.sink.raws("tasks").size() == 1 + 2 + 4 + 8);
  CHECK(rig.http.requests() == 1 + 1 + 2 + 4);
  CHECK(rig.sink.gaps().size() == 8);
  CHECK(rig.sink.gaps()[0].reason == "deeper than 3 levels");
}

TEST_CASE("scopes tell parents of different streams apart") {
  Rig rig(R"({"books": {"get": "/books", "id": "id"}, "boxes": {"get": "/boxes", "id": "id"},
              "files": {"each": ["books", "boxes"], "get": "/x/${parent.kind}/files", "id": "id"}})",
          [&](const Asked& asked) {
            if (asked.path == "/v1/books") return reply(R"([{"id": 1, "kind": "book"}])");
            if (asked.path == "/v1/boxes") return reply(R"([{"id": 1, "kind": "box"}])");
            return reply(R"([{"id": ")" + asked.path.substr(6, 4) + "\"}]");
          });
  rig.run();
  CHECK(rig.sink.raws("files").size() == 2);
  CHECK(rig.sink.stream("files").records.at("book").record.scope == "books/1");
  CHECK(rig.sink.stream("files").records.at("book").record.parent_stream == "books");
}

TEST_CASE("records carry what lists, search and the tree need, and their digits stay") {
  Rig rig(
      R"({"lists": {"get": "/lists", "id": "id"},
              "notes": {"get": "/notes", "id": "id", "name": "title",
              "url": "${record.site}/n/${record.id}",
              "text": ["body", "extra.more"], "belongs_to": {"stream": "lists", "id": "list"}}})",
      [&](const Asked& asked) {
        if (asked.path == "/v1/lists") return reply("[]");
        return reply(R"([ {"id": 12345678901234567890123, "title": "T", "site": "https://x",
                               "body": "one", "extra": {"more": "two"}, "list": 7, "big": 1.10} ])");
      });
  rig.run();
  const Record& record = rig.sink.stream("notes").records.at("12345678901234567890123").record;
  CHECK(record.title == "T");
  CHECK_THAT(record.url, ContainsSubstring("https://x/n/"));
  CHECK(record.text == "one\ntwo");
  CHECK(record.parent_stream == "lists");
  CHECK(record.parent == "7");
  CHECK(record.compare.size() == 16);
  CHECK_THAT(record.raw, ContainsSubstring("\"big\":1.10"));
}

TEST_CASE("long texts are cut between characters") {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "\xC3\xA9";
  Rig rig(R"({"notes": {"get": "/notes", "id": "id", "name": "t", "text": ["t"]}})",
          [&](const Asked&) {
            return reply(json::array({{{"id", "a"}, {"t", text}}}).dump());
          });
  rig.run();
  const Record& record = rig.sink.stream("notes").records.at("a").record;
  CHECK(record.text.size() == 8192);
  CHECK(valid_utf8(record.text) == record.text);
  CHECK(record.title.size() == 1024);
}

TEST_CASE("scalars are wrapped, and the first selector that finds something counts") {
  Rig rig(
      R"({"labels": {"get": "/labels", "id": "name", "records": ["none", "data[*].values"], "wrap": "name"}})",
      [&](const Asked&) {
        return reply(R"({"data": [{"values": ["bug", "a\"b"]}, {"values": [7]}]})");
      });
  rig.run();
  CHECK(rig.sink.keys("labels") == std::vector<std::string>{"7", "a\"b", "bug"});
  CHECK(rig.sink.raws("labels")["bug"] == R"({"name":"bug"})");
}

TEST_CASE("GraphQL requests carry query, variables and cursor") {
  Rig rig(R"({"notes": {"graphql": "query($after:String){notes}", "vars": {"x": "${config.token}"},
              "records": "data.notes", "id": "id",
              "page": {"by": "cursor", "next": "${body.data.next}", "into": "vars.after"}}})",
          [&](const Asked& asked) {
            json body = json::parse(asked.request.body);
            CHECK(asked.request.url == "https://api.notes.example/v1/graphql");
            CHECK(body["query"] == "query($after:String){notes}");
            if (!body["variables"].contains("after"))
              return reply(R"({"data": {"notes": [{"id": "a"}], "next": "c1"}})");
            CHECK(body["variables"]["after"] == "c1");
            return reply(R"({"data": {"notes": [{"id": "b"}], "next": null}})");
          },
          R"({"http": {"graphql": "/graphql"}})");
  rig.run();
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"a", "b"});
  CHECK(rig.sink.gaps().empty());
}

TEST_CASE("chosen streams are read with the streams above them, and no others") {
  const std::string streams = R"({"a": {"get": "/a", "id": "id"},
      "b": {"each": "a", "get": "/b", "id": "id"}, "c": {"get": "/c", "id": "id"}})";
  Rig rig(streams, [&](const Asked&) { return reply(R"([{"id": "1"}])"); });
  rig.base_options.only = {"b"};
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/a", "/b"});
  rig.base_options.only = {"bb"};
  try {
    rig.run();
    FAIL("it did not throw");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK_THAT(error.what(), ContainsSubstring("did you mean b"));
  }
}

TEST_CASE("excluded streams are not read, and nor is what needs them") {
  const std::string streams = R"({"a": {"get": "/a", "id": "id"},
      "b": {"each": "a", "get": "/b", "id": "id"}, "c": {"get": "/c", "id": "id"},
      "d": {"each": ["b", "c"], "get": "/d", "id": "id"}})";
  Rig rig(streams, [&](const Asked&) { return reply(R"([{"id": "1"}])"); });
  const auto asked = [&](std::vector<std::string> only, std::vector<std::string> exclude) {
    rig.base_options.only = std::move(only);
    rig.base_options.exclude = std::move(exclude);
    rig.run();
    auto out = rig.asked();
    std::sort(out.begin(), out.end());
    return out;
  };
  CHECK(asked({}, {"a"}) == std::vector<std::string>{"/c"});
  CHECK(asked({}, {"b", "c"}) == std::vector<std::string>{"/a"});
  CHECK(asked({"a", "c"}, {"b"}) == std::vector<std::string>{"/a", "/c"});

  const auto refusal = [&](std::vector<std::string> only, std::vector<std::string> exclude) {
    try {
      asked(std::move(only), std::move(exclude));
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK_THAT(refusal({}, {"aa"}), ContainsSubstring("did you mean a"));
  CHECK_THAT(refusal({"a"}, {"a"}), ContainsSubstring("by --only and by --exclude"));
  CHECK_THAT(refusal({"d"}, {"a"}), ContainsSubstring("cannot be read without a"));
}

TEST_CASE("the credentials' check names the account, and a refusal ends it") {
  int status = 200;
  Rig rig(R"({"a": {"get": "/a", "id": "id"}})",
          [&](const Asked&) {
            return reply(R"({"login": "user-1", "name": "Member 1"})", status,
                         {{"X-OAuth-Scopes", "repo, user"}});
          },
          R"({"check": {"get": "/me", "account": "${body.login}", "show": "${body.name}",
                        "scopes": "${headers['x-oauth-scopes']}"}})");
  Engine engine(rig.connector, rig.options(), rig.http, rig.clock);
  CheckResult result = engine.check({});
  CHECK(result.account == "user-1");
  CHECK(result.who == "Member 1");
  CHECK(result.scopes == std::vector<std::string>{"repo", "user"});
  status = 401;
  CHECK_THROWS_AS(engine.check({}), Error);
}

TEST_CASE("an estimate reads only the top and counts what lies below") {
  Rig rig(
      R"({"books": {"get": "/books", "id": "id"},
              "notes": {"each": "books", "if": "${parent.open}", "get": "/books/${parent.id}/notes", "id": "id"},
              "labels": {"get": "/labels", "id": "id", "detail": {"get": "/labels/${record.id}"}}})",
      [&](const Asked& asked) {
        if (asked.path == "/v1/books")
          return reply(
              R"([{"id": 1, "open": true}, {"id": 2, "open": true}, {"id": 3, "open": false}])");
        return reply(R"([{"id": "a"}, {"id": "b"}])");
      });
  Engine engine(rig.connector, rig.options(), rig.http, rig.clock);
  auto estimates = engine.estimate({});
  CHECK(rig.http.requests() == 2);
  REQUIRE(estimates.size() == 3);
  std::map<std::string, Engine::Estimate> by_name;
  for (const auto& one : estimates) by_name[one.stream] = one;
  CHECK(by_name["books"].requests == 1);
  CHECK(by_name["books"].exact);
  CHECK(by_name["notes"].requests == 2);
  CHECK_FALSE(by_name["notes"].exact);
  CHECK(by_name["labels"].requests == 3);
  CHECK(by_name["labels"].exact);
}

TEST_CASE("missing settings are named before anything is asked") {
  Rig rig(R"({"a": {"get": "/a", "id": "id"}})", [&](const Asked&) { return reply("[]"); });
  rig.settings = json::object();
  try {
    rig.run();
    FAIL("it did not throw");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK_THAT(error.what(), ContainsSubstring("token is not set"));
  }
  CHECK(rig.http.requests() == 0);
}
