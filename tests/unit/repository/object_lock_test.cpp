#include <algorithm>

#include "helpers.h"
#include "probackup/prune.h"
#include "storage/wrapper.h"

using namespace probackup;
using namespace probackup::test;
using namespace std::chrono_literals;

namespace {

// Memory that keeps locks on objects, and removes what is locked only as a bucket with versions
// does: it hides it.
class LockingStorage final : public StorageWrapper {
 public:
  explicit LockingStorage(Clock& clock)
      : StorageWrapper(std::make_unique<MemoryStorage>()), clock_(clock) {}
  std::optional<Retention> active_lock(const ObjectName& name) override {
    auto found = retention(name);
    return found && found->until > clock_.now() ? found : std::nullopt;
  }
  void remove(const ObjectName& name) override {
    if (active_lock(name)) throw Error(name.path() + " is locked");
    StorageWrapper::remove(name);
  }
  void hide(const ObjectName& name) override { StorageWrapper::remove(name); }
  std::vector<RemoveFailure> remove_many(ObjectKind kind,
                                         const std::vector<std::string>& names) override {
    return Storage::remove_many(kind, names);
  }
  std::optional<Retention> retention(const ObjectName& name) override {
    std::lock_guard lock(mutex_);
    auto at = locks_.find(name.path());
    return at == locks_.end() ? std::nullopt : std::optional(at->second);
  }
  void set_retention(const ObjectName& name, const Retention& wanted) override {
    std::lock_guard lock(mutex_);
    locks_[name.path()] = wanted;
  }
  std::map<std::string, Retention> locks() {
    std::lock_guard lock(mutex_);
    return locks_;
  }

 private:
  Clock& clock_;
  std::mutex mutex_;  // guards what follows
  std::map<std::string, Retention> locks_;
};

// A snapshot with one file below a folder, in packs of its own.
Snapshot save_one(Repository& repository, std::uint64_t seed) {
  Node file;
  file.name = "file";
  file.content = {repository.save_blob(BlobType::data, noise(1000, seed)).get().id};
  file.size = 1000;
  Node folder;
  folder.name = "folder";
  folder.folder = true;
  folder.subtree = repository.save_tree({file});
  Snapshot snapshot;
  snapshot.tree = repository.save_tree({folder});
  snapshot.paths = {"/"};
  return repository.load_snapshot(repository.save_snapshot(snapshot));
}

}  // namespace

TEST_CASE("all that a snapshot needs is locked, and what it does not need is not") {
  ManualClock clock;
  LockingStorage storage(clock);
  Repository::init(storage, password, clock);
  auto repository = Repository::open(storage, password, clock);
  auto other = save_one(*repository, 1);
  auto wanted = save_one(*repository, 2);
  auto packs = storage.list(ObjectKind::data).size();

  Retention month{RetentionMode::governance, clock.now() + 30 * 24h};
  auto report = extend_retention(*repository, {wanted}, month, {});
  auto locks = storage.locks();
  CHECK(report.objects == locks.size());
  CHECK(report.extended == locks.size());
  CHECK(locks.contains("config"));
  CHECK(locks.contains("snapshots/" + wanted.id.hex()));
  CHECK_FALSE(locks.contains("snapshots/" + other.id.hex()));
  auto starting_with = [&](const std::string& folder) {
    return static_cast<std::size_t>(
        std::count_if(locks.begin(), locks.end(),
                      [&](const auto& entry) { return entry.first.starts_with(folder); }));
  };
  CHECK(starting_with("keys/") == 1);
  CHECK(starting_with("index/") == storage.list(ObjectKind::index).size());
  CHECK(starting_with("data/") == packs / 2);
  CHECK(starting_with("locks/") == 0);

  CHECK(extend_retention(*repository, {wanted}, month, {}).extended == 0);
}

TEST_CASE("a lock is never made weaker") {
  ManualClock clock;
  LockingStorage storage(clock);
  Repository::init(storage, password, clock);
  auto repository = Repository::open(storage, password, clock);
  auto snapshot = save_one(*repository, 1);
  Retention strong{RetentionMode::compliance, clock.now() + 30 * 24h};
  extend_retention(*repository, {snapshot}, strong, {});
  Retention weak{RetentionMode::governance, clock.now() + 10 * 24h};
  CHECK(extend_retention(*repository, {snapshot}, weak, {}).extended == 0);
  weak.until += 30 * 24h;
  extend_retention(*repository, {snapshot}, weak, {});
  for (const auto& [path, lock] : storage.locks()) {
    CHECK(lock.mode == RetentionMode::compliance);
    CHECK(lock.until == weak.until);
  }
}

TEST_CASE("a prune leaves what is locked, says until when, and takes it later") {
  ManualClock clock;
  LockingStorage storage(clock);
  Repository::init(storage, password, clock);
  auto repository = Repository::open(storage, password, clock);
  auto locked = save_one(*repository, 1);
  auto free = save_one(*repository, 2);
  save_one(*repository, 3);
  Retention month{RetentionMode::governance, clock.now() + 30 * 24h};
  extend_retention(*repository, {locked}, month, {});
  auto packs = storage.list(ObjectKind::data).size();
  // Whoever may do so has removed the snapshot in spite of its lock.
  storage.hide({ObjectKind::snapshot, locked.id.hex()});
  repository->remove_snapshot(free.id);

  auto prune_all = [&](bool dry_run) {
    repository = Repository::open(storage, password, clock);
    RepositoryLock lock(*repository, true, clock);
    PruneOptions options;
    options.unused_percent_max = 0;
    options.dry_run = dry_run;
    return prune(*repository, lock, options, clock, {}, {});
  };
  for (bool dry_run : {true, false}) {
    auto report = prune_all(dry_run);
    CHECK(report.packs_locked == 2);
    CHECK(report.locked_until == month.until);
    CHECK(report.packs_removed == 2);
  }
  CHECK(storage.list(ObjectKind::data).size() == packs - 2);
  repository = Repository::open(storage, password, clock);
  CHECK(repository->check(true, {}, {}).problems.empty());

  clock.advance(31 * 24h);
  auto later = prune_all(false);
  CHECK(later.packs_locked == 0);
  CHECK_FALSE(later.locked_until);
  CHECK(later.packs_removed == 2);
  repository = Repository::open(storage, password, clock);
  CHECK(repository->check(true, {}, {}).problems.empty());
}

TEST_CASE("a store without object lock ends the extension with its own words") {
  MemoryStorage storage;
  ManualClock clock;
  Repository::init(storage, password, clock);
  auto repository = Repository::open(storage, password, clock);
  auto snapshot = save_one(*repository, 1);
  CHECK_THROWS_WITH(
      extend_retention(*repository, {snapshot}, {RetentionMode::governance, clock.now() + 1h}, {}),
      ContainsSubstring("has no object lock"));
}
