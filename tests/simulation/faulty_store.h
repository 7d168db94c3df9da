// A store as one process sees it in a bad world.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "probackup/storage.h"
#include "simulation/sim_clock.h"
#include "storage/memory.h"

namespace probackup::simulation {

// What goes wrong, as the chance for each call.
struct Weather {
  double refused = 0;  // an error, and nothing was done
  double lost = 0;     // it was done, and the answer never came
  double doubled = 0;  // the request arrives twice
  double broken = 0;   // an error that no other try will help
  double slow = 0;     // minutes pass
};

// Which fault meets which call depends on the seed and on how many calls of that kind came before,
// not on the order in which threads get their turns. Safe for concurrent calls.
class FaultyStore final : public Storage {
 public:
  FaultyStore(MemoryStorage& disk, SimClock& clock, std::uint64_t seed, const Weather& weather);

  // The process dies at the n-th write (save or remove, from 1 on), before or after it took effect:
  // no later call does anything.
  void die_at(std::uint64_t write, bool after);
  // Somebody else's work, done between two calls, before the n-th write or soon after.
  void meanwhile_at(std::uint64_t write, std::function<void()> work);

  bool died() const;
  bool failed() const;  // some call ended with an error

  std::string location() const override { return "the store"; }
  void create() override {}
  void save(const ObjectName& name, std::string_view bytes) override;
  std::string load(const ObjectName& name, std::uint64_t offset, std::uint64_t length) override;
  std::vector<ObjectInfo> list(ObjectKind kind) override;
  std::optional<std::uint64_t> size(const ObjectName& name) override;
  void remove(const ObjectName& name) override;

 private:
  enum class Call { save, load, list, size, remove };
  // Runs `work` as the weather lets it.
  void call(Call kind, ObjectKind object, const std::function<void()>& work);
  void before_write(ObjectKind object, const std::function<void()>& work);
  double chance(Call kind, ObjectKind object, unsigned fault, std::uint64_t number) const;
  void check_alive() const;

  MemoryStorage& disk_;
  SimClock& clock_;
  const std::uint64_t seed_;
  const Weather weather_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::pair<Call, ObjectKind>, std::uint64_t> calls_;
  std::uint64_t writes_ = 0;
  std::optional<std::uint64_t> dies_at_, meanwhile_at_;
  bool dies_after_ = false, died_ = false, failed_ = false;
  std::function<void()> meanwhile_;
};

}  // namespace probackup::simulation
