// Time as it is passed to everything that needs it, so that tests own the clock.
#pragma once

#include <chrono>
#include <stop_token>

namespace probackup {

// Wall time, UTC, nanoseconds since 1970.
using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

// The only way to ask for the time or to wait. Implementations are safe for concurrent calls.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time.
  virtual Time now() = 0;
  // Time that never goes back, for measuring.
  virtual std::chrono::nanoseconds steady() = 0;
  // Waits, or returns false early once `stop` is requested.
  virtual bool sleep(std::chrono::nanoseconds duration, std::stop_token stop) = 0;
};

// The machine's clock; one object for the whole process.
Clock& system_clock();

}  // namespace probackup
