// The care of a repository over years, side by side with restic: what we decide and what we leave
// behind must be what restic decides and accepts.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "probackup/copy.h"
#include "probackup/keys.h"
#include "probackup/prune.h"
#include "probackup/repair.h"
#include "probackup/retention.h"
#include "restic_rig.h"

using namespace probackup;
using namespace probackup::test;
using namespace std::chrono_literals;

namespace {

using Random = std::mt19937_64;

int below(Random& random, int end) {
  return static_cast<int>(random() % static_cast<std::uint64_t>(end));
}

CalendarSpan random_span(Random& random) {
  return {below(random, 3), below(random, 14), below(random, 40), below(random, 30)};
}

// A policy and the same as restic's options.
std::pair<RetentionPolicy, std::vector<std::string>> random_policy(Random& random) {
  RetentionPolicy policy;
  std::vector<std::string> options;
  auto count = [&](const char* name, int& member, int end) {
    if (below(random, 3) != 0) return;
    member = 1 + below(random, end);
    options.insert(options.end(), {std::string("--keep-") + name, std::to_string(member)});
  };
  auto span = [&](const char* name, CalendarSpan& member) {
    if (below(random, 4) != 0) return;
    member = random_span(random);
    if (member == CalendarSpan{}) return;
    options.insert(options.end(), {std::string("--keep-") + name, format_calendar_span(member)});
  };
  count("last", policy.last, 5);
  count("hourly", policy.hourly, 30);
  count("daily", policy.daily, 20);
  count("weekly", policy.weekly, 20);
  count("monthly", policy.monthly, 20);
  count("yearly", policy.yearly, 6);
  span("within", policy.within);
  span("within-hourly", policy.within_hourly);
  span("within-daily", policy.within_daily);
  span("within-weekly", policy.within_weekly);
  span("within-monthly", policy.within_monthly);
  span("within-yearly", policy.within_yearly);
  if (below(random, 4) == 0 || options.empty()) {
    policy.tags = {{"a"}, {"b", "c"}};
    options.insert(options.end(), {"--keep-tag", "a", "--keep-tag", "b,c"});
  }
  return {policy, options};
}

// Snapshots at random times: dense, sparse, in bursts, on borders of days, months and years.
void save_random_group(Repository& repository, Random& random, const std::string& path,
                       const Id& tree, Time now) {
  int count = 1 + below(random, 60);
  auto spread = std::chrono::hours(1 << below(random, 16));
  std::set<Time> times;
  Time time = now - std::chrono::hours(below(random, 24 * 400));
  for (int i = 0; i < count; ++i) {
    auto step = std::chrono::seconds(
        1 + random() % static_cast<std::uint64_t>(std::chrono::seconds(spread).count()));
    time -= below(random, 4) == 0 ? step / 60 + 1s : step;
    Time exact = time;
    if (below(random, 8) == 0) exact = std::chrono::floor<std::chrono::days>(time);
    if (exact > Time{} && exact < now) times.insert(exact);
  }
  for (Time one : times) {
    Snapshot snapshot;
    snapshot.time = one;
    snapshot.tree = tree;
    snapshot.paths = {path};
    snapshot.hostname = below(random, 2) ? "one" : "two";  // the same group all the same
    for (const char* tag : {"a", "b", "c"})
      if (below(random, 10) == 0) snapshot.tags.emplace_back(tag);
    repository.save_snapshot(snapshot);
  }
}

}  // namespace

// restic from 0.16 on also keeps the oldest snapshot while a count is not used up.
TEST_CASE("the policy keeps and removes what restic 0.14 does") {
  Shared shared;
  shared.storage->create();
  quick_init(*shared.storage, password, shared.clock);
  auto repository = shared.open();
  Id tree = repository->save_tree({});
  Random random(20'260'501);
  Time now = shared.clock.now();
  for (int i = 0; i < 12; ++i)
    save_random_group(*repository, random, "/app/account" + std::to_string(i), tree, now);
  std::map<std::string, std::vector<Snapshot>> groups;
  for (const Snapshot& snapshot : repository->snapshots())
    groups[snapshot.paths.at(0)].push_back(snapshot);

  std::size_t removed = 0;
  for (int round = 0; round < 40; ++round) {
    auto [policy, options] = random_policy(random);
    std::vector<std::string> arguments{"forget", "--dry-run", "--json", "--group-by", "paths"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    auto answer = nlohmann::json::parse(shared.good(arguments));
    REQUIRE(answer.size() == groups.size());
    for (const auto& theirs : answer) {
      const auto& group = groups.at(theirs["paths"][0]);
      CAPTURE(round, options, theirs["paths"].dump());
      std::set<std::string> keep, kept;
      for (const auto& snapshot : theirs["keep"]) keep.insert(snapshot["id"]);
      auto reasons = keep_reasons(group, policy, now);
      for (std::size_t i = 0; i < group.size(); ++i)
        if (!reasons[i].empty()) kept.insert(group[i].id.hex());
      CHECK(kept == keep);
      removed += group.size() - kept.size();
    }
  }
  CHECK(removed > 1'000);
}

namespace {

Files random_files(Random& random) {
  Files out;
  for (int i = 0, n = 1 + below(random, 8); i < n; ++i) {
    auto seed = static_cast<std::uint64_t>(below(random, 30));
    std::size_t count = 100 + static_cast<std::size_t>(below(random, 60'000));
    out["f" + std::to_string(i)] = seed % 2 ? noise(count, seed) : text(count, seed);
  }
  return out;
}

PruneReport prune_ours(Shared& shared, bool everything) {
  auto repository = shared.open();
  RepositoryLock lock(*repository, true, shared.clock);
  PruneOptions options;
  if (everything) options.unused_percent_max = 0;
  return prune(*repository, lock, options, shared.clock, {}, {});
}

std::set<std::string> names(Shared& shared) {
  std::set<std::string> out;
  for (ObjectKind kind : {ObjectKind::data, ObjectKind::index})
    for (const ObjectInfo& object : shared.storage->list(kind)) out.insert(object.name);
  return out;
}

}  // namespace

TEST_CASE("restic accepts what our prune leaves, and neither finds work after the other") {
  auto seed = GENERATE(range(1u, 4u));
  CAPTURE(seed);
  Random random(seed);
  Shared shared;
  shared.storage->create();
  quick_init(*shared.storage, password, shared.clock);
  std::map<Id, Files> truth;
  auto more = [&] {
    for (int run = 0; run < 4; ++run) {
      Files files = random_files(random);
      truth[save_files(*shared.open(), files, shared.clock.now())] = files;
    }
    shared.write("files/a",
                 noise(20'000 + 1'000 * static_cast<std::size_t>(below(random, 50)), seed));
    shared.good({"backup", "files"});
    auto repository = shared.open();
    for (int i = 0; i < 2; ++i) {
      auto gone = std::next(truth.begin(), below(random, static_cast<int>(truth.size())))->first;
      repository->remove_snapshot(gone);
      truth.erase(gone);
    }
  };
  auto expect_intact = [&] {
    shared.good({"check", "--read-data"});
    auto repository = shared.open();
    for (const auto& [id, files] : truth) CHECK(load_files(*repository, id) == files);
  };

  more();
  CHECK_FALSE(prune_ours(shared, true).nothing_to_do());
  expect_intact();
  auto before = names(shared);
  shared.good({"prune", "--max-unused", "0"});
  CHECK(names(shared) == before);

  more();
  shared.good({"prune", "--max-unused", "0"});
  expect_intact();
  CHECK(prune_ours(shared, true).nothing_to_do());

  more();
  prune_ours(shared, false);
  expect_intact();
  before = names(shared);
  shared.good({"prune"});
  CHECK(names(shared) == before);
}

TEST_CASE("restic opens with passwords that we added or changed, and we with its") {
  Shared shared;
  Repository::init(*shared.storage, password, shared.clock);
  shared.write("first", password + "\n");
  shared.write("second", "second\n");
  shared.write("third", "third\n");
  auto with = [&](const char* file) {
    return shared.restic({"snapshots", "--password-file", file}).code == 0;
  };
  add_key(*shared.open(), "second");
  CHECK(with("second"));
  CHECK(with("first"));
  change_password(*Repository::open(*shared.storage, "second", shared.clock), "third");
  CHECK(with("third"));
  CHECK_FALSE(with("second"));
  shared.good({"key", "passwd", "--new-password-file", "second"});
  CHECK(Repository::open(*shared.storage, "second", shared.clock));
  CHECK_THROWS_AS(shared.open(), Error);
}

TEST_CASE("restic checks what we copied, and knows a copy of its own again") {
  Shared from, to;
  for (Shared* shared : {&from, &to}) {
    shared->storage->create();
    quick_init(*shared->storage, password, shared->clock);
  }
  Random random(1);
  Files files = random_files(random);
  Id ours = save_files(*from.open(), files, from.clock.now());
  from.write("files/a", noise(900'000, 7));
  from.good({"backup", "files", "--tag", "x"});
  {
    auto source = from.open(), target = to.open();
    RepositoryLock lock(*target, false, to.clock);
    CHECK(copy_snapshots(*source, *target, lock, source->snapshots(), {}, {}).snapshots == 2);
  }
  to.good({"check", "--read-data"});
  auto copies = to.open()->snapshots();
  REQUIRE(copies.size() == 2);
  CHECK(copies[0].original == ours);
  CHECK(load_files(*to.open(), copies[0].id) == files);
  CHECK(copies[1].tags == std::vector<std::string>{"x"});
  to.write("password", password + "\n");
  to.good({"copy", "--from-repo", from.storage->location(), "--from-password-file", "password"});
  CHECK(to.open()->snapshots().size() == 2);
}

TEST_CASE("restic accepts an index that we made again, and finds every healthy blob") {
  auto seed = GENERATE(range(1u, 6u));
  CAPTURE(seed);
  Random random(seed);
  Shared shared;
  shared.storage->create();
  quick_init(*shared.storage, password, shared.clock);
  std::map<Id, Files> truth;
  for (int run = 0; run < 3; ++run) {
    Files files = random_files(random);
    truth[save_files(*shared.open(), files, shared.clock.now())] = files;
  }
  // Index files go, and an orphan pack of rubbish comes.
  for (const ObjectInfo& file : shared.storage->list(ObjectKind::index))
    if (below(random, 2)) shared.storage->remove({ObjectKind::index, file.name});
  std::string rubbish = noise(5'000, seed);
  shared.storage->save({ObjectKind::data, sha256(rubbish).hex()}, rubbish);
  auto repository = shared.open();
  {
    RepositoryLock lock(*repository, true, shared.clock);
    auto report =
        repair_index(*repository, lock, {below(random, 2) == 1, false}, shared.clock, {}, {});
    CHECK(report.packs_damaged == 1);
    CHECK(report.blobs_lost == 0);
  }
  shared.good({"check", "--read-data"});
  repository = shared.open();
  for (const auto& [id, files] : truth) CHECK(load_files(*repository, id) == files);
}
