// The Drive test server as a program: prints its address and serves until standard input ends.
//   drive_serve [LOG]    appends what was asked and answered to LOG, as JSON lines
#include <fmt/format.h>

#include <iostream>

#include "fake/drive_server.h"

int main(int argc, char** argv) {
  probackup::test::DriveServer server;
  fmt::print("{}\n", server.url());
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "revoke") {
      server.revoke();
      continue;
    }
    // "tree" prints what is not in the trash: path and type.
    for (const auto& [path, object] : server.tree())
      fmt::print("{}\t{}\t{}\n", path, object.mime_type, object.bytes.size());
    fmt::print("\n");
    std::fflush(stdout);
  }
  if (argc > 1) server.server().write_log(argv[1], "drive");
}
