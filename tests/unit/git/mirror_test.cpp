#include "git/mirror.h"

#include "git/lfs.h"
#include "git_fixture.h"

using namespace probackup;
using namespace probackup::git_test;

namespace {

// Text that does not compress, different per seed.
std::string noise(unsigned seed, std::size_t size) {
  std::string out;
  for (std::uint32_t x = seed * 2654435761u + 1; out.size() < size;) {
    x = x * 1664525u + 1013904223u;
    out += static_cast<char>('!' + (x >> 24) % 90);
  }
  return out;
}

}  // namespace

TEST_CASE("a repository comes back with its refs and history") {
  Runs runs;
  runs.origin.commit("readme", "one");
  runs.origin.run({"tag", "-a", "v1", "-m", "first"});
  runs.origin.run({"branch", "topic/one"});
  auto result = runs.back_up();
  CHECK(result.gaps.empty());
  CHECK(result.now.bundles.size() == 1);
  CHECK(result.now.refs.head == "refs/heads/main");
  CHECK(result.now.refs.ids.size() == 3);
  runs.check_restore();
}

TEST_CASE("a run without changes fetches nothing") {
  Runs runs;
  runs.origin.commit("readme", "one");
  runs.back_up();
  runs.lose_cache();
  auto again = runs.back_up();
  CHECK(again.unchanged);
  CHECK(runs.files.reads == 0);
  CHECK(again.now.bundles.size() == 1);
}

TEST_CASE("a later bundle carries only what is new") {
  Runs runs;
  runs.origin.commit("large", noise(1, 400'000));
  runs.back_up();
  runs.origin.commit("small", "two");
  auto second = runs.back_up();
  REQUIRE(second.now.bundles.size() == 2);
  CHECK(second.now.bundles[0].size > 200'000);
  CHECK(second.now.bundles[1].size < 2'000);
  runs.check_restore();
}

TEST_CASE("a lost local copy is made again from the bundles, and the chain goes on") {
  Runs runs;
  runs.origin.commit("large", noise(2, 400'000));
  runs.back_up();
  runs.lose_cache();
  runs.origin.commit("small", "two");
  auto second = runs.back_up();
  CHECK(runs.files.reads == 1);
  REQUIRE(second.now.bundles.size() == 2);
  CHECK(second.now.bundles[1].size < 2'000);
  runs.check_restore();
}

TEST_CASE("where neither copy nor bundles can be used, a full bundle replaces the chain") {
  Runs runs;
  runs.origin.commit("a", "one");
  runs.back_up();
  runs.origin.commit("a", "two");
  runs.back_up();
  runs.lose_cache();
  auto& damaged = runs.files.kept.at(runs.last->bundles[0].name);
  damaged[damaged.size() / 2] ^= 1;
  runs.origin.commit("a", "three");
  auto result = runs.back_up();
  CHECK(result.restarted);
  CHECK(result.now.bundles.size() == 1);
  runs.check_restore();
}

TEST_CASE("a damaged local copy heals within the run") {
  Runs runs;
  runs.origin.commit("a", noise(3, 50'000));
  runs.back_up();
  bool cut = false;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(runs.folder.path() / "cache"))
    if (entry.path().extension() == ".pack") {
      std::filesystem::permissions(entry.path(), std::filesystem::perms::owner_all);
      std::filesystem::resize_file(entry.path(), 100);
      cut = true;
    }
  REQUIRE(cut);
  runs.origin.commit("a", "two");
  auto result = runs.back_up();
  CHECK(result.now.bundles.size() == 2);
  runs.check_restore();
}

TEST_CASE("names that change without new objects need no bundle") {
  Runs runs;
  runs.origin.commit("a", "one");
  runs.origin.commit("a", "two");
  runs.back_up();
  runs.origin.run({"branch", "older", "HEAD~1"});
  auto result = runs.back_up();
  CHECK_FALSE(result.unchanged);
  CHECK(result.now.bundles.size() == 1);
  CHECK(result.now.refs.ids.contains("refs/heads/older"));
  runs.check_restore();
}

TEST_CASE("a new tag object on an old commit is kept") {
  Runs runs;
  runs.origin.commit("a", "one");
  runs.back_up();
  runs.origin.run({"tag", "-a", "v1", "-m", "first"});
  CHECK(runs.back_up().now.bundles.size() == 2);
  runs.check_restore();
}

TEST_CASE("tags on trees and blobs are kept") {
  Runs runs;
  runs.origin.commit("a", "one");
  runs.back_up();
  runs.origin.commit("b", "two");
  runs.origin.run({"tag", "tree", "HEAD^{tree}"});
  runs.origin.run({"tag", "blob", "HEAD:b"});
  runs.origin.run({"reset", "-q", "--hard", "HEAD~1"});
  runs.back_up();
  runs.check_restore();
}

TEST_CASE("a force push keeps the old commits in the earlier bundles") {
  Runs runs;
  runs.origin.commit("a", "one");
  runs.origin.commit("a", "lost otherwise");
  auto lost = runs.origin.run({"rev-parse", "HEAD"});
  runs.back_up();
  runs.origin.run({"reset", "-q", "--hard", "HEAD~1"});
  runs.origin.commit("a", "rewritten");
  runs.back_up();
  runs.check_restore();
  auto target = runs.restore();
  CHECK(git(target, {"cat-file", "-p", lost + ":a"}) == "lost otherwise");
}

TEST_CASE("an empty repository is backed up as empty, then filled, then emptied") {
  Runs runs;
  auto empty = runs.back_up();
  CHECK(empty.now.bundles.empty());
  CHECK(empty.now.refs.ids.empty());
  CHECK(runs.back_up().unchanged);
  runs.restore();
  runs.origin.commit("a", "one");
  CHECK(runs.back_up().now.bundles.size() == 1);
  runs.check_restore();
  runs.origin.run({"update-ref", "-d", "refs/heads/main"});
  auto emptied = runs.back_up();
  CHECK(emptied.now.refs.ids.empty());
  CHECK(emptied.now.bundles.size() == 1);
  runs.check_restore();
  runs.origin.commit("b", "two");
  CHECK(runs.back_up().now.bundles.size() == 2);
  runs.check_restore();
}

TEST_CASE("a HEAD that no branch holds comes back") {
  Runs runs;
  runs.origin.commit("a", "one");
  runs.origin.run({"checkout", "-q", "--detach"});
  runs.origin.commit("a", "only here");
  runs.back_up();
  runs.check_restore();
  runs.origin.commit("a", "and here");
  runs.lose_cache();
  CHECK(runs.back_up().now.bundles.size() == 2);
  runs.check_restore();
}

TEST_CASE("a chain that grew too long is replaced by one full bundle") {
  Runs runs;
  for (std::size_t i = 0; i < GitMirror::bundles_max; ++i) {
    runs.origin.commit("a", std::to_string(i));
    runs.back_up();
  }
  CHECK(runs.last->bundles.size() == GitMirror::bundles_max);
  runs.origin.commit("a", "one more");
  auto result = runs.back_up();
  CHECK(result.restarted);
  CHECK(result.now.bundles.size() == 1);
  runs.check_restore();
  runs.origin.commit("a", "and more");
  CHECK(runs.back_up().now.bundles.size() == 2);
  runs.check_restore();
}

TEST_CASE("trial merges that the host computes are left out") {
  Runs runs;
  runs.origin.commit("a", "one");
  runs.origin.run({"update-ref", "refs/pull/1/head", "HEAD"});
  runs.origin.run({"update-ref", "refs/pull/1/merge", "HEAD"});
  auto result = runs.back_up();
  CHECK(result.now.refs.ids.contains("refs/pull/1/head"));
  CHECK_FALSE(result.now.refs.ids.contains("refs/pull/1/merge"));
  CHECK(runs.back_up().unchanged);
}

TEST_CASE("a snapshot that was never saved costs nothing") {
  Runs runs;
  runs.origin.commit("a", "one");
  runs.back_up();
  auto saved = runs.last;
  auto kept = runs.files.kept;
  runs.origin.commit("a", "two");
  runs.back_up();
  runs.last = saved;  // the run failed after the fetch
  runs.files.kept = kept;
  runs.origin.commit("a", "three");
  runs.back_up();
  runs.check_restore();
}

TEST_CASE("a repository that vanished is an error with status 404, an absent wiki is empty") {
  TempFolder folder;
  GitMirror mirror(folder.path() / "cache");
  MemoryFiles files;
  GitRemote gone;
  gone.url = "file://" + (folder.path() / "nothing").string();
  gone.allow_file = true;
  int status = 0;
  try {
    mirror.update(gone, {}, false, files);
  } catch (const GitRemoteError& error) {
    status = error.status();
  }
  CHECK(status == 404);
  CHECK(mirror.update(gone, {}, true, files).now.refs.ids.empty());

  GitSnapshot once;
  once.refs.ids["refs/heads/main"] = std::string(40, 'a');
  CHECK_THROWS_AS(mirror.update(gone, once, true, files), GitRemoteError);
}

TEST_CASE("large files that cannot be read are told, every run until they are") {
  Runs runs;
  runs.origin.commit(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
  auto first = runs.back_up();
  if (first.gaps.empty()) return;  // git-lfs is installed: nothing is missing
  CHECK_THAT(first.gaps[0], ContainsSubstring("git-lfs"));
  CHECK(first.now.refs.lfs == RefTable::Lfs::incomplete);
  auto second = runs.back_up();
  CHECK(second.gaps.size() == 1);
  CHECK(second.now.bundles.size() == 1);
}

TEST_CASE("a restore does not write into a folder that holds something") {
  Runs runs;
  runs.origin.commit("a", "one");
  runs.back_up();
  CHECK_THROWS_AS(restore_git(*runs.last, runs.files, runs.origin.path()), Error);
}

TEST_CASE("a restore fails when a bundle is missing or cut") {
  Runs runs;
  runs.origin.commit("a", "one");
  runs.back_up();
  runs.origin.commit("a", "two");
  runs.back_up();
  auto target = runs.folder.path() / "target";
  SECTION("cut") {
    runs.files.kept.begin()->second.pop_back();
    CHECK_THROWS_AS(restore_git(*runs.last, runs.files, target), Error);
  }
  SECTION("first bundle not listed") {
    runs.last->bundles.erase(runs.last->bundles.begin());
    CHECK_THROWS_AS(restore_git(*runs.last, runs.files, target), Error);
  }
  SECTION("a ref to an object that no bundle holds") {
    runs.last->refs.ids["refs/heads/main"] = std::string(40, 'a');
    CHECK_THROWS_AS(restore_git(*runs.last, runs.files, target), Error);
  }
}

TEST_CASE("large files are kept beside the bundles, each once, and come back") {
  Runs runs;
  const auto lfs = run_process({"git", "lfs", "version"}, {});
  if (lfs.exit_code != 0) return;  // git-lfs is not installed: nothing can be fetched
  runs.origin.run({"lfs", "install", "--local"});
  const auto large = noise(4, 300'000);
  runs.origin.commit(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
  runs.origin.commit("one.bin", large);
  auto first = runs.back_up();
  CHECK(first.gaps.empty());
  REQUIRE(first.now.lfs.size() == 1);
  CHECK(first.now.lfs[0].size == large.size());
  CHECK(first.now.bundles[0].size < 10'000);

  runs.origin.commit("two.bin", large + "more");
  auto second = runs.back_up();
  CHECK(second.now.lfs.size() == 2);
  CHECK(second.now.refs.lfs == RefTable::Lfs::complete);
  CHECK(runs.back_up().unchanged);
  auto target = runs.restore();
  CHECK(read_file(lfs_path(target, first.now.lfs[0].name)) == large);
  git(target, {"lfs", "fsck", "--objects", "refs/heads/main"});
}
