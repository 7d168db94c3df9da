// A git repository to back up, and memory to keep its bundles in.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "git/chain.h"
#include "git/mirror.h"
#include "util/file.h"
#include "util/process.h"
#include "util/text.h"

namespace probackup::git_test {

// Runs git in `folder` and returns what it printed.
inline std::string git(const std::filesystem::path& folder, std::vector<std::string> arguments) {
  std::string out;
  arguments.insert(arguments.begin(), "git");
  ProcessOptions options;
  options.folder = folder.string();
  options.environment = {{"GIT_CONFIG_GLOBAL", "/dev/null"},
                         {"GIT_CONFIG_NOSYSTEM", "1"},
                         {"GIT_AUTHOR_NAME", "Member 1"},
                         {"GIT_AUTHOR_EMAIL", "member-1@example.com"},
                         {"GIT_COMMITTER_NAME", "Member 1"},
                         {"GIT_COMMITTER_EMAIL", "member-1@example.com"},
                         {"GIT_AUTHOR_DATE", "2024-01-01T00:00:00Z"},
                         {"GIT_COMMITTER_DATE", "2024-01-01T00:00:00Z"}};
  options.output = [&](std::string_view piece) { out += piece; };
  auto result = run_process(arguments, options);
  CAPTURE(join(arguments, " "), result.errors);
  REQUIRE(result.exit_code == 0);
  return std::string(trim(out));
}

// The names and ids of a repository and its HEAD, as git itself tells them.
inline std::string names_of(const std::filesystem::path& repository) {
  std::string head;
  git(repository, {"rev-parse", "--git-dir"});
  auto link =
      read_file(std::filesystem::is_directory(repository / ".git") ? repository / ".git/HEAD"
                                                                   : repository / "HEAD");
  return git(repository, {"for-each-ref", "--format=%(objectname) %(refname)"}) + "\nHEAD " + link;
}

// A repository with a work tree that tests change.
class Origin {
 public:
  explicit Origin(const std::filesystem::path& path) : path_(path) {
    std::filesystem::create_directories(path);
    run({"init", "-q", "-b", "main"});
    run({"config", "gc.auto", "0"});
    run({"config", "core.fsync", "none"});
  }
  std::string run(std::vector<std::string> arguments) const { return git(path_, arguments); }
  void commit(const std::string& file, std::string_view text) const {
    std::filesystem::create_directories((path_ / file).parent_path());
    std::ofstream(path_ / file, std::ios::binary) << text;
    run({"add", "-A"});
    run({"commit", "-q", "--allow-empty", "-m", "Change " + file});
  }
  GitRemote remote() const {
    GitRemote out;
    out.url = "file://" + path_.string();
    out.allow_file = true;
    return out;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Keeps files in memory, as a repository would.
class MemoryFiles : public GitFiles {
 public:
  void read(const std::string& name, const std::function<void(std::string_view)>& piece) override {
    ++reads;
    auto found = kept.find(name);
    if (found == kept.end()) throw Error("no file " + name);
    std::string_view rest = found->second;
    while (!rest.empty()) {
      piece(rest.substr(0, 1000));
      rest.remove_prefix(std::min<std::size_t>(1000, rest.size()));
    }
  }
  std::unique_ptr<FileSink> create(const std::string& name) override {
    return std::make_unique<Sink>(*this, name);
  }
  // Forgets what a snapshot does not hold.
  void keep_only(const GitSnapshot& snapshot) {
    std::set<std::string> names;
    for (const auto& file : snapshot.bundles) names.insert(file.name);
    for (const auto& file : snapshot.lfs) names.insert(file.name);
    std::erase_if(kept, [&](const auto& entry) { return !names.contains(entry.first); });
  }
  std::map<std::string, std::string> kept;
  unsigned reads = 0;

 private:
  struct Sink : FileSink {
    Sink(MemoryFiles& owner, std::string as) : files(owner), name(std::move(as)) {}
    void write(std::string_view bytes) override { content += bytes; }
    void finish() override { files.kept[name] = content; }
    MemoryFiles& files;
    std::string name, content;
  };
};

// Several runs over one remote, as backups do them.
struct Runs {
  TempFolder folder;
  Origin origin{folder.path() / "origin"};
  GitMirror mirror{folder.path() / "cache"};
  MemoryFiles files;
  std::optional<GitSnapshot> last;
  unsigned restores = 0;

  GitResult back_up() {
    auto result = mirror.update(origin.remote(), last, false, files);
    files.keep_only(result.now);
    last = result.now;
    for (const auto& bundle : last->bundles)
      CHECK(files.kept.at(bundle.name).size() == bundle.size);
    return result;
  }
  std::filesystem::path restore() {
    auto target = folder.path() / fmt::format("restored-{}", ++restores);
    // Through the refs file, as a restore reads them.
    last->refs = RefTable::from_json_lines(last->refs.to_json_lines());
    restore_git(*last, files, target);
    return target;
  }
  void check_restore() {
    auto target = restore();
    CHECK(names_of(target) == names_of(origin.path()));
    CHECK(git(target, {"fsck", "--full", "--strict", "--no-dangling"}) == "");
    std::filesystem::remove_all(target);
  }
  void lose_cache() { std::filesystem::remove_all(folder.path() / "cache"); }
};

}  // namespace probackup::git_test
