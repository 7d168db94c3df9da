// Time that a test owns: whoever waits moves it, so that no test waits.
#pragma once

#include <condition_variable>
#include <mutex>

#include "probackup/clock.h"

namespace probackup::test {

// The clock of the engine and of the account: sleeping returns at once, that much later.
class JumpClock final : public Clock {
 public:
  Time now() override {
    const std::lock_guard lock(mutex_);
    return Time{std::chrono::seconds(1'700'000'000)} + passed_;
  }
  std::chrono::nanoseconds steady() override {
    const std::lock_guard lock(mutex_);
    return passed_;
  }
  bool sleep(std::chrono::nanoseconds duration, std::stop_token stop) override {
    {
      const std::lock_guard lock(mutex_);
      passed_ += duration;
    }
    moved_.notify_all();
    return !stop.stop_requested();
  }
  // Until the others have moved the time that far.
  bool wait(std::chrono::nanoseconds duration, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto end = passed_ + duration;
    moved_.wait(lock, stop, [&] { return passed_ >= end; });
    return !stop.stop_requested();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any moved_;
  std::chrono::nanoseconds passed_{0};
};

// The same time for what waits beside the work (the thread that refreshes a lock): it must not
// push the time on by itself.
class BesideClock final : public Clock {
 public:
  explicit BesideClock(JumpClock& clock) : clock_(clock) {}
  Time now() override { return clock_.now(); }
  std::chrono::nanoseconds steady() override { return clock_.steady(); }
  bool sleep(std::chrono::nanoseconds duration, std::stop_token stop) override {
    return stop.stop_possible() ? clock_.wait(duration, stop) : clock_.sleep(duration, stop);
  }

 private:
  JumpClock& clock_;
};

}  // namespace probackup::test
