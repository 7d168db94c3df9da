// A repository that restic and probackup both work on.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "helpers.h"
#include "util/file.h"
#include "util/process.h"

namespace probackup::test {

// Without restic all of this is skipped, and says so to ctest, before Catch's main begins.
inline const bool restic_is_here = [] {
  try {
    if (run_process({"restic", "version"}, {}).exit_code == 0) return true;
    std::puts("SKIP: restic does not run");
  } catch (const Error& error) {
    std::printf("SKIP: %s\n", error.what());
  }
  std::exit(77);
}();

struct Output {
  int code = 0;
  std::string text, errors;
};

// A repository in a folder, with restic and probackup both at work on it.
class Shared {
 public:
  Shared() : storage(local_storage((folder.path() / "repository").string())) {}

  Output restic(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"restic", "--no-cache", "-r", storage->location()});
    Output out;
    ProcessOptions options;
    options.environment = {{"RESTIC_PASSWORD", password}, {"GOMAXPROCS", "2"}};
    options.folder = folder.path().string();
    options.output = [&](std::string_view piece) { out.text += piece; };
    ProcessResult result = run_process(arguments, options);
    out.code = result.exit_code;
    out.errors = result.errors;
    return out;
  }

  // Runs restic and expects it to succeed.
  std::string good(const std::vector<std::string>& arguments) {
    Output out = restic(arguments);
    CAPTURE(arguments, out.text, out.errors);
    REQUIRE(out.code == 0);
    return out.text;
  }

  std::unique_ptr<Repository> open() { return Repository::open(*storage, password, clock); }

  void write(const std::string& path, const std::string& bytes) {
    std::filesystem::create_directories((folder.path() / path).parent_path());
    write_file_atomic(folder.path() / path, bytes);
  }

  TempFolder folder;
  std::unique_ptr<Storage> storage;
  Clock& clock = system_clock();
};

}  // namespace probackup::test
