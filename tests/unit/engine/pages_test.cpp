#include <algorithm>
#include <functional>
#include <utility>

#include "catch.h"
#include "rig.h"

using namespace probackup;
using nlohmann::json;

namespace {

std::string number_key(int number) {
  std::string text = std::to_string(number);
  return std::string(4 - text.size(), '0') + text;
}

// Records `from` to `to` (not included) as a JSON list.
json items(int from, int to) {
  json list = json::array();
  for (int i = from; i < to; ++i) list.push_back({{"id", number_key(i)}});
  return list;
}

int as_number(const std::string& text, int otherwise) {
  return text.empty() ? otherwise : std::stoi(text);
}

}  // namespace

TEST_CASE("a listing is read to its end, however it is paged") {
  static constexpr int total = 95, size = 10;
  struct Case {
    std::string page;
    FakeHttp::Handler handler;
  };
  auto slice = [](int from) { return items(from, std::min(from + size, +total)); };
  std::vector<Case> cases{
      {R"({"by":"cursor","next":"${body.next}","into":"query.after","size":"limit=10"})",
       [&](const Asked& asked) {
         int from = as_number(asked.parameter("after"), 0);
         json next = from + size < total ? json(std::to_string(from + size)) : json();
         return reply(json{{"data", slice(from)}, {"next", next}}.dump());
       }},
      {R"({"by":"number","into":"query.page","size":"limit=10"})",
       [&](const Asked& asked) {
         return reply(
             json{{"data", slice((as_number(asked.parameter("page"), 1) - 1) * size)}}.dump());
       }},
      {R"({"by":"number","into":"query.page","size":"limit=10","total":"${body.total}"})",
       [&](const Asked& asked) {
         int from = (as_number(asked.parameter("page"), 1) - 1) * size;
         return reply(json{{"data", slice(from)}, {"total", total}}.dump());
       }},
      {R"({"by":"offset","into":"query.offset","size":"limit=10","more":"${body.more}"})",
       [&](const Asked& asked) {
         int from = as_number(asked.parameter("offset"), 0);
         return reply(json{{"data", slice(from)}, {"more", from + size < total}}.dump());
       }},
      // The server gives at most 10 a page where 50 are asked for.
      {R"({"by":"offset","into":"query.offset","size":"limit=50","total":"${body.total}"})",
       [&](const Asked& asked) {
         int from = as_number(asked.parameter("offset"), 0);
         return reply(json{{"data", slice(from)}, {"total", total}}.dump());
       }},
      {R"({"by":"link","size":"limit=10"})",
       [&](const Asked& asked) {
         int page = as_number(asked.parameter("page"), 1);
         Headers headers;
         if (page * size < total)
           headers.emplace_back("Link", "</v1/notes?limit=10&page=" + std::to_string(page + 1) +
                                            ">; rel=\"next\", </v1/notes?limit=10&page=10>; "
                                            "rel=\"last\"");
         return reply(json{{"data", slice((page - 1) * size)}}.dump(), 200, headers);
       }},
      {R"({"by":"url","next":"${body.next}"})",
       [&](const Asked& asked) {
         int from = as_number(asked.parameter("from"), 0);
         json next =
             from + size < total ? json("notes?from=" + std::to_string(from + size)) : json();
         return reply(json{{"data", slice(from)}, {"next", next}}.dump());
       }},
  };
  for (const auto& one : cases) {
    CAPTURE(one.page);
    Rig rig(
        R"({"notes": {"get": "/notes", "id": "id", "records": "data", "page": )" + one.page + "}}",
        one.handler);
    rig.run();
    CHECK(rig.sink.gaps().empty());
    CHECK(rig.sink.raws("notes").size() == total);
    CHECK(rig.sink.stream("notes").result.complete);
    CHECK(rig.http.requests() <= 11);
  }
}

TEST_CASE("an API that repeats itself ends in a gap, not in a circle") {
  struct Case {
    std::string page;
    FakeHttp::Handler handler;
    std::string reason;
  };
  std::vector<Case> cases{
      {R"({"by":"cursor","next":"${body.next}","into":"query.after"})",
       [](const Asked& asked) {
         int count = static_cast<int>(asked.count);
         int from = asked.parameter("after") == "a" ? 1 + 2 * count
                    : asked.query.empty()           ? 0
                                                    : 2 + 2 * count;
         return reply(json{{"data", items(from, from + 1)},
                           {"next", asked.parameter("after") == "a" ? "b" : "a"}}
                          .dump());
       },
       "repeated a page token"},
      {R"({"by":"number","into":"query.page","size":"limit=2"})",
       [](const Asked&) {
         return reply(json{{"data", items(0, 2)}}.dump());
       },
       "same page twice"},
      {R"({"by":"number","into":"query.page","size":"limit=2","total":"${body.total}"})",
       [](const Asked&) {
         return reply(json{{"data", items(0, 2)}, {"total", 20}}.dump());
       },
       "same page twice"},
      {R"({"by":"link"})",
       [](const Asked& asked) {
         return reply(json{{"data", items(static_cast<int>(asked.count), 7)}}.dump(), 200,
                      {{"Link", "</v1/notes>; rel=next"}});
       },
       "repeated the address of a page"},
      {R"({"by":"url","next":"${body.next}"})",
       [](const Asked&) {
         return reply(
             json{{"data", items(0, 2)}, {"next", "https://evil.example/notes?page=2"}}.dump());
       },
       "another host"},
  };
  for (const auto& one : cases) {
    CAPTURE(one.page);
    Rig rig(
        R"({"notes": {"get": "/notes", "id": "id", "records": "data", "page": )" + one.page + "}}",
        one.handler);
    rig.run();
    REQUIRE(rig.sink.gaps().size() >= 1);
    CHECK_THAT(rig.sink.gaps()[0].reason, ContainsSubstring(one.reason));
    CHECK(rig.sink.gaps()[0].stream == "notes");
    CHECK_FALSE(rig.sink.stream("notes").result.complete);
    CHECK_FALSE(rig.sink.stream("notes").since);
    CHECK(rig.sink.raws("notes").size() >= 1);
    CHECK(rig.http.requests() < 20);
  }
}

TEST_CASE("a listing that shrinks while it is read is read again, so that nothing is skipped") {
  bool deleted = false;
  Rig rig(R"({"notes": {"get": "/notes", "id": "id", "records": "data",
              "page": {"by": "offset", "into": "query.offset", "size": "limit=5", "total": "${body.total}"}}})",
          [&](const Asked& asked) {
            json all = items(0, 10);
            if (deleted) all.erase(2);
            int from = as_number(asked.parameter("offset"), 0);
            if (from == 0) deleted = true;  // after the first page of the first round
            json page = json::array();
            for (int i = from; i < std::min<int>(from + 5, static_cast<int>(all.size())); ++i)
              page.push_back(all[static_cast<std::size_t>(i)]);
            bool first = asked.count == 0 && from == 0;
            return reply(json{{"data", first ? items(0, 5) : page},
                              {"total", first ? 10 : static_cast<int>(all.size())}}
                             .dump());
          });
  rig.run();
  CHECK(rig.sink.gaps().empty());
  auto keys = rig.sink.keys("notes");
  CHECK(std::count(keys.begin(), keys.end(), "0005") == 1);
  CHECK(keys.size() == 10);  // 0002 was there when the run began
}

TEST_CASE("a total that never comes true is a gap") {
  Rig rig(
      R"({"notes": {"get": "/notes", "id": "id", "records": "data",
              "page": {"by": "number", "into": "query.page", "size": "limit=5", "total": "${body.total}"}}})",
      [&](const Asked& asked) {
        int page = as_number(asked.parameter("page"), 1);
        return reply(json{{"data", page == 1 ? items(0, 5) : items(5, 8)}, {"total", 10}}.dump());
      });
  rig.run();
  REQUIRE(rig.sink.gaps().size() == 1);
  CHECK(rig.sink.gaps()[0].reason == "the API says there are 10 records and gave 8");
}

TEST_CASE("where changes and pages share a parameter, the page's value counts") {
  Rig rig(R"({"notes": {"get": "/notes", "id": "id",
              "since": {"into": "query.since", "format": "unix"},
              "page": {"by": "cursor", "into": "query.since", "next": "${last.next}"}}})",
          [&](const Asked& asked) {
            if (asked.parameter("since") == "1800000000") return reply(R"([{"id": "b"}])");
            return reply(R"([{"id": "a", "next": 1800000000}])");
          });
  rig.run();
  CHECK(rig.asked() == std::vector<std::string>{"/notes", "/notes?since=1800000000"});
  rig.run();
  CHECK(rig.asked() ==
        std::vector<std::string>{"/notes?since=1700000000", "/notes?since=1800000000"});
  CHECK(rig.sink.keys("notes") == std::vector<std::string>{"a", "b"});
}

TEST_CASE("one page that cannot be read costs that page alone") {
  Rig rig(R"({"notes": {"get": "/notes", "id": "id", "records": "data",
              "page": {"by": "number", "into": "query.page", "size": "limit=5", "total": "${body.total}"}}})",
          [&](const Asked& asked) {
            int page = as_number(asked.parameter("page"), 1);
            if (page == 3) return reply("<html>sorry</html>", 503);
            return reply(json{{"data", items((page - 1) * 5, page * 5)}, {"total", 30}}.dump());
          });
  rig.run();
  REQUIRE(rig.sink.gaps().size() == 1);
  CHECK(rig.sink.gaps()[0].status == 503);
  CHECK_THAT(rig.sink.gaps()[0].url, ContainsSubstring("page=3"));
  CHECK(rig.sink.raws("notes").size() == 25);
}

TEST_CASE("the end that an API puts to its listings is a gap") {
  Rig rig(
      R"({"notes": {"get": "/notes", "id": "id", "cap": {"count": 3, "say": "only the newest 3"}}})",
      [&](const Asked&) { return reply(items(0, 3).dump()); });
  rig.run();
  REQUIRE(rig.sink.gaps().size() == 1);
  CHECK(rig.sink.gaps()[0].reason == "only the newest 3");
}

namespace {

// Pages of ten out of 45; tokens end where `ends` says so.
struct EndingTokens {
  explicit EndingTokens(std::function<bool(int from, unsigned asked)> ends)
      : rig(R"({"notes": {"get": "/notes", "id": "id", "records": "data",
                "page": {"by": "cursor", "next": "${body.next}", "into": "query.after"}}})",
            [this, ends](const Asked& asked) {
              const int from = as_number(asked.parameter("after"), 0);
              if (ends(from, static_cast<unsigned>(asked.count)))
                return reply(R"({"error":"the token has expired"})", 400);
              json next = from + 10 < 45 ? json(std::to_string(from + 10)) : json();
              return reply(
                  json{{"data", items(from, std::min(from + 10, 45))}, {"next", next}}.dump());
            },
            R"({"errors": [{"when": "${'has expired' in body.error}", "do": "restart",
                            "say": "the page's token ended"}]})") {}
  Rig rig;
};

}  // namespace

TEST_CASE("a listing whose page token ends begins anew, and gives each record once") {
  bool is_ended = false;
  EndingTokens world(
      [&](int from, unsigned) { return from == 30 && !std::exchange(is_ended, true); });
  world.rig.run();
  CHECK(world.rig.sink.gaps().empty());
  CHECK(world.rig.sink.stream("notes").result.complete);
  CHECK(world.rig.sink.raws("notes").size() == 45);
  CHECK(world.rig.http.requests() == 9);  // three pages, a refusal, five pages
}

TEST_CASE("a listing whose page token ends again at the same place is a gap") {
  EndingTokens world([](int from, unsigned) { return from == 30; });
  world.rig.run();
  REQUIRE(world.rig.sink.gaps().size() == 1);
  CHECK_THAT(world.rig.sink.gaps()[0].reason, ContainsSubstring("token ended"));
  CHECK(world.rig.sink.raws("notes").size() == 30);
  CHECK(world.rig.http.requests() == 8);  // twice three pages and a refusal
}

TEST_CASE("a first page that is refused as if its token had ended is a gap") {
  EndingTokens world([](int, unsigned) { return true; });
  world.rig.run();
  CHECK(world.rig.sink.gaps().size() == 1);
  CHECK(world.rig.http.requests() == 1);
}
