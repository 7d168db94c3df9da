#include "catch.h"
#include "job_fixture.h"
#include "util/file.h"

using namespace probackup;
using namespace probackup::test;

namespace {

BackupReport run_tap(Fixture& fixture, const std::string& lines) {
  TempFolder folder;
  auto path = folder.path() / "tap.jsonl";
  write_file_atomic(path, lines);
  return backup(fixture.context(), singer_source("tap", path.string(), fixture.describer), {}, {});
}

constexpr const char* schema =
    R"({"type":"SCHEMA","stream":"users","schema":{"type":"object"},"key_properties":["id"]})"
    "\n";

}  // namespace

TEST_CASE("a tap's records are kept as the tap wrote them") {
  Fixture fixture;
  auto report = run_tap(
      fixture,
      std::string(schema) +
          R"({"type": "RECORD", "stream": "users", "record": {"id": 12345678901234567890123, "name": "A\u00e9"}})"
          "\n"
          R"({"type":"RECORD","stream":"users","record":{"id":2,"n":1.50}})"
          "\n"
          R"({"type":"STATE","value":{"bookmark":1}})"
          "\n");
  CHECK(report.gaps.empty());
  auto records = fixture.records(report.snapshot, "users");
  CHECK(records["12345678901234567890123"] == R"({"id":12345678901234567890123,"name":"A\u00e9"})");
  CHECK(records["2"] == R"({"id":2,"n":1.50})");
  auto messages = fixture.records(report.snapshot, "singer_messages");
  CHECK(messages["STATE"] == R"({"type":"STATE","value":{"bookmark":1}})");
}

TEST_CASE("rubbish from a tap is a gap and deletes nothing") {
  Fixture fixture;
  run_tap(fixture, std::string(schema) + R"({"type":"RECORD","stream":"users","record":{"id":1}})"
                                         "\n"
                                         R"({"type":"RECORD","stream":"users","record":{"id":2}})"
                                         "\n");
  auto report =
      run_tap(fixture, std::string(schema) + "Traceback (most recent call last):\n" +
                           R"({"type":"RECORD","stream":"users","record":{"id":3}})"
                           "\n" +
                           R"({"type":"RECORD","stream":"users","record":{"name":"no id"}})"
                           "\n" +
                           R"({"type":"RECORD","stream":"users","rec)");
  CHECK(report.gaps.size() == 3);
  CHECK(fixture.records(report.snapshot, "users").size() == 3);
}

TEST_CASE(
    "what a full table no longer names is gone; what an incremental stream does not name stays") {
  Fixture fixture;
  std::string one = R"({"type":"RECORD","stream":"users","record":{"id":1}})"
                    "\n";
  std::string two = R"({"type":"RECORD","stream":"users","record":{"id":2}})"
                    "\n";
  run_tap(fixture, schema + one + two);
  auto report = run_tap(fixture, schema + two);
  CHECK(fixture.records(report.snapshot, "users").size() == 1);
  std::string incremental =
      R"({"type":"SCHEMA","stream":"users","schema":{},"key_properties":["id"],"bookmark_properties":["t"]})"
      "\n";
  report = run_tap(fixture, incremental + one);
  CHECK(fixture.records(report.snapshot, "users").size() == 2);
}

TEST_CASE("records without key properties are known by their content, twice the same twice") {
  Fixture fixture;
  std::string plain = R"({"type":"SCHEMA","stream":"log","schema":{},"key_properties":[]})"
                      "\n";
  std::string line = R"({"type":"RECORD","stream":"log","record":{"m":"x"}})"
                     "\n";
  auto report = run_tap(fixture, plain + line + line);
  CHECK(fixture.records(report.snapshot, "log").size() == 2);
}
