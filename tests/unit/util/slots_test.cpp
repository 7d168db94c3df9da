#include "util/slots.h"

#include <atomic>
#include <thread>
#include <vector>

#include "catch.h"

using namespace probackup;

TEST_CASE("no more threads hold slots than there are, and each of those that wait gets one") {
  for (std::size_t round = 0; round < 300; ++round) {
    const std::size_t count = 1 + round % 3;
    Slots slots(count);
    std::atomic<std::size_t> held = 0, most = 0, done = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        for (int turn = 0; turn < 5; ++turn) {
          slots.acquire();
          const std::size_t now = ++held;
          std::size_t seen = most;
          while (seen < now && !most.compare_exchange_weak(seen, now)) {
          }
          std::this_thread::yield();
          --held;
          slots.release();
        }
        ++done;
      });
    threads.clear();
    REQUIRE(done == 8);
    REQUIRE(most <= count);
  }
}
