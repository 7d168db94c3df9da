#include "catch.h"
#include "engine/passing_sink.h"
#include "rig.h"

using namespace probackup;
using namespace std::chrono_literals;

namespace {

const std::string one_stream = R"({"notes": {"get": "/notes", "id": "id"}})";
const std::string good_body = R"([{"id": "a"}])";

}  // namespace

TEST_CASE("passing troubles are waited out") {
  auto trouble = GENERATE(0, 1, 2, 3, 4, 5);
  CAPTURE(trouble);
  Rig rig(one_stream, [&](const Asked& asked) -> HttpResponse {
    if (asked.count >= 2) return reply(good_body);
    switch (trouble) {
      case 0:
        return reply("oops", 500);
      case 1:
        return reply("slow down", 429, {{"Retry-After", "7"}});
      case 2:
        return reply("limit", 403, {{"X-RateLimit-Remaining", "0"}, {"Retry-After", "5"}});
      case 3:
        return reply("<!DOCTYPE html><p>maintenance");
      case 4:
        return reply(R"([{"id": "a"}, {"id")");
      default:
        throw NetworkError("cut short", true);
    }
  });
  rig.run();
  CHECK(rig.sink.gaps().empty());
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"a"});
  CHECK(rig.http.requests() == 3);
  if (trouble == 1) CHECK(rig.clock.steady() >= 14s);
}

TEST_CASE("lasting troubles become a gap with address and reason") {
  struct Case {
    HttpResponse response;
    std::string reason;
    std::size_t requests;
  };
  for (const auto& one :
       std::vector<Case>{{reply("", 500), "the server answers 500", 6},
                         {reply("", 403), "access is denied (403)", 1},
                         {reply("", 404), "there is nothing at this address (404)", 1},
                         {reply("", 410), "there is nothing at this address (410)", 1},
                         {reply("", 418), "the server answers 418", 1},
                         {reply("<html>"), "not JSON", 3},
                         {reply(""), "not JSON", 3},
                         {reply("{\"error\": \"x\"}"), "a record without an id", 1}}) {
    CAPTURE(one.reason);
    Rig rig(one_stream, [&](const Asked&) { return one.response; });
    rig.run();
    REQUIRE(rig.sink.gaps().size() == 1);
    CHECK_THAT(rig.sink.gaps()[0].reason, ContainsSubstring(one.reason));
    CHECK(rig.sink.gaps()[0].url == "https://api.notes.example/v1/notes");
    CHECK(rig.http.requests() == one.requests);
  }
}

TEST_CASE("an answer without the place where records should be is no empty listing") {
  Rig rig(R"({"notes": {"get": "/notes", "id": "id", "records": "data"}})",
          [&](const Asked&) { return reply(R"({"message": "try later"})"); });
  rig.run();
  REQUIRE(rig.sink.gaps().size() == 1);
  CHECK(rig.sink.gaps()[0].reason == "the answer has no \"data\"");

  Rig empty(R"({"notes": {"get": "/notes", "id": "id", "records": "data"}})",
            [&](const Asked&) { return reply(R"({"data": null})"); });
  empty.run();
  CHECK(empty.sink.gaps().empty());
  CHECK(empty.sink.stream("notes").result.complete);
}

TEST_CASE("refused credentials end the run and say what to do") {
  Rig rig(one_stream, [&](const Asked&) { return reply("", 401); });
  try {
    rig.run();
    FAIL("it did not throw");
  } catch (const Error& error) {
    CHECK_THAT(error.what(), ContainsSubstring("Notes: the credentials are refused (401)"));
    CHECK_THAT(error.hint(), ContainsSubstring("auth check notes"));
  }
}

TEST_CASE("the connector's rules come first, in their order") {
  Rig rig(
      one_stream,
      [&](const Asked& asked) {
        if (asked.count == 0) return reply(R"({"error": {"code": "BUSY", "wait": 90}})");
        if (asked.count == 1) return reply(R"({"error": {"code": "GONE"}})", 401);
        return reply(good_body);
      },
      R"({"errors": [
            {"when": "${body.error.code == 'BUSY'}", "do": "retry", "wait": "${body.error.wait}"},
            {"when": "${body.error.code == 'GONE'}", "do": "gap", "say": "gone: ${status}"},
            {"when": "${status == 401}", "do": "fail"}]})");
  rig.run();
  CHECK(rig.clock.steady() >= 90s);
  REQUIRE(rig.sink.gaps().size() == 1);
  CHECK(rig.sink.gaps()[0].reason == "gone: 401");
  CHECK(rig.sink.gaps()[0].status == 401);
}

TEST_CASE("a rule may give up after its tries, or take the answer as empty") {
  const std::string rule = R"({"errors": [{"when": "${status == 409}", "do": "retry", "tries": 3,
                                           "wait": "2s", "then": "THEN"}]})";
  for (std::string then : {"gap", "empty", "fail"}) {
    CAPTURE(then);
    std::string more = rule;
    more.replace(more.find("THEN"), 4, then);
    Rig rig(
        one_stream, [&](const Asked&) { return reply("", 409); }, more);
    if (then == "fail") {
      CHECK_THROWS_AS(rig.run(), Error);
      continue;
    }
    rig.run();
    CHECK(rig.http.requests() == 4);
    CHECK(rig.sink.gaps().size() == (then == "gap" ? 1 : 0));
    CHECK(rig.sink.stream("notes").result.complete == (then == "empty"));
  }
}

TEST_CASE("missing_is_empty makes 404 an empty listing") {
  Rig rig(R"({"notes": {"get": "/notes", "id": "id", "missing_is_empty": true}})",
          [&](const Asked&) { return reply("", 404); });
  rig.run();
  CHECK(rig.sink.gaps().empty());
  CHECK(rig.sink.stream("notes").result.complete);
}

TEST_CASE("a network that is down ends the run with its hint instead of a thousand gaps") {
  Rig rig(one_stream, [&](const Asked&) -> HttpResponse {
    throw NetworkError("no such host: api.notes.example", false, "check the name");
  });
  try {
    rig.run();
    FAIL("it did not throw");
  } catch (const NetworkError& error) {
    CHECK_THAT(error.what(), ContainsSubstring("no such host"));
    CHECK(error.hint() == "check the name");
  }
  CHECK(rig.http.requests() == 1);

  std::string parents = "[";
  for (int i = 0; i < 100; ++i)
    parents += (i ? "," : "") + std::string("{\"id\":") + std::to_string(i) + "}";
  Rig later(R"({"books": {"get": "/books", "id": "id"},
                "notes": {"each": "books", "get": "/books/${parent.id}/notes", "id": "id"}})",
            [&](const Asked& asked) -> HttpResponse {
              if (asked.path == "/v1/books") return reply(parents + "]");
              throw NetworkError("the cable is out", true, "plug it in");
            });
  CHECK_THROWS_AS(later.run(), NetworkError);
  CHECK(later.sink.gaps().size() < 20);
}

TEST_CASE("records without an id and records that break an expression do not cost the others") {
  Rig rig(R"({"notes": {"get": "/notes", "id": "id", "keep": "${record.size - 1 < 9}"}})",
          [&](const Asked&) {
            return reply(R"([{"id": "a", "size": 3}, {"size": 3}, {"id": "c", "size": "big"}, 17,
                             {"id": "d", "size": 20}, {"id": "b", "size": 4}])");
          });
  rig.run();
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"a", "b"});
  REQUIRE(rig.sink.gaps().size() == 1);
  CHECK_THAT(rig.sink.gaps()[0].reason, ContainsSubstring("unreadable records"));
}

TEST_CASE("the token goes to the app's own host only, and into no message") {
  std::vector<std::string> with_token;
  std::mutex mutex;
  Rig rig(R"({"books": {"get": "/books", "id": "id"},
              "notes": {"each": "books", "get": "${parent.notes_url}", "id": "id"}})",
          [&](const Asked& asked) {
            std::lock_guard lock(mutex);
            if (header(asked.request.headers, "authorization") == "Bearer s3cret-token")
              with_token.push_back(asked.request.url);
            CHECK(asked.request.secret_headers == std::vector<std::string>{"Authorization"});
            if (asked.path == "/v1/books")
              return reply(R"([{"id": 1, "notes_url": "https://cdn.example/n?token=s3cret-token"},
                               {"id": 2, "notes_url": "https://api.notes.example/v1/n2"},
                               {"id": 3, "notes_url": "/../../admin"},
                               {"id": 4, "notes_url": "https://api.notes.example:8443/n"}])");
            return reply("", 404);
          });
  rig.run();
  CHECK(with_token == std::vector<std::string>{"https://api.notes.example/v1/books",
                                               "https://api.notes.example/v1/n2"});
  CHECK(rig.sink.gaps().size() == 4);
  for (const auto& gap : rig.sink.gaps()) {
    CHECK(gap.url.find("s3cret") == std::string::npos);
    CHECK(gap.reason.find("s3cret") == std::string::npos);
  }
}

TEST_CASE("stopping ends a run at once as interrupted") {
  std::stop_source stop;
  Rig rig(one_stream, [&](const Asked&) {
    stop.request_stop();
    return reply("", 503);
  });
  Engine engine(rig.connector, rig.options(), rig.http, rig.clock);
  try {
    engine.run(rig.sink, stop.get_token());
    FAIL("it did not throw");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::interrupted);
  }
  CHECK(rig.http.requests() == 1);
}

TEST_CASE("an exception of the sink ends the run") {
  class FullDisk final : public PassingSink {
   public:
    Change record(Record) override { throw Error("the disk is full"); }
  } sink;
  Rig rig(one_stream, [&](const Asked&) { return reply(good_body); });
  Engine engine(rig.connector, rig.options(), rig.http, rig.clock);
  CHECK_THROWS_WITH(engine.run(sink, {}), "the disk is full");
}

TEST_CASE("dates that are centuries off make no wait that never ends") {
  auto headers = GENERATE(Headers{{"Retry-After", "Fri, 31 Dec 2260 00:00:00 GMT"},
                                  {"Date", "Sat, 01 Jan 1678 00:00:00 GMT"}},
                          Headers{{"Retry-After", "Sat, 01 Jan 1678 00:00:00 GMT"},
                                  {"Date", "Fri, 31 Dec 2260 00:00:00 GMT"}},
                          Headers{{"Date", "Sat, 01 Jan 1678 00:00:00 GMT"}});
  Rig rig(one_stream, [&](const Asked& asked) {
    return asked.count == 0 ? reply("slow down", 429, headers) : reply(good_body);
  });
  try {
    rig.run();
    CHECK(rig.sink.keys("notes").size() + rig.sink.gaps().size() == 1);
  } catch (const QuotaUsedUp& pause) {
    CHECK(pause.until() - rig.clock.now() <= 24h * 366);
  }
  CHECK(rig.clock.steady() <= 3h);
}

TEST_CASE("an error whose JSON is nested without end is a gap like any other") {
  std::string body = std::string(300'000, '[') + std::string(300'000, ']');
  Rig rig(
      one_stream, [&](const Asked&) { return reply(body, 418); },
      R"({"errors": [{"when": "${status == 418}", "do": "gap", "say": "tea: ${body[0]}"}]})");
  rig.run();
  REQUIRE(rig.sink.gaps().size() == 1);
  CHECK_THAT(rig.sink.gaps()[0].reason, ContainsSubstring("tea"));
}

namespace {

// The pause that a run ends with.
QuotaUsedUp pause_of(Rig& rig) {
  try {
    rig.run();
  } catch (const QuotaUsedUp& pause) {
    return pause;
  }
  FAIL("the run did not pause");
  return {"", {}, {}};
}

}  // namespace

TEST_CASE("A limit that asks for a longer wait than is wanted pauses the run") {
  Rig rig(one_stream, [&](const Asked&) {
    return reply("daily limit", 429, {{"Retry-After", "20000"}});
  });
  const Time before = rig.clock.now();
  auto pause = pause_of(rig);
  CHECK_THAT(pause.what(), ContainsSubstring("too many requests (429)"));
  CHECK(pause.until() - before >= 20000s);
  CHECK(rig.http.requests() == 1);
  CHECK(rig.clock.now() - before < 1min);
  Rig patient(one_stream, [&](const Asked& asked) {
    return asked.count == 0 ? reply("slow down", 429, {{"Retry-After", "20000"}})
                            : reply(good_body);
  });
  patient.base_options.wait_max = 6h;
  patient.run();
  CHECK(patient.sink.keys("notes").size() == 1);
}

TEST_CASE(
    "A quota that the app's headers tell to be empty for long pauses before the next request") {
  Rig rig(
      R"({"notes": {"get": "/notes", "id": "id", "page": {"by": "link"}}})",
      [&](const Asked&) {
        return reply(good_body, 200,
                     {{"Left", "0"},
                      {"Reset", "30000"},
                      {"Link", "<https://api.notes.example/v1/notes?page=2>; rel=\"next\""}});
      },
      R"({"http": {"quota": {"remaining": "${headers['left']}", "reset": "${headers['reset']}"}}})");
  const Time before = rig.clock.now();
  CHECK(pause_of(rig).until() - before >= 30000s);
  CHECK(rig.http.requests() == 1);
}

TEST_CASE("A rule for the quota of a day pauses until the app says, or until midnight") {
  auto told = GENERATE(true, false);
  std::string more =
      R"({"errors": [{"when": "${status == 429 && body.policy == 'DAILY'}", "do": "pause",
                                     "say": "the calls of the day are used up"}]})";
  if (told) more.replace(more.find("\"say\""), 0, R"("wait": "${body.seconds}", )");
  Rig rig(
      one_stream,
      [&](const Asked&) { return reply(R"({"policy": "DAILY", "seconds": 7300})", 429); }, more);
  const Time before = rig.clock.now();
  auto pause = pause_of(rig);
  CHECK(pause.what() == std::string("the calls of the day are used up"));
  if (told)
    CHECK(pause.until() - before >= 7300s);
  else
    CHECK(pause.until() == std::chrono::ceil<std::chrono::days>(rig.clock.now()));
}

TEST_CASE("A quota of the day that comes back soon is waited for, and then the run pauses") {
  Rig rig(
      one_stream, [&](const Asked&) { return reply("", 429); },
      R"({"errors": [{"when": "${status == 429}", "do": "pause", "wait": "10m", "tries": 2}]})");
  auto pause = pause_of(rig);
  CHECK(pause.until() - rig.clock.now() == 10min);
  CHECK(rig.http.requests() == 3);
}

TEST_CASE("A file server's own limit is no quota of the app") {
  Rig rig(
      R"({"notes": {"get": "/notes", "id": "id", "files": [{"id": "f", "get": "https://files.example/f"}]}})",
      [&](const Asked& asked) {
        if (asked.path == "/f") return reply("later", 429, {{"Retry-After", "90000"}});
        return reply(good_body);
      });
  rig.run();
  REQUIRE(rig.sink.gaps().size() == 1);
  CHECK(rig.sink.gaps()[0].status == 429);
}

TEST_CASE("What a run that paused has read through is not asked for again") {
  Rig rig(R"({"notes": {"get": "/notes", "id": "id"},
              "comments": {"each": "notes", "get": "/notes/${parent.id}/comments", "id": "id"}})",
          [&](const Asked& asked) {
            return reply(asked.path.ends_with("/comments") ? R"([{"id": "c"}])" : good_body);
          });
  rig.run();
  rig.sink.set_kept("notes");
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/notes/a/comments"});
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"a"});
  CHECK(rig.sink.stream("notes").result.kept);
  CHECK(rig.sink.stream("notes").result.complete);
  rig.sink.set_kept("notes");
  rig.base_options.full = true;
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/notes", "/notes/a/comments"});
}
