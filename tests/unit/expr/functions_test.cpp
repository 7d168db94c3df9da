#include <nlohmann/json.hpp>

#include "catch.h"
#include "expr/expr.h"
#include "expr/functions.h"
#include "util/text.h"

using namespace probackup;
using nlohmann::json;

namespace {

json eval(const std::string& text, const json& x = nullptr) {
  Scope scope;
  scope.set("x", &x);
  return Expression::parse(text, {"x"}).evaluate(scope);
}

std::string error_of(const std::string& text, const json& x = nullptr) {
  try {
    eval(text, x);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("Every function is described, and in alphabetical order") {
  std::string before;
  for (const auto& [call, help] : expression_functions()) {
    CAPTURE(call);
    CHECK(call > before);
    CHECK(call.find('(') != std::string::npos);
    CHECK_FALSE(help.empty());
    before = call;
  }
}

TEST_CASE("Functions give null for null, except those that ask for it") {
  for (const Function& function : all_functions()) {
    std::string name(function.name);
    CAPTURE(name);
    if (function.run_restore) continue;  // tests/unit/restore
    std::string call = name + "(x";
    for (std::size_t i = 1; i < function.arguments_min; ++i) call += ", 'a'";
    json result = eval(call + ")");
    if (name == "default")
      CHECK(result == "a");
    else if (name == "empty")
      CHECK(result == true);
    else if (name == "length")
      CHECK(result == 0);
    else
      CHECK(result.is_null());
  }
}

TEST_CASE("Functions refuse values of the wrong type without showing them") {
  for (std::string call : {"date(x)",
                           "ends_with(x, 'a')",
                           "first(x)",
                           "join(x, ',')",
                           "lower(x)",
                           "matches(x, 'a')",
                           "max(x)",
                           "min(x)",
                           "number(x)",
                           "parse(x)",
                           "pick(x, 'a')",
                           "replace(x, 'a', 'b')",
                           "seconds(x)",
                           "hex(x)",
                           "slice(x, 0)",
                           "split(x, ',')",
                           "starts_with(x, 'a')",
                           "trim(x)",
                           "upper(x)",
                           "length(x)",
                           "values(x)"}) {
    CAPTURE(call);
    CHECK_THAT(error_of(call, true), ContainsSubstring("found true or false"));
  }
  for (std::string call : {"ends_with('a', x)", "join(['a'], x)", "replace('a', x, 'b')",
                           "replace('a', 'a', x)", "split('a', x)", "date(0, x)", "pick([x], 'a')",
                           "first([], x, 1)", "slice('a', x)", "matches('a', x)", "min([x])"}) {
    CAPTURE(call);
    CHECK_THAT(error_of(call, true), ContainsSubstring("found true or false"));
  }
}

TEST_CASE("date prints times in UTC") {
  CHECK(eval("'2024-05-01T12:30:00+02:00' | date") == "2024-05-01T10:30:00Z");
  CHECK(eval("1714559400 | date('%Y-%m-%d %H:%M')") == "2024-05-01 10:30");
  CHECK(eval("'2024-05-01' | date('%d.%m.')") == "01.05.");
  CHECK_THAT(error_of("'soon' | date"), ContainsSubstring("expected a time"));
  CHECK_THAT(error_of("1e9 | date"), ContainsSubstring("expected an operator"));
  CHECK_THAT(error_of("99999999999 | date"), ContainsSubstring("out of range"));
  CHECK_THAT(error_of("'9999-12-31' | date"), ContainsSubstring("expected a time"));
  CHECK_THAT(error_of("date(0, x)", std::string(300, '%')), ContainsSubstring("too long"));
}

TEST_CASE("default and empty treat null and what is empty alike") {
  CHECK(eval("x | default(60)") == 60);
  CHECK(eval("x | default(60)", "") == 60);
  CHECK(eval("x | default(60)", 0) == 0);
  for (const json& nothing : {json(), json(""), json::array(), json::object()})
    CHECK(eval("empty(x)", nothing) == true);
  for (const json& something : {json(0), json(false), json("a"), json::array({nullptr})})
    CHECK(eval("empty(x)", something) == false);
}

TEST_CASE("first takes the first element, or the one whose member has a value") {
  json list = json::parse(R"([{"k": {"n": "a"}, "id": 1}, {"k": {"n": "b"}, "id": 2}, 3])");
  CHECK(eval("first(x).id", list) == 1);
  CHECK(eval("first(x, 'k.n', 'b').id", list) == 2);
  CHECK(eval("first(x, 'k.n', 'c')", list).is_null());
  CHECK(eval("first([])").is_null());
  CHECK_THAT(error_of("first(x, 'k')", list), ContainsSubstring("has no value"));
}

TEST_CASE("Lists and texts are joined, split and cut") {
  CHECK(eval("['a', null, 1, true] | join(', ')") == "a, 1, true");
  CHECK(eval("[] | join(',')") == "");
  CHECK(eval("distinct(['b', 'a', 'b'])") == json::parse(R"(["a", "b"])"));
  CHECK(eval("'a, b,c' | split(', ')") == json::parse(R"(["a", "b,c"])"));
  CHECK(eval("'' | split(',')") == json::parse(R"([""])"));
  CHECK_THAT(error_of("'a' | split('')"), ContainsSubstring("needs a separator"));
  CHECK(eval("'abcdef' | slice(1, 3)") == "bc");
  CHECK(eval("'abcdef' | slice(-2)") == "ef");
  CHECK(eval("'abcdef' | slice(4, 2)") == "");
  CHECK(eval("'abc' | slice(-9, 99)") == "abc");
  CHECK(eval("[1, 2, 3] | slice(1)") == json::parse("[2, 3]"));
  CHECK(eval("x | slice(0, 1)", "\xc3\xa9") == "\xef\xbf\xbd");
  CHECK(eval("'abc' | length") == 3);
  CHECK(eval("[1, 2] | length") == 2);
  CHECK(eval("x | length", {{"a", 1}}) == 1);
}

TEST_CASE("Texts are changed") {
  CHECK(eval("'AbC' | lower") == "abc");
  CHECK(eval("'AbC' | upper") == "ABC");
  CHECK(eval("values(x)[*].files[*]",
             {{"a", {{"files", {1, 2}}}}, {"b", {{"text", "t"}}}, {"c", {{"files", {3}}}}}) ==
        json::array({1, 2, 3}));
  CHECK(eval("' a ' | trim") == "a");
  CHECK(eval("'a.b.c' | replace('.', '-')") == "a-b-c");
  CHECK(eval("'aaa' | replace('', 'b')") == "aaa");
  CHECK(eval("'aaa' | replace('aa', 'b')") == "ba");
  CHECK(eval("'a b/c?d' | url") == "a%20b%2Fc%3Fd");
  CHECK(eval("7 | url") == "7");
  CHECK(eval("'a\"b\\r\\n c%22/ä' | form_name") == "a%22b%0D%0A c%22/ä");
  CHECK(eval("'abc' | starts_with('ab')") == true);
  CHECK(eval("'abc' | starts_with('bc')") == false);
  CHECK(eval("'abc' | ends_with('bc')") == true);
  CHECK(eval("'abc' | ends_with('abcd')") == false);
}

TEST_CASE("Numbers are read and printed") {
  CHECK(eval("'12' | number") == 12);
  CHECK(eval("' -1.5 ' | number") == -1.5);
  CHECK(eval("3 | number") == 3);
  for (std::string text : {"", "12a", "nan", "inf", "1e999", "0x10", "one"}) {
    CAPTURE(text);
    CHECK(eval("x | number", text).is_null());
  }
  CHECK(eval("7 | text") == "7");
  CHECK(eval("true | text") == "true");
  CHECK(eval("'a' | text") == "a");
  CHECK(eval("[1, 'a'] | text") == "[1,\"a\"]");
}

TEST_CASE("seconds reads what servers write into Retry-After") {
  CHECK(eval("'90' | seconds") == 90);
  CHECK(eval("90 | seconds") == 90);
  CHECK(eval("'1.5' | seconds") == 1.5);
  CHECK(eval("'1m30s' | seconds | text") == "90");
  CHECK(eval("'500ms' | seconds") == 0.5);
  CHECK(eval("'Wed, 01 May 2024 10:30:00 GMT' | seconds") == 1714559400);
  CHECK(eval("'2024-05-01T10:30:00Z' | seconds") == 1714559400);
  CHECK(eval("'later' | seconds").is_null());
}

TEST_CASE("parse and pick look into JSON") {
  CHECK(eval("parse(x).a[1]", R"({"a": [1, 2]})") == 2);
  CHECK_THAT(error_of("parse(x)", "{broken"), ContainsSubstring("not JSON"));
  CHECK_THROWS_AS(eval("parse(x)", std::string(100'000, '[')), Error);
  CHECK(eval("pick(x, 'a', 'c')", {{"a", 1}, {"b", 2}, {"c", 3}}) == json({{"a", 1}, {"c", 3}}));
  CHECK(eval("pick(x, 'a')", json::parse(R"([{"a": 1, "b": 2}, {"b": 3}])")) ==
        json::parse(R"([{"a": 1}, {}])"));
}

TEST_CASE("matches compares with patterns of * and ?") {
  struct Case {
    std::string text, pattern;
    bool fits;
  };
  const std::vector<Case> cases{{"web-shop", "web-*", true},
                                {"api", "web-*", false},
                                {"web", "web", true},
                                {"web", "we?", true},
                                {"we", "we?", false},
                                {"", "*", true},
                                {"", "", true},
                                {"a", "", false},
                                {"abcabc", "*abc", true},
                                {"abcab", "*abc", false},
                                {"a.b", "a?b", true},
                                {"aXbXc", "a*b*c", true},
                                {"Web", "web", false},
                                {"ab", "a**b", true},
                                {"*", "\\*", false}};
  for (const auto& [text, pattern, fits] : cases) {
    CAPTURE(text, pattern);
    CHECK(eval("matches(x[0], x[1])", json::array({text, pattern})) == fits);
  }
  CHECK(eval("matches('api-x', ['web-*', 'api-*'])") == true);
  CHECK(eval("matches('api-x', [])") == false);
  CHECK(eval("matches('api-x', null)") == false);
  std::string stars, as(5000, 'a');
  for (int i = 0; i < 2000; ++i) stars += "*a";
  CHECK(eval("matches(x[0], x[1])", json::array({as, stars + "b"})) == false);
  CHECK_THAT(error_of("matches(x, '*')", std::string(20'000, 'a')), ContainsSubstring("too long"));
}

TEST_CASE("min and max compare numbers or texts") {
  CHECK(eval("[3, 1, 2] | min") == 1);
  CHECK(eval("[3, 1.5, 2] | max") == 3);
  CHECK(eval("['b', null, 'a'] | min") == "a");
  CHECK(eval("[] | min").is_null());
  CHECK_THAT(error_of("[1, 'a'] | min"), ContainsSubstring("numbers or of texts"));
}

TEST_CASE("A document of Jira goes elsewhere without mentions and attached pictures") {
  const json text{{"type", "text"}, {"text", "see "}};
  const json mention{{"type", "mention"}, {"attrs", {{"id", "5b10"}, {"text", "@Mia"}}}};
  const json media{{"type", "media"}, {"attrs", {{"type", "file"}, {"id", "1"}, {"alt", "a.png"}}}};
  const json outside{{"type", "media"},
                     {"attrs", {{"type", "external"}, {"url", "https://x.example"}}}};
  const auto single = [](const json& of) {
    return json{{"type", "mediaSingle"}, {"content", json::array({of})}};
  };
  const json document{
      {"type", "doc"},
      {"version", 1},
      {"content", json::array({{{"type", "paragraph"}, {"content", json::array({text, mention})}},
                               single(media),
                               single(outside)})}};
  const json made = eval("adf(x, 'by Mia')", document);
  REQUIRE(made["content"].size() == 4);
  CHECK(made["content"][0]["content"][0]["text"] == "by Mia");
  CHECK(made["content"][1]["content"][1] == json{{"type", "text"}, {"text", "@Mia"}});
  CHECK(made["content"][2]["type"] == "paragraph");
  CHECK(made["content"][2]["content"][0]["text"] == "[a.png]");
  CHECK(made["content"][3] == single(outside));
  CHECK(eval("adf(x)").is_null());
  CHECK(eval("adf(x, 'a note')")["content"].size() == 1);
  CHECK_THROWS_AS(eval("adf('text')"), Error);
}

TEST_CASE("The members of an object as a list") {
  CHECK(eval("entries(x)[*].key", {{"a", 1}, {"b", 2}}) == json({"a", "b"}));
  CHECK(eval("entries(x)[0].value", {{"a", 1}}) == 1);
  CHECK(eval("entries(x)", json::object()) == json::array());
  CHECK_THROWS_AS(eval("entries('a')"), Error);
}

TEST_CASE("A UUID is made of a text") {
  const std::string made = eval("uuid('issues/1')");
  CHECK_THAT(made, Catch::Matchers::Matches(
                       "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  CHECK(eval("uuid('issues/1')") == made);
  CHECK(eval("uuid('issues/2')") != made);
  CHECK(eval("uuid(null)").is_null());
  CHECK_THROWS_AS(eval("uuid(1)"), Error);
}

TEST_CASE("Attributes and tags of rich text are taken out, and nothing else") {
  const std::string link =
      R"(<body>a < b <a href="https://x.example/?a=1>2" data-asana-gid="1" data-asana-type='task' >T</a></body>)";
  CHECK(eval("without_attributes(x, 'data-asana-')", link) ==
        R"(<body>a < b <a href="https://x.example/?a=1>2" >T</a></body>)");
  CHECK(eval("without_attributes(x, 'data-')", R"(<a data-on data-x=1 b="data-y" data-z="1"/>)") ==
        R"(<a b="data-y"/>)");
  CHECK(eval("without_attributes(x, 'data-')", "data-a=\"1\" <p>data-b=\"2\"</p>") ==
        "data-a=\"1\" <p>data-b=\"2\"</p>");
  CHECK(eval("without_tags(x, 'img', 'object')",
             R"(<p>1<img src="a>b"/>2<object data="x">3</object>4<image/></p>)") ==
        "<p>1234<image/></p>");
  for (const std::string cut : {"<", "<a", "<a b", "<a b=", "<a b=\"", "<a b=\"c\"", "</", "a<"}) {
    CAPTURE(cut);
    CHECK(eval("without_attributes(x, 'z')", cut) == cut);
    CHECK(eval("without_tags(x, 'z')", cut) == cut);
  }
  CHECK(eval("without_attributes(null, 'a')").is_null());
}
