#include "repository/packer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "util/hash.h"

namespace probackup {
namespace {

constexpr std::size_t queue_bytes_max = 32 << 20;
constexpr std::uint64_t pack_target_min = 1 << 20, pack_target_max = 128 << 20;
constexpr std::size_t buffer_kept_bytes = 16 << 20;

}  // namespace

Packer::Packer(Storage& storage, Index& index, CodecPool& codecs, Clock& clock, Settings settings)
    : index_(index),
      codecs_(codecs),
      settings_{std::max(1u, settings.workers),
                std::clamp(settings.pack_bytes_target, pack_target_min, pack_target_max)},
      queue_(queue_bytes_max),
      uploader_(storage, codecs, clock, failure_,
                [this](const IndexedPack& pack) { stored(pack); }) {}

Packer::~Packer() {
  auto closed = std::make_exception_ptr(Error("the repository was closed before this was written"));
  auto left = queue_.close();
  // Workers that wait for room in the uploader must not wait for packs nobody wants.
  fail(closed);
  for (std::thread& worker : workers_) worker.join();
  for (BlobJob& job : left) job.done.set_exception(closed);
}

std::future<SavedBlob> Packer::save(BlobType type, std::string bytes, bool compress) {
  if (bytes.empty()) throw Error("an empty blob cannot be stored");
  if (bytes.size() > blob_bytes_max)
    throw Error(fmt::format("a blob of {} bytes is too large", bytes.size()));
  BlobJob job{type, std::move(bytes), compress, 0, {}};
  auto result = job.done.get_future();
  {
    std::lock_guard lock(mutex_);
    if (workers_.empty()) start();
    job.epoch = epoch_;
    ++unfinished_[epoch_];
  }
  if (!queue_.push(job)) throw Error("the repository is closed");
  return result;
}

void Packer::start() {
  for (unsigned i = 0; i < settings_.workers; ++i) workers_.emplace_back([this] { work(); });
}

void Packer::work() {
  CodecPool::Lease codec(codecs_);
  std::string sealed;
  while (auto job = queue_.pop()) {
    try {
      failure_.rethrow();
      job->done.set_value(store(*job, *codec, sealed));
    } catch (...) {
      fail(std::current_exception());
      job->done.set_exception(std::current_exception());
    }
    finished(job->epoch);
    if (sealed.size() > buffer_kept_bytes) sealed = {};
  }
}

SavedBlob Packer::store(const BlobJob& job, BlobCodec& codec, std::string& sealed) {
  Id id = sha256(job.bytes);
  if (!claim(job.type, id, job.bytes.size())) return {id, false, 0};
  sealed.clear();
  PackEntry entry = codec.seal_blob(job.type, id, job.bytes, job.compress, sealed);
  if (auto full = append(entry, sealed, job.bytes.size(), codec))
    uploader_.submit(full->ticket, std::move(full->pack));
  return {id, true, entry.length};
}

// True when the blob is new, and this worker's to seal. A blob that another worker is sealing is
// waited for: once its save is done it must be in a pack that the next flush finds.
bool Packer::claim(BlobType type, const Id& id, std::uint64_t size) {
  std::unique_lock lock(mutex_);
  if (index_.contains(type, id)) return false;
  auto& pending = line(type).pending;
  auto [found, fresh] = pending.try_emplace(id, Pending{size, nullptr, {}});
  if (fresh) return true;
  changed_.wait(lock, [&] {
    auto at = pending.find(id);
    return at == pending.end() || at->second.pack || failure_.any();
  });
  failure_.rethrow();
  return false;
}

std::optional<Packer::ClosedPack> Packer::append(const PackEntry& entry, std::string_view sealed,
                                                 std::uint64_t plain_bytes, BlobCodec& codec) {
  std::lock_guard lock(mutex_);
  Line& to = line(entry.type);
  if (!to.open) {
    to.open = std::make_shared<Pack>();
    // Trees are few: only data packs are sure to be filled.
    if (entry.type == BlobType::data)
      to.open->bytes.reserve(settings_.pack_bytes_target + (256 << 10));
  }
  PackEntry placed = entry;
  placed.offset = static_cast<std::uint32_t>(to.open->bytes.size());
  to.open->bytes += sealed;
  to.open->entries.push_back(placed);
  Pending& pending = to.pending[entry.id];
  pending.pack = to.open;
  pending.entry = placed;
  ++(entry.type == BlobType::tree ? stats_.tree_blobs_added : stats_.data_blobs_added);
  stats_.bytes_added += plain_bytes;
  stats_.bytes_added_stored += entry.length;
  changed_.notify_all();
  bool full = to.open->bytes.size() >= settings_.pack_bytes_target ||
              to.open->entries.size() >= pack_blobs_max;
  return full ? close(to, codec) : std::nullopt;
}

// Ends the open pack of a line, if there is one. The mutex is held: readers of pending blobs look
// into the pack's bytes under it.
std::optional<Packer::ClosedPack> Packer::close(Line& line, BlobCodec& codec) {
  if (!line.open) return std::nullopt;
  end_pack(*line.open, codec);
  return ClosedPack{uploader_.announce(), std::exchange(line.open, nullptr)};
}

void Packer::finished(std::uint64_t epoch) {
  std::lock_guard lock(mutex_);
  auto at = unfinished_.find(epoch);
  if (--at->second == 0) unfinished_.erase(at);
  changed_.notify_all();
}

void Packer::stored(const IndexedPack& pack) {
  // Into the index first: at no time may a blob be in neither.
  index_.add(pack);
  std::lock_guard lock(mutex_);
  for (const PackEntry& entry : pack.entries) line(entry.type).pending.erase(entry.id);
}

void Packer::flush() {
  std::vector<ClosedPack> closed;
  {
    CodecPool::Lease codec(codecs_);
    std::unique_lock lock(mutex_);
    std::uint64_t epoch = epoch_++;
    changed_.wait(lock, [&] {
      return failure_.any() || unfinished_.empty() || unfinished_.begin()->first > epoch;
    });
    failure_.rethrow();
    for (Line& each : lines_)
      if (auto pack = close(each, *codec)) closed.push_back(std::move(*pack));
  }
  for (ClosedPack& pack : closed) uploader_.submit(pack.ticket, std::move(pack.pack));
  uploader_.flush();
}

std::optional<Packer::SealedBlob> Packer::pending(BlobType type, const Id& id) {
  std::unique_lock lock(mutex_);
  auto& pending = line(type).pending;
  changed_.wait(lock, [&] {
    auto at = pending.find(id);
    return at == pending.end() || at->second.pack || failure_.any();
  });
  auto at = pending.find(id);
  if (at == pending.end()) return std::nullopt;
  if (!at->second.pack) failure_.rethrow();
  const PackEntry& entry = at->second.entry;
  return SealedBlob{at->second.pack->bytes.substr(entry.offset, entry.length), entry};
}

std::optional<std::uint64_t> Packer::pending_size(BlobType type, const Id& id) const {
  std::lock_guard lock(mutex_);
  auto at = line(type).pending.find(id);
  if (at == line(type).pending.end()) return std::nullopt;
  return at->second.size;
}

RepositoryStats Packer::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

void Packer::fail(std::exception_ptr error) {
  failure_.set(std::move(error));
  uploader_.wake();
  std::lock_guard lock(mutex_);
  changed_.notify_all();
}

}  // namespace probackup
