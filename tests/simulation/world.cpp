#include "simulation/world.h"

#include <fmt/format.h>

#include <stdexcept>

#include "probackup/copy.h"
#include "probackup/prune.h"
#include "probackup/repair.h"
#include "unit/repository/quick_init.h"

namespace probackup::simulation {

using namespace std::chrono_literals;

// Its catalog outlives the processes on it.
struct World::Machine {
  std::unique_ptr<Catalog> catalog;
};

Tally& Tally::operator+=(const Tally& other) {
  worlds += other.worlds;
  runs += other.runs;
  finished += other.finished;
  refused += other.refused;
  failed += other.failed;
  kills += other.kills;
  snapshots_checked += other.snapshots_checked;
  return *this;
}

const char* World::password() {
  return "simulated";
}

World::World(std::uint64_t seed) : seed_(seed), random_(seed) {
  tally_.worlds = 1;
  for (auto& place : places_) quick_init(place.disk, password(), clock_);
  std::string id = open(places_[0].disk)->id();
  for (int i = 0; i < 2; ++i) {
    machines_.push_back(std::make_unique<Machine>());
    machines_.back()->catalog = Catalog::open(":memory:", id);
    accounts_.push_back(std::make_unique<Account>("account" + std::to_string(i)));
  }
}

World::~World() = default;

void World::fail(const std::string& why) const {
  throw std::runtime_error(
      fmt::format("seed {}: {}\n  {}", seed_, why, fmt::join(history_, "\n  ")));
}

std::unique_ptr<Repository> World::open(Storage& store) {
  RepositoryOptions options;
  options.workers = 1;
  options.pack_bytes_target = 20'000;
  return Repository::open(store, password(), clock_, options);
}

void World::run(unsigned steps) {
  for (unsigned i = 0; i < steps; ++i) {
    step(false);
    check_promises();
  }
  // In good weather everything works again.
  clock_.advance(31min);
  step(true);
  check_promises();
}

void World::step(bool undisturbed) {
  // Hours pass, or nothing does, so that the locks of the dead are still fresh.
  if (random_() % 3 > 0) clock_.advance(1h * (1 + random_() % 30));
  auto dice = undisturbed ? 0 : random_() % 100;
  auto place = random_() % 2;
  if (dice < 50)
    process("backup", undisturbed, [this](Storage& first, Storage&) { back_up(first); });
  else if (dice < 64)
    process(fmt::format("forget in {}", place), undisturbed,
            [this, place](Storage& a, Storage& b) { forget(place == 0 ? a : b, places_[place]); });
  else if (dice < 84)
    process(fmt::format("prune of {}", place), undisturbed,
            [this, place](Storage& a, Storage& b) {
              prune_one(place == 0 ? a : b, places_[place]);
            });
  else if (dice < 96)
    process("copy", undisturbed, [this](Storage& a, Storage& b) { copy(a, b); });
  else
    process("unlock", undisturbed,
            [this](Storage& a, Storage&) { unlock(*open(a), false, clock_); });
}

void World::process(const std::string& what, bool undisturbed,
                    const std::function<void(Storage&, Storage&)>& work) {
  Weather weather;
  if (!undisturbed && random_() % 2 == 0) {
    double bad = random_() % 4 == 0 ? 0.1 : 0.01;
    weather = {bad, bad, bad, random_() % 4 == 0 ? 0.003 : 0, random_() % 2 == 0 ? bad / 4 : 0};
  }
  std::string name = std::string(2 * depth_, ' ') + what;
  ++depth_;
  ++tally_.runs;
  std::vector<FaultyStore*> faulty;
  std::vector<std::unique_ptr<Storage>> stores;
  auto seed = random_();
  for (auto& place : places_) {
    auto store = std::make_unique<FaultyStore>(place.disk, clock_, ++seed, weather);
    faulty.push_back(store.get());
    auto jitter = [this] { return 0.5; };
    stores.push_back(retrying_storage(std::move(store), {500ms, 30s, 5min}, clock_, jitter));
  }
  auto& target = *faulty[random_() % 4 == 0 ? 1 : 0];
  if (!undisturbed && random_() % 3 == 0) target.die_at(1 + random_() % 30, random_() % 2 == 0);
  if (!undisturbed && depth_ == 1 && random_() % 3 == 0)
    target.meanwhile_at(1 + random_() % 30, [this] { step(random_() % 2 == 0); });
  bool may_be_locked = depth_ > 1 || clock_.now() <= locked_until_;
  std::string ended = "done";
  try {
    work(*stores[0], *stores[1]);
    ++tally_.finished;
  } catch (const Error& error) {
    ended = error.what();
    bool failed = faulty[0]->failed() || faulty[1]->failed();
    bool died = faulty[0]->died() || faulty[1]->died();
    if (error.kind() == ErrorKind::locked)
      ++tally_.refused;
    else if (!died)
      ++tally_.failed;
    // Time that passes inside a call can cost the lock, or lead to another's that is still fresh.
    bool excused = failed || died || weather.slow > 0 ||
                   (error.kind() == ErrorKind::locked && (may_be_locked || depth_ == 1));
    history_.push_back(name + ": " + ended);
    if (!excused) fail(fmt::format("{} failed for no reason: {}", what, ended));
  }
  if (faulty[0]->died() || faulty[1]->died()) {
    ++tally_.kills;
    ended = "killed";
  }
  if (ended != "done") locked_until_ = clock_.now() + 31min;
  history_.push_back(name + ": " + ended);
  --depth_;
}

void World::back_up(Storage& store) {
  // An account that a backup is reading stays as it is, or nobody could say what the backup holds.
  auto which = random_() % accounts_.size();
  if (being_read_.contains(which)) return;
  history_.push_back(fmt::format("  account {}", which));
  auto& account = *accounts_[which];
  auto& machine = *machines_[random_() % machines_.size()];
  if (random_() % 4 > 0) account.change(random_);
  Truth truth = account.truth();
  being_read_.insert(which);
  try {
    auto repository = open(store);
    auto report = backup({*repository, *machine.catalog, clock_}, account.source(), {}, {});
    places_[0].promised[report.snapshot] = truth;
  } catch (...) {
    being_read_.erase(which);
    throw;
  }
  being_read_.erase(which);
}

void World::forget(Storage& store, Place& place) {
  auto repository = open(store);
  RepositoryLock lock(*repository, true, clock_);
  double share = chance();
  for (const auto& snapshot : repository->snapshots()) {
    if (chance() > share) continue;
    place.promised.erase(snapshot.id);
    lock.verify();
    try {
      repository->remove_snapshot(snapshot.id);
    } catch (const NotFound&) {
      // As forget() does: another one removed it while this process slept longer than its lock
      // lives.
    }
  }
}

void World::prune_one(Storage& store, Place& place) {
  auto repository = open(store);
  RepositoryLock lock(*repository, true, clock_);
  PruneOptions options;
  options.workers = 1;
  options.pack_bytes_target = 20'000;
  if (random_() % 2 == 0) options.unused_percent_max = 0;
  if (random_() % 4 == 0) options.repack_bytes_max = random_() % 100'000;
  if (random_() % 6 == 0) options.dry_run = true;
  try {
    prune(*repository, lock, options, clock_, {}, {});
  } catch (const Error& error) {
    if (error.hint().find("probackup repair index") != std::string::npos) place.repair_told = true;
    throw;
  }
}

void World::repair(Place& place) {
  place.repair_told = false;
  history_.push_back("  repair index");
  // Whoever is under way, or died, has a lock.
  clock_.advance(31min);
  auto repository = open(place.disk);
  RepositoryLock lock(*repository, true, clock_);
  repair_index(*repository, lock, {}, clock_, {}, {});
}

void World::copy(Storage& from_store, Storage& to_store) {
  auto from = open(from_store), to = open(to_store);
  RepositoryLock from_lock(*from, false, clock_), to_lock(*to, false, clock_);
  auto snapshots = from->snapshots();
  copy_snapshots(*from, *to, to_lock, snapshots, {}, {});
  for (const auto& copied : to->snapshots()) {
    auto first =
        copied.original ? places_[0].promised.find(*copied.original) : places_[0].promised.end();
    if (first != places_[0].promised.end()) places_[1].promised[copied.id] = first->second;
  }
}

void World::check_promises() {
  for (auto& place : places_) {
    try {
      if (place.repair_told) repair(place);
      auto repository = open(place.disk);
      for (const auto& problem : repository->check(true, {}, {}).problems)
        if (problem.fatal) fail("check finds: " + problem.what);
      for (const auto& [id, truth] : place.promised) {
        ++tally_.snapshots_checked;
        auto why = difference(read_back(*repository, repository->load_snapshot(id)), truth);
        if (!why.empty()) fail(fmt::format("in snapshot {} {}", id.hex(), why));
      }
    } catch (const Error& error) {
      fail(fmt::format("a promise is broken: {}", error.what()));
    }
  }
}

}  // namespace probackup::simulation
