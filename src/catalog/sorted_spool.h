// Collects any number of key/value records in bounded memory and gives them back in order of their
// keys: a table that is filled in the order of its index costs a fraction of one filled at random.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "util/file.h"

namespace probackup::catalog {

// Sorted pieces of `memory` bytes go to an unnamed temporary file and are merged when read. Not for
// concurrent calls.
class SortedSpool {
 public:
  explicit SortedSpool(std::size_t memory = 8 << 20) : memory_max_(memory) {}

  // A later value of a key replaces an earlier one. Throws Error when the disk is full.
  void put(std::string_view key, std::string_view value);
  // Every key once, in byte order, with its last value. The views are valid during the call.
  // Nothing may be put afterwards.
  void each(const std::function<void(std::string_view key, std::string_view value)>& visit);

 private:
  struct Entry {
    std::size_t offset;
    std::uint32_t key_bytes, value_bytes;
  };
  struct Piece {
    std::uint64_t begin, end;
  };
  class Cursor;

  std::string_view key_of(const Entry& entry) const;
  std::string_view value_of(const Entry& entry) const;
  void sort();
  void spill();
  void each_in_memory(const std::function<void(std::string_view, std::string_view)>& visit);

  std::size_t memory_max_;
  std::string arena_;
  std::vector<Entry> entries_;
  std::unique_ptr<SpoolFile> file_;
  std::vector<Piece> pieces_;
};

}  // namespace probackup::catalog
