// Which records, files and repositories of a snapshot a restore gets to see.
#include "job/restore_source.h"

#include "board_world.h"
#include "catch.h"
#include "probackup/error.h"

using namespace probackup;
using namespace probackup::test;

namespace {

using Names = std::set<std::string>;

Names chosen(SnapshotSource& source, const std::vector<std::string>& streams) {
  Names out;
  for (const auto& stream : streams)
    source.records(stream, [&](const RestoreRecord& record) {
      CHECK(out.insert(record.key).second);
      return true;
    });
  return out;
}

Names chosen(BoardWorld& world, const Snapshot& snapshot, const RestoreChoice& choice) {
  SnapshotSource source(*world.repository, snapshot, choice, world.below);
  return chosen(source, world.streams);
}

RestoreChoice only(std::vector<std::string> streams) {
  RestoreChoice out;
  out.only = std::move(streams);
  return out;
}

RestoreChoice include(std::vector<std::string> names) {
  RestoreChoice out;
  out.include = std::move(names);
  return out;
}

Error refusal(BoardWorld& world, const Snapshot& snapshot, const RestoreChoice& choice) {
  try {
    chosen(world, snapshot, choice);
  } catch (const Error& error) {
    return error;
  }
  return Error("it was not refused");
}

}  // namespace

TEST_CASE("without a choice all records are restored, in the snapshot's order") {
  BoardWorld world;
  Snapshot snapshot = world.back_up();
  CHECK(chosen(world, snapshot, {}).size() == world.rows.size());
  SnapshotSource source(*world.repository, snapshot, {}, world.below);
  std::vector<RestoreRecord> comments;
  source.records("comments", [&](const RestoreRecord& record) {
    comments.push_back(record);
    return comments.size() < 2;
  });
  REQUIRE(comments.size() == 2);
  CHECK(comments[0].key == "x1");
  CHECK(comments[0].scope == "cards/c1");
  CHECK(comments[0].parent_stream == "cards");
  CHECK(comments[0].parent == "c1");
  CHECK(comments[0].raw == R"({"id":"x1","text":""})");
  source.records("nothing", [](const RestoreRecord&) {
    FAIL("an unknown stream has no records");
    return true;
  });
}

TEST_CASE("streams can be chosen, and people stay known") {
  BoardWorld world;
  Snapshot snapshot = world.back_up();
  CHECK(chosen(world, snapshot, only({"cards", "pages"})) ==
        Names{"c1", "c2", "c3", "p1", "p2", "p3"});
  SnapshotSource source(*world.repository, snapshot, only({"cards"}), world.below);
  std::size_t members = 0;
  source.all_records("members", [&](const RestoreRecord&) { return ++members; });
  CHECK(members == 1);
}

TEST_CASE("a record comes with everything below it, by the tree and by its listing") {
  BoardWorld world;
  Snapshot snapshot = world.back_up();
  CHECK(chosen(world, snapshot, include({"boards/b1"})) == Names{"b1", "c1", "c2", "x1"});
  CHECK(chosen(world, snapshot, include({"boards/b2"})) == Names{"b2", "c3", "x2", "x3"});
  CHECK(chosen(world, snapshot, include({"pages/p1"})) == Names{"p1", "p2", "p3"});
  CHECK(chosen(world, snapshot, include({"pages/p2", "cards/c2"})) == Names{"p2", "p3", "c2"});
  RestoreChoice both = include({"boards/b1"});
  both.only = {"cards"};
  CHECK(chosen(world, snapshot, both) == Names{"c1", "c2"});
}

TEST_CASE("a choice of what is not there is wrong usage and says what is near") {
  BoardWorld world;
  Snapshot snapshot = world.back_up();
  Error stream = refusal(world, snapshot, only({"card"}));
  CHECK(stream.kind() == ErrorKind::usage);
  CHECK_THAT(stream.what(), ContainsSubstring("did you mean cards"));
  Error key = refusal(world, snapshot, include({"cards/c11"}));
  CHECK(key.kind() == ErrorKind::usage);
  CHECK_THAT(key.what(), ContainsSubstring("no record c11 in cards"));
  CHECK_THAT(key.what(), ContainsSubstring("c1"));
  CHECK(refusal(world, snapshot, include({"boats/b1"})).kind() == ErrorKind::usage);
  CHECK_THAT(refusal(world, snapshot, include({"cards"})).hint(), ContainsSubstring("STREAM/KEY"));
}

TEST_CASE("what was deleted since comes from the earlier snapshot, files included") {
  BoardWorld world;
  // Enough records that some segments are the same in both snapshots.
  for (int i = 0; i < 3000; ++i)
    world.rows.push_back({"pages", fmt::format("q{:04}", i), "", "", "", std::string(200, 'x')});
  Snapshot before = world.back_up();
  world.remove("cards", "c3");
  world.remove("comments", "x3");
  world.remove("pages", "q1234");
  world.files.erase("cards/c3/f2");
  world.rows[0].text = "changed";
  world.rows.push_back({"cards", "c4", "b1", "boards", "b1"});
  Snapshot now = world.back_up();
  RestoreChoice choice;
  choice.deleted_since = before;
  CHECK(chosen(world, now, choice) == Names{"c3", "x3", "q1234"});
  SnapshotSource source(*world.repository, now, choice, world.below);
  CHECK(source.file("cards", "c3", "f2").has_value());
  CHECK_FALSE(source.file("cards", "c1", "f1").has_value());  // its card is not restored
  CHECK(source.reader().snapshot().id == before.id);
  choice.include = {"cards/c3"};
  CHECK(chosen(world, now, choice) == Names{"c3", "x3"});
  choice = {};
  choice.deleted_since = now;
  CHECK(chosen(world, now, choice).empty());
  Snapshot other = world.back_up({"testapp", "other"});
  CHECK(refusal(world, other, choice).kind() == ErrorKind::usage);
}

TEST_CASE("a sample has a few records of each stream and all that they hang below") {
  BoardWorld world;
  for (int i = 0; i < 200; ++i) {
    std::string card = fmt::format("s{:03}", i), board = i % 2 ? "b1" : "b2";
    world.rows.push_back({"cards", card, board, "boards", board});
    world.rows.push_back({"comments", "k" + card, "cards/" + card, "cards", card});
  }
  Snapshot snapshot = world.back_up();
  RestoreChoice choice;
  choice.sample = 5;
  Names names = chosen(world, snapshot, choice);
  CHECK(names == chosen(world, snapshot, choice));  // the same every time
  std::map<std::string, std::size_t> counts;
  for (const auto& row : world.rows) {
    if (!names.contains(row.key)) continue;
    ++counts[row.stream];
    if (!row.parent.empty()) CHECK(names.contains(row.parent));
    if (!row.scope.empty()) CHECK(names.contains(row.scope.substr(row.scope.find('/') + 1)));
  }
  CHECK(counts["comments"] == 5);
  CHECK(counts["cards"] >= 5);
  CHECK(counts["cards"] <= 10);
  CHECK(counts["boards"] == 2);
}

TEST_CASE("an attachment is found by its record and id, and read piece by piece") {
  BoardWorld world;
  std::string large;
  for (int i = 0; i < 400'000; ++i) large += std::to_string(i);
  world.files["comments/x1/../large"] = large;
  world.files["cards/c2/f1.b"] = "";
  for (int i = 0; i < 500; ++i) world.files[fmt::format("boards/b1/n{}", i)] = std::to_string(i);
  Snapshot snapshot = world.back_up();
  SnapshotSource source(*world.repository, snapshot, {}, world.below);
  auto content = [&](const std::string& stream, const std::string& key, const std::string& id) {
    std::string out;
    source.read_file(stream, key, id, [&](std::string_view piece) { out += piece; });
    return out;
  };
  auto file = source.file("comments", "x1", "../large");
  REQUIRE(file);
  CHECK(file->name == "../large.txt");
  CHECK(file->size == large.size());
  CHECK(content("comments", "x1", "../large") == large);
  CHECK(content("cards", "c1", "f1") == "one");
  CHECK(content("cards", "c2", "f1.b").empty());
  for (int i = 0; i < 500; ++i)
    REQUIRE(content("boards", "b1", fmt::format("n{}", i)) == std::to_string(i));
  CHECK_FALSE(source.file("cards", "c2", "f1"));
  CHECK_FALSE(source.file("boards", "b1", "f1"));
  CHECK_THROWS_AS(content("cards", "c2", "f1"), Error);
}
