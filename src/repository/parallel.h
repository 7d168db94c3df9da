// The same work on many things, by a few threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace probackup {

// The first failure among several threads. Safe for concurrent calls.
class FirstFailure {
 public:
  void set(std::exception_ptr error) {
    std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
  }
  bool any() const {
    std::lock_guard lock(mutex_);
    return error_ != nullptr;
  }
  void rethrow() const {
    std::lock_guard lock(mutex_);
    if (error_) std::rethrow_exception(error_);
  }

 private:
  mutable std::mutex mutex_;  // guards what follows
  std::exception_ptr error_;
};

// Calls `each(i)` for every i below `count` on up to `threads` threads, this one among them. The
// first exception ends the work and is thrown again here.
template <typename Each>
void parallel_for(std::size_t count, std::size_t threads, Each each) {
  std::atomic<std::size_t> next{0};
  FirstFailure failure;
  auto work = [&] {
    for (std::size_t i; !failure.any() && (i = next++) < count;) {
      try {
        each(i);
      } catch (...) {
        failure.set(std::current_exception());
      }
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < std::min(count, threads); ++i) helpers.emplace_back(work);
    work();
  }
  failure.rethrow();
}

}  // namespace probackup
