// Text from apps is stored and returned exactly, whatever it holds.
#include "fixture.h"

using namespace probackup;

TEST_CASE("any bytes in names and keys come back as they were") {
  std::string odd = GENERATE(std::string("a\0b", 3), std::string("\xff\xfe\x80 broken"),
                             std::string("\xf0\x9f\x98\x80 four bytes"), std::string(10'000, 'x'),
                             std::string("'; DROP TABLE item; --"), std::string("\0", 1));
  Fixture fixture;
  auto update = fixture.catalog->begin_update(app);
  CatalogItem item = make_item(odd, odd);
  item.url = item.parent = odd;
  item.parent_stream = "parent" + odd;
  update->put_item("s" + odd, Change::added, item, odd);
  CatalogFile file;
  file.stream = "s" + odd;
  file.key = file.id = file.name = file.hash = file.content = odd;
  update->put_file(file);
  update->put_gap(
      {.stream = odd, .scope = odd, .key = odd, .file = odd, .url = odd, .reason = odd});
  update->put_validators(odd, {odd, odd});
  commit(*update, "1");

  auto versions = fixture.catalog->versions(app, "s" + odd, odd);
  REQUIRE(versions.size() == 1);
  CHECK(versions[0].key == odd);
  CHECK(versions[0].title == odd);
  CHECK(versions[0].url == odd);
  CHECK(versions[0].parent == odd);
  CHECK(versions[0].parent_stream == "parent" + odd);
  auto files = fixture.catalog->files_of(app, "s" + odd, odd);
  REQUIRE(files.size() == 1);
  CHECK(files[0].name == odd);
  CHECK(files[0].content == odd);
  auto gaps = fixture.catalog->gaps({}, {});
  REQUIRE(gaps.size() == 1);
  CHECK(gaps[0].gap.reason == odd);
  CHECK(fixture.catalog->validators(app, odd)->etag == odd);
  CHECK(found(*fixture.catalog, odd) == Strings{odd});
}

TEST_CASE("a text that is no valid UTF-8 is still found by its words") {
  Fixture fixture;
  auto update = fixture.catalog->begin_update(app);
  update->put_item("cards", Change::added, make_item("1", "bad \xff title"), "and \xc3( text\0end");
  commit(*update, "1");
  CHECK(found(*fixture.catalog, "title text") == Strings{"1"});
}
