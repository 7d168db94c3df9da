// The copy in a local folder.
#include <filesystem>
#include <fstream>

#include "../export/board_account.h"
#include "catch.h"
#include "drive_rig.h"
#include "util/file.h"

using namespace probackup;
using namespace probackup::test;
namespace fs = std::filesystem;

TEST_CASE("a snapshot becomes folders with .xlsx and .csv files, attachments, and an index") {
  DriveRig rig;
  rig.source = board_account();
  rig.options.folders = {"workspaces", "boards"};
  rig.deleted = {{"cards", "old", "lists", "5f03ab000000000000000001", "An old card", "",
                  Time(std::chrono::seconds(1'716'000'000)),
                  Time(std::chrono::seconds(1'717'000'000)), "1a2b3c4d"}};
  TempFolder folder;
  auto report = rig.sync_to(*local_drive(folder.path()));
  CHECK(report.deleted == 1);
  fs::path top = folder.path() / "Board/acme", board = top / "Acme/Website";
  for (const char* name : {"Cards.xlsx", "Cards.csv", "Cards - Deleted.csv", "Comments.xlsx",
                           "Labels.xlsx", "Lists.xlsx", "Attached files/logo.png"})
    CHECK(fs::exists(board / name));
  CHECK(fs::exists(top / "Acme/Boards.xlsx"));
  CHECK(read_file(board / "Attached files/Brand guide.pdf").size() == 2048);
  std::string index = read_file(top / "Index - Contents.csv");
  CHECK_THAT(index, ContainsSubstring("Website,Cards,7,1\r\n"));
  CHECK_THAT(read_file(top / "Index.csv"),
             ContainsSubstring("Backed up at (UTC),2024-05-31 16:08:37"));
  CHECK_THAT(read_file(top / "Index - Gaps.csv"), ContainsSubstring("(403)"));
  std::string gone = read_file(board / "Cards - Deleted.csv");
  CHECK_THAT(gone,
             ContainsSubstring("An old card,old,Ideas,2024-05-29 16:26:40,2024-05-18 02:40:00,"
                               "1a2b3c4d,cards/old,"));
}

TEST_CASE("an unchanged file is not touched; a moved one is made again or left away") {
  DriveRig rig;
  rig.add_board("b1", "House", 2);
  rig.add_board("b2", "Garden", 2);
  TempFolder folder;
  rig.sync_to(*local_drive(folder.path()));
  fs::path cards = folder.path() / "Board/acme/House/Cards.xlsx";
  auto before = fs::last_write_time(cards);
  fs::last_write_time(cards, before - std::chrono::hours(1));
  rig.source.rows["cards"][3].title = "changed";  // of the other board
  auto report = rig.sync_to(*local_drive(folder.path()));
  CHECK(report.updated == 2);  // its cards and their comments
  CHECK(fs::last_write_time(cards) == before - std::chrono::hours(1));
  fs::rename(cards, folder.path() / "mine.xlsx");
  rig.options.recreate_missing = false;
  CHECK(rig.sync_to(*local_drive(folder.path())).skipped == 1);
  CHECK(!fs::exists(cards));
  rig.options.recreate_missing = true;
  CHECK(rig.sync_to(*local_drive(folder.path())).created == 1);
  CHECK(fs::exists(cards));
  CHECK(fs::exists(folder.path() / "mine.xlsx"));
}

TEST_CASE("folders that swap their names end up with them") {
  DriveRig rig;
  rig.add_board("b1", "House", 1);
  rig.add_board("b2", "Garden", 2);
  TempFolder folder;
  rig.sync_to(*local_drive(folder.path()));
  std::swap(rig.source.rows["boards"][0].title, rig.source.rows["boards"][1].title);
  rig.sync_to(*local_drive(folder.path()));
  std::string house = read_file(folder.path() / "Board/acme/House/Cards.csv");
  CHECK_THAT(house, ContainsSubstring("b2-card-0001"));
  CHECK_THAT(read_file(folder.path() / "Board/acme/Garden/Cards.csv"),
             ContainsSubstring("b1-card-0000"));
}

TEST_CASE("a copy may be moved as a whole") {
  DriveRig rig;
  rig.add_board("b1", "House", 1);
  TempFolder folder;
  rig.sync_to(*local_drive(folder.path() / "old"));
  fs::rename(folder.path() / "old", folder.path() / "new");
  auto report = rig.sync_to(*local_drive(folder.path() / "new"));
  CHECK(report.created + report.updated == 0);
}
