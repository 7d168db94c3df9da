#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "catch.h"
#include "job/segment.h"
#include "job_fixture.h"
#include "util/file.h"

using namespace probackup;
using namespace probackup::test;

namespace {

BackupReport run_tap(Fixture& fixture, const std::string& lines,
                     std::uint32_t records_per_file = 1000) {
  TempFolder folder;
  auto path = folder.path() / "tap.jsonl";
  write_file_atomic(path, lines);
  BackupOptions options;
  options.segments.records_per_file = records_per_file;
  return backup(fixture.context(), singer_source("tap", path.string(), fixture.describer), options,
                {});
}

constexpr const char* schema =
    R"({"type":"SCHEMA","stream":"users","schema":{"type":"object"},"key_properties":["id"]})"
    "\n";

// The line of a record, which is the truth from now on.
std::string put(std::map<std::string, std::string>& truth, int id, int version) {
  std::string raw = R"({"id":)" + std::to_string(id) + R"(,"v":)" + std::to_string(version) + "}";
  truth[std::to_string(id)] = raw;
  return R"({"type":"RECORD","stream":"users","record":)" + raw + "}\n";
}

// Every record is in the stream file that the catalog names for it, and in no other.
void check_files(Fixture& fixture, const std::map<std::string, std::string>& truth) {
  std::map<std::string, std::uint32_t> files;
  fixture.catalog->segments({"singer", "tap"}, "users", {}, [&](const SegmentRow& row) {
    for (const auto& entry : read_directory(row.directory))
      CHECK(files.emplace(entry.key, row.file).second);
  });
  CHECK(files.size() == truth.size());
  for (const auto& [key, file] : files)
    CHECK(fixture.catalog->file_of({"singer", "tap"}, "users", key) == file);
}

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

TEST_CASE("a record that changes twice in one of several stream files stays one record") {
  // The catalog must name the file that holds it: a run that reads changes only looks there.
  Fixture fixture;
  std::string schema_of_changes =
      R"({"type":"SCHEMA","stream":"users","schema":{},"key_properties":["id"],"bookmark_properties":["t"]})"
      "\n";
  std::string all = schema_of_changes;
  std::map<std::string, std::string> truth;
  for (int id = 0; id < 30; ++id) all += put(truth, id, 1);
  run_tap(fixture, all, 10);
  for (int version = 2; version < 5; ++version) {
    auto report = run_tap(fixture, schema_of_changes + put(truth, 3, version), 10);
    CHECK(fixture.records(report.snapshot, "users") == truth);
    CHECK(report.count(&StreamReport::changed) == 1);
  }
  check_files(fixture, truth);
}

TEST_CASE("of a record that a tap sends again in one run the last version counts") {
  Fixture fixture;
  std::string first = schema, second = schema;
  std::map<std::string, std::string> truth;
  for (int id = 0; id < 400; ++id) {
    first += put(truth, id, 1);
    if (id % 10 == 7) first += put(truth, id, 2);        // at once
    if (id % 10 == 8) first += put(truth, id - 1, 3);    // a third time
    if (id % 50 == 49) first += put(truth, id - 49, 4);  // of this file or one before
  }
  first += put(truth, 5, 5);  // of the first file, from the last
  auto report = run_tap(fixture, first, 100);
  CHECK(report.gaps.empty());
  CHECK(fixture.records(report.snapshot, "users") == truth);
  CHECK(report.count(&StreamReport::added) == 400 + 1);  // and the schema
  check_files(fixture, truth);

  // Now of records that the last snapshot has, and of new ones behind them in the same file.
  for (int id = 0; id < 400; ++id) second += put(truth, id, id % 3 ? 6 : 7);
  for (int id = 390; id < 410; ++id) second += put(truth, id, 8);
  for (int id = 395; id < 410; ++id) second += put(truth, id, 9);
  report = run_tap(fixture, second, 100);
  CHECK(fixture.records(report.snapshot, "users") == truth);
  check_files(fixture, truth);
  report = run_tap(fixture, second, 100);
  CHECK(report.count(&StreamReport::changed) == 0);
  CHECK(fixture.repository->check(true, {}, {}).healthy());
}

TEST_CASE("a tap's lines are read as they come, however the pipe cuts them") {
  std::string long_text(3 << 20, 'x');
  std::string lines = std::string(schema) + "\r\n\n";
  std::map<std::string, std::string> truth;
  for (int id = 0; id < 3000; ++id) lines += put(truth, id, 1);
  truth["big"] = R"({"id":"big","text":")" + long_text + "\"}";
  lines += R"({"type":"RECORD","stream":"users","record":)" + truth["big"] + "}\r\n";
  std::string last = put(truth, 5000, 1);
  lines += last.substr(0, last.size() - 1);  // no end of line

  TempFolder folder;
  auto path = folder.path() / "pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  std::thread tap([&] {
    std::ofstream out(path, std::ios::binary);
    std::size_t sizes[] = {1, 17, 4096, 70'000, 1 << 20}, turn = 0;
    for (std::size_t at = 0; at < lines.size();) {
      auto n = std::min(sizes[turn++ % 5], lines.size() - at);
      out.write(lines.data() + at, static_cast<std::streamsize>(n)).flush();
      at += n;
    }
  });
  Fixture fixture;
  auto report =
      backup(fixture.context(), singer_source("tap", path.string(), fixture.describer), {}, {});
  tap.join();
  CHECK(report.gaps.empty());
  CHECK(fixture.records(report.snapshot, "users") == truth);
}

TEST_CASE("a line of a stream that nobody announced makes no stream complete") {
  Fixture fixture;
  std::map<std::string, std::string> truth;
  run_tap(fixture, schema + put(truth, 1, 1) + put(truth, 2, 1));
  auto report =
      run_tap(fixture, schema + put(truth, 2, 2) + "{\"type\":\"NEWS\",\"stream\":\"other\"}\n");
  REQUIRE(report.gaps.size() == 1);
  CHECK(report.gaps[0].reason == "line 3: no Singer message");
  CHECK(fixture.records(report.snapshot, "users") == truth);
}

TEST_CASE("a tap's stream does not take the place of the list of attachments") {
  Fixture fixture;
  auto report = run_tap(fixture, R"({"type":"RECORD","stream":"@files","record":{"id":1}})"
                                 "\n" +
                                     std::string(schema) +
                                     R"({"type":"RECORD","stream":"users","record":{"id":1}})"
                                     "\n");
  REQUIRE(report.gaps.size() == 1);
  CHECK_THAT(report.gaps[0].reason, ContainsSubstring("a name that snapshots need"));
  SnapshotReader reader(*fixture.repository, fixture.repository->load_snapshot(report.snapshot));
  CHECK_NOTHROW(reader.files([](const SnapshotFile&) { return true; }));
  CHECK(fixture.records(report.snapshot, "users").size() == 1);
}

TEST_CASE("a schema whose key properties are null has none, and one that lists no names is a gap") {
  Fixture fixture;
  std::string record = R"({"type":"RECORD","stream":"log","record":{"m":"x"}})"
                       "\n";
  auto with_keys = [](const std::string& keys) {
    return R"({"type":"SCHEMA","stream":"log","schema":{},"key_properties":)" + keys +
           R"(,"bookmark_properties":null})" + "\n";
  };
  auto report = run_tap(fixture, with_keys("null") + record);
  CHECK(report.gaps.empty());
  CHECK(fixture.records(report.snapshot, "log").size() == 1);
  for (const char* keys : {"\"id\"", "[1]", "{}", "7"}) {
    report = run_tap(fixture, with_keys(keys) + record);
    REQUIRE(report.gaps.size() == 1);
    CHECK(report.gaps[0].reason == "line 1: a SCHEMA whose key_properties are no list of names");
    CHECK(fixture.records(report.snapshot, "log").size() == 1);
  }
}
