// A number of slots, each held by one thread at a time.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace probackup {

// In place of std::counting_semaphore, whose acquire() can miss the last release() in libstdc++ and
// sleep for ever (GCC bug 98033). Safe for concurrent calls.
class Slots {
 public:
  explicit Slots(std::size_t count) : free_(count) {}

  void acquire() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return free_ > 0; });
    --free_;
  }
  void release() {
    std::lock_guard lock(mutex_);
    ++free_;
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t free_;
};

}  // namespace probackup
