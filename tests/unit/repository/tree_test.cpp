#include "repository/tree.h"

#include "catch.h"
#include "helpers.h"
#include "repository/go_text.h"
#include "repository/snapshot_json.h"

using namespace probackup;
using test::file_node;
using test::folder_node;

TEST_CASE("a tree is written byte for byte as restic writes it") {
  Id a = sha256("a"), b = sha256("b"), sub = sha256("sub");
  std::string json =
      print_tree({file_node("b", {a, b}, 12), folder_node("a", sub), file_node("empty", {}, 0)});
  CHECK(
      json ==
      R"({"nodes":[{"name":"a","type":"dir","mode":2147484141,"mtime":"2024-05-01T12:00:00Z",)"
      R"("atime":"2024-05-01T12:00:00Z","ctime":"2024-05-01T12:00:00Z","uid":0,"gid":0,)"
      R"("content":null,"subtree":")" +
          sub.hex() +
          R"("},{"name":"b","type":"file","mode":420,"mtime":"2024-05-01T12:00:00.25Z",)"
          R"("atime":"2024-05-01T12:00:00.25Z","ctime":"2024-05-01T12:00:00.25Z","uid":0,"gid":0,)"
          R"("size":12,"content":[")" +
          a.hex() + "\",\"" + b.hex() +
          R"("]},{"name":"empty","type":"file","mode":420,"mtime":"2024-05-01T12:00:00.25Z",)"
          R"("atime":"2024-05-01T12:00:00.25Z","ctime":"2024-05-01T12:00:00.25Z","uid":0,"gid":0,)"
          "\"content\":[]}]}\n");
  auto nodes = parse_tree(json);
  REQUIRE(nodes.size() == 3);
  CHECK(nodes[0].folder);
  CHECK(nodes[0].subtree == sub);
  CHECK(nodes[1].content == std::vector<Id>{a, b});
  CHECK(nodes[1].size == 12);
  CHECK(nodes[1].type == "file");
  CHECK(nodes[1].time == *parse_rfc3339("2024-05-01T12:00:00.25Z"));
}

TEST_CASE("names go through Go's quoting and back, whatever their bytes") {
  const std::pair<std::string, std::string> pairs[] = {
      {"plain-1.json", "plain-1.json"},
      {"quote\"d", "quote\\\"d"},
      {"back\\slash", "back\\\\slash"},
      {"tab\tbell\a", "tab\\tbell\\a"},
      {"\x01\x7f", "\\x01\\x7f"},
      {"\xff\xfe", "\\xff\\xfe"},
      {"caf\xc3\xa9", "caf\xc3\xa9"},
      {"\xe2\x80\xa8", "\\u2028"},
      {"\xc2\xa0", "\\u00a0"},
      {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
      {"\xf3\xa0\x80\x81", "\\U000e0001"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},  // a surrogate is not UTF-8
      {"<&>", "<&>"},
  };
  for (const auto& [name, quoted] : pairs) {
    CAPTURE(quoted);
    CHECK(go_quote(name) == quoted);
    CHECK(go_unquote(quoted) == name);
    auto nodes = parse_tree(print_tree({file_node(name, {}, 0)}));
    REQUIRE(nodes.size() == 1);
    CHECK(nodes[0].name == name);
  }
  CHECK_THAT(print_tree({file_node("<&>\"", {}, 0)}),
             ContainsSubstring(R"("name":"\u003c\u0026\u003e\\\"")"));
  CHECK(go_unquote("\\101\\'") == std::nullopt);
  CHECK(go_unquote("\\101") == "A");
  for (const char* broken : {"\"", "\\", "\\x1", "\\ud800", "\\U00110000", "\\q", "\\400", "a\nb"})
    CHECK_FALSE(go_unquote(broken));
}

TEST_CASE("nodes that cannot be restored are not written") {
  for (std::string name : {std::string(), std::string("."), std::string(".."), std::string("a/b"),
                           std::string("a\0b", 3)}) {
    CAPTURE(name);
    CHECK_THROWS_AS(print_tree({file_node(name, {}, 0)}), Error);
  }
  CHECK_THROWS_WITH(print_tree({file_node("x", {}, 0), file_node("x", {}, 0)}),
                    ContainsSubstring("twice"));
  Node folder;
  folder.name = "x";
  folder.folder = true;
  CHECK_THROWS_AS(print_tree({folder}), Error);
}

TEST_CASE("a hostile tree is refused, unknown members are not") {
  auto tree = [](const std::string& node) { return R"({"nodes":[)" + node + "]}\n"; };
  std::string id = sha256("x").hex();
  CHECK(parse_tree(R"({"nodes":[],"more":1})").empty());
  CHECK(parse_tree(R"({"nodes":null})").empty());
  CHECK(parse_tree(tree(R"({"name":"l","type":"symlink","linktarget":"/etc","content":null})"))[0]
            .type == "symlink");
  CHECK(parse_tree(
            tree(R"({"name":"f","type":"file","mtime":"0001-01-01T00:00:00Z","content":[]})"))[0]
            .time == Time{});
  for (const std::string& json :
       {std::string("{}"),
        std::string(""),
        std::string("[]"),
        std::string(R"({"nodes":{}})"),
        tree("1"),
        tree("{}"),
        tree(R"({"name":"f","type":"file"})"),
        tree(R"({"name":"f","type":"file","content":null})"),
        tree(R"({"name":"f","type":"file","content":[null]})"),
        tree(R"({"name":"f","type":"file","content":["00"]})"),
        tree(R"({"name":"f","type":"file","content":[")" + std::string(64, '0') + R"("]})"),
        tree(R"({"name":"f","type":"file","content":[],"size":-1})"),
        tree(R"({"name":"f","type":"file","content":[],"mtime":"now"})"),
        tree(R"({"name":"d","type":"dir"})"),
        tree(R"({"name":"d","type":"dir","subtree":"x"})"),
        tree(R"({"name":"f","content":[]})"),
        tree(R"({"name":"../f","type":"file","content":[]})"),
        tree(R"({"name":"..","type":"dir","subtree":")" + id + "\"}"),
        tree(R"({"name":"a\\x00b","type":"file","content":[]})"),
        tree(R"({"name":"a\\x2fb","type":"file","content":[]})"),
        tree(R"({"name":"a\\q","type":"file","content":[]})"),
        tree(R"({"type":"file","content":[]})"),
        std::string(5000, '[')}) {
    CAPTURE(json);
    CHECK_THROWS_AS(parse_tree(json), Error);
  }
}

TEST_CASE("a snapshot is read as it was written") {
  Snapshot snapshot;
  snapshot.time = *parse_rfc3339("2024-05-01T12:00:00.5Z");
  snapshot.parent = sha256("parent");
  snapshot.original = sha256("original");
  snapshot.tree = sha256("tree");
  snapshot.paths = {"/app/account"};
  snapshot.tags = {"app", "account"};
  snapshot.hostname = "host";
  snapshot.username = "user\xff";
  snapshot.program_version = "probackup 1.0";
  snapshot.has_summary = true;
  snapshot.summary.backup_start = snapshot.time;
  snapshot.summary.total_bytes_processed = 123;
  Snapshot read = parse_snapshot(print_snapshot(snapshot));
  CHECK(read.time == snapshot.time);
  CHECK(read.parent == snapshot.parent);
  CHECK(read.original == snapshot.original);
  CHECK(read.tree == snapshot.tree);
  CHECK(read.paths == snapshot.paths);
  CHECK(read.tags == snapshot.tags);
  CHECK(read.hostname == "host");
  CHECK(read.username == "user\xef\xbf\xbd");
  CHECK(read.program_version == snapshot.program_version);
  REQUIRE(read.has_summary);
  CHECK(read.summary.total_bytes_processed == 123);
}

TEST_CASE("a document that is no snapshot is refused") {
  std::string id = sha256("x").hex();
  for (const std::string& json :
       {std::string("{}"), std::string("[]"), std::string(R"({"time":"2024-05-01T12:00:00Z"})"),
        R"({"time":"yesterday","tree":")" + id + "\"}",
        R"({"time":"2024-05-01T12:00:00Z","tree":")" + id + R"(","paths":"/"})",
        R"({"time":"2024-05-01T12:00:00Z","tree":")" + id + R"(","tags":[1]})"}) {
    CAPTURE(json);
    CHECK_THROWS_AS(parse_snapshot(json), Error);
  }
}
