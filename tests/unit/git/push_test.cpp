// A repository out of a snapshot, pushed to a server.
#include "git/push.h"

#include "git_fixture.h"
#include "util/hash.h"

using namespace probackup;
using namespace probackup::git_test;

namespace {

struct Pushes : Runs {
  std::filesystem::path target = folder.path() / "target.git";

  Pushes() {
    std::filesystem::create_directories(target);
    git(target, {"init", "-q", "--bare", "-b", "main"});
  }
  GitRemote remote() const {
    GitRemote out;
    out.url = "file://" + target.string();
    out.allow_file = true;
    return out;
  }
  std::vector<std::string> push(bool replace = false) {
    return push_git(*last, files, remote(), replace, {});
  }
  std::string names(const std::filesystem::path& path) const {
    return git(path, {"for-each-ref", "--format=%(objectname) %(refname)"});
  }
};

}  // namespace

TEST_CASE("branches, tags, notes and other refs arrive at an empty repository") {
  Pushes runs;
  runs.origin.commit("a", "one");
  runs.origin.run({"tag", "-a", "v1", "-m", "first"});
  runs.origin.run({"branch", "topic/one"});
  runs.origin.run({"notes", "add", "-m", "a note"});
  runs.back_up();
  runs.origin.commit("a", "two");
  runs.origin.run({"update-ref", "refs/custom/x", "HEAD"});
  runs.back_up();
  CHECK(runs.push().empty());
  CHECK(runs.names(runs.target) == runs.names(runs.origin.path()));
  CHECK(git(runs.target, {"fsck", "--full", "--strict", "--no-dangling"}) == "");
  CHECK(runs.push().empty());  // again: nothing to do
  CHECK(runs.names(runs.target) == runs.names(runs.origin.path()));
}

TEST_CASE("refs that the host makes are left out, and the report says so") {
  Pushes runs;
  runs.origin.commit("a", "one");
  runs.origin.run({"update-ref", "refs/pull/1/head", "HEAD"});
  runs.back_up();
  auto notes = runs.push();
  REQUIRE(notes.size() == 1);
  CHECK_THAT(notes[0], ContainsSubstring("1 git refs were not pushed"));
  CHECK(runs.names(runs.target).find("refs/pull") == std::string::npos);
  CHECK(runs.names(runs.target).find("refs/heads/main") != std::string::npos);
}

TEST_CASE("a push overwrites nothing in a repository with other commits") {
  Pushes runs;
  runs.origin.commit("a", "one");
  runs.back_up();
  Origin other(runs.folder.path() / "other");
  other.commit("b", "mine");
  other.run({"push", "-q", runs.target.string(), "main", "main:kept"});
  auto before = runs.names(runs.target);
  try {
    runs.push();
    FAIL("it was pushed");
  } catch (const GitRemoteError& error) {
    CHECK_THAT(error.what(), ContainsSubstring("cannot push to the git repository file://"));
  }
  CHECK(runs.names(runs.target) == before);
}

TEST_CASE("one ref that the host refuses does not hold back the others") {
  Pushes runs;
  runs.origin.commit("a", "one");
  runs.origin.run({"update-ref", "refs/secret/x", "HEAD"});
  runs.back_up();
  git(runs.target, {"config", "receive.hideRefs", "refs/secret"});
  auto notes = runs.push();
  REQUIRE(notes.size() == 1);
  CHECK_THAT(notes[0], ContainsSubstring("refs/secret/x"));
  CHECK(runs.names(runs.target).find("refs/heads/main") != std::string::npos);
}

TEST_CASE("large files are pushed where git-lfs is installed, and named where it is not") {
  Pushes runs;
  runs.origin.commit("a", "one");
  runs.back_up();
  const std::string content = "large file";
  const std::string name = "lfs/" + sha256(content).hex();
  runs.files.kept[name] = content;
  runs.last->lfs = {{name, content.size()}};
  runs.last->refs.lfs = RefTable::Lfs::complete;
  TempFolder home;
  auto notes = runs.push();
  CHECK(runs.names(runs.target).find("refs/heads/main") != std::string::npos);
  if (GitProgram(home.path(), home.path()).has_lfs({})) {
    CHECK(notes.empty());
    return;
  }
  REQUIRE(notes.size() == 1);
  CHECK_THAT(notes[0], ContainsSubstring("install git-lfs"));
}

TEST_CASE("what the remote has already is overwritten only on demand") {
  Pushes runs;
  runs.origin.commit("Home.md", "ours");
  runs.back_up();
  const Origin other(runs.folder.path() / "other");
  other.commit("Home.md", "a first page");
  other.run({"push", "-q", "file://" + runs.target.string(), "main"});
  CHECK_THROWS_AS(runs.push(), GitRemoteError);
  CHECK(runs.push(true).empty());
  CHECK(runs.names(runs.target) == runs.names(runs.origin.path()));
}
