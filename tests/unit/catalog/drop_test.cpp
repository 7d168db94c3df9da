// Forgetting sources and snapshots.
#include "catalog/sqlite.h"
#include "fixture.h"

using namespace probackup;

namespace {

std::int64_t put(Catalog& catalog, const SourceRef& source, const std::string& title,
                 const std::string& snapshot) {
  auto update = catalog.begin_update(source);
  update->put_item("cards", Change::changed, make_item("1", title), title + " text");
  update->put_segments("cards", 0, {{0, 0, sha256(title), 1, 1, "d"}});
  update->put_gap(make_gap(""));
  return commit(*update, snapshot);
}

// Documents that the search index still knows.
std::int64_t documents(const Fixture& fixture, const std::string& word) {
  sqlite::Database database(fixture.path, 0);
  return database.number("SELECT count(*) FROM search WHERE search MATCH ?", word);
}

}  // namespace

TEST_CASE("a dropped source is gone but for its runs, and the others stay") {
  Fixture fixture;
  SourceRef other{"other", ""};
  put(*fixture.catalog, app, "mine", "1");
  put(*fixture.catalog, app, "mine again", "2");
  put(*fixture.catalog, other, "theirs", "3");
  fixture.catalog->begin_run(app, {});
  fixture.catalog->drop_source(app);
  CHECK(list(*fixture.catalog) == Strings{"1=theirs"});
  CHECK(fixture.catalog->snapshots().size() == 1);
  CHECK(fixture.catalog->versions(app, "cards", "1").empty());
  CHECK_FALSE(fixture.catalog->state_of(app));
  CHECK(fixture.catalog->runs(app, 0).size() == 1);
  CHECK(documents(fixture, "mine") == 0);
  CHECK(documents(fixture, "theirs") == 1);
  fixture.catalog->drop_source(other);
  CHECK(documents(fixture, "theirs") == 0);
  put(*fixture.catalog, app, "mine", "1");  // the same snapshot again, as a rebuild does
  CHECK(found(*fixture.catalog, "mine") == Strings{"1"});
}

TEST_CASE("forgetting old snapshots keeps what the others hold") {
  Fixture fixture;
  put(*fixture.catalog, app, "one", "1");
  auto second = put(*fixture.catalog, app, "two", "2");
  auto third = put(*fixture.catalog, app, "three", "3");
  fixture.catalog->drop_snapshots({sha256("1"), sha256("never known")});
  auto versions = fixture.catalog->versions(app, "cards", "1");
  REQUIRE(versions.size() == 2);
  CHECK(versions[0].first == second);
  CHECK(versions[0].last == second);
  CHECK(versions[1].first == third);
  CHECK(documents(fixture, "one") == 0);
  CHECK(documents(fixture, "two") == 1);
  CHECK(fixture.catalog->state_of(app) == sha256("3"));
}

TEST_CASE("when the newest snapshot goes, the one before is the newest and its state is unknown") {
  Fixture fixture;
  put(*fixture.catalog, app, "one", "1");
  put(*fixture.catalog, app, "two", "2");
  fixture.catalog->drop_snapshots({sha256("2")});
  CHECK(list(*fixture.catalog) == Strings{"1=one"});
  CHECK_FALSE(fixture.catalog->state_of(app));
  int segments = 0;
  fixture.catalog->segments(app, "cards", {}, [&](const SegmentRow&) { ++segments; });
  CHECK(segments == 0);
  CHECK(found(*fixture.catalog, "two").empty());
  CHECK(found(*fixture.catalog, "one") == Strings{"1"});
  put(*fixture.catalog, app, "three", "3");
  CHECK(fixture.catalog->versions(app, "cards", "1").size() == 2);
  CHECK(fixture.catalog->state_of(app) == sha256("3"));
}

TEST_CASE("forgetting all snapshots empties a source") {
  Fixture fixture;
  put(*fixture.catalog, app, "one", "1");
  put(*fixture.catalog, app, "two", "2");
  fixture.catalog->drop_snapshots({sha256("1"), sha256("2")});
  CHECK(list(*fixture.catalog).empty());
  CHECK(fixture.catalog->sources().empty());
  CHECK(fixture.catalog->gaps({}, {}).empty());
  CHECK(documents(fixture, "one") == 0);
  CHECK(documents(fixture, "two") == 0);
}
