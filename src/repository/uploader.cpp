#include "repository/uploader.h"

#include "util/hash.h"

namespace probackup {
namespace {

// Enough to keep a line busy whose server takes its time over each pack; each more holds a pack in
// memory.
constexpr std::size_t uploads_max = 4;
// As restic: an index file is also due at this age.
constexpr std::chrono::minutes index_age_max{10};

}  // namespace

void end_pack(Pack& pack, BlobCodec& codec) {
  std::size_t blobs_end = pack.bytes.size();
  codec.seal(print_pack_header(pack.entries), pack.bytes);
  pack.bytes += print_pack_footer(pack.bytes.size() - blobs_end);
}

PackUploader::PackUploader(Storage& storage, CodecPool& codecs, Clock& clock, FirstFailure& failure,
                           std::function<void(const IndexedPack&)> stored)
    : storage_(storage),
      codecs_(codecs),
      clock_(clock),
      failure_(failure),
      stored_(std::move(stored)),
      indexed_at_(clock.steady()) {}

PackUploader::~PackUploader() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

std::uint64_t PackUploader::announce() {
  std::lock_guard lock(mutex_);
  announced_.insert(next_ticket_);
  return next_ticket_++;
}

void PackUploader::submit(std::uint64_t ticket, std::shared_ptr<const Pack> pack) {
  std::unique_lock lock(mutex_);
  if (threads_.empty())
    for (std::size_t i = 0; i < uploads_max; ++i) threads_.emplace_back([this] { work(); });
  changed_.wait(lock, [&] { return under_way_ < uploads_max || failure_.any(); });
  failure_.rethrow();
  ++under_way_;
  queue_.push_back({ticket, std::move(pack)});
  changed_.notify_all();
}

void PackUploader::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    Upload upload = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    try {
      failure_.rethrow();
      store(*upload.pack);
    } catch (...) {
      failure_.set(std::current_exception());
    }
    upload.pack.reset();
    lock.lock();
    --under_way_;
    announced_.erase(upload.ticket);
    changed_.notify_all();
  }
}

void PackUploader::store(const Pack& pack) {
  IndexedPack indexed{sha256(pack.bytes), pack.entries};
  bool trees = pack.entries.front().type == BlobType::tree;
  storage_.save({ObjectKind::data, indexed.id.hex(), trees}, pack.bytes);
  stored_(indexed);
  {
    std::lock_guard lock(mutex_);
    unindexed_blobs_ += indexed.entries.size();
    unindexed_.push_back(std::move(indexed));
    if (!index_is_due()) return;
  }
  std::lock_guard index_lock(index_mutex_);
  write_index();
}

bool PackUploader::index_is_due() const {
  return unindexed_blobs_ >= index_blobs_max || clock_.steady() - indexed_at_ >= index_age_max;
}

void PackUploader::write_index() {
  std::vector<IndexedPack> packs;
  {
    std::lock_guard lock(mutex_);
    packs.swap(unindexed_);
    unindexed_blobs_ = 0;
    indexed_at_ = clock_.steady();
  }
  if (packs.empty()) return;
  std::string sealed = CodecPool::Lease(codecs_)->seal_document(print_index(packs));
  storage_.save({ObjectKind::index, sha256(sealed).hex()}, sealed);
}

void PackUploader::flush() {
  {
    std::unique_lock lock(mutex_);
    std::uint64_t before = next_ticket_;
    changed_.wait(lock, [&] {
      return failure_.any() || announced_.empty() || *announced_.begin() >= before;
    });
  }
  // Also waits for the index file that another thread may be writing just now.
  std::lock_guard index_lock(index_mutex_);
  failure_.rethrow();
  try {
    write_index();
  } catch (...) {
    failure_.set(std::current_exception());
    throw;
  }
}

void PackUploader::wake() {
  std::lock_guard lock(mutex_);
  changed_.notify_all();
}

}  // namespace probackup
