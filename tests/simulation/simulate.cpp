// Plays faulty worlds from seeds: simulate [WORLDS] [FIRST SEED] [STEPS]. Ends with 1 and the seed
// of the first world in which a promise was broken; that seed alone plays it again. Every tenth
// world's repository is given to restic's check, where restic is installed.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "simulation/world.h"
#include "util/file.h"
#include "util/log.h"

using namespace probackup;
using namespace probackup::simulation;

namespace {

constexpr std::uint64_t restic_every = 10;

// Throws what restic says.
void check_with_restic(const World& world, std::uint64_t seed) {
  TempFolder folder;
  for (const auto& [path, bytes] : world.objects()) {
    std::filesystem::create_directories((folder.path() / path).parent_path());
    write_file_atomic(folder.path() / path, bytes);
  }
  for (const char* name : {"data", "index", "keys", "locks", "snapshots"})
    std::filesystem::create_directories(folder.path() / name);
  ::setenv("RESTIC_PASSWORD", World::password(), 1);
  std::string command = fmt::format("restic -r '{}' check --read-data --no-lock --no-cache 2>&1",
                                    folder.path().string());
  if (std::system((command + " >'" + (folder.path() / "said").string() + "'").c_str()) != 0)
    throw std::runtime_error(
        fmt::format("seed {}: restic says: {}", seed, read_file(folder.path() / "said")));
}

}  // namespace

int main(int count, char** arguments) {
  auto number = [&](int at, std::uint64_t otherwise) {
    return count > at ? std::strtoull(arguments[at], nullptr, 10) : otherwise;
  };
  set_log_level(LogLevel::error);
  std::uint64_t worlds = number(1, 1000), first = number(2, 1);
  auto steps = static_cast<unsigned>(number(3, 12));
  bool restic = std::system("restic version >/dev/null 2>&1") == 0;
  if (!restic) fmt::print("SKIP: restic is not installed\n");
  Tally total;
  std::uint64_t checked = 0;
  try {
    for (std::uint64_t seed = first; seed < first + worlds; ++seed) {
      World world(seed);
      world.run(steps);
      total += world.tally();
      if (!restic || seed % restic_every != 0) continue;
      check_with_restic(world, seed);
      ++checked;
    }
  } catch (const std::exception& error) {
    fmt::print("{}\n", error.what());
    return 1;
  }
  fmt::print(
      "{} worlds, {} runs: {} finished, {} refused by a lock, {} failed, {} killed; {} snapshots "
      "compared, {} repositories checked by restic; nothing lost\n",
      total.worlds, total.runs, total.finished, total.refused, total.failed, total.kills,
      total.snapshots_checked, checked);
}
