// What the fuzz programs share. An input may be refused with an Error, and nothing else may go
// wrong.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>

#include "probackup/clock.h"
#include "probackup/error.h"

namespace probackup::fuzz {

// Ends the program with a word on what is wrong: libFuzzer keeps the input.
inline void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "BROKEN: %s\n", what.substr(0, 4000).c_str());
  std::abort();
}

// Runs `parse`; false when it refuses its input.
template <typename Parse>
bool accepts(Parse parse) {
  try {
    parse();
    return true;
  } catch (const Error& error) {
    require(error.what()[0] != '\0', "an error that says nothing");
    return false;
  }
}

// The input, taken from the front.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    auto out = static_cast<std::uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return out;
  }
  std::uint32_t number() {
    std::uint32_t out = 0;
    for (int i = 0; i < 4; ++i) out = out << 8 | byte();
    return out;
  }
  // Up to the next separator, which is dropped.
  std::string_view until(std::string_view separator) {
    auto end = rest_.find(separator);
    auto out = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + separator.size());
    return out;
  }
  std::string_view rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// Waits of less than a minute pass at once. Longer ones are those of background threads, which
// wait for their end.
class Clockwork final : public Clock {
 public:
  Time now() override { return Time{std::chrono::seconds{1'700'000'000}} + steady(); }
  std::chrono::nanoseconds steady() override {
    std::lock_guard lock(mutex_);
    return passed_;
  }
  bool sleep(std::chrono::nanoseconds duration, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    if (duration >= std::chrono::minutes(1)) {
      never_.wait(lock, stop, [] { return false; });
      return false;
    }
    passed_ += duration;
    return !stop.stop_requested();
  }
  void forward(std::chrono::nanoseconds duration) {
    std::lock_guard lock(mutex_);
    passed_ += duration;
  }

 private:
  std::mutex mutex_;  // guards what follows
  std::chrono::nanoseconds passed_{0};
  std::condition_variable_any never_;
};

}  // namespace probackup::fuzz
