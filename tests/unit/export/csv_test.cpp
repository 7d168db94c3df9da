// Tables.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "memory_source.h"
#include "readers.h"
#include "util/file.h"

using namespace probackup;
using namespace probackup::test;

namespace {

using Rows = std::vector<std::vector<std::string>>;

// The table of a stream with these records.
Rows table_of(const std::vector<std::string>& records) {
  MemorySource source;
  source.stream("cards");
  for (std::size_t i = 0; i < records.size(); ++i)
    source.add("cards", {std::to_string(i + 1), "lists", "7", "", "", records[i]});
  TempFolder folder;
  export_snapshot(source, folder.path(), {{ExportFormat::csv}, true}, false, {});
  return read_csv(folder.path() / "tables/cards.csv");
}

// The only cell of a record {"v": "text"}, as a reader gets it.
std::string cell_of(const std::string& text) {
  return table_of({nlohmann::json{{"v", text}}.dump()})[1][3];
}

}  // namespace

TEST_CASE("the columns are the paths of all records, after the id and the parent") {
  auto rows =
      table_of({R"({"a":1,"b":{"c":"x","d":{"e":true}},"n":null})",
                R"({"b":{"f":2.50},"l":[1,{"k":"v"}],"o":{},"a":12345678901234567890123})"});
  CHECK(rows == Rows{{"_id", "_parent_stream", "_parent_id", "a", "b.c", "b.d.e", "b.f", "l", "o"},
                     {"1", "lists", "7", "1", "x", "true", "", "", ""},
                     {"2", "lists", "7", "12345678901234567890123", "", "", "2.50",
                      R"([1,{"k":"v"}])", "{}"}});
}

TEST_CASE("commas, quotes, line ends and other scripts survive a table") {
  for (const char* text :
       {"a,b", "say \"so\"", "two\nlines", "two\r\nlines", " spaces ", "💌 żółć", "\"", ",", ""}) {
    CAPTURE(text);
    CHECK(cell_of(text) == text);
  }
}

TEST_CASE("a cell never becomes a formula") {
  for (const char* text : {"=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1",
                           "=HYPERLINK(\"http://x\")", "-", "--5", "\xC2\xA0=1",
                           "\xEF\xBC\x9D"
                           "1",
                           "\xEF\xBB\xBF=1"}) {
    CAPTURE(text);
    CHECK(cell_of(text) == std::string("'") + text);
  }
  for (const char* text : {"-5", "-5.25", "-1e10", "5", "a=b", "a-b", "2024-05-01", "'=1"}) {
    CAPTURE(text);
    CHECK(cell_of(text) == text);
  }
  auto rows = table_of({R"j({"n":-5,"=cmd()":1})j"});
  CHECK(rows[0][4] == "'=cmd()");
  CHECK(rows[1][3] == "-5");
}

TEST_CASE("control characters and broken text do not break a table") {
  CHECK(cell_of(std::string("a\0b\x01", 4)) ==
        "a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD");
  CHECK(table_of({R"({"v":"\ud83d"})"})[1][3] == "\xEF\xBF\xBD");
}

TEST_CASE("columns beyond the limit are in the last one as JSON") {
  std::string wide = "{";
  for (int i = 0; i < 1500; ++i) wide += fmt::format("{}\"c{}\":{}.0", i ? "," : "", i, i);
  auto rows = table_of({wide + "}", R"({"c1499":"late"})"});
  REQUIRE(rows[0].size() == 1001);
  CHECK(rows[0].back() == "more");
  CHECK(rows[1][3] == "0.0");
  CHECK_THAT(rows[1].back(), ContainsSubstring("\"c1499\":1499.0"));
  CHECK(nlohmann::json::parse(rows[1].back()).size() == 503);
  CHECK(rows[2].back() == R"({"c1499":"late"})");
}

TEST_CASE("values that meet in one column lose nothing") {
  auto rows = table_of({R"({"a":{"b":1},"a.b":2,"_id":"own","a":3})"});
  CHECK(rows[1] ==
        std::vector<std::string>{"1", "lists", "7", "1", "3", R"({"a.b":2,"_id":"own"})"});
  CHECK(table_of({R"({"k":1})", "not JSON"})[2].back() == R"({"":"not JSON"})");
  CHECK(table_of({"[1,2]"})[1][3] == "[1,2]");
}

TEST_CASE("deep and long paths stay bounded") {
  std::string deep = "1";
  for (int i = 0; i < 400; ++i) deep = "{\"d\":" + deep + "}";
  auto rows = table_of({deep, "{\"" + std::string(10'000, 'k') + "\":1}"});
  CHECK(rows[0][3] == "d.d.d.d.d.d.d.d");
  CHECK(rows[0].back() == "more");
  CHECK(rows[2].back().size() > 10'000);
}
