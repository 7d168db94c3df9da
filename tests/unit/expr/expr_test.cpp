#include "expr/expr.h"

#include <nlohmann/json.hpp>

#include "catch.h"

using namespace probackup;
using nlohmann::json;

namespace {

const std::vector<std::string> roots{"record", "config", "headers", "body", "null_root"};

json names() {
  return json::parse(R"({
    "record": {"id": 7, "name": "it's", "a": {"b": {"c": "deep"}}, "odd name": 1, "in": "word",
               "list": [{"id": 1}, {"id": null}, {"id": 3, "tags": ["x", "y"]}, {"tags": ["z"]}],
               "empty": "", "none": [], "flag": true, "off": false, "big": 9223372036854775807,
               "huge": 18446744073709551615, "half": 0.5},
    "config": {"field": "name", "ids": ["7", "8"], "numbers": [7, 8], "header": "X-Page"},
    "headers": {"x-page": "2", "retry-after": "30"},
    "body": [10, 20, 30]
  })");
}

json eval(const std::string& text) {
  static const json values = names();
  Scope scope;
  for (const auto& [name, value] : values.items()) scope.set(name, &value);
  return Expression::parse(text, roots).evaluate(scope);
}

std::string error_of(const std::string& text) {
  try {
    eval(text);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

struct Case {
  std::string text, expected;  // the result as JSON
};

void check(const std::vector<Case>& cases) {
  for (const auto& [text, expected] : cases) {
    CAPTURE(text);
    CHECK(eval(text).dump() == json::parse(expected).dump());
  }
}

}  // namespace

TEST_CASE("Paths reach members, elements and lists of members") {
  check({{"record.id", "7"},
         {"record.a.b.c", "\"deep\""},
         {"record['odd name']", "1"},
         {"record.in", "\"word\""},
         {"record[config.field]", "\"it's\""},
         {"body[0]", "10"},
         {"body[-1]", "30"},
         {"body[1 + 1]", "30"},
         {"record.list[*].id", "[1, 3]"},
         {"record.list[*].tags[*]", "[\"x\", \"y\", \"z\"]"},
         {"record.list[2].tags[*]", "[\"x\", \"y\"]"},
         {"(record.missing ?: record.a).b.c", "\"deep\""},
         {"[1, [2, 3]][1][0]", "2"},
         {"split('a-b', '-')[1]", "\"b\""}});
}

TEST_CASE("What is missing is null, whatever it is missing from") {
  check({{"record.missing", "null"},
         {"record.missing.deeper[3].still", "null"},
         {"record.name.member", "null"},
         {"record.id[0]", "null"},
         {"body[3]", "null"},
         {"body[-4]", "null"},
         {"body.name", "null"},
         {"record[record.missing]", "null"},
         {"record.missing[*].id", "[]"},
         {"record.name[*]", "[]"},
         {"null_root", "null"},
         {"null_root.member", "null"}});
}

TEST_CASE("Header names are looked up in any case") {
  check({{"headers['X-Page']", "\"2\""},
         {"headers['Retry-After'] | seconds", "30"},
         {"headers[config.header]", "\"2\""}});
}

TEST_CASE("Literals have the types that they are written with") {
  check({{"'it\\'s \\\\ \\r\\n\\t'", "\"it's \\\\ \\r\\n\\t\""},
         {"''", "\"\""},
         {"12", "12"},
         {"1.5", "1.5"},
         {"-3", "-3"},
         {"true", "true"},
         {"false", "false"},
         {"null", "null"},
         {"[]", "[]"},
         {"[1, 'a', null, [true]]", "[1, \"a\", null, [true]]"}});
}

TEST_CASE("Arithmetic keeps whole numbers whole and exact") {
  check({{"1 + 2 * 3", "7"},
         {"(1 + 2) * 3", "9"},
         {"7 - 2 - 1", "4"},
         {"6 / 3", "2"},
         {"7 / 2", "3.5"},
         {"7 % 4", "3"},
         {"7.5 % 2", "1.5"},
         {"-7 % 4", "-3"},
         {"1 + 0.5", "1.5"},
         {"- -2", "2"},
         {"record.big - 1", "9223372036854775806"},
         {"record.big + 1", "9223372036854775808.0"},
         {"(0 - record.big - 1) / -1", "9223372036854775808.0"},
         {"(0 - record.big - 1) % -1", "0"},
         {"record.huge - 0", "18446744073709551615.0"}});
}

TEST_CASE("Texts and lists are joined by +") {
  check({{"'a' + 'b' + 'c'", "\"abc\""}, {"[1] + [2, 3]", "[1, 2, 3]"}});
}

TEST_CASE("Arithmetic with null gives null") {
  check({{"null + 1", "null"},
         {"'updated > ' + record.missing", "null"},
         {"1 - null", "null"},
         {"null * null", "null"},
         {"1 / null", "null"},
         {"[1] + null", "null"},
         {"-record.missing", "null"}});
}

TEST_CASE("Equality compares without converting") {
  check({{"1 == 1", "true"},
         {"1 == 1.0", "true"},
         {"1 == '1'", "false"},
         {"1 != '1'", "true"},
         {"'a' == 'a'", "true"},
         {"null == record.missing", "true"},
         {"null == ''", "false"},
         {"false == 0", "false"},
         {"[1, 2] == [1, 2]", "true"},
         {"record.a == record.a", "true"}});
}

TEST_CASE("Order compares two numbers or two texts, and is false with null") {
  check({{"1 < 2", "true"},
         {"2 <= 2", "true"},
         {"1 > 2", "false"},
         {"2 >= 2.5", "false"},
         {"'a' < 'b'", "true"},
         {"'b' >= 'a'", "true"},
         {"null < 1", "false"},
         {"1 > null", "false"},
         {"null <= null", "false"},
         {"record.missing > 0", "false"}});
}

TEST_CASE("in looks into lists, texts and objects") {
  check({{"7 in config.numbers", "true"},
         {"record.id in config.ids", "false"},
         {"(record.id | text) in config.ids", "true"},
         {"record.id | text in config.ids", "true"},
         {"'t\\'' in record.name", "true"},
         {"'zz' in record.name", "false"},
         {"'a' in record", "true"},
         {"1 in record", "false"},
         {"'a' in record.missing", "false"},
         {"null in record.name", "false"},
         {"null in [null]", "true"}});
}

TEST_CASE("Conditions take null, false, 0 and what is empty as false") {
  check({{"!null", "true"},
         {"!false", "true"},
         {"!0", "true"},
         {"!''", "true"},
         {"![]", "true"},
         {"!record.empty", "true"},
         {"!'0'", "false"},
         {"!!1", "true"},
         {"![0]", "false"},
         {"1 && 'a'", "true"},
         {"1 && 0", "false"},
         {"0 || ''", "false"},
         {"0 || [1]", "true"},
         {"record.flag ? 1 : 2", "1"},
         {"record.off ? 1 : 2", "2"}});
}

TEST_CASE("?: replaces what is null or empty, but not 0 and false") {
  check({{"record.missing ?: 'b'", "\"b\""},
         {"record.empty ?: 'b'", "\"b\""},
         {"record.none ?: 'b'", "\"b\""},
         {"0 ?: 'b'", "0"},
         {"false ?: 'b'", "false"},
         {"null ?: null ?: 3", "3"}});
}

TEST_CASE("Branches that are not taken are not evaluated") {
  check({{"true ? 1 : 1 / 0", "1"},
         {"false ? 1 / 0 : 2", "2"},
         {"1 || 1 / 0", "true"},
         {"0 && 1 / 0", "false"},
         {"1 ?: 1 / 0", "1"}});
}

TEST_CASE("Operators bind as the documentation says") {
  check({{"1 + 1 == 2 && 2 * 2 == 4", "true"},
         {"true || false && false", "true"},
         {"!record.off && true", "true"},
         {"false ? 1 : true ? 2 : 3", "2"},
         {"1 == 1 ? 'y' : 'n'", "\"y\""},
         {"'a/' + 'b c' | url", "\"a/b%20c\""},
         {"'A' + ('B' + 'C' | lower)", "\"ABc\""},
         {"-2 + 3", "1"},
         {"'x' | upper == 'X'", "true"},
         {"record.missing ? 1 : record.list[*].id | join('+')", "\"1+3\""}});
}

TEST_CASE("A wrong type is an error that names the expression and shows no value") {
  CHECK_THAT(error_of("record.name - 1"), ContainsSubstring("${record.name - 1}"));
  CHECK_THAT(error_of("record.name - 1"),
             ContainsSubstring("'-' does not take a text and a number"));
  CHECK_THAT(error_of("1 + 'a'"), ContainsSubstring("a number and a text"));
  CHECK_THAT(error_of("[1] + {}"), ContainsSubstring("unexpected character"));
  CHECK_THAT(error_of("[1] * 2"), ContainsSubstring("'*' does not take"));
  CHECK_THAT(error_of("true + 1"), ContainsSubstring("true or false"));
  CHECK_THAT(error_of("-'a'"), ContainsSubstring("'-' does not take a text"));
  CHECK_THAT(error_of("1 < 'a'"), ContainsSubstring("cannot be compared"));
  CHECK_THAT(error_of("[1] < [2]"), ContainsSubstring("cannot be compared"));
  CHECK_THAT(error_of("1 in 2"), ContainsSubstring("cannot be in a number"));
  CHECK_THAT(error_of("1 in 'a'"), ContainsSubstring("cannot be in a text"));
  CHECK_THAT(error_of("body[true]"), ContainsSubstring("cannot stand between"));
  CHECK_THAT(error_of("1 / 0"), ContainsSubstring("division by zero"));
  CHECK_THAT(error_of("1 % 0"), ContainsSubstring("division by zero"));
  CHECK_THAT(error_of("headers[1]"), ContainsSubstring("expected a text"));
  CHECK(error_of("record.name - 1").find("it's") == std::string::npos);
}

TEST_CASE("A mistake in an expression is reported with its place") {
  struct Mistake {
    std::string text, message;
  };
  const std::vector<Mistake> mistakes{
      {"", "character 1: expected a value, found the end"},
      {"1 +", "character 4: expected a value, found the end"},
      {"(1", "character 3: expected ')', found the end"},
      {"[1, 2", "expected ']', found the end"},
      {"1 2", "character 3: expected an operator or the end, found '2'"},
      {"a ? 1", "'a' is not known here"},
      {"true ? 1", "expected ':', found the end"},
      {"'open", "character 1: a text without its closing '"},
      {"'\\q'", "unknown escape"},
      {"'\\", "unknown escape"},
      {"record.", "expected a member's name, found the end"},
      {"record.1", "character 8: expected a member's name, found '1'"},
      {"record[", "expected a value"},
      {"record[*", "expected ']'"},
      {"record = 1", "write '==' to compare"},
      {"record & 1", "unexpected character"},
      {"\"text\"", "single quotes"},
      {"recrod.id", "did you mean record?"},
      {"record | lowr", "unknown function 'lowr'; did you mean lower?"},
      {"record |", "expected a function, found the end"},
      {"record | lower(1, 2)", "wrong number of arguments for lower(text)"},
      {"lower", "'lower' needs its arguments"},
      {"lower()", "wrong number of arguments"},
      {"in record", "'in' without a value in front"},
      {"record in", "expected a value"},
      {"99999999999999999999", "a number that is too large"},
      {"1 # 2", "character 3: an unexpected character"},
      {"\xff", "unexpected character"}};
  for (const auto& [text, message] : mistakes) {
    CAPTURE(text);
    CHECK_THAT(error_of(text), ContainsSubstring(message));
  }
}

TEST_CASE("Deep nesting and long chains end with an error") {
  auto repeat = [](const std::string& text, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += text;
    return out;
  };
  CHECK_THAT(error_of(repeat("(", 4000) + "1" + repeat(")", 4000)), ContainsSubstring("deep"));
  CHECK_THAT(error_of(repeat("[", 4000)), ContainsSubstring("deep"));
  CHECK_THAT(error_of(repeat("!", 4000) + "1"), ContainsSubstring("deep"));
  CHECK_THAT(error_of(repeat("-", 4000) + "1"), ContainsSubstring("deep"));
  CHECK_THAT(error_of(repeat("1 ? ", 2000)), ContainsSubstring("deep"));
  CHECK_THAT(error_of(repeat("1 ?: ", 1500) + "1"), ContainsSubstring("deep"));
  CHECK_THAT(error_of(repeat("1+", 4000) + "1"), ContainsSubstring("deep"));
  CHECK_THAT(error_of("record" + repeat("|text", 1500)), ContainsSubstring("deep"));
  CHECK_THAT(error_of(repeat("record[", 1000) + "0" + repeat("]", 1000)),
             ContainsSubstring("deep"));
  CHECK_THAT(error_of(repeat("1+", 40'000)), ContainsSubstring("at most 8192"));
  CHECK(eval(repeat("(", 40) + "1" + repeat(")", 40)) == 1);
  CHECK(eval("record" + repeat(".x", 1000)).is_null());
}

TEST_CASE("What an expression builds has a limit") {
  json text = std::string(1 << 20, 'a');
  Scope scope;
  scope.set("record", &text);
  auto run = [&](const std::string& expression) {
    return Expression::parse(expression, roots).evaluate(scope);
  };
  CHECK_THROWS_AS(run("replace(record, 'a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')"), Error);
  CHECK_THROWS_AS(
      run("join([record, record, record, record, record, record, record, record, record,"
          "record, record, record, record, record, record, record, record], '')"),
      Error);
  json list = json::array();
  for (int i = 0; i < 200'000; ++i) list.push_back(i);
  scope.set("record", &list);
  CHECK_THROWS_AS(run("record + record"), Error);
}

TEST_CASE("An inner scope hides the names of the outer one") {
  json one = 1, two = 2;
  Scope outer;
  outer.set("record", &one);
  outer.set("config", &one);
  Scope inner(&outer);
  inner.set("record", &two);
  CHECK(Expression::parse("record + config", roots).evaluate(inner) == 3);
  outer.set("config", &two);
  CHECK(Expression::parse("record + config", roots).evaluate(inner) == 4);
}

TEST_CASE("An expression tells what it mentions") {
  auto parsed =
      Expression::parse("config.token ? body[record.x | lower] : config['other'].deep", roots);
  CHECK(parsed.uses("config"));
  CHECK(parsed.uses("record"));
  CHECK(parsed.uses("body"));
  CHECK_FALSE(parsed.uses("headers"));
  CHECK(parsed.members("config") == std::vector<std::string>{"token", "other"});
  CHECK(Expression::parse("record.a.b", roots).plain_path("record") == "a.b");
  CHECK(Expression::parse("record['odd name']", roots).plain_path("record") == "odd name");
  CHECK_FALSE(Expression::parse("record['a.b']", roots).plain_path("record"));
  CHECK_FALSE(Expression::parse("record.a[0]", roots).plain_path("record"));
  CHECK_FALSE(Expression::parse("record.a", roots).plain_path("config"));
  CHECK_FALSE(Expression::parse("record", roots).plain_path("record"));
  CHECK_FALSE(Expression::parse("record.a + 1", roots).plain_path("record"));
  CHECK(Expression().evaluate(Scope()).is_null());
  CHECK(Expression().text().empty());
}

TEST_CASE("holds() is the value as a condition") {
  json record = {{"open", true}, {"name", ""}};
  Scope scope;
  scope.set("record", &record);
  CHECK(Expression::parse("record.open", roots).holds(scope));
  CHECK_FALSE(Expression::parse("record.name", roots).holds(scope));
}
