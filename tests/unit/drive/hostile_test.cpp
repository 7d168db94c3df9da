// What apps and people can do to a copy: names, formulas, files in the way.
#include <filesystem>
#include <fstream>

#include "catch.h"
#include "drive_rig.h"
#include "util/file.h"

using namespace probackup;
using namespace probackup::test;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> files_below(const fs::path& folder) {
  std::vector<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    out.push_back(entry.path().lexically_relative(folder).string());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST_CASE("no name of an app leaves the folder of the copy") {
  DriveRig rig;
  rig.source = small_account();
  const std::vector<std::string> names{"../../etc",
                                       "..",
                                       ".",
                                       "/etc/passwd",
                                       "a\\..\\b",
                                       "CON",
                                       "nul.txt",
                                       ".hidden",
                                       std::string(300, 'n'),
                                       std::string("a\0b", 3),
                                       "\xFF\xFE",
                                       "  ",
                                       "same",
                                       "Same"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::string key = "board-" + std::to_string(i);
    rig.source.add("boards", {key, "", "", names[i], "", "{}"});
    rig.source.add("cards", {"card-of-" + key, "boards", key, "T", "", "{\"a\":1}"});
    rig.source.attach("cards", "card-of-" + key, "file" + std::to_string(i), names[i], "x");
  }
  TempFolder outside;
  fs::path folder = outside.path() / "copy";
  rig.sync_to(*local_drive(folder));
  for (const auto& entry : fs::directory_iterator(outside.path())) CHECK(entry.path() == folder);
  std::size_t cards = 0;
  for (const auto& path : files_below(folder)) {
    cards += path.ends_with("/Cards.xlsx");
    for (const auto& part : fs::path(path)) CHECK(part.string().size() <= 220);
  }
  CHECK(cards == names.size());
  CHECK(rig.sync_to(*local_drive(folder)).updated == 0);
  // Drive takes slashes and the like, but people want to tell folders apart.
  rig.sync();
  CHECK(rig.server.tree().contains("probackup/Board/acme/../../etc"));
  for (const auto& path : rig.paths()) CHECK(path.find('#') == std::string::npos);
}

TEST_CASE("cells that look like formulas are text in CSV as well") {
  DriveRig rig;
  rig.source = small_account();
  rig.source.add("cards", {"card-0001", "", "", "=1+1", "", R"j({"a":"@SUM(A1)","b":"-2+3"})j"});
  TempFolder folder;
  rig.sync_to(*local_drive(folder.path()));
  std::string csv = read_file(folder.path() / "Board/acme/Cards.csv");
  CHECK_THAT(csv, ContainsSubstring("'=1+1,card-0001,'@SUM(A1),'-2+3\r\n"));
}

TEST_CASE("files that a person put into the copy are neither replaced nor removed") {
  DriveRig rig;
  rig.add_board("b1", "House", 1);
  TempFolder folder;
  fs::path house = folder.path() / "Board/acme/House";
  fs::create_directories(house);
  std::ofstream(house / "Cards.xlsx") << "mine";
  rig.sync_to(*local_drive(folder.path()));
  CHECK(read_file(house / "Cards.xlsx") == "mine");
  std::size_t sheets = 0;
  for (const auto& path : files_below(house)) sheets += path.starts_with("Cards ~");
  CHECK(sheets == 2);  // .xlsx and .csv beside it
  rig.source = small_account();
  rig.sync_to(*local_drive(folder.path()));
  CHECK(files_below(house) == std::vector<std::string>{"Cards.xlsx"});
}

TEST_CASE("a state file that points out of the folder is refused") {
  DriveRig rig;
  rig.add_board("b1", "House", 1);
  TempFolder folder;
  std::ofstream(folder.path() / ".probackup-copy.jsonl")
      << R"({"probackup":1})"
      << "\n"
      << R"({"key":"k","kind":2,"source":"s","parent":"","name":"../x","content":"c"})"
      << "\n";
  CHECK_THROWS_WITH(local_drive(folder.path()), ContainsSubstring("outside of the folder"));
}
