// The time of a simulated world.
#pragma once

#include <condition_variable>
#include <mutex>

#include "probackup/clock.h"

namespace probackup::simulation {

// Short waits (between tries) move the clock at once. Long ones (until a lock is refreshed) last
// until others have moved it that far.
class SimClock final : public Clock {
 public:
  Time now() override {
    std::lock_guard lock(mutex_);
    return Time{std::chrono::seconds{1'700'000'000}} + passed_;
  }
  std::chrono::nanoseconds steady() override {
    std::lock_guard lock(mutex_);
    return passed_;
  }
  bool sleep(std::chrono::nanoseconds duration, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    if (duration < std::chrono::minutes(1)) {
      passed_ += duration;
      changed_.notify_all();
      return !stop.stop_requested();
    }
    auto until = passed_ + duration;
    changed_.wait(lock, stop, [&] { return passed_ >= until; });
    return !stop.stop_requested();
  }
  void advance(std::chrono::nanoseconds duration) {
    std::lock_guard lock(mutex_);
    passed_ += duration;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::chrono::nanoseconds passed_{0};
};

}  // namespace probackup::simulation
