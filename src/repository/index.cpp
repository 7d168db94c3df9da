#include "repository/index.h"

#include <mutex>

namespace probackup {
namespace {

constexpr std::size_t slots_min = 1024;

}  // namespace

std::size_t Index::Table::slot_of(const Id& id) const {
  return std::hash<Id>{}(id) & (slots_.size() - 1);
}

void Index::Table::grow() {
  slots_.assign(std::max(slots_min, 2 * slots_.size()), 0);
  std::uint32_t number = 0;
  for (const Entry& entry : entries_) {
    std::size_t at = slot_of(entry.id);
    while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = ++number;
  }
}

void Index::Table::insert(const Entry& entry) {
  // At most three quarters full: longer runs of taken slots make look-ups slow.
  if (4 * (entries_.size() + 1) > 3 * slots_.size()) grow();
  std::size_t at = slot_of(entry.id);
  while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
  entries_.push_back(entry);
  slots_[at] = static_cast<std::uint32_t>(entries_.size());
}

template <typename Each>
void Index::Table::visit(const Id& id, Each each) const {
  if (slots_.empty()) return;
  for (std::size_t at = slot_of(id); slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
    const Entry& entry = entries_[slots_[at] - 1];
    if (entry.id == id && each(entry)) return;
  }
}

BlobLocation Index::location(BlobType type, const Entry& entry) const {
  return {packs_[entry.pack], {type, entry.id, entry.offset, entry.length, entry.plain_length}};
}

void Index::add(const IndexedPack& pack) {
  std::unique_lock lock(mutex_);
  auto [known, fresh] =
      pack_numbers_.try_emplace(pack.id, static_cast<std::uint32_t>(packs_.size()));
  if (fresh) packs_.push_back(pack.id);
  for (const PackEntry& blob : pack.entries) {
    Entry entry{blob.id, known->second, blob.offset, blob.length, blob.plain_length};
    bool there = false;
    if (!fresh)
      table(blob.type).visit(blob.id, [&](const Entry& other) {
        return there = other.pack == entry.pack && other.offset == entry.offset;
      });
    if (!there) table(blob.type).insert(entry);
  }
}

bool Index::contains(BlobType type, const Id& id) const {
  std::shared_lock lock(mutex_);
  bool found = false;
  table(type).visit(id, [&](const Entry&) { return found = true; });
  return found;
}

std::optional<BlobLocation> Index::find(BlobType type, const Id& id) const {
  std::shared_lock lock(mutex_);
  std::optional<BlobLocation> found;
  table(type).visit(id, [&](const Entry& entry) {
    found = location(type, entry);
    return true;
  });
  return found;
}

std::vector<BlobLocation> Index::find_all(BlobType type, const Id& id) const {
  std::shared_lock lock(mutex_);
  std::vector<BlobLocation> found;
  table(type).visit(id, [&](const Entry& entry) {
    found.push_back(location(type, entry));
    return false;
  });
  return found;
}

}  // namespace probackup
