#include "repository/pack_filler.h"

#include <utility>
#include <vector>

namespace probackup {

PackFiller::PackFiller(Storage& storage, CodecPool& codecs, Clock& clock,
                       std::uint64_t pack_bytes_target)
    : codecs_(codecs),
      pack_bytes_target_(pack_bytes_target),
      uploader_(storage, codecs, clock, failure_, [](const IndexedPack&) {}) {}

PackFiller::~PackFiller() {
  failure_.set(std::make_exception_ptr(Error("the packs were not finished")));
  uploader_.wake();
}

void PackFiller::add(const PackEntry& entry, std::string_view sealed) {
  std::optional<ClosedPack> full;
  {
    std::lock_guard lock(mutex_);
    auto& pack = open_[entry.type == BlobType::tree ? 1 : 0];
    if (!pack) pack = std::make_shared<Pack>();
    PackEntry placed = entry;
    placed.offset = static_cast<std::uint32_t>(pack->bytes.size());
    pack->bytes += sealed;
    pack->entries.push_back(placed);
    if (pack->bytes.size() >= pack_bytes_target_ || pack->entries.size() >= pack_blobs_max)
      full = close(pack);
  }
  if (full) uploader_.submit(full->ticket, std::move(full->pack));
}

PackFiller::ClosedPack PackFiller::close(std::shared_ptr<Pack>& pack) {
  end_pack(*pack, *CodecPool::Lease(codecs_));
  return {uploader_.announce(), std::exchange(pack, nullptr)};
}

void PackFiller::finish() {
  std::vector<ClosedPack> closed;
  {
    std::lock_guard lock(mutex_);
    for (auto& pack : open_)
      if (pack) closed.push_back(close(pack));
  }
  for (ClosedPack& pack : closed) uploader_.submit(pack.ticket, std::move(pack.pack));
  uploader_.flush();
}

}  // namespace probackup
