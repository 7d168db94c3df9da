// The time inside a test account.
#pragma once

#include <algorithm>
#include <cstdint>

#include "demo/seeded.h"
#include "probackup/clock.h"

namespace probackup {

// Goes through the days before now in small seeded steps while an account is made, and along with
// the clock from catch_up() on. Never goes back. Not for concurrent calls.
class AccountTime {
 public:
  AccountTime(std::uint64_t seed, Clock& clock, unsigned days)
      : seeded_(seed), clock_(clock), now_(clock.now() - std::chrono::hours(24) * days) {}

  void step() {
    const auto present = clock_.now();
    if (caught_up_) {
      now_ = std::max(now_ + std::chrono::milliseconds(1), present);
    } else {
      now_ = std::min(now_ + std::chrono::milliseconds(seeded_.between(1, 90'000)), present);
    }
  }
  void catch_up() { caught_up_ = true; }
  Time now() const { return now_; }

 private:
  Seeded seeded_;
  Clock& clock_;
  Time now_;
  bool caught_up_ = false;
};

}  // namespace probackup
