#include <nlohmann/json.hpp>

#include "catch.h"
#include "expr/expr.h"

using namespace probackup;
using nlohmann::json;

namespace {

const std::vector<std::string> roots{"record", "config"};

json make(const std::string& text) {
  static const json record = json::parse(R"({
    "id": 7, "name": "n", "tags": ["a", "b"], "object": {"k": 1}, "yes": true,
    "fields": [{"id": "f1", "type": "text", "text": "x"}, {"id": "f2", "type": "number", "number": 5},
               {"id": "f3", "type": "odd"}, {"id": null, "type": "text", "text": "lost"}]
  })");
  Scope scope;
  scope.set("record", &record);
  return Template::parse(json::parse(text), roots).evaluate(scope);
}

std::string error_of(const std::string& text) {
  try {
    make(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("A text that is one expression keeps its type, mixed text is printed") {
  CHECK(make(R"("${record.id}")") == 7);
  CHECK(make(R"("${record.tags}")") == json::array({"a", "b"}));
  CHECK(make(R"("${record.missing}")").is_null());
  CHECK(make(R"(" ${record.id}")") == " 7");
  CHECK(make(R"("${record.id}${record.name}")") == "7n");
  CHECK(make(R"("<${record.missing}>")") == "<>");
  CHECK(make(R"("${record.yes}/${record.tags}")") == "true/[\"a\",\"b\"]");
  CHECK(make(R"("plain")") == "plain");
  CHECK(make(R"("")") == "");
}

TEST_CASE("A dollar sign can be written") {
  CHECK(make(R"("$${record.id}")") == "${record.id}");
  CHECK(make(R"("$5 $ {} ${record.id}")") == "$5 $ {} 7");
  CHECK(make(R"(["$${x}"])") == json::array({"${x}"}));
}

TEST_CASE("A brace inside a quoted text does not end the expression") {
  CHECK(make(R"("${'}' + record.name}")") == "}n");
  CHECK(make(R"("${'\\'}' + record.name}!")") == "'}n!");
}

TEST_CASE("A null from an expression drops the member, a written null stays") {
  CHECK(make(R"({"a": "${record.missing}", "b": null, "c": "${record.id}"})") ==
        json::parse(R"({"b": null, "c": 7})"));
  CHECK(make(R"(["${record.missing}", null, 1])") == json::parse("[null, 1]"));
  CHECK(make(R"({"a": {"b": "${record.missing}"}})") == json::parse(R"({"a": {}})"));
  CHECK(make(R"({"a": 1, "b": [true, 1.5]})") == json::parse(R"({"a": 1, "b": [true, 1.5]})"));
}

TEST_CASE("$each makes lists and objects") {
  CHECK(make(R"({"$each": "${record.tags}", "value": {"name": "${item}"}})") ==
        json::parse(R"([{"name": "a"}, {"name": "b"}])"));
  CHECK(make(R"({"$each": "${record.fields}", "if": "${item.type == 'text'}", "key": "${item.id}",
                 "value": "${item.text}"})") == json::parse(R"({"f1": "x"})"));
  CHECK(make(R"({"x": {"$each": "${record.missing}", "value": 1}})") == json::object());
  CHECK(make(R"({"$each": "${record.fields}", "value": "${item.text}"})") ==
        json::array({"x", "lost"}));
  CHECK_THAT(error_of(R"({"$each": "${record.id}", "value": 1})"),
             ContainsSubstring("expected a list, found a number"));
}

TEST_CASE("$case picks a member") {
  const std::string fields = R"({"$each": "${record.fields}", "value":
      {"$case": "${item.type}", "text": "${item.text}", "number": "${item.number}", "*": "other"}})";
  CHECK(make(fields) == json::parse(R"(["x", 5, "other", "lost"])"));
  CHECK(make(R"({"a": {"$case": "${record.name}", "m": 1}})") == json::object());
  CHECK(make(R"({"$case": "${record.id}", "7": "seven"})") == "seven");
}

TEST_CASE("$json prints its value") {
  CHECK(make(R"({"$json": {"a": "${record.id}", "b": "${record.missing}"}})") == R"({"a":7})");
  CHECK(make(R"({"v": {"$json": "${record.tags}"}})") == json::parse(R"({"v": "[\"a\",\"b\"]"})"));
}

TEST_CASE("Every mistake in a template is reported at its place") {
  std::vector<std::pair<std::string, std::string>> mistakes;
  json value = json::parse(R"({
    "a/b": "${recrod}", "list": [1, "${"],
    "each": {"$each": "no", "value": "${item.x}", "extra": 1},
    "each2": {"$each": "${record.tags}"},
    "item": "${item}",
    "case": {"$case": "${record.id}"},
    "json": {"$json": 1, "b": 2},
    "$odd": 1
  })");
  Template parsed = Template::parse(value, roots, mistakes);
  std::vector<std::string> places;
  for (const auto& [path, message] : mistakes) places.push_back(path);
  CHECK(places == std::vector<std::string>{"/$odd", "/a~1b", "/case", "/each/extra", "/each/$each",
                                           "/each2", "/item", "/json/b", "/list/1"});
  CHECK(parsed.empty());
  CHECK_THROWS_AS(Template::parse(value, roots), Error);
}

TEST_CASE("Deep templates and nested loops end with an error") {
  json deep = "${record.id}";
  for (int i = 0; i < 100; ++i) deep = json::array({deep});
  CHECK_THROWS_AS(Template::parse(deep, roots), Error);
  json loop = "${item}";
  for (int i = 0; i < 5; ++i) loop = {{"$each", "${record.tags}"}, {"value", loop}};
  CHECK_THROWS_AS(Template::parse(loop, roots), Error);
  json inside = "${record.tags}";
  for (int i = 0; i < 100; ++i) inside = {{"$each", inside}, {"value", 1}};
  CHECK_THROWS_AS(Template::parse(inside, roots), Error);
}

TEST_CASE("A template tells what it mentions") {
  auto parsed =
      Template::parse(json::parse(R"({"a": ["${config.token}"], "b": "x${config.key}"})"), roots);
  CHECK(parsed.uses("config"));
  CHECK_FALSE(parsed.uses("record"));
  CHECK(parsed.members("config") == std::vector<std::string>{"token", "key"});
  CHECK(parsed.varies());
  CHECK_FALSE(Template::parse(json::parse(R"({"a": ["b"]})"), roots).varies());
  CHECK(Template::parse("${record.a.b}", roots).plain_path("record") == "a.b");
  CHECK_FALSE(Template::parse("${record.a}!", roots).plain_path("record"));
  CHECK_FALSE(Template::parse("a.b", roots).plain_path("record"));
  CHECK(Template().empty());
  CHECK(Template().evaluate(Scope()).is_null());
  CHECK(Template().text(Scope()).empty());
}

TEST_CASE("text() prints every kind of value") {
  Scope scope;
  for (const auto& [value, printed] : std::vector<std::pair<json, std::string>>{
           {"a", "a"}, {nullptr, ""}, {7, "7"}, {true, "true"}, {json::array({1}), "[1]"}}) {
    CHECK(Template::parse(value, roots).text(scope) == printed);
  }
}
