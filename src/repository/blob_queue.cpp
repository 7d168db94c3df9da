#include "repository/blob_queue.h"

#include <utility>

namespace probackup {
namespace {

// What a job costs beside its bytes, so that tiny blobs are bounded too.
constexpr std::size_t job_bytes = 512;

std::size_t cost(const BlobJob& job) {
  return job.bytes.size() + job_bytes;
}

}  // namespace

bool BlobQueue::push(BlobJob& job) {
  std::unique_lock lock(mutex_);
  std::size_t bytes = cost(job);
  emptied_.wait(lock, [&] { return closed_ || bytes_ == 0 || bytes_ + bytes <= bytes_max_; });
  if (closed_) return false;
  bytes_ += bytes;
  jobs_.push_back(std::move(job));
  filled_.notify_one();
  return true;
}

std::optional<BlobJob> BlobQueue::pop() {
  std::unique_lock lock(mutex_);
  filled_.wait(lock, [&] { return closed_ || !jobs_.empty(); });
  if (closed_) return std::nullopt;
  BlobJob job = std::move(jobs_.front());
  jobs_.pop_front();
  bytes_ -= cost(job);
  emptied_.notify_all();
  return job;
}

std::deque<BlobJob> BlobQueue::close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  bytes_ = 0;
  filled_.notify_all();
  emptied_.notify_all();
  return std::exchange(jobs_, {});
}

}  // namespace probackup
