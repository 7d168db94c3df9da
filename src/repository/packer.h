// The way of a blob into the repository: caller → bounded queue → workers (hash, look whether it is
// there, compress, seal) → open pack → uploader.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "probackup/repository.h"
#include "repository/blob_codec.h"
#include "repository/blob_queue.h"
#include "repository/index.h"
#include "repository/uploader.h"

namespace probackup {

// Safe for concurrent calls. A blob is in the index or pending here from before its save is done;
// pending blobs move to the index when their pack is stored. After a failure nothing is written any
// more, and every save and flush throws it.
class Packer {
 public:
  struct Settings {
    unsigned workers = 1;
    std::uint64_t pack_bytes_target = 16 << 20;
  };
  struct SealedBlob {
    std::string bytes;
    PackEntry entry;
  };

  Packer(Storage& storage, Index& index, CodecPool& codecs, Clock& clock, Settings settings);
  // Drops what is not flushed.
  ~Packer();
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  std::future<SavedBlob> save(BlobType type, std::string bytes, bool compress);
  // Stores all that was saved before, packs first, then their index.
  void flush();

  // A pending blob, as it will be in its pack, and its plain size.
  std::optional<SealedBlob> pending(BlobType type, const Id& id);
  std::optional<std::uint64_t> pending_size(BlobType type, const Id& id) const;

  RepositoryStats stats() const;

 private:
  struct Pending {
    std::uint64_t size = 0;            // plain bytes
    std::shared_ptr<const Pack> pack;  // empty while a worker seals the blob
    PackEntry entry;
  };
  // One kind of blob: blobs of different types never share a pack.
  struct Line {
    std::shared_ptr<Pack> open;
    std::unordered_map<Id, Pending> pending;
  };
  struct ClosedPack {
    std::uint64_t ticket;
    std::shared_ptr<const Pack> pack;
  };

  void start();
  void work();
  SavedBlob store(const BlobJob& job, BlobCodec& codec, std::string& sealed);
  bool claim(BlobType type, const Id& id, std::uint64_t size);
  std::optional<ClosedPack> append(const PackEntry& entry, std::string_view sealed,
                                   std::uint64_t plain_bytes, BlobCodec& codec);
  std::optional<ClosedPack> close(Line& line, BlobCodec& codec);
  void finished(std::uint64_t epoch);
  void stored(const IndexedPack& pack);
  void fail(std::exception_ptr error);
  Line& line(BlobType type) { return lines_[type == BlobType::tree ? 1 : 0]; }
  const Line& line(BlobType type) const { return lines_[type == BlobType::tree ? 1 : 0]; }

  Index& index_;
  CodecPool& codecs_;
  const Settings settings_;
  BlobQueue queue_;
  FirstFailure failure_;

  mutable std::mutex mutex_;  // guards what follows; taken before the uploader's
  std::condition_variable changed_;
  Line lines_[2];
  std::uint64_t epoch_ = 0;
  std::map<std::uint64_t, std::uint64_t> unfinished_;  // jobs by epoch
  RepositoryStats stats_;
  std::vector<std::thread> workers_;

  PackUploader uploader_;  // last: its threads use what stands above until they have ended
};

}  // namespace probackup
