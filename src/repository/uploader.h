// Takes full packs to the storage and writes the index of what arrived there.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "probackup/clock.h"
#include "probackup/storage.h"
#include "repository/blob_codec.h"
#include "repository/index.h"
#include "repository/parallel.h"

namespace probackup {

// A pack in memory: blobs are appended while it is open, then the header, then nothing more.
struct Pack {
  std::string bytes;
  std::vector<PackEntry> entries;
};

// Far below what fits a header of 16 MiB, and still a pack of useful size for tiny blobs.
inline constexpr std::size_t pack_blobs_max = 40'000;
// As restic: an index file is full at this many blobs.
inline constexpr std::size_t index_blobs_max = 50'000;

// Appends the header: nothing more goes into the pack then.
void end_pack(Pack& pack, BlobCodec& codec);

// A few threads that write packs, so that the workers hash on meanwhile. Safe for concurrent calls.
// The first failure stays: nothing is written after it, and everybody who waits gets it thrown.
class PackUploader {
 public:
  // `stored` is called on the threads here after each pack's write.
  PackUploader(Storage& storage, CodecPool& codecs, Clock& clock, FirstFailure& failure,
               std::function<void(const IndexedPack&)> stored);
  // Finishes the writes under way and drops the rest.
  ~PackUploader();
  PackUploader(const PackUploader&) = delete;
  PackUploader& operator=(const PackUploader&) = delete;

  // A ticket for a pack that will be submitted: from now on flush() waits for it.
  std::uint64_t announce();
  // Blocks while too many packs are under way.
  void submit(std::uint64_t ticket, std::shared_ptr<const Pack> pack);
  // Waits for all announced packs, then writes the index of what is not indexed yet.
  void flush();
  // Wakes whoever waits, after a failure elsewhere.
  void wake();

 private:
  struct Upload {
    std::uint64_t ticket;
    std::shared_ptr<const Pack> pack;
  };

  void work();
  void store(const Pack& pack);
  bool index_is_due() const;
  void write_index();

  Storage& storage_;
  CodecPool& codecs_;
  Clock& clock_;
  FirstFailure& failure_;
  const std::function<void(const IndexedPack&)> stored_;

  std::mutex index_mutex_;  // held while an index file is written; taken before mutex_
  std::mutex mutex_;        // guards what follows
  std::condition_variable changed_;
  std::deque<Upload> queue_;
  std::size_t under_way_ = 0;          // queued or being written
  std::set<std::uint64_t> announced_;  // tickets of packs that are not stored yet
  std::uint64_t next_ticket_ = 0;
  std::vector<IndexedPack> unindexed_;
  std::size_t unindexed_blobs_ = 0;
  std::chrono::nanoseconds indexed_at_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace probackup
