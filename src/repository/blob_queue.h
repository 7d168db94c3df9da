// Blobs on their way from the callers to the workers.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <future>
#include <mutex>
#include <optional>
#include <string>

#include "probackup/repository.h"

namespace probackup {

struct BlobJob {
  BlobType type = BlobType::data;
  std::string bytes;
  bool compress = true;
  std::uint64_t epoch = 0;  // which flush waits for it
  std::promise<SavedBlob> done;
};

// First in, first out, bounded by bytes. Safe for concurrent calls.
class BlobQueue {
 public:
  explicit BlobQueue(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  // Blocks while the queue is full; a job larger than the bound is let in when nothing else waits.
  // False, with the job left untouched, after close().
  bool push(BlobJob& job);
  // Blocks until there is a job; nothing after close().
  std::optional<BlobJob> pop();
  // Wakes everybody and returns the jobs that nobody took.
  std::deque<BlobJob> close();

 private:
  const std::size_t bytes_max_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable filled_, emptied_;
  std::deque<BlobJob> jobs_;
  std::size_t bytes_ = 0;
  bool closed_ = false;
};

}  // namespace probackup
