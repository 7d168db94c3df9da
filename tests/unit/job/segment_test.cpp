#include "job/segment.h"
#include "catch.h"
#include "job/layout.h"
#include "job/manifest.h"
#include "probackup/error.h"

using namespace probackup;

TEST_CASE("a directory gives back its entries") {
  DirectoryWriter writer;
  std::string hash(16, 'h');
  std::string long_key(300, 'k');
  std::vector<DirectoryEntry> entries = {{"1", "p", "boards", "p", "m1", hash},
                                         {"2", "p", "boards", "other", "", hash},
                                         {long_key, "", "", "", "mark", hash},
                                         {"", "q", "lists", "q", "", hash}};
  for (const auto& entry : entries) writer.add(entry);
  std::string text = writer.take();
  auto read = read_directory(text);
  REQUIRE(read.size() == entries.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    CHECK(read[i].key == entries[i].key);
    CHECK(read[i].scope == entries[i].scope);
    CHECK(read[i].parent_stream == entries[i].parent_stream);
    CHECK(read[i].parent == entries[i].parent);
    CHECK(read[i].mark == entries[i].mark);
    CHECK(read[i].compare == hash);
  }
  auto indexed = parse_index_line(index_line(entries));
  REQUIRE(indexed.size() == 4);
  CHECK(indexed[1].parent == "other");
  CHECK(indexed[1].scope == "p");
  CHECK(indexed[2].key == long_key);
  CHECK(indexed[3].parent_stream == "lists");
}

TEST_CASE("a damaged directory or index line is refused, never read wrongly") {
  DirectoryWriter writer;
  writer.add({"key", "scope", "stream", "parent", "mark", std::string_view("0123456789abcdef")});
  std::string text = writer.take();
  for (std::size_t n = 1; n < text.size(); ++n)
    CHECK_THROWS_AS(read_directory(text.substr(0, n)), Error);
  for (const char* line :
       {"", "[]", "{}", R"({"keys":[1]})", R"({"keys":["a","b"],"parents":["x"]})"})
    CHECK_THROWS_AS(parse_index_line(line), Error);
}

TEST_CASE("a count in a snapshot's files that is no whole number is damage, not some number") {
  auto manifest = [](const std::string& records) {
    return R"({"probackup":1,"app":"a","account":"b","streams":{"s":{"records":)" + records + "}}}";
  };
  CHECK(Manifest::parse(manifest("7")).streams.at("s").records == 7);
  for (const char* records : {"6.7e73", "-1", "1.5", "\"7\""}) {
    CAPTURE(records);
    CHECK_THROWS_AS(Manifest::parse(manifest(records)), Error);
    CHECK_THROWS_AS(parse_gaps(R"({"stream":"s","status":)" + std::string(records) + "}\n"), Error);
    CHECK_THROWS_AS(parse_file_line(R"({"stream":"s","key":"1","id":"1","name":"n","size":)" +
                                    std::string(records) + "}"),
                    Error);
  }
  // Settings are copied by recursion.
  std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK_THROWS_AS(
      Manifest::parse(R"({"probackup":1,"app":"a","account":"b","streams":{},"settings":)" + deep +
                      "}"),
      Error);
}
