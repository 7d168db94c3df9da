// Machines, accounts and two repositories in a world where everything fails now and then.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "probackup/catalog.h"
#include "probackup/id.h"
#include "simulation/account.h"
#include "simulation/faulty_store.h"
#include "simulation/sim_clock.h"

namespace probackup::simulation {

struct Tally {
  std::uint64_t worlds = 0, runs = 0, finished = 0, refused = 0, failed = 0, kills = 0;
  std::uint64_t snapshots_checked = 0;
  Tally& operator+=(const Tally& other);
};

// One world. Backups, forgets, prunes, copies and unlocks run one after the other and inside one
// another, each as a process of its own, and are killed between any two writes. After each step the
// promises are checked: every snapshot that was reported done, and not forgotten since, is there
// with every byte, and nothing that a snapshot needs is missing.
class World {
 public:
  explicit World(std::uint64_t seed);
  ~World();
  // Throws std::runtime_error that names the seed, the step and the broken promise.
  void run(unsigned steps);
  const Tally& tally() const { return tally_; }
  // What the first repository's storage holds, by path.
  std::map<std::string, std::string> objects() const { return places_[0].disk.objects(); }
  static const char* password();

 private:
  struct Place {
    MemoryStorage disk;
    std::map<Id, Truth> promised;
    bool repair_told = false;  // a prune said that `repair index` is needed
  };
  struct Machine;

  void step(bool undisturbed);
  // Runs one process against both places and judges how it ended.
  void process(const std::string& what, bool undisturbed,
               const std::function<void(Storage&, Storage&)>& work);
  void back_up(Storage& store);
  void forget(Storage& store, Place& place);
  void prune_one(Storage& store, Place& place);
  // `repair index`, as an error told to.
  void repair(Place& place);
  void copy(Storage& from, Storage& to);
  std::unique_ptr<Repository> open(Storage& store);
  void check_promises();
  [[noreturn]] void fail(const std::string& why) const;
  double chance() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

  const std::uint64_t seed_;
  std::mt19937_64 random_;
  SimClock clock_;
  Place places_[2];
  std::vector<std::unique_ptr<Machine>> machines_;
  std::vector<std::unique_ptr<Account>> accounts_;
  std::set<std::size_t> being_read_;  // accounts
  std::vector<std::string> history_;  // what was done, for the report of a failure
  Time locked_until_{};               // locks of dead processes may be in the way until then
  unsigned depth_ = 0;                // processes inside processes
  Tally tally_;
};

}  // namespace probackup::simulation
