// Full-text search as a user types it.
#include "catalog/search_text.h"
#include "catalog/sqlite.h"
#include "fixture.h"

using namespace probackup;

namespace {

void fill(Catalog& catalog) {
  auto update = catalog.begin_update(app);
  update->put_item("cards", Change::added, make_item("1", "Fix the login page"),
                   "Users of v2.1 cannot sign in");
  update->put_item("cards", Change::added, make_item("2", "Offer for the Café"),
                   "price: 100% \"special\"");
  update->put_item("boards", Change::added, make_item("3", "Login"), "");
  update->put_item("notes", Change::added, make_item("4", "明日の会議について"), "東京で開く予定");
  update->put_item("notes", Change::added, make_item("O'Brien-42", "key only"), "");
  commit(*update, "1");
}

}  // namespace

TEST_CASE("every word must occur, in the title or in the text") {
  Fixture fixture;
  fill(*fixture.catalog);
  CHECK(found(*fixture.catalog, "LOGIN users") == Strings{"1"});
  CHECK(found(*fixture.catalog, "login") == Strings{"3", "1"});
  CHECK(found(*fixture.catalog, "login offer").empty());
  CHECK(found(*fixture.catalog, "cafe") == Strings{"2"});
  CHECK(found(*fixture.catalog, "v2.1") == Strings{"1"});
}

TEST_CASE("a star asks for a prefix") {
  Fixture fixture;
  fill(*fixture.catalog);
  CHECK(found(*fixture.catalog, "spec*") == Strings{"2"});
  CHECK(found(*fixture.catalog, "spec").empty());
  CHECK(found(*fixture.catalog, "log* pag*") == Strings{"1"});
}

TEST_CASE("words are found inside scripts without spaces") {
  Fixture fixture;
  fill(*fixture.catalog);
  CHECK(found(*fixture.catalog, "会議") == Strings{"4"});
  CHECK(found(*fixture.catalog, "会議について") == Strings{"4"});
  CHECK(found(*fixture.catalog, "東京 会議") == Strings{"4"});
  CHECK(found(*fixture.catalog, "議") == Strings{"4"});
  CHECK(found(*fixture.catalog, "議会").empty());
  CHECK(fixture.catalog->find("予定", {}).at(0).snippet == "東京で開く予定");
}

TEST_CASE("whatever a user types is words and never syntax") {
  Fixture fixture;
  fill(*fixture.catalog);
  for (const char* text : {"\"",
                           "\"\"\"",
                           "login\"",
                           "\"login page\"",
                           "login AND",
                           "OR",
                           "NOT login",
                           "NEAR(login page)",
                           "body:login",
                           "{body}: login",
                           "login -page",
                           "^login",
                           "(login",
                           "login)",
                           "*",
                           "* *",
                           "**",
                           "login**",
                           "'",
                           ";",
                           "+",
                           "a + b",
                           "",
                           " ",
                           "\n",
                           "\\",
                           "100%",
                           "\xff\xfe",
                           "-",
                           "--"}) {
    CAPTURE(text);
    fixture.catalog->find(text, {});
    CHECK_FALSE(found(*fixture.catalog, std::string("special ") + text).size() > 1);
  }
  CHECK(found(*fixture.catalog, "\"special\"") == Strings{"2"});
  CHECK(found(*fixture.catalog, "(login) +page") == Strings{"1"});
  CHECK(found(*fixture.catalog, "100%") == Strings{"2"});
  CHECK(found(*fixture.catalog, "special NOT").empty());
  CHECK(found(*fixture.catalog, std::string(100'000, 'a')).empty());
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += "login ";
  CHECK(found(*fixture.catalog, many) == Strings{"3", "1"});
}

TEST_CASE("an exact key comes first") {
  Fixture fixture;
  auto update = fixture.catalog->begin_update(app);
  update->put_item("cards", Change::added, make_item("77", "first"), "");
  update->put_item("cards", Change::added, make_item("78", "about 77"), "");
  commit(*update, "1");
  CHECK(found(*fixture.catalog, "77") == Strings{"77", "78"});
  CHECK(found(*fixture.catalog, " 77 ") == Strings{"77", "78"});
}

TEST_CASE("a key with any characters is found") {
  Fixture fixture;
  fill(*fixture.catalog);
  CHECK(found(*fixture.catalog, "O'Brien-42") == Strings{"O'Brien-42"});
}

TEST_CASE("a snippet shows the text around the hit on one line") {
  Fixture fixture;
  auto update = fixture.catalog->begin_update(app);
  std::string text;
  for (int i = 0; i < 500; ++i) text += "übung\n";
  update->put_item("cards", Change::added, make_item("1", "title"), text + "needle\n" + text);
  commit(*update, "1");
  auto hits = fixture.catalog->find("needle", {});
  REQUIRE(hits.size() == 1);
  CHECK_THAT(hits[0].snippet, ContainsSubstring(" needle "));
  CHECK(hits[0].snippet.starts_with("…"));
  CHECK(hits[0].snippet.ends_with("…"));
  CHECK(hits[0].snippet.size() < 200);
  CHECK(fixture.catalog->find("title", {}).at(0).snippet == "title");
}

TEST_CASE("a search can be narrowed to a source, a stream, a snapshot, a parent") {
  Fixture fixture;
  fill(*fixture.catalog);
  auto update = fixture.catalog->begin_update({"other", ""});
  CatalogItem child = make_item("9", "Login again");
  child.parent = "3";
  child.parent_stream = "boards";
  update->put_item("cards", Change::added, child, "");
  commit(*update, "other");
  ItemQuery query;
  CHECK(found(*fixture.catalog, "login", query) == Strings{"9", "3", "1"});
  query.stream = "cards";
  CHECK(found(*fixture.catalog, "login", query) == Strings{"9", "1"});
  query.source = app;
  CHECK(found(*fixture.catalog, "login", query) == Strings{"1"});
  query = {};
  query.parent = "3";
  CHECK(found(*fixture.catalog, "login", query) == Strings{"9"});
  query = {};
  query.limit = 1;
  query.offset = 1;
  CHECK(found(*fixture.catalog, "login", query) == Strings{"3"});
}

TEST_CASE("what was overwritten or deleted is still found where it was") {
  Fixture fixture;
  auto update = fixture.catalog->begin_update(app);
  update->put_item("notes", Change::added, make_item("1", "plan"), "the old wording");
  update->put_item("notes", Change::added, make_item("2", "list"), "some wording");
  auto first = commit(*update, "1");
  update = fixture.catalog->begin_update(app);
  update->put_item("notes", Change::changed, make_item("1", "plan"), "rewritten");
  update->remove_item("notes", "2");
  commit(*update, "2");
  CHECK(found(*fixture.catalog, "wording").empty());
  ItemQuery then, deleted;
  then.snapshot = first;
  CHECK(found(*fixture.catalog, "wording", then) == Strings{"2", "1"});
  CHECK(found(*fixture.catalog, "rewritten", then).empty());
  deleted.deleted = true;
  CHECK(found(*fixture.catalog, "wording", deleted) == Strings{"2"});
}

TEST_CASE("a query's terms are what the index holds") {
  sqlite::Database database(":memory:", 0);
  catalog::Tokenizer tokenizer(database);
  auto expression = [&](std::string_view text) {
    return catalog::match_expression(tokenizer.terms(text));
  };
  CHECK(expression("Foo-Bar baz*") == R"("foo" "bar" "baz"*)");
  CHECK(expression("x会議室y") == R"("x" "会議" "議室" "y")");
  CHECK(expression("会") == R"("会"*)");
  CHECK(expression("\" * ( )").empty());
}

TEST_CASE("a query of very many words is cut, also within a word") {
  sqlite::Database database(":memory:", 0);
  catalog::Tokenizer tokenizer(database);
  std::string query;
  for (int i = 0; i < 63; ++i) query += "word" + std::to_string(i) + " ";
  CHECK(tokenizer.terms(query + "漢字仮名漢字仮名").size() == 64);
}
