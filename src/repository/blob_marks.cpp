#include "repository/blob_marks.h"

#include <algorithm>
#include <cstring>

namespace probackup {
namespace {

constexpr std::size_t slots_min = 1024;

}  // namespace

BlobMarks::Key BlobMarks::key(const Id& id) {
  Key out;
  std::memcpy(out.data(), id.bytes.data(), sizeof out);
  return out;
}

// Where to look first: the upper bits of the key, scaled to the number of slots, which so need not
// be a power of two.
std::size_t BlobMarks::slot_of(const Key& key) const {
  std::size_t at = static_cast<std::size_t>((key[0] >> 32) * keys_.size() >> 32);
  while (marks_[at] != 0 && keys_[at] != key) at = at + 1 == keys_.size() ? 0 : at + 1;
  return at;
}

std::uint8_t& BlobMarks::add(const Id& id) {
  if (5 * (size_ + 1) > 4 * keys_.size()) grow();
  Key wanted = key(id);
  std::size_t at = slot_of(wanted);
  if (marks_[at] == 0) {
    keys_[at] = wanted;
    ++size_;
  }
  return marks_[at];
}

std::uint8_t* BlobMarks::find(const Id& id) {
  if (keys_.empty()) return nullptr;
  std::uint8_t& mark = marks_[slot_of(key(id))];
  return mark == 0 ? nullptr : &mark;
}

void BlobMarks::grow() {
  std::size_t slots = std::max(slots_min, keys_.size() + keys_.size() / 2);
  std::vector<Key> keys(slots);
  std::vector<std::uint8_t> marks(slots);
  keys.swap(keys_);
  marks.swap(marks_);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (marks[i] == 0) continue;
    std::size_t at = slot_of(keys[i]);
    keys_[at] = keys[i];
    marks_[at] = marks[i];
  }
}

}  // namespace probackup
