// Seeded choices and made-up text for test accounts: the same seed gives the same account on every
// machine and compiler.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace probackup {

// A number made of `seed` and any text: equal inputs, equal number.
std::uint64_t mix_seed(std::uint64_t seed, std::string_view text);

// SplitMix64. Not for keys, not for concurrent calls.
class Seeded {
 public:
  explicit Seeded(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  // A number from 0 to `bound` - 1; 0 for a bound of 0.
  std::uint64_t below(std::uint64_t bound);
  // A number from `low` to `high`, both included.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + below(high - low + 1);
  }
  bool chance(double probability);
  template <typename T>
  const T& pick(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }
  // "Plan the new footer": a few plain words.
  std::string words(unsigned count);
  // One or more sentences, now and then with Markdown, emoji, quotes or line breaks in them.
  std::string prose();
  // Mostly a plain title; at times one that hurts careless programs (path parts, formulas, markup,
  // control characters, 4-byte UTF-8, very long).
  std::string name();
  std::string hex(unsigned digits);

 private:
  std::uint64_t state_;
};

// Names that have broken exports before: path parts, formulas, markup, control characters.
const std::vector<std::string>& hostile_names();

}  // namespace probackup
