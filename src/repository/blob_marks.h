// What is known of each blob of a repository, in little memory.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "probackup/id.h"

namespace probackup {

// A byte for each blob, found by half of its id: 17 bytes a blob, and up to half of that as free
// room. Two blobs that share 128 bits of SHA-256 would count as one; nobody can make such a pair.
// Not for concurrent calls.
class BlobMarks {
 public:
  using Key = std::array<std::uint64_t, 2>;
  static Key key(const Id& id);

  // The byte of a blob; 0 when it is new. The caller must make it something else then, at once. The
  // reference holds until the next call of add().
  std::uint8_t& add(const Id& id);
  // Nothing for a blob that was not added.
  std::uint8_t* find(const Id& id);
  std::size_t size() const { return size_; }

 private:
  std::size_t slot_of(const Key& key) const;
  void grow();

  std::vector<Key> keys_;
  std::vector<std::uint8_t> marks_;  // 0 is a free slot
  std::size_t size_ = 0;
};

}  // namespace probackup
