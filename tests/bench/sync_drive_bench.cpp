// What syncs to Google Drive cost: API calls and bytes of a first copy of 10,000 items in 20
// boards, of an unchanged one, and of one with 1 % changed. The server is the test server on
// loopback.
//   sync_drive_bench [BOARDS] [CARDS-PER-BOARD]
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <random>

#include "drive_rig.h"

using namespace probackup;
using namespace probackup::test;

int main(int argc, char** argv) {
  int boards = argc > 1 ? std::atoi(argv[1]) : 20;
  int cards = argc > 2 ? std::atoi(argv[2]) : 249;  // with a comment each, and the board itself
  DriveRig rig;
  for (int i = 0; i < boards; ++i)
    rig.add_board(fmt::format("board-{:04d}", i), fmt::format("Board {}", i), cards);
  auto step = [&](const char* what) {
    rig.server.server().clear_log();
    auto begin = std::chrono::steady_clock::now();
    auto report = rig.sync();
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::map<std::string, unsigned> calls;
    for (const auto& entry : rig.server.server().log()) ++calls[entry.method];
    std::string by_method;
    for (const auto& [method, count] : calls) by_method += fmt::format(" {} {}", count, method);
    fmt::print("{:<16} {:>6} items {:>5} calls ({} ) {:>4} new {:>4} updated  {:.2f} s\n", what,
               report.items, rig.requests, by_method, report.created, report.updated, took.count());
  };
  step("first");
  step("unchanged");
  std::mt19937 random(1);
  auto& rows = rig.source.rows["cards"];
  for (std::size_t i = 0; i < rows.size() / 50; ++i)  // 1 % of all items
    rows[random() % rows.size()].raw = fmt::format(R"({{"id":"x","n":{}}})", i + 100'000);
  step("1 % changed");
  step("unchanged");
}
