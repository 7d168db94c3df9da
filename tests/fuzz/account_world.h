// An account of two boards and ten cards, backed up into a small repository in memory.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "job/singer.h"
#include "probackup/job.h"
#include "small_world.h"

namespace probackup::fuzz {

using Records = std::map<std::string, std::string>;

// A repository, a catalog and a clock for runs over them.
struct Bench {
  explicit Bench(const MemoryStorage& other) : storage(other) { open(); }
  Bench() {
    init(storage);
    open();
  }
  void open() {
    repository = Repository::open(storage, password, clock, one_worker());
    catalog = Catalog::open(":memory:", repository->id());
  }
  JobContext context() { return {*repository, *catalog, clock}; }
  BackupReport run(const BackupSource& source) {
    clock.forward(std::chrono::seconds(1));
    return backup(context(), source, {}, {});
  }
  bool healthy() { return repository->check(true, {}, {}).healthy(); }

  MemoryStorage storage;
  Clockwork clock;
  PlainDescriber describer;
  std::unique_ptr<Repository> repository;
  std::unique_ptr<Catalog> catalog;
};

// The records of a stream by key; ends the program when one comes twice.
Records records_of(Repository& repository, const Id& snapshot, const std::string& stream);

// What its boards are.
const Records& boards();
// Reads the whole account. `bench` must outlive it.
BackupSource account(Bench& bench);

struct World {
  MemoryStorage storage;
  Id snapshot;
  Records cards;
  std::map<std::string, std::string> files;  // of the snapshot, by path
};
// After one run; made once.
const World& world();

}  // namespace probackup::fuzz
