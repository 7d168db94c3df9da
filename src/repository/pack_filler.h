// Puts blobs that are sealed already into new packs.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "repository/parallel.h"
#include "repository/uploader.h"

namespace probackup {

// Trees and data go into packs apart. Safe for concurrent calls of add().
class PackFiller {
 public:
  PackFiller(Storage& storage, CodecPool& codecs, Clock& clock, std::uint64_t pack_bytes_target);
  // Drops what is not finished.
  ~PackFiller();
  PackFiller(const PackFiller&) = delete;
  PackFiller& operator=(const PackFiller&) = delete;

  // The offset of `entry` does not matter. Blocks while too many packs are under way. Throws what
  // an earlier write threw.
  void add(const PackEntry& entry, std::string_view sealed);
  // Stores the open packs, and then the index of all.
  void finish();

 private:
  struct ClosedPack {
    std::uint64_t ticket;
    std::shared_ptr<const Pack> pack;
  };
  ClosedPack close(std::shared_ptr<Pack>& pack);

  CodecPool& codecs_;
  const std::uint64_t pack_bytes_target_;
  FirstFailure failure_;
  std::mutex mutex_;  // guards what follows; taken before the uploader's
  std::shared_ptr<Pack> open_[2];
  PackUploader uploader_;  // last: its threads use what stands above until they have ended
};

}  // namespace probackup
