// A clock that a test owns: sleeping moves it.
#pragma once

#include <mutex>

#include "probackup/clock.h"

class FakeClock final : public probackup::Clock {
 public:
  probackup::Time now() override {
    std::lock_guard lock(mutex_);
    return probackup::Time{std::chrono::seconds{1'700'000'000}} + passed_;
  }
  std::chrono::nanoseconds steady() override {
    std::lock_guard lock(mutex_);
    return passed_;
  }
  bool sleep(std::chrono::nanoseconds duration, std::stop_token stop) override {
    std::lock_guard lock(mutex_);
    passed_ += duration;
    return !stop.stop_requested();
  }
  // Time passes without anybody sleeping.
  void advance(std::chrono::nanoseconds duration) { sleep(duration, {}); }
  double seconds() { return std::chrono::duration<double>(steady()).count(); }

 private:
  std::mutex mutex_;
  std::chrono::nanoseconds passed_{0};
};
