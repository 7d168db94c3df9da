// Waits on a loopback port for the browser's way back (RFC 8252, 7.3).
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

#include "probackup/clock.h"
#include "util/descriptor.h"

namespace probackup {

// What one request, or one pasted line, turned out to be.
struct LoopbackVerdict {
  bool done = false;
  std::string page;  // plain text for the browser
};

// Not for concurrent calls.
class LoopbackListener {
 public:
  // Listens on 127.0.0.1. `port`: 0 for any. Throws Error when it is taken.
  explicit LoopbackListener(unsigned port);
  unsigned port() const { return port_; }

  // Asks `judge` about the target of every GET, and about each line that comes in on `paste`
  // (unless -1), until one is done. Connections that say nothing do not hold up the others. Throws
  // Error when the time is over, and Error(interrupted).
  void wait(const std::function<LoopbackVerdict(const std::string& target)>& judge, int paste,
            std::chrono::nanoseconds timeout, Clock& clock, std::stop_token stop);

 private:
  Descriptor socket_;
  unsigned port_ = 0;
};

}  // namespace probackup
