#include "util/raw_json.h"
#include "catch.h"
#include "probackup/error.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <random>

using namespace probackup;

namespace {

std::vector<std::string> selected(const std::string& json, const std::string& path) {
  RawJson parser;
  std::vector<std::string> out;
  parser.select(json, path, [&](std::string_view raw) { out.emplace_back(raw); });
  return out;
}

}  // namespace

TEST_CASE("records keep every digit, escape and unknown field") {
  auto records =
      selected(R"( {"data" : [ {"id": 12345678901234567890123, "x": 1.10e5, "t": "\u00e9\ud83d"},
      null, {"id": 2, "nested": {"a": [1, 2]}} ]} )",
               "data");
  REQUIRE(records.size() == 2);
  CHECK(records[0] == R"({"id":12345678901234567890123,"x":1.10e5,"t":"\u00e9\ud83d"})");
  CHECK(records[1] == R"({"id":2,"nested":{"a":[1,2]}})");
}

TEST_CASE("a path goes through lists, and a missing member gives nothing") {
  CHECK(selected(R"({"data":[{"items":[1,2]},{"items":[3]},{}]})", "data[*].items") ==
        std::vector<std::string>{"1", "2", "3"});
  CHECK(selected(R"({"a":{"b":{"id":1}}})", "a.b") == std::vector<std::string>{R"({"id":1})"});
  CHECK(selected(R"([{"id":1}])", "") == std::vector<std::string>{R"({"id":1})"});
  CHECK(selected(R"({"a":null})", "a").empty());
  CHECK(selected(R"({"a":1})", "b.c").empty());
}

TEST_CASE("single values come out as text") {
  RawJson parser;
  std::string record =
      R"({"id":18446744073709551616,"n":"a\"\u00e9","f":true,"z":null,"o":{"k":[1]}})";
  CHECK(parser.text_at(record, "id") == "18446744073709551616");
  CHECK(parser.text_at(record, "n") == "a\"é");
  CHECK(parser.text_at(record, "f") == "true");
  CHECK_FALSE(parser.text_at(record, "z"));
  CHECK_FALSE(parser.text_at(record, "missing"));
  CHECK(parser.text_at(record, "o") == R"({"k":[1]})");
}

TEST_CASE("what is no JSON is said to be none") {
  for (const char* text : {"", "{", "<html>", "[1,]", R"({"a":1)", R"({"a" 1})", "\"a", "nul", "01",
                           "1 2", R"({"a":1}})", "[1 2]", "\"\\x\"", "\"\xff\""}) {
    CAPTURE(text);
    CHECK_THROWS_AS(selected(text, ""), Error);
  }
  CHECK_THROWS_AS(selected(std::string(5000, '['), ""), Error);
}

TEST_CASE("volatile fields are left out for comparing") {
  RawJson parser;
  CHECK(parser.without(R"({"a":1,"b":{"url":"x","k":2},"l":[{"u":1,"v":2},{"u":3}]})",
                       {"b.url", "l[*].u"}) == R"({"a":1,"b":{"k":2},"l":[{"v":2},{}]})");
  CHECK(parser.without(R"({"a":1})", {"a"}) == "{}");
  CHECK(parser.without(R"({"f":{"x":[{"u":1,"v":2}],"y":"text","z":{"u":3,"w":[4]}}})",
                       {"f[*][*].u"}) == R"({"f":{"x":[{"v":2}],"y":"text","z":{"u":3,"w":[4]}}})");
}

TEST_CASE("a lone surrogate is looked at, not refused") {
  CHECK(parse_json(R"("a\ud83dz")").get<std::string>() == "a\uFFFDz");
  CHECK(parse_json(R"("\ud83d\ude00")").get<std::string>() == "😀");
}

TEST_CASE("white space between the tokens of any document goes, and nothing else") {
  std::mt19937_64 random(7);
  auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::string spaces[] = {"", "", " ", "\n  ", "\t\r\n", std::string(70, ' ')};
  auto space = [&](bool any) { return any ? spaces[below(6)] : std::string(); };
  const std::string scalars[] = {"1",
                                 "-0.5e3",
                                 "true",
                                 "null",
                                 "\"\"",
                                 "\"a, b: [c] {d}\"",
                                 "\" \\\" \\\\\"",
                                 "\"tab\\t é😀 \"",
                                 "false"};
  std::function<std::string(int, bool)> value = [&](int depth, bool spaced) -> std::string {
    if (depth == 0 || below(3) == 0) return scalars[below(9)];
    bool object = below(2) == 0;
    std::string out = object ? "{" : "[";
    for (std::size_t i = 0, n = below(5); i < n; ++i) {
      if (i > 0) out += "," + space(spaced);
      if (object) out += "\"k " + std::to_string(i) + "\"" + space(spaced) + ":" + space(spaced);
      out += value(depth - 1, spaced) + space(spaced);
    }
    return out + (object ? "}" : "]");
  };
  RawJson parser;
  for (int i = 0; i < 2000; ++i) {
    std::string text = space(true) + value(5, i % 3 > 0) + space(true);
    CAPTURE(text);
    auto prepared = parser.prepare(text);
    CHECK(prepared == minify_json(text));
    CHECK(nlohmann::json::parse(prepared) == nlohmann::json::parse(text));
  }
}

TEST_CASE("JSON that is nested too deeply is refused before anything copies it") {
  auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(parse_json(nested(512)).is_array());
  CHECK_THROWS_AS(parse_json(nested(513)), Error);
  CHECK_THROWS_AS(parse_json(nested(200'000)), Error);
  CHECK_THROWS_AS(RawJson().prepare(nested(200'000)), Error);
  // Brackets in a text are none.
  CHECK(parse_json("[\"\\\"" + std::string(2000, '[') + "\"]").size() == 1);
}

TEST_CASE("looking into a text that is no JSON stays within it") {
  for (const char* text : {"{\"a\"", "{\"a\":", "{", "{\"", "{\"a\":{", "{{\"a\":1,\"b",
                           "{\"i:2,\",\"name\":\"two\"}\"i:2,\""}) {
    CAPTURE(text);
    CHECK_NOTHROW(raw_value(text, "name"));
    CHECK_NOTHROW(text_value(text, "a.b"));
  }
}

TEST_CASE("a member's name that is no text is no JSON") {
  std::string text = "{\"id\":\"6\"2.\"ref\\uds.$gDtf}";
  try {
    raw_value(text, "[*].id");
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find("not JSON") == 0);
  }
  CHECK_THROWS_AS(raw_value("{2\\u:1}", "x"), Error);
}
