#include "catalog/sorted_spool.h"

#include <algorithm>
#include <limits>
#include <queue>

#include "catalog/wire.h"
#include "probackup/error.h"

namespace probackup::catalog {
namespace {

constexpr std::size_t head_bytes = 8;
constexpr std::size_t read_bytes_min = 4 << 10, read_bytes_max = 256 << 10;

}  // namespace

// Walks one sorted piece of the file, a buffer at a time.
class SortedSpool::Cursor {
 public:
  Cursor(SpoolFile& file, Piece piece, std::size_t buffer_bytes)
      : file_(file), piece_(piece), buffer_bytes_(buffer_bytes) {}

  // False at the end of the piece.
  bool next() {
    used_ += record_bytes();
    key_bytes_ = value_bytes_ = 0;
    if (!fill(head_bytes)) return false;
    WireReader head(std::string_view(buffer_).substr(used_, head_bytes));
    auto key_bytes = head.u32(), value_bytes = head.u32();
    fill(head_bytes + key_bytes + value_bytes);
    key_bytes_ = key_bytes;
    value_bytes_ = value_bytes;
    started_ = true;
    return true;
  }
  std::string_view key() const {
    return std::string_view(buffer_).substr(used_ + head_bytes, key_bytes_);
  }
  std::string_view value() const {
    return std::string_view(buffer_).substr(used_ + head_bytes + key_bytes_, value_bytes_);
  }

 private:
  std::size_t record_bytes() const { return started_ ? head_bytes + key_bytes_ + value_bytes_ : 0; }

  bool fill(std::size_t wanted) {
    if (buffer_.size() - used_ >= wanted) return true;
    buffer_.erase(0, used_);
    used_ = 0;
    auto missing = std::max(wanted, buffer_bytes_) - buffer_.size();
    auto length =
        static_cast<std::size_t>(std::min<std::uint64_t>(missing, piece_.end - piece_.begin));
    if (length > 0) buffer_ += file_.read(piece_.begin, length);
    piece_.begin += length;
    return buffer_.size() >= wanted;
  }

  SpoolFile& file_;
  Piece piece_;
  std::size_t buffer_bytes_;
  std::string buffer_;
  std::size_t used_ = 0;
  std::uint32_t key_bytes_ = 0, value_bytes_ = 0;
  bool started_ = false;
};

void SortedSpool::put(std::string_view key, std::string_view value) {
  constexpr std::size_t part_max = std::numeric_limits<std::uint32_t>::max();
  if (key.size() > part_max || value.size() > part_max)
    throw Error("a catalog record is larger than 4 GiB");
  if (arena_.size() + key.size() + value.size() > memory_max_ && !entries_.empty()) spill();
  entries_.push_back({arena_.size(), static_cast<std::uint32_t>(key.size()),
                      static_cast<std::uint32_t>(value.size())});
  arena_ += key;
  arena_ += value;
}

std::string_view SortedSpool::key_of(const Entry& entry) const {
  return std::string_view(arena_).substr(entry.offset, entry.key_bytes);
}

std::string_view SortedSpool::value_of(const Entry& entry) const {
  return std::string_view(arena_).substr(entry.offset + entry.key_bytes, entry.value_bytes);
}

void SortedSpool::sort() {
  auto before = [this](const Entry& a, const Entry& b) { return key_of(a) < key_of(b); };
  if (!std::is_sorted(entries_.begin(), entries_.end(), before))
    std::stable_sort(entries_.begin(), entries_.end(), before);
}

void SortedSpool::spill() {
  sort();
  if (!file_) file_ = std::make_unique<SpoolFile>();
  Piece piece{file_->size(), 0};
  std::string record;
  for (const Entry& entry : entries_) {
    record.clear();
    append_u32(record, entry.key_bytes);
    append_u32(record, entry.value_bytes);
    record.append(arena_, entry.offset, std::size_t{entry.key_bytes} + entry.value_bytes);
    file_->append(record);
  }
  piece.end = file_->size();
  pieces_.push_back(piece);
  entries_.clear();
  arena_.clear();
}

void SortedSpool::each(const std::function<void(std::string_view, std::string_view)>& visit) {
  if (pieces_.empty()) return each_in_memory(visit);
  spill();
  std::vector<Entry>().swap(entries_);
  std::string().swap(arena_);

  auto buffer_bytes = std::clamp(memory_max_ / pieces_.size(), read_bytes_min, read_bytes_max);
  std::vector<Cursor> cursors;
  for (const Piece& piece : pieces_) cursors.emplace_back(*file_, piece, buffer_bytes);
  auto later = [&](std::size_t a, std::size_t b) {
    int order = cursors[a].key().compare(cursors[b].key());
    return order != 0 ? order > 0 : a > b;
  };
  std::priority_queue<std::size_t, std::vector<std::size_t>, decltype(later)> heads(later);
  for (std::size_t i = 0; i < cursors.size(); ++i)
    if (cursors[i].next()) heads.push(i);

  std::string key, value;  // held back until another key shows that no later value follows
  bool holding = false;
  while (!heads.empty()) {
    std::size_t top = heads.top();
    heads.pop();
    if (holding && cursors[top].key() != key) visit(key, value);
    key = cursors[top].key();
    value = cursors[top].value();
    holding = true;
    if (cursors[top].next()) heads.push(top);
  }
  if (holding) visit(key, value);
}

void SortedSpool::each_in_memory(
    const std::function<void(std::string_view, std::string_view)>& visit) {
  sort();
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    bool replaced = i + 1 < entries_.size() && key_of(entries_[i]) == key_of(entries_[i + 1]);
    if (!replaced) visit(key_of(entries_[i]), value_of(entries_[i]));
  }
}

}  // namespace probackup::catalog
