#include "simulation/faulty_store.h"

#include <chrono>
#include <utility>

namespace probackup::simulation {
namespace {

// SplitMix64's mixing step (Steele, Lea, Flood 2014): neighbours in, strangers out.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

FaultyStore::FaultyStore(MemoryStorage& disk, SimClock& clock, std::uint64_t seed,
                         const Weather& weather)
    : disk_(disk), clock_(clock), seed_(seed), weather_(weather) {}

void FaultyStore::die_at(std::uint64_t write, bool after) {
  std::lock_guard lock(mutex_);
  dies_at_ = write;
  dies_after_ = after;
}

void FaultyStore::meanwhile_at(std::uint64_t write, std::function<void()> work) {
  std::lock_guard lock(mutex_);
  meanwhile_at_ = write;
  meanwhile_ = std::move(work);
}

bool FaultyStore::died() const {
  std::lock_guard lock(mutex_);
  return died_;
}

bool FaultyStore::failed() const {
  std::lock_guard lock(mutex_);
  return failed_;
}

void FaultyStore::check_alive() const {
  std::lock_guard lock(mutex_);
  if (died_) throw Error("the process was killed");
}

double FaultyStore::chance(Call kind, ObjectKind object, unsigned fault,
                           std::uint64_t number) const {
  std::uint64_t x = mix(seed_ ^ mix(number * 64 + fault * 16 + static_cast<unsigned>(kind)));
  return static_cast<double>(mix(x + static_cast<unsigned>(object)) >> 11) * 0x1p-53;
}

void FaultyStore::before_write(ObjectKind object, const std::function<void()>& work) {
  std::function<void()> others;
  bool dies = false, after = false;
  {
    std::lock_guard lock(mutex_);
    ++writes_;
    // Not inside the refresh of a lock: that runs beside the process's own thread.
    if (meanwhile_ && writes_ >= meanwhile_at_ && object != ObjectKind::lock)
      others = std::exchange(meanwhile_, {});
    dies = writes_ == dies_at_;
    after = dies_after_;
  }
  if (others) others();
  if (!dies) return;
  if (after) work();
  std::lock_guard lock(mutex_);
  died_ = true;
}

void FaultyStore::call(Call kind, ObjectKind object, const std::function<void()>& work) {
  check_alive();
  std::uint64_t number;
  {
    std::lock_guard lock(mutex_);
    number = ++calls_[{kind, object}];
  }
  auto strikes = [&](unsigned fault, double how_often) {
    return how_often > 0 && chance(kind, object, fault, number) < how_often;
  };
  auto fail = [&](auto error) {
    std::lock_guard lock(mutex_);
    failed_ = true;
    throw error;
  };
  bool writes = kind == Call::save || kind == Call::remove;
  if (strikes(0, weather_.slow))
    clock_.advance(std::chrono::minutes(1 + static_cast<int>(number * 7 % 45)));
  if (strikes(1, weather_.refused)) fail(TemporaryError("the store is busy", ""));
  if (strikes(2, weather_.broken)) fail(Error("the store refuses"));
  if (writes) before_write(object, work);
  check_alive();
  work();
  if (kind == Call::save && strikes(3, weather_.doubled)) work();
  if (strikes(4, weather_.lost)) fail(TemporaryError("the answer was lost", ""));
}

void FaultyStore::save(const ObjectName& name, std::string_view bytes) {
  call(Call::save, name.kind, [&] { disk_.save(name, bytes); });
}

std::string FaultyStore::load(const ObjectName& name, std::uint64_t offset, std::uint64_t length) {
  std::string out;
  call(Call::load, name.kind, [&] { out = disk_.load(name, offset, length); });
  return out;
}

std::vector<ObjectInfo> FaultyStore::list(ObjectKind kind) {
  std::vector<ObjectInfo> out;
  call(Call::list, kind, [&] { out = disk_.list(kind); });
  return out;
}

std::optional<std::uint64_t> FaultyStore::size(const ObjectName& name) {
  std::optional<std::uint64_t> out;
  call(Call::size, name.kind, [&] { out = disk_.size(name); });
  return out;
}

void FaultyStore::remove(const ObjectName& name) {
  call(Call::remove, name.kind, [&] { disk_.remove(name); });
}

}  // namespace probackup::simulation
