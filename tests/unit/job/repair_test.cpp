// Damaged repositories of backups: every healthy record is kept, and what is lost is told. restic
// judges what is left.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "catch.h"
#include "job/layout.h"
#include "job_fixture.h"
#include "probackup/error.h"
#include "probackup/repair.h"
#include "probackup/repair_snapshots.h"
#include "util/file.h"
#include "util/process.h"

using namespace probackup;
using namespace probackup::test;

namespace {

using Truth = std::map<std::string, std::string>;

struct Repairable : Fixture {
  // Runs and keeps what each snapshot must hold.
  void back_up(const Truth& truth) {
    auto report = run([&](BackupSink& sink, std::stop_token) {
      sink.begin_stream("parents", true);
      for (const auto& [key, raw] : truth) {
        sink.record(make_record(describer, "parents", key, raw));
        if (key.back() != '7') continue;
        if (auto file = sink.file({"parents", key, "file-" + key, "note.txt", {}, key})) {
          file->write("attachment of " + key);
          file->finish();
        }
      }
      sink.listed("parents", "", true);
      StreamResult result;
      result.stream = "parents";
      result.complete = result.full = true;
      sink.end_stream(result);
    });
    snapshots.emplace_back(report.snapshot, truth);
  }
  // What of a snapshot's records can still be read, by key.
  Truth healthy(const Id& id) {
    Truth out;
    SnapshotReader reader(*repository, repository->load_snapshot(id));
    for (const auto& [number, file] : reader.stream_files("parents")) {
      auto index = reader.index_of(file);
      for (std::size_t i = 0; i < index.size(); ++i) {
        std::string blob;
        try {
          blob = repository->load_blob(BlobType::data, file.records.content[i]);
        } catch (const Error&) {
          continue;
        }
        std::size_t k = 0, at = 0;
        for (std::size_t end; (end = blob.find('\n', at)) != std::string::npos; at = end + 1)
          out[index[i][k++].key] = blob.substr(at, end - at);
      }
    }
    return out;
  }
  void repair(bool forget_damaged = true) {
    fresh();
    {
      RepositoryLock lock(*repository, true, clock);
      repair_index(*repository, lock, {true, false}, clock, {}, {});
    }
    fresh();
    RepositoryLock lock(*repository, true, clock);
    results = repair_snapshots(context(), lock, {false, forget_damaged}, {});
  }
  // Opened anew, with the catalog as it was.
  void fresh() {
    repository.reset();
    repository = Repository::open(storage, "secret", clock);
  }
  void restic_checks() {
    TempFolder folder;
    for (const auto& [path, bytes] : storage.objects()) {
      std::filesystem::create_directories((folder.path() / path).parent_path());
      write_file_atomic(folder.path() / path, bytes);
    }
    ProcessOptions options;
    options.environment = {{"RESTIC_PASSWORD", "secret"}};
    std::string text;
    options.output = [&](std::string_view piece) { text += piece; };
    auto result = run_process(
        {"restic", "--no-cache", "-r", folder.path().string(), "check", "--read-data"}, options);
    CAPTURE(text, result.errors);
    CHECK(result.exit_code == 0);
  }

  std::vector<std::pair<Id, Truth>> snapshots;
  std::vector<RepairedSnapshot> results;
};

bool has_restic() {
  try {
    return run_process({"restic", "version"}, {}).exit_code == 0;
  } catch (const Error&) {
    return false;
  }
}

std::string raw_of(std::mt19937_64& random, const std::string& key) {
  std::string text;
  for (std::size_t n = random() % 900; text.size() < n;) text += std::to_string(random()) + " ";
  return R"({"id":")" + key + R"(","text":")" + text + "\"}";
}

}  // namespace

TEST_CASE("whatever is damaged, every healthy record is kept and every lost one is told") {
  auto seed = GENERATE(range(1u, 13u));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Repairable fixture;
  Truth truth;
  for (int i = 0; i < 900; ++i) {
    std::string key = "k" + std::to_string(i);
    truth[key] = raw_of(random, key);
  }
  fixture.back_up(truth);
  for (int run = 0; run < 2; ++run) {
    for (int i = 0; i < 40; ++i) {
      std::string key = "k" + std::to_string(random() % 950);
      truth[key] = raw_of(random, key);
    }
    fixture.back_up(truth);
  }
  // Damage in packs: mostly in those of data, since a lost root tree leaves nothing to keep.
  for (const auto& [path, bytes] : fixture.storage.objects()) {
    if (!path.starts_with("data/") || bytes.size() < 20'000) continue;
    std::string changed = bytes;
    int hits = 1 + static_cast<int>(random() % 3);
    for (int i = 0; i < hits; ++i) changed[random() % changed.size()] ^= 16;
    if (random() % 4 == 0) changed.resize(changed.size() / 2 + random() % (changed.size() / 2));
    fixture.storage.put(path, changed);
  }
  fixture.fresh();
  std::map<Id, Truth> healthy;
  for (const auto& [id, records] : fixture.snapshots) {
    try {
      healthy[id] = fixture.healthy(id);
    } catch (const Error&) {
      // An index file is damaged: what must be there is not known by this way.
    }
  }
  fixture.repair();
  fixture.fresh();
  for (const CheckProblem& problem : fixture.repository->check(true, {}, {}).problems)
    FAIL_CHECK(problem.what);
  std::map<Id, Id> repaired;
  std::set<Id> hopeless;  // their root or the folder of the source is lost
  for (const RepairedSnapshot& result : fixture.results) {
    Id id = *Id::from_hex(result.id);
    if (result.repaired) repaired[id] = *result.repaired;
    if (result.hopeless) hopeless.insert(id);
  }
  for (const auto& [id, all] : fixture.snapshots) {
    if (hopeless.contains(id)) {
      CHECK_FALSE(healthy.contains(id));
      continue;
    }
    Id now = repaired.contains(id) ? repaired.at(id) : id;
    auto snapshot = fixture.repository->load_snapshot(now);
    Truth left;  // empty when not one segment is whole
    auto streams = SnapshotReader(*fixture.repository, snapshot).streams();
    if (std::find(streams.begin(), streams.end(), "parents") != streams.end())
      left = fixture.records(now, "parents");
    std::set<std::string> told;
    bool stream_told = false;
    SnapshotReader reader(*fixture.repository, snapshot);
    for (const Gap& gap : reader.gaps()) {
      told.insert(gap.key);
      stream_told = stream_told || (gap.key.empty() && gap.stream == "parents");
    }
    std::size_t silent = 0, wrong = 0;
    for (const auto& [key, raw] : left) wrong += !all.contains(key) || all.at(key) != raw;
    for (const auto& [key, raw] : all) silent += !left.contains(key) && !told.contains(key);
    CHECK(wrong == 0);
    if (!stream_told) CHECK(silent == 0);
    if (healthy.contains(id)) CHECK(left == healthy.at(id));
    if (now != id) {
      CHECK(snapshot.original == id);
      CHECK(has_tag(snapshot, tag_gaps));
    }
    // What is listed can be read.
    reader.files([&](const SnapshotFile& file) {
      CHECK(read_small_file(*fixture.repository, file.node) == "attachment of " + file.key);
      return true;
    });
  }
  CHECK(fixture.repository->snapshots().size() == 3 - hopeless.size());
  if (has_restic()) fixture.restic_checks();

  // The next run brings everything back.
  fixture.back_up(truth);
  CHECK(fixture.records(fixture.snapshots.back().first, "parents") == truth);
}

TEST_CASE("a dry run of a repair changes nothing, and without damage there is nothing to do") {
  Repairable fixture;
  Truth truth;
  for (int i = 0; i < 30; ++i) truth["k" + std::to_string(i)] = "{\"v\":1}";
  fixture.back_up(truth);
  fixture.fresh();
  RepositoryLock lock(*fixture.repository, true, fixture.clock);
  auto before = fixture.storage.objects();
  CHECK(repair_snapshots(fixture.context(), lock, {true, true}, {}).empty());
  fixture.storage.put("snapshots/" + std::string(64, '0'), "rubbish");
  auto results = repair_snapshots(fixture.context(), lock, {true, true}, {});
  REQUIRE(results.size() == 1);
  CHECK(results[0].hopeless);
  CHECK(fixture.storage.objects().size() == before.size() + 1);
  repair_snapshots(fixture.context(), lock, {false, true}, {});
  CHECK(fixture.storage.objects().size() == before.size());
}

TEST_CASE("the keys of a damaged segment are told") {
  Repairable fixture;
  fixture.back_up({{"a", "{\"v\":1}"}, {"b", "{\"v\":1}"}});
  auto snapshot = fixture.repository->load_snapshot(fixture.snapshots[0].first);
  std::string path = snapshot.paths.at(0) + "/streams/parents/0000.jsonl";
  CHECK(keys_of_segment(*fixture.repository, snapshot.tree, path, 0) ==
        std::vector<std::string>{"a", "b"});
  CHECK(keys_of_segment(*fixture.repository, snapshot.tree, path, 7).empty());
  CHECK(keys_of_segment(*fixture.repository, snapshot.tree, "/x", 0).empty());
}
