// What repair saves out of damaged repositories.
#include <set>

#include "catch.h"
#include "helpers.h"
#include "probackup/repair.h"

using namespace probackup;
using namespace probackup::test;
using namespace std::chrono_literals;

namespace {

struct Damaged : TestRepository {
  Damaged() {
    ids = {save_files(**this, first, clock.now()), Id{}};
    open();
    ids[1] = save_files(**this, second, clock.now() + 1h);
    original = storage.objects();
  }
  IndexRepairReport repair(bool read_all_packs = false, bool dry_run = false) {
    open();
    RepositoryLock lock(**this, true, clock);
    auto report = repair_index(**this, lock, {read_all_packs, dry_run}, clock, {}, {});
    return report;
  }
  std::vector<std::string> paths(const std::string& folder) const {
    std::vector<std::string> out;
    for (const auto& [path, bytes] : original)
      if (path.starts_with(folder)) out.push_back(path);
    return out;
  }
  void expect_whole() {
    open();
    CHECK(repository->check(true, {}, {}).problems.empty());
    CHECK(load_files(*repository, ids[0]) == first);
    CHECK(load_files(*repository, ids[1]) == second);
  }

  const Files first{{"a", text(30'000, 1)}, {"b", noise(5'000, 2)}};
  const Files second{{"a", text(31'000, 1)}, {"c", noise(7'000, 3)}};
  std::vector<Id> ids;
  std::map<std::string, std::string> original;
};

// Blobs that can be read.
std::set<Id> readable(Repository& repository, const std::set<Id>& of) {
  std::set<Id> out;
  for (const Id& id : of) try {
      repository.load_blob(BlobType::data, id);
      out.insert(id);
    } catch (const Error&) {
    }
  return out;
}

}  // namespace

TEST_CASE("a healthy index is left alone") {
  Damaged repository;
  auto before = repository.storage.objects();
  CHECK_FALSE(repository.repair().changed);
  CHECK_FALSE(repository.repair(true).changed);
  CHECK(repository.storage.objects() == before);
}

TEST_CASE("a lost or damaged index is made again from the packs") {
  Damaged repository;
  bool all = GENERATE(false, true);
  for (const std::string& path : repository.paths("index/")) {
    if (all)
      repository.storage.drop(path);
    else
      repository.storage.put(path, "rubbish");
  }
  CHECK(repository.repair(false, true).packs_found == 4);  // only looked
  IndexRepairReport report = repository.repair();
  CHECK(report.changed);
  CHECK(report.packs_found == 4);
  CHECK(report.index_files_damaged == (all ? 0 : 2));
  CHECK(report.blobs_lost == 0);
  repository.expect_whole();
  CHECK_FALSE(repository.repair().changed);
}

TEST_CASE("an index file that tells wrong places is put right") {
  Damaged repository;
  std::string name = repository.storage.list(ObjectKind::index).at(0).name;
  std::string json = repository->load_document({ObjectKind::index, name});
  auto at = json.find("\"offset\":0");
  REQUIRE(at != std::string::npos);
  json.replace(at, 10, "\"offset\":4000000000");
  repository.storage.drop("index/" + name);
  repository->save_document(ObjectKind::index, json);
  CHECK(repository.repair().changed);
  repository.expect_whole();
}

TEST_CASE("every healthy blob of a damaged pack is kept") {
  auto seed = GENERATE(range(1u, 13u));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Damaged repository;
  std::set<Id> blobs;
  for (const Id& id : repository.ids)
    for (const Node& node : repository->load_tree(
             *find_node(*repository, repository->load_snapshot(id).tree, "/app")->subtree))
      blobs.insert(node.content.begin(), node.content.end());
  for (const std::string& path : repository.paths("data/")) {
    std::string bytes = repository.original.at(path);
    switch (random() % 4) {
      case 0:
        bytes[random() % bytes.size()] ^= 4;
        break;
      case 1:
        bytes.resize(random() % bytes.size());
        break;
      case 2:
        for (std::size_t i = 0, from = random() % bytes.size(); i < 100 && from + i < bytes.size();
             ++i)
          bytes[from + i] = 0;
        break;
      default:
        continue;
    }
    repository.storage.put(path, bytes);
  }
  repository.open();
  auto healthy = readable(*repository, blobs);
  IndexRepairReport report = repository.repair(true);
  repository.open();
  CHECK(readable(*repository, blobs) == healthy);
  for (const Id& id : blobs)
    CHECK(repository->has_blob(BlobType::data, id) == healthy.contains(id));
  if (healthy != blobs) CHECK(report.blobs_lost > 0);
  for (const CheckProblem& problem : repository->check(true, {}, {}).problems) {
    CAPTURE(problem.what);
    CHECK(problem.what.starts_with("snapshot "));  // packs and index are in order
  }
  CHECK_FALSE(repository.repair(true).changed);
}

TEST_CASE("a crash at any write of a repair loses no healthy blob") {
  Damaged start;
  start.storage.put(start.paths("index/")[0], "rubbish");
  std::string pack;
  for (const std::string& path : start.paths("data/"))
    if (pack.empty() || start.original.at(path).size() > start.original.at(pack).size())
      pack = path;
  std::string bytes = start.original.at(pack);
  bytes[300] ^= 1;
  start.storage.put(pack, bytes);
  bool crashed = true;
  std::set<std::string> files[2];
  for (std::uint64_t n = 0; crashed; ++n) {
    CAPTURE(n);
    Damaged run;
    for (const auto& [path, ignored] : run.storage.objects()) run.storage.drop(path);
    for (const auto& [path, kept] : start.storage.objects()) run.storage.put(path, kept);
    run.storage.crash_at_write(n);
    try {
      run.repair(true);
    } catch (const Error&) {
    }
    crashed = run.storage.crashed();
    run.storage.heal();
    run.open();
    unlock(*run, true, run.clock);
    run.repair(true);
    run.open();
    // One blob of a thousand bytes is gone, all else is there.
    std::size_t lost = 0;
    for (const Id& id : start.ids) {
      auto snapshot = run->load_snapshot(id);
      for (const Node& node : run->load_tree(*find_node(*run, snapshot.tree, "/app")->subtree))
        for (const Id& blob : node.content) lost += !run->has_blob(BlobType::data, blob);
    }
    CHECK(lost >= 1);
    CHECK(lost <= 2);
  }
}

TEST_CASE("a tree is made again without what is lost, and tells what that was") {
  Damaged repository;
  auto snapshot = repository->load_snapshot(repository.ids[0]);
  TreeRepair healthy(*repository, false);
  CHECK(healthy.repair(snapshot.tree).tree == snapshot.tree);
  CHECK(healthy.repair(snapshot.tree).lost.empty());

  // A file names a blob that nobody has.
  auto nodes = repository->load_tree(*find_node(*repository, snapshot.tree, "/app")->subtree);
  nodes[0].content.insert(nodes[0].content.begin() + 1, sha256("gone"));
  Id tree = repository->save_tree(
      {folder_node("app", repository->save_tree(nodes)), folder_node("lost", sha256("no tree"))});
  TreeRepair repair(*repository, false);
  auto result = repair.repair(tree);
  REQUIRE(result.tree);
  REQUIRE(result.lost.size() == 2);
  CHECK(result.lost[0].path == "app/a");
  CHECK(result.lost[0].positions == std::vector<std::size_t>{1});
  CHECK(result.lost[1].path == "lost");
  CHECK(result.lost[1].folder);
  CHECK(repository->load_tree(*result.tree).size() == 1);
  auto file = find_node(*repository, *result.tree, "/app/a");
  CHECK(read_small_file(*repository, *file) == repository.first.at("a"));
  CHECK(file->size == repository.first.at("a").size());
  CHECK_FALSE(repair.repair(sha256("no tree")).tree);
}
