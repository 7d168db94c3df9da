// Updates: what one commit does, and what happens without it.
#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "catalog/sqlite.h"
#include "fixture.h"

using namespace probackup;

namespace {

SegmentRow make_segment(const std::string& name) {
  return {0, 0, sha256(name), 3, 100, "directory of " + name};
}

// No file of this process can grow beyond it, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

// "file/position: directory" of each segment.
Strings segments(Catalog& catalog, std::optional<std::uint32_t> file = {}) {
  Strings out;
  catalog.segments(app, "cards", file, [&](const SegmentRow& row) {
    CHECK(row.blob == sha256(row.directory.substr(13)));
    out.push_back(std::to_string(row.file) + "/" + std::to_string(row.position) + ": " +
                  row.directory);
  });
  return out;
}

}  // namespace

TEST_CASE("an update that is dropped leaves nothing") {
  Fixture fixture;
  {
    auto update = fixture.catalog->begin_update(app);
    update->put_item("cards", Change::added, make_item("1", "one"), "text");
    update->put_segments("cards", 0, {make_segment("a")});
    update->put_gap(make_gap(""));
  }
  CHECK(fixture.catalog->sources().empty());
  CHECK(list(*fixture.catalog).empty());
  CHECK(segments(*fixture.catalog).empty());
  CHECK(fixture.catalog->gaps({}, {}).empty());
  CHECK_FALSE(fixture.catalog->state_of(app));
}

TEST_CASE("a commit that fails leaves the catalog as it was") {
  Fixture fixture;
  auto update = fixture.catalog->begin_update(app);
  update->put_item("cards", Change::added, make_item("1", "one"), "");
  commit(*update, "1");
  update = fixture.catalog->begin_update(app);
  update->put_item("cards", Change::changed, make_item("1", "two"), "");
  CHECK_THROWS_AS(commit(*update, "1"), Error);  // a snapshot that is there already
  CHECK(list(*fixture.catalog) == Strings{"1=one"});
  CHECK(fixture.catalog->state_of(app) == sha256("1"));
  update = fixture.catalog->begin_update(app);
  update->put_item("cards", Change::changed, make_item("1", "three"), "");
  commit(*update, "2");
  CHECK(list(*fixture.catalog) == Strings{"1=three"});
}

TEST_CASE("a disk that fills up during a commit leaves the catalog as it was") {
  Fixture fixture;
  auto update = fixture.catalog->begin_update(app);
  update->put_item("cards", Change::added, make_item("1", "one"), "");
  commit(*update, "1");
  update = fixture.catalog->begin_update(app);
  for (int i = 0; i < 20'000; ++i)
    update->put_item("cards", Change::added, make_item(std::to_string(i), "two"), "");
  {
    FileSizeLimit limit(500'000);
    CHECK_THROWS_AS(commit(*update, "2"), Error);
  }
  CHECK(list(*fixture.catalog) == Strings{"1=one"});
  CHECK(list(*fixture.open()) == Strings{"1=one"});
  update = fixture.catalog->begin_update(app);
  update->put_item("cards", Change::changed, make_item("1", "three"), "");
  commit(*update, "3");
  CHECK(list(*fixture.catalog) == Strings{"1=three"});
}

TEST_CASE("an update based on an older state than the newest is refused") {
  Fixture fixture;
  auto slow = fixture.catalog->begin_update(app);
  auto other = fixture.open();
  auto quick = other->begin_update(app);
  quick->put_item("cards", Change::added, make_item("1", "quick"), "");
  commit(*quick, "quick");
  slow->put_item("cards", Change::added, make_item("1", "slow"), "");
  CHECK_THROWS_AS(commit(*slow, "slow"), Error);
  CHECK(list(*fixture.catalog) == Strings{"1=quick"});
}

TEST_CASE("a reader sees the state before or after a commit and never between") {
  Fixture fixture;
  std::atomic<bool> done{false};
  std::atomic<int> torn{0}, looks{0};
  std::thread reader([&] {
    auto catalog = fixture.open();
    while (!done || looks == 0) {
      auto before = list(*catalog);
      bool whole = before.size() % 1000 == 0;
      for (const std::string& line : before)
        whole = whole && line.substr(line.find('=')) == before[0].substr(before[0].find('='));
      if (!whole) ++torn;
      ++looks;
    }
  });
  for (int run = 0; run < 10; ++run) {
    auto update = fixture.catalog->begin_update(app);
    for (int i = 0; i < 1000 * (run + 1); ++i)
      update->put_item("cards", i < 1000 * run ? Change::changed : Change::added,
                       make_item(std::to_string(i), "run" + std::to_string(run)), "");
    commit(*update, std::to_string(run));
  }
  done = true;
  reader.join();
  CHECK(looks > 0);
  CHECK(torn == 0);
  CHECK(list(*fixture.catalog).size() == 10'000);
}

TEST_CASE("answers can be asked for while others are being given") {
  Fixture fixture;
  auto update = fixture.catalog->begin_update(app);
  for (const char* key : {"1", "2", "3"})
    update->put_item("cards", Change::added, make_item(key, "card"), "");
  commit(*update, "1");
  int inner = 0;
  fixture.catalog->items({}, [&](const CatalogItem& item) {
    inner += static_cast<int>(list(*fixture.catalog).size());
    CHECK(fixture.catalog->versions(app, "cards", item.key).size() == 1);
    return true;
  });
  CHECK(inner == 9);
}

TEST_CASE("segments are those of the newest snapshot, file by file") {
  Fixture fixture;
  auto update = fixture.catalog->begin_update(app);
  update->put_segments("cards", 0, {make_segment("a"), make_segment("b"), make_segment("c")});
  update->put_segments("cards", 300, {make_segment("d")});
  update->put_segments("cards", 2, {make_segment("e")});
  commit(*update, "1");
  CHECK(segments(*fixture.catalog) == Strings{"0/0: directory of a", "0/1: directory of b",
                                              "0/2: directory of c", "2/0: directory of e",
                                              "300/0: directory of d"});
  CHECK(segments(*fixture.catalog, 2) == Strings{"2/0: directory of e"});

  update = fixture.catalog->begin_update(app);
  update->put_segments("cards", 0, {make_segment("x"), make_segment("y"), make_segment("z")});
  update->put_segments("cards", 0, {make_segment("a"), make_segment("n")});  // the last word counts
  update->put_segments("cards", 2, {});
  commit(*update, "2");
  CHECK(segments(*fixture.catalog) ==
        Strings{"0/0: directory of a", "0/1: directory of n", "300/0: directory of d"});
  CHECK(fixture.catalog->state_of(app) == sha256("2"));
}

TEST_CASE("only the last of several changes of one item counts") {
  Fixture fixture;
  auto update = fixture.catalog->begin_update(app);
  update->put_item("cards", Change::added, make_item("1", "one"), "");
  update->put_item("cards", Change::added, make_item("1", "two"), "");
  update->put_item("cards", Change::added, make_item("2", "gone"), "");
  update->remove_item("cards", "2");
  update->remove_item("cards", "never there");
  commit(*update, "1");
  CHECK(list(*fixture.catalog) == Strings{"1=two"});
  CHECK(fixture.catalog->versions(app, "cards", "1").size() == 1);
  CHECK(found(*fixture.catalog, "one").empty());
}

TEST_CASE("an item that comes back gets a new version") {
  Fixture fixture;
  std::vector<std::int64_t> rows;
  for (int run = 0; run < 4; ++run) {
    auto update = fixture.catalog->begin_update(app);
    if (run == 0 || run == 3) update->put_item("cards", Change::added, make_item("1", "card"), "");
    if (run == 2) update->remove_item("cards", "1");
    rows.push_back(commit(*update, std::to_string(run)));
  }
  auto versions = fixture.catalog->versions(app, "cards", "1");
  REQUIRE(versions.size() == 2);
  CHECK(versions[0].first == rows[0]);
  CHECK(versions[0].last == rows[1]);
  CHECK(versions[1].first == rows[3]);
  CHECK_FALSE(versions[1].last);
  ItemQuery query;
  query.snapshot = rows[2];
  CHECK(list(*fixture.catalog, query).empty());
  query.deleted = true;
  query.snapshot.reset();
  CHECK(list(*fixture.catalog, query).empty());
}

TEST_CASE("deleted items can be asked for as of a snapshot that had them") {
  Fixture fixture;
  auto update = fixture.catalog->begin_update(app);
  update->put_item("cards", Change::added, make_item("1", "stays"), "");
  update->put_item("cards", Change::added, make_item("2", "goes"), "");
  auto first = commit(*update, "1");
  update = fixture.catalog->begin_update(app);
  update->put_item("cards", Change::changed, make_item("2", "goes later"), "");
  update->put_item("cards", Change::added, make_item("3", "came and went"), "");
  commit(*update, "2");
  update = fixture.catalog->begin_update(app);
  update->remove_item("cards", "2");
  update->remove_item("cards", "3");
  commit(*update, "3");
  ItemQuery query;
  query.deleted = true;
  CHECK(list(*fixture.catalog, query) == Strings{"2=goes later", "3=came and went"});
  query.snapshot = first;
  CHECK(list(*fixture.catalog, query) == Strings{"2=goes"});
}

TEST_CASE("lists come in pages, over the streams in order") {
  Fixture fixture;
  auto update = fixture.catalog->begin_update(app);
  for (const char* key : {"1", "2", "3"}) {
    update->put_item("zeta", Change::added, make_item(key, "z"), "");
    update->put_item("alpha", Change::added, make_item(key, "a"), "");
  }
  commit(*update, "1");
  ItemQuery query;
  query.limit = 2;
  CHECK(list(*fixture.catalog, query) == Strings{"1=a", "2=a"});
  query.offset = 2;
  CHECK(list(*fixture.catalog, query) == Strings{"3=a", "1=z"});
  query.offset = 6;
  CHECK(list(*fixture.catalog, query).empty());
  query = {};
  query.stream = "zeta";
  CHECK(list(*fixture.catalog, query) == Strings{"1=z", "2=z", "3=z"});
}

TEST_CASE("registered webhooks are listed, and a view shows them") {
  Fixture fixture;
  auto update = fixture.catalog->begin_update(app);
  CatalogItem hook = make_item("h1", "hook");
  hook.webhook = true;
  hook.url = "https://example.org/hook";
  update->put_item("hooks", Change::added, hook, "");
  update->put_item("hooks", Change::added, make_item("h2", "no hook"), "");
  commit(*update, "1");
  ItemQuery query;
  query.webhooks = true;
  CHECK(list(*fixture.catalog, query) == Strings{"h1=hook"});
  sqlite::Database database(fixture.path, 0);
  CHECK(database.number("SELECT count(*) FROM webhook WHERE url = 'https://example.org/hook'") ==
        1);
}

TEST_CASE("the stream file of a living record is known") {
  Fixture fixture;
  auto update = fixture.catalog->begin_update(app);
  CatalogItem item = make_item("1", "one");
  item.file = 4'000'000'000;
  update->put_item("cards", Change::added, item, "");
  commit(*update, "1");
  CHECK(fixture.catalog->file_of(app, "cards", "1") == 4'000'000'000u);
  CHECK_FALSE(fixture.catalog->file_of(app, "cards", "2"));
  CHECK_FALSE(fixture.catalog->file_of(app, "boards", "1"));
  update = fixture.catalog->begin_update(app);
  item.file = 7;
  update->put_item("cards", Change::unchanged, item, "");
  commit(*update, "2");
  CHECK(fixture.catalog->file_of(app, "cards", "1") == 7u);
  CHECK(fixture.catalog->versions(app, "cards", "1").size() == 1);
}

TEST_CASE("files keep their intervals, and carry the address of their copy in Drive") {
  Fixture fixture;
  CatalogFile file;
  file.stream = "cards";
  file.key = "1";
  file.id = "f";
  file.content = std::string(64, 'x');
  std::vector<std::int64_t> rows;
  for (const char* name : {"a.pdf", "a.pdf", "b.pdf"}) {
    auto update = fixture.catalog->begin_update(app);
    file.name = name;
    update->put_file(file);
    rows.push_back(commit(*update, std::to_string(rows.size())));
  }
  auto put = [&](const std::string& target, const std::string& url) {
    fixture.catalog->put_drive_file({.target = target,
                                     .key = "k",
                                     .source = app.text(),
                                     .kind = "file",
                                     .stream = "cards",
                                     .item = "1",
                                     .file = "f",
                                     .name = "b.pdf",
                                     .id = "id",
                                     .url = url});
  };
  put("/srv/copy", "file:///srv/copy/b.pdf");
  CHECK(fixture.catalog->files_of(app, "cards", "1").at(0).drive_url == "file:///srv/copy/b.pdf");
  put("google-drive", "https://drive.example/id");
  auto files = fixture.catalog->files_of(app, "cards", "1");
  REQUIRE(files.size() == 1);
  CHECK(files[0].name == "b.pdf");
  CHECK(files[0].first == rows[2]);
  CHECK(files[0].content == file.content);
  CHECK(files[0].drive_url == "https://drive.example/id");
  auto update = fixture.catalog->begin_update(app);
  update->remove_file("cards", "1", "f");
  commit(*update, "last");
  CHECK(fixture.catalog->files_of(app, "cards", "1").empty());
  Strings names;
  ItemQuery query;
  query.snapshot = rows[1];
  auto collect = [&](const CatalogFile& each) {
    names.push_back(each.name);
    return true;
  };
  fixture.catalog->files(query, collect);
  query = {};
  query.deleted = true;
  fixture.catalog->files(query, collect);
  CHECK(names == Strings{"a.pdf", "b.pdf"});
}
