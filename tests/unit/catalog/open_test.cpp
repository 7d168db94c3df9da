// Opening: migrations, and the ways in which a catalog can be unusable.
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "catalog/schema.h"
#include "catalog/sqlite.h"
#include "fixture.h"

using namespace probackup;

namespace {

Error error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  return Error("nothing was thrown");
}

// Root may write anywhere: such tests run as somebody else.
class Unprivileged {
 public:
  Unprivileged() : root_(::geteuid() == 0 && ::seteuid(65534) == 0) {}
  ~Unprivileged() {
    if (root_ && ::seteuid(0) != 0) std::abort();
  }

 private:
  bool root_;
};

}  // namespace

TEST_CASE("a catalog of version 1 is brought up to date and keeps what it has") {
  TempFolder folder;
  std::string path = folder.path() / "old.db";
  {
    sqlite::Database old(path, 0);
    catalog::migrate(old, 1);
    old.execute(
        "INSERT INTO meta VALUES('repository', 'repository-1');"
        "INSERT INTO source(id, app, account) VALUES(1, 'app', 'main');"
        "INSERT INTO stream VALUES(1, 1, 'cards');"
        "INSERT INTO snapshot VALUES(7, randomblob(32), 1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0);"
        "INSERT INTO item VALUES(1, 1, 'k1', NULL, '', 'old title', '', 0, 0, 7)");
    CHECK(old.number("SELECT count(*) FROM sqlite_schema WHERE name = 'drive_file'") == 0);
  }
  auto catalog = Catalog::open(path, "repository-1");
  CHECK(list(*catalog) == Strings{"k1=old title"});
  sqlite::Database now(path, 0);
  CHECK(now.number("PRAGMA user_version") == catalog::schema_version());
  CHECK(now.number("SELECT count(*) FROM sqlite_schema WHERE name = 'drive_file'") == 1);
}

TEST_CASE("a catalog of a newer probackup is refused and left alone") {
  Fixture fixture;
  fixture.catalog.reset();
  { sqlite::Database(fixture.path, 0).execute("PRAGMA user_version = 1000"); }
  Error error = error_of([&] { fixture.open(); });
  CHECK_THAT(error.what(), ContainsSubstring("1000"));
  CHECK_THAT(error.hint(), ContainsSubstring("newer probackup"));
  CHECK(sqlite::Database(fixture.path, 0).number("PRAGMA user_version") == 1000);
}

TEST_CASE("a catalog of another repository is refused") {
  Fixture fixture;
  Error error = error_of([&] { Catalog::open(fixture.path, "other-repository"); });
  CHECK_THAT(error.what(), ContainsSubstring("belongs to repository"));
  CHECK_THAT(error.hint(), ContainsSubstring("--catalog"));
}

TEST_CASE("somebody else's database is not taken for a catalog") {
  TempFolder folder;
  std::string path = folder.path() / "foreign.db";
  { sqlite::Database(path, 0).execute("CREATE TABLE mine(a)"); }
  CHECK_THAT(error_of([&] { Catalog::open(path, "repository-1"); }).what(),
             ContainsSubstring("no catalog of probackup"));
}

TEST_CASE("a damaged catalog says how to make it again") {
  Fixture fixture;
  auto update = fixture.catalog->begin_update(app);
  for (int i = 0; i < 2000; ++i)
    update->put_item("cards", Change::added, make_item(std::to_string(i), "some title"), "");
  commit(*update, "1");
  fixture.catalog.reset();
  auto size = std::filesystem::file_size(fixture.path);
  bool whole_file = GENERATE(true, false);
  std::fstream file(fixture.path, std::ios::in | std::ios::out | std::ios::binary);
  // Either no database at all any more, or one whose pages after the first few are rubbish.
  auto begin = whole_file ? 0 : std::streamoff{4096} * 8;
  file.seekp(begin);
  for (auto at = begin; at < static_cast<std::streamoff>(size); ++at) file.put('\xa5');
  file.close();
  Error error = error_of([&] {
    auto damaged = fixture.open();
    list(*damaged);
    damaged->find("title", {});
  });
  CHECK_THAT(error.what(), ContainsSubstring(fixture.path));
  CHECK_THAT(error.hint(), ContainsSubstring("probackup catalog rebuild"));
}

TEST_CASE("a folder that cannot be written is named together with the way out") {
  TempFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
  Unprivileged user;
  Error error = error_of([&] { Catalog::open(folder.path() / "catalog.db", "repository-1"); });
  CHECK_THAT(error.what(), ContainsSubstring("catalog.db"));
  CHECK_THAT(error.hint(), ContainsSubstring("--catalog"));
}

TEST_CASE("a catalog locked by another process ends in a clear error") {
  Fixture fixture;
  sqlite::Database other(fixture.path, 0);
  other.execute("BEGIN IMMEDIATE");
  sqlite::Database mine(fixture.path, 20);
  Error error =
      error_of([&] { sqlite::Transaction(mine, sqlite::Transaction::Mode::write).commit(); });
  CHECK(error.kind() == ErrorKind::locked);
  CHECK_THAT(error.hint(), ContainsSubstring("another process"));
}

TEST_CASE("a full disk undoes the whole statement and says so") {
  TempFolder folder;
  sqlite::Database database(folder.path() / "full.db", 0);
  database.execute("CREATE TABLE t(a); PRAGMA max_page_count = 10");
  Error error = error_of([&] { database.execute("INSERT INTO t VALUES(zeroblob(1000000))"); });
  CHECK_THAT(error.what(), ContainsSubstring("full"));
  CHECK_THAT(error.hint(), ContainsSubstring("free space"));
  CHECK(database.number("SELECT count(*) FROM t") == 0);
}

TEST_CASE("several processes can make the same catalog at once") {
  for (int round = 0; round < 5; ++round) {
    TempFolder folder;
    std::mutex mutex;
    std::string failures;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        try {
          Catalog::open(folder.path() / "catalog.db", "repository-1")->begin_run(app, {});
        } catch (const Error& error) {
          std::lock_guard lock(mutex);
          failures += std::string(error.what()) + "\n";
        }
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(failures == "");
    CHECK(Catalog::open(folder.path() / "catalog.db", "repository-1")->runs({}, 0).size() == 4);
  }
}

TEST_CASE("only its owner can read a catalog") {
  Fixture fixture;
  auto update = fixture.catalog->begin_update(app);
  update->put_item("cards", Change::added, make_item("1", "one"), "");
  commit(*update, "1");
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat info {};
    CAPTURE(suffix);
    REQUIRE(::stat((fixture.path + suffix).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
  }
}

TEST_CASE("a catalog is named by a path, sqlite:PATH or :memory:") {
  TempFolder folder;
  std::string path = folder.path() / "sub" / "catalog.db";
  CHECK(Catalog::open("sqlite:" + path, "r")->location() == path);
  CHECK(Catalog::open(":memory:", "r")->location() == ":memory:");
  CHECK(error_of([] { Catalog::open("postgresql://host/db", "r"); }).kind() == ErrorKind::usage);
}
