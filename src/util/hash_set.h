// A set of texts that keeps 8 bytes of hash for each: for tens of millions of keys in little
// memory.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace probackup {

// Two different texts count as one with a chance of about n²/2^65 for n texts: 3 in a million for
// ten million. Not for concurrent calls.
class HashSet {
 public:
  // False if the text (or one with the same hash) was there already.
  bool insert(std::string_view text) {
    if ((size_ + 1) * 4 > slots_.size() * 3) grow();
    if (!place(hash(text))) return false;
    ++size_;
    return true;
  }
  bool contains(std::string_view text) const {
    if (slots_.empty()) return false;
    std::uint64_t value = hash(text);
    for (std::size_t at = value & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at] == value) return true;
      if (slots_[at] == 0) return false;
    }
  }
  std::size_t size() const { return size_; }

 private:
  static std::uint64_t hash(std::string_view text) {
    std::uint64_t value = std::hash<std::string_view>{}(text);
    return value == 0 ? 1 : value;  // 0 marks a free slot
  }
  bool place(std::uint64_t value) {
    for (std::size_t at = value & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at] == value) return false;
      if (slots_[at] == 0) {
        slots_[at] = value;
        return true;
      }
    }
  }
  void grow() {
    std::vector<std::uint64_t> old(slots_.empty() ? 1024 : slots_.size() * 2);
    old.swap(slots_);
    for (std::uint64_t value : old)
      if (value != 0) place(value);
  }

  std::vector<std::uint64_t> slots_;  // a power of two
  std::size_t size_ = 0;
};

}  // namespace probackup
