// Which blob lies where.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "probackup/id.h"
#include "repository/pack.h"

namespace probackup {

struct IndexedPack {
  Id id;
  std::vector<PackEntry> entries;
};

// An index file's JSON (restic, doc/design.rst, "Indexing").
std::string print_index(const std::vector<IndexedPack>& packs);
// Calls `each` for every pack. Throws Error for anything that is no index file.
void parse_index(std::string_view json, const std::function<void(IndexedPack)>& each);

struct BlobLocation {
  Id pack;
  PackEntry entry;
};

// All blobs of a repository in memory, about 58 bytes each: the entries in the order of their
// coming and a hash table of their numbers. Safe for concurrent calls.
class Index {
 public:
  // A pack that is known already adds only what is new in it.
  void add(const IndexedPack& pack);
  bool contains(BlobType type, const Id& id) const;
  std::optional<BlobLocation> find(BlobType type, const Id& id) const;
  // A blob may lie in several packs, after two writers saved it at the same time.
  std::vector<BlobLocation> find_all(BlobType type, const Id& id) const;

 private:
  struct Entry {
    Id id;
    std::uint32_t pack, offset, length, plain_length;
  };

  class Table {
   public:
    void insert(const Entry& entry);
    // Calls `each` for the entries of `id` until it returns true.
    template <typename Each>
    void visit(const Id& id, Each each) const;

   private:
    void grow();
    std::size_t slot_of(const Id& id) const;

    std::deque<Entry> entries_;         // a deque never copies all of them at once
    std::vector<std::uint32_t> slots_;  // number of an entry + 1; 0 is empty
  };

  Table& table(BlobType type) { return tables_[type == BlobType::tree ? 1 : 0]; }
  const Table& table(BlobType type) const { return tables_[type == BlobType::tree ? 1 : 0]; }
  BlobLocation location(BlobType type, const Entry& entry) const;

  mutable std::shared_mutex mutex_;  // guards what follows
  Table tables_[2];
  std::vector<Id> packs_;
  std::unordered_map<Id, std::uint32_t> pack_numbers_;
};

}  // namespace probackup
