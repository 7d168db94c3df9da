#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>

#include "catch.h"
#include "rig.h"

using namespace probackup;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

std::size_t count_of(const std::vector<std::string>& list, const std::string& part) {
  return static_cast<std::size_t>(
      std::count_if(list.begin(), list.end(),
                    [&](const std::string& one) { return one.find(part) != std::string::npos; }));
}

}  // namespace

TEST_CASE("later runs ask only for what changed since the last one began, by the server's clock") {
  // The server's clock runs an hour ahead of ours.
  Rig* that = nullptr;
  Rig rig(R"({"notes": {"get": "/notes", "id": "id",
              "since": {"into": "query.since", "prefix": ">=", "lookback": "5m", "full_every": "7d"}}})",
          [&](const Asked& asked) {
            Headers headers{{"Date", "Tue, 14 Nov 2023 23:13:20 GMT"}};
            bool some = !asked.parameter("since").empty();
            return reply(some ? R"([{"id": "b", "v": 2}])" : R"([{"id": "a"}, {"id": "b"}])", 200,
                         headers);
          });
  that = &rig;
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/notes"});
  CHECK(rig.sink.stream("notes").result.full);
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/notes?since=%3E%3D2023-11-14T23%3A08%3A20Z"});
  CHECK_FALSE(that->sink.stream("notes").result.full);
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"a", "b"});
  CHECK(rig.sink.raws("notes")["b"] == R"({"id":"b","v":2})");
  rig.base_options.full = true;
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/notes"});
  rig.base_options.full = false;
  rig.clock.advance(24h * 8);
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/notes"});
}

TEST_CASE("after a gap the next run asks from the same time again") {
  bool broken = false;
  Rig rig(
      R"({"notes": {"get": "/notes", "id": "id", "since": {"into": "query.since", "format": "unix"}}})",
      [&](const Asked&) { return broken ? reply("", 403) : reply(R"([{"id": "a"}])"); });
  rig.run();
  auto since = rig.sink.stream("notes").since;
  REQUIRE(since);
  rig.clock.advance(1h);
  broken = true;
  rig.run();
  CHECK(rig.sink.gaps().size() == 1);
  CHECK(rig.sink.stream("notes").since == since);
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"a"});
  rig.clock.advance(1h);
  broken = false;
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/notes?since=1700000000"});
  CHECK(rig.sink.stream("notes").since > since);
}

TEST_CASE(
    "a gap below one parent does not hold the others back, and is closed by a whole listing") {
  bool broken = true;
  Rig rig(R"({"books": {"get": "/books", "id": "id"},
              "notes": {"each": "books", "get": "/books/${parent_key}/notes", "id": "id",
                        "since": {"into": "query.since", "format": "unix"}}})",
          [&](const Asked& asked) {
            if (asked.path == "/v1/books") return reply(R"([{"id": 1}, {"id": 2}])");
            return broken && asked.path == "/v1/books/2/notes" ? reply("", 403) : reply("[]");
          });
  rig.run();
  CHECK(rig.sink.gaps().size() == 1);
  broken = false;
  rig.run();
  CHECK(count_of(rig.asked(), "/books/1/notes?since=1700000000") == 1);
  CHECK(count_of(rig.asked(), "/books/2/notes?since") == 0);
  CHECK(count_of(rig.asked(), "/books/2/notes") == 1);
  CHECK(rig.sink.gaps().empty());
}

TEST_CASE("a gap stays open until its record has been looked at again") {
  int status = 200;
  bool broken = true;
  Rig rig(R"({"notes": {"get": "/notes", "id": "id", "changed": "at",
              "detail": {"get": "/notes/${record.id}"},
              "files": [{"id": "${record.id}", "get": "/files/${record.id}"}]}})",
          [&](const Asked& asked) {
            if (asked.path == "/v1/notes") return reply(R"([{"id": "a", "at": 1}])", status);
            if (asked.path == "/v1/notes/a") return reply(R"({"id": "a", "at": 1})");
            return broken ? reply("", 403) : reply("bytes");
          });
  rig.run();
  REQUIRE(rig.sink.gaps().size() == 1);
  broken = false;
  status = 403;
  rig.run();
  CHECK(rig.sink.gaps().size() == 2);  // the listing, and the file as before
  status = 200;
  rig.run();
  CHECK(rig.sink.gaps().empty());
  CHECK(rig.sink.stream("notes").records.at("a").files.at("a") == "bytes");
}

TEST_CASE("marks are not trusted for longer than refresh_every") {
  Rig rig(R"({"notes": {"get": "/notes", "id": "id", "changed": "at", "refresh_every": "7d",
              "detail": {"get": "/notes/${record.id}"}}})",
          [&](const Asked& asked) {
            if (asked.path == "/v1/notes") return reply(R"([{"id": "a", "at": 1}])");
            return reply(R"({"id": "a", "at": 1})");
          });
  rig.run();
  for (int days = 4; days <= 16; days += 4) {
    rig.clock.advance(4 * 24h);
    rig.run();
    CHECK(rig.http.requests() == (days % 8 == 0 ? 2 : 1));
  }
}

TEST_CASE("a listing that is due to be read whole does not ask for known details again") {
  Rig rig(R"({"notes": {"get": "/notes", "id": "id", "changed": "at", "refresh_every": "7d",
              "since": {"into": "query.since", "full_every": "1d"},
              "detail": {"get": "/notes/${record.id}"}}})",
          [&](const Asked& asked) {
            if (asked.path != "/v1/notes") return reply(R"({"id": "a", "at": 1})");
            return reply(asked.parameter("since").empty() ? R"([{"id": "a", "at": 1}])" : "[]");
          });
  rig.run();
  for (int half_days = 1; half_days <= 28; ++half_days) {
    rig.clock.advance(12h);
    rig.run();
    bool refreshes = half_days % 14 == 0;
    CHECK(rig.http.requests() == (refreshes ? 2 : 1));
    CHECK(count_of(rig.asked(), "since=") == (half_days % 2 == 0 ? 0 : 1));
    CHECK(rig.sink.keys("notes") == std::vector<std::string>{"a"});
  }
}

TEST_CASE("a new parent is listed whole, a known one by its changes") {
  std::string books = R"([{"id": 1}])";
  Rig rig(R"({"books": {"get": "/books", "id": "id"},
              "notes": {"each": "books", "get": "/books/${parent.id}/notes", "id": "id",
                        "since": {"into": "query.since"}}})",
          [&](const Asked& asked) {
            if (asked.path == "/v1/books") return reply(books);
            return reply("[]");
          });
  rig.run();
  books = R"([{"id": 1}, {"id": 2}])";
  rig.run();
  CHECK(count_of(rig.asked(), "/books/1/notes?since=") == 1);
  auto asked = rig.asked();
  CHECK(std::count(asked.begin(), asked.end(), "/books/2/notes") == 1);
}

TEST_CASE("a listing below a parent that did not change is not read again, unless it had a gap") {
  std::string books = R"([{"id": 1, "v": 1}, {"id": 2, "v": 1}, {"id": 3, "v": 1}])";
  bool broken = true;
  Rig rig(R"({"books": {"get": "/books", "id": "id"},
              "notes": {"each": "books", "get": "/books/${parent.id}/notes", "id": "id",
                        "reuse_if_unchanged": true}})",
          [&](const Asked& asked) {
            if (asked.path == "/v1/books") return reply(books);
            if (asked.path == "/v1/books/3/notes" && broken) return reply("", 403);
            return reply("[{\"id\": \"n" + asked.path.substr(10, 1) + "\"}]");
          });
  rig.run();
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"n1", "n2"});
  broken = false;
  books = R"([{"id": 1, "v": 1}, {"id": 2, "v": 2}, {"id": 3, "v": 1}])";
  rig.run();
  CHECK(count_of(rig.asked(), "/books/1/notes") == 0);
  CHECK(count_of(rig.asked(), "/books/2/notes") == 1);
  CHECK(count_of(rig.asked(), "/books/3/notes") == 1);
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"n1", "n2", "n3"});
  CHECK(rig.sink.gaps().empty());
  books = R"([{"id": 2, "v": 2}, {"id": 3, "v": 1}])";
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/books"});
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"n2", "n3"});
}

TEST_CASE(
    "a stream that is behind its parents is listed whole, but known details are not asked for") {
  Rig rig(R"({"books": {"get": "/books", "id": "id"},
              "notes": {"each": "books", "get": "/books/${parent.id}/notes", "id": "id",
                        "reuse_if_unchanged": true, "changed": "at",
                        "detail": {"get": "/notes/${record.id}"}},
              "events": {"each": "books", "get": "/books/${parent.id}/events", "id": "id",
                         "since": {"into": "query.since"}}})",
          [&](const Asked& asked) {
            if (asked.path == "/v1/books") return reply(R"([{"id": 1}])");
            if (asked.path == "/v1/notes/n") return reply(R"({"id": "n", "at": 1})");
            if (asked.path == "/v1/books/1/notes") return reply(R"([{"id": "n", "at": 1}])");
            return reply("[]");
          });
  rig.run();
  CHECK(rig.http.requests() == 4);
  rig.run();
  CHECK(rig.http.requests() == 2);
  CHECK(count_of(rig.asked(), "/books/1/events?since=") == 1);
  rig.sink.set_behind("notes");
  rig.sink.set_behind("events");
  rig.run();
  CHECK(rig.http.requests() == 3);
  CHECK(count_of(rig.asked(), "/books/1/notes") == 1);
  CHECK(count_of(rig.asked(), "since=") == 0);
}

TEST_CASE("a record is done when its files were asked for") {
  Rig rig(R"({"notes": {"get": "/notes", "id": "id",
              "files": [{"id": "${record.id}", "get": "/files/${record.id}"}]},
              "plain": {"get": "/plain", "id": "id"}})",
          [&](const Asked& asked) {
            if (asked.path == "/v1/files/b") return reply("", 404);
            if (asked.path == "/v1/files/a") return reply("bytes");
            return reply(R"([{"id": "a"}, {"id": "b"}])");
          });
  rig.run();
  CHECK(rig.sink.done() ==
        std::set<std::pair<std::string, std::string>>{{"notes", "a"}, {"notes", "b"}});
}

TEST_CASE("an answer that was not modified keeps its records without being sent") {
  std::string version = "\"1\"";
  Rig rig(
      R"({"notes": {"get": "/notes", "id": "id", "conditional": true, "page": {"by": "link"}}})",
      [&](const Asked& asked) {
        Headers headers{{"ETag", version}};
        if (header(asked.request.headers, "If-None-Match") == version) return reply("", 304);
        return reply(R"([{"id": "a"}, {"id": "b"}])", 200, headers);
      });
  for (int i = 0; i < 3; ++i) {
    rig.run();
    CHECK(rig.sink.keys("notes") == std::vector<std::string>{"a", "b"});
    CHECK(rig.http.requests() == 1);
    CHECK(rig.sink.stream("notes").result.complete);
  }
  version = "\"2\"";
  rig.run();
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"a", "b"});
}

TEST_CASE("a listing of several pages is never taken as not modified") {
  Rig rig(
      R"({"notes": {"get": "/notes", "id": "id", "conditional": true, "page": {"by": "link"}}})",
      [&](const Asked& asked) {
        CHECK_FALSE(header(asked.request.headers, "If-None-Match"));
        Headers headers{{"ETag", "\"1\""}};
        if (asked.query.empty()) headers.emplace_back("Link", "</v1/notes?p=2>; rel=next");
        return reply(asked.query.empty() ? R"([{"id": "a"}])" : R"([{"id": "b"}])", 200, headers);
      });
  rig.run();
  rig.run();
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"a", "b"});
}

TEST_CASE("details are asked for new and changed records only") {
  std::string list = R"([{"id": "a", "at": 1}, {"id": "b", "at": 1}])";
  bool broken = false;
  Rig rig(R"({"notes": {"get": "/notes", "id": "id", "changed": "at",
              "detail": {"get": "/notes/${record.id}", "record": "note"}}})",
          [&](const Asked& asked) {
            if (asked.path == "/v1/notes") return reply(list);
            std::string id = asked.path.substr(10);
            if (broken && id == "b") return reply("", 500);
            return reply(R"({"note": {"id": ")" + id + R"(", "body": "long"}})");
          });
  rig.run();
  CHECK(rig.http.requests() == 3);
  CHECK(rig.sink.raws("notes")["a"] == R"({"id":"a","body":"long"})");
  rig.run();
  CHECK(rig.http.requests() == 1);
  CHECK(rig.sink.raws("notes").size() == 2);

  list = R"([{"id": "a", "at": 1}, {"id": "b", "at": 2}])";
  broken = true;
  rig.run();
  REQUIRE(rig.sink.gaps().size() == 1);
  CHECK(rig.sink.gaps()[0].key == "b");
  CHECK(rig.sink.raws("notes")["b"] == R"({"id":"b","body":"long"})");  // as it was
  broken = false;
  rig.run();
  CHECK(count_of(rig.asked(), "/notes/b") == 1);
  CHECK(count_of(rig.asked(), "/notes/a") == 0);
  CHECK(rig.sink.gaps().empty());
}

TEST_CASE("only what a complete listing does not name is deleted") {
  std::string list = R"([{"id": "a"}, {"id": "b"}])";
  int status = 200;
  std::string deleted = "listing";
  auto handler = [&](const Asked&) { return reply(list, status); };
  for (std::string how : {"listing", "unknown"}) {
    list = R"([{"id": "a"}, {"id": "b"}])";
    status = 200;
    Rig rig(R"({"notes": {"get": "/notes", "id": "id", "deleted": ")" + how + "\"}}", handler);
    rig.run();
    status = 500;
    rig.run();
    CHECK(rig.sink.keys("notes").size() == 2);
    status = 200;
    list = R"([{"id": "b"}])";
    rig.run();
    CHECK(rig.sink.keys("notes").size() == (how == "listing" ? 1 : 2));
  }
}

TEST_CASE("volatile fields do not make a record changed") {
  int reads = 0;
  Rig rig(R"({"notes": {"get": "/notes", "id": "id", "volatile": ["link", "tags[*].seen"]},
              "pages": {"each": "notes", "get": "/notes/${parent.id}/pages", "id": "id",
                        "reuse_if_unchanged": true}})",
          [&](const Asked& asked) {
            if (asked.path != "/v1/notes") return reply("[]");
            ++reads;
            std::string text = std::to_string(reads);
            return reply(R"([{"id": "a", "link": "x?sig=)" + text +
                         R"(", "tags": [{"name": "t", "seen": )" + text + "}]}]");
          });
  rig.run();
  CHECK(rig.http.requests() == 2);
  rig.run();
  CHECK(rig.http.requests() == 1);
}

TEST_CASE("a record below several parents stays when only one of their listings lost it") {
  const std::string ways = GENERATE(R"("reuse_if_unchanged": true)", R"("conditional": true)");
  CAPTURE(ways);
  int version = 1;
  Rig rig(R"({"books": {"get": "/books", "id": "id"},
              "notes": {"each": "books", "get": "/books/${parent_key}/notes", "id": "id", )" +
              ways + "}}",
          [&](const Asked& asked) {
            if (asked.path == "/v1/books")
              return reply(R"([{"id": 1, "v": )" + std::to_string(version) + R"(}, {"id": 2}])");
            if (asked.path == "/v1/books/1/notes")
              return reply(version == 1 ? R"([{"id": "a"}])" : "[]");
            if (header(asked.request.headers, "if-none-match")) return reply("", 304);
            return reply(R"([{"id": "a"}])", 200, {{"ETag", "\"1\""}});
          });
  rig.run();
  version = 2;
  rig.run();
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"a"});
  rig.run();
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"a"});
}

TEST_CASE("where several sources give one listing, none is taken as not modified") {
  bool is_there = true;
  Rig rig(R"({"notes": {"id": "id", "conditional": true,
              "from": [{"get": "/public"}, {"get": "/all"}]}})",
          [&](const Asked& asked) {
            if (header(asked.request.headers, "if-none-match") && asked.path == "/v1/public")
              return reply("", 304);
            Headers tag{{"ETag", is_there ? "\"1\"" : "\"2\""}};
            if (asked.path == "/v1/public") return reply(R"([{"id": "a"}])", 200, tag);
            return reply(is_there ? R"([{"id": "a"}, {"id": "b"}])" : R"([{"id": "a"}])", 200, tag);
          });
  rig.run();
  is_there = false;
  rig.run();
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"a"});
}

TEST_CASE("git repositories are asked in every run, also where the list of them did not change") {
  Rig rig(R"({"notes": {"get": "/notes", "id": "id", "conditional": true,
              "git": [{"id": "${record.id}", "url": "https://api.notes.example/a.git"}]}})",
          [&](const Asked& asked) {
            if (header(asked.request.headers, "if-none-match")) return reply("", 304);
            return reply(R"([{"id": "a"}])", 200, {{"ETag", "\"1\""}});
          });
  rig.run();
  rig.run();
  CHECK(rig.sink.gits().size() == 2);
}

namespace {

// Notes, and what changed of them: each page of the feed holds one change.
struct FeedWorld {
  std::map<std::string, std::string> notes{{"a", "1"}, {"b", "1"}, {"c", "1"}};  // id to text
  std::vector<json> changes;
  std::size_t oldest = 0;  // the app has forgotten the tokens before it
  int listing_status = 200;

  void set(const std::string& id, const std::string& text) {
    notes[id] = text;
    changes.push_back({{"of", id}, {"note", {{"id", id}, {"text", text}}}});
  }
  void drop(const std::string& id) {
    notes.erase(id);
    changes.push_back({{"of", id}, {"gone", true}});
  }
  HttpResponse answer(const Asked& asked) const {
    if (asked.path == "/v1/token") return reply(json{{"token", changes.size()}}.dump());
    if (asked.path == "/v1/changes") {
      const std::size_t at = std::stoul(asked.parameter("at"));
      if (at < oldest) return reply("{}", 410);
      json page = {{"changes", json::array()}};
      if (at < changes.size()) page["changes"].push_back(changes[at]);
      page[at + 1 < changes.size() ? "more" : "token"] = std::min(at + 1, changes.size());
      return reply(page.dump());
    }
    if (listing_status != 200) return reply("", listing_status);
    json list = json::array();
    for (const auto& [id, text] : notes) list.push_back({{"id", id}, {"text", text}});
    return reply(list.dump());
  }
};

constexpr auto feed_stream =
    R"({"notes": {"get": "/notes", "id": "id", "keep": "${record.text != 'secret'}",
    "feed": {"start": {"get": "/token", "token": "${body.token}"},
             "get": "/changes", "query": {"at": "${feed}"},
             "page": {"by": "cursor", "next": "${body.more}", "into": "query.at"},
             "records": "changes", "id": "of", "record": "note", "gone": "${record.gone}",
             "next": "${body.token}", "full_every": "7d"}}})";

}  // namespace

TEST_CASE("later runs read what the app says has changed, and nothing else") {
  FeedWorld world;
  Rig rig(feed_stream, [&](const Asked& asked) { return world.answer(asked); });
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/token", "/notes"});
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/changes?at=0"});
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"a", "b", "c"});

  world.set("b", "2");
  world.set("d", "1");
  world.drop("a");
  world.set("d", "2");
  world.set("c", "secret");
  rig.run();
  CHECK(count_of(rig.asked(), "/changes") == 5);
  CHECK(count_of(rig.asked(), "/notes") == 0);
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"b", "d"});
  CHECK(rig.sink.raws("notes")["d"] == R"({"id":"d","text":"2"})");

  rig.clock.advance(24h * 8);
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/token", "/notes"});
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"b", "d"});
}

TEST_CASE("a feed whose token the app forgot is no gap: everything is listed") {
  FeedWorld world;
  Rig rig(feed_stream, [&](const Asked& asked) { return world.answer(asked); });
  rig.run();
  world.drop("a");
  world.set("b", "2");
  world.oldest = 1;
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/changes?at=0", "/token", "/notes"});
  CHECK(rig.sink.gaps().empty());
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"b", "c"});
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/changes?at=2"});
}

TEST_CASE("a listing with a gap leaves no token, so the next run lists again") {
  FeedWorld world;
  Rig rig(feed_stream, [&](const Asked& asked) { return world.answer(asked); });
  world.listing_status = 403;
  rig.run();
  CHECK(rig.sink.gaps().size() == 1);
  world.listing_status = 200;
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/token", "/notes"});
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"a", "b", "c"});
}

// What changed is only named, as "a" or "-a"; the first token comes with an error.
struct NamesWorld {
  std::map<std::string, std::string> notes{{"a", "1"}, {"b", "1"}, {"c", "1"}};
  std::vector<std::string> changes;
  bool forgot = false;

  void set(const std::string& id, const std::string& text) {
    notes[id] = text;
    changes.push_back(id);
  }
  void drop(const std::string& id) {
    notes.erase(id);
    changes.push_back("-" + id);
  }
  static json note(const auto& entry) { return {{"id", entry.first}, {"text", entry.second}}; }
  HttpResponse answer(const Asked& asked) const {
    if (asked.path == "/v1/changes") {
      const auto at = asked.parameter("at");
      if (at.empty()) return reply(json{{"token", text_of(changes.size())}}.dump(), 412);
      json page = {{"all", forgot}, {"names", json::array()}, {"token", text_of(changes.size())}};
      for (auto i = std::stoul(at); i < changes.size(); ++i) page["names"].push_back(changes[i]);
      return reply(page.dump());
    }
    if (asked.path.starts_with("/v1/notes/")) {
      auto found = notes.find(asked.path.substr(std::strlen("/v1/notes/")));
      if (found == notes.end()) return reply("", 404);
      return reply(json{{"note", note(*found)}}.dump());
    }
    json list = json::array();
    for (const auto& entry : notes) list.push_back(note(entry));
    return reply(list.dump());
  }
  static std::string text_of(std::size_t number) { return std::to_string(number); }
};

constexpr auto names_stream =
    R"({"notes": {"get": "/notes", "id": "id", "keep": "${record.text != 'secret'}",
    "feed": {"start": {"get": "/changes", "status": 412, "token": "${body.token}"},
             "get": "/changes", "query": {"at": "${feed}"}, "records": "names",
             "id": "${replace(record, '-', '')}", "gone": "${starts_with(record, '-')}",
             "detail": {"get": "/notes/${record}", "record": "note"},
             "whole": "${body.all}", "at_most": 3, "next": "${body.token}"}}})";

TEST_CASE("what a feed only names is asked for, each once") {
  NamesWorld world;
  Rig rig(names_stream, [&](const Asked& asked) { return world.answer(asked); });
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/changes", "/notes"});
  world.set("b", "2");
  world.set("b", "3");
  world.set("d", "1");
  world.drop("a");
  rig.run();
  auto asked = rig.asked();
  std::sort(asked.begin(), asked.end());
  CHECK(asked == std::vector<std::string>{"/changes?at=0", "/notes/b", "/notes/d"});
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"b", "c", "d"});
  CHECK(rig.sink.raws("notes")["b"] == R"({"id":"b","text":"3"})");
  world.set("c", "secret");
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/changes?at=4", "/notes/c"});
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"b", "d"});
  CHECK(rig.sink.gaps().empty());
}

TEST_CASE("what a feed tells of another listing's records is passed over") {
  NamesWorld world;
  auto streams = json::parse(names_stream);
  streams["notes"].erase("keep");
  streams["notes"]["feed"]["elsewhere"] = "${record.text == 'another'}";
  Rig rig(streams.dump(), [&](const Asked& asked) { return world.answer(asked); });
  rig.run();
  world.set("b", "another");
  world.set("c", "2");
  world.drop("a");
  rig.run();
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"b", "c"});
  CHECK(rig.sink.raws("notes")["b"] == R"({"id":"b","text":"1"})");
  CHECK(rig.sink.raws("notes")["c"] == R"({"id":"c","text":"2"})");
}

TEST_CASE("the whole listing is read where a feed cannot tell, tells too much, or names what is not there") {
  const int trouble = GENERATE(0, 1, 2);
  CAPTURE(trouble);
  NamesWorld world;
  Rig rig(names_stream, [&](const Asked& asked) { return world.answer(asked); });
  rig.run();
  world.set("b", "2");
  world.drop("a");
  if (trouble == 0) world.forgot = true;
  if (trouble == 1)
    for (const char* id : {"d", "e", "f", "g"}) world.set(id, "1");
  if (trouble == 2) world.changes.emplace_back("ghost");
  rig.run();
  CHECK(count_of(rig.asked(), "/notes") == (trouble == 2 ? 3 : 1));
  CHECK(rig.asked().back() == "/notes");
  CHECK(rig.sink.gaps().empty());
  CHECK(rig.sink.keys("notes").size() == world.notes.size());
  CHECK(rig.sink.raws("notes")["b"] == R"({"id":"b","text":"2"})");
}

TEST_CASE("each parent has a feed of its own, and a new parent is listed") {
  std::map<std::string, FeedWorld> books;
  books["one"];
  Rig rig(R"({"books": {"get": "/books", "id": "id"},
              "notes": {"each": "books", "get": "/books/${parent_key}/notes", "id": "id",
                "feed": {"start": {"get": "/books/${parent_key}/token", "token": "${body.token}"},
                         "get": "/books/${parent_key}/changes", "query": {"at": "${feed}"},
                         "page": {"by": "cursor", "next": "${body.more}", "into": "query.at"},
                         "records": "changes", "id": "of", "record": "note",
                         "gone": "${record.gone}", "next": "${body.token}"}}})",
          [&](const Asked& asked) {
            if (asked.path == "/v1/books") {
              json list = json::array();
              for (const auto& [id, world] : books) list.push_back({{"id", id}});
              return reply(list.dump());
            }
            auto parts = asked.path.substr(std::string("/v1/books/").size());
            auto slash = parts.find('/');
            Asked inner = asked;
            inner.path = "/v1" + parts.substr(slash);
            return books.at(parts.substr(0, slash)).answer(inner);
          });
  rig.run();
  books["two"].notes = {{"x", "1"}, {"y", "1"}};
  books["one"].drop("b");
  rig.run();
  CHECK(count_of(rig.asked(), "/books/one/changes") == 1);
  CHECK(count_of(rig.asked(), "/books/one/notes") == 0);
  CHECK(count_of(rig.asked(), "/books/two/notes") == 1);
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"a", "c", "x", "y"});
  books.erase("one");
  rig.run();
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"x", "y"});
}
