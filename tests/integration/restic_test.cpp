// restic accepts what a backup of an app wrote, and gives back the same bytes.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "catch.h"
#include "rig.h"
#include "util/process.h"

using namespace probackup;
using namespace probackup::test;

namespace {

// Without restic all of this is skipped, and says so to ctest, before Catch's main begins.
const bool restic_is_here = [] {
  try {
    if (run_process({"restic", "version"}, {}).exit_code == 0) return true;
    std::puts("SKIP: restic does not run");
  } catch (const Error& error) {
    std::printf("SKIP: %s\n", error.what());
  }
  std::exit(77);
}();

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "probackup-restic-XXXXXX";
    REQUIRE(::mkdtemp(pattern.data()));
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string restic(const std::string& repository, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"restic", "--no-cache", "-r", repository});
  std::string text;
  ProcessOptions options;
  options.environment = {{"RESTIC_PASSWORD", "password"}, {"GOMAXPROCS", "2"}};
  options.output = [&](std::string_view piece) { text += piece; };
  const auto result = run_process(arguments, options);
  CAPTURE(arguments, text, result.errors);
  REQUIRE(result.exit_code == 0);
  return text;
}

}  // namespace

TEST_CASE("restic checks a repository of backups and dumps the same bytes") {
  const auto app = GENERATE(from_range(app_names()));
  CAPTURE(app);
  TemporaryFolder folder;
  const auto storage = local_storage((folder.path() / "repository").string());
  Rig rig(app, 3, {}, *storage);
  rig.backup();
  rig.clock().sleep(std::chrono::hours(5), {});
  rig.app().mutate(1, 20);
  const auto report = rig.backup();

  restic(storage->location(), {"check", "--read-data"});
  SnapshotReader reader(rig.repository(), rig.repository().load_snapshot(report.snapshot));
  unsigned compared = 0;
  const std::string top = "/" + report.source.app + "/" + report.source.account + "/";
  for (const auto& stream : reader.streams()) {
    for (const auto& [number, nodes] : reader.stream_files(stream)) {
      if (nodes.records.size == 0 || compared >= 4) continue;
      std::string ours;
      read_file_node(rig.repository(), nodes.records,
                     [&](std::string_view piece) { ours += piece; });
      const auto path = top + "streams/" + stream + "/" + nodes.records.name;
      CHECK(restic(storage->location(), {"dump", report.snapshot.hex(), path}) == ours);
      ++compared;
    }
  }
  CHECK(compared > 0);
}
