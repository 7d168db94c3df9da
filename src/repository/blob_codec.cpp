#include "repository/blob_codec.h"

#include <fmt/format.h>

#include "util/hash.h"

namespace probackup {
namespace {

constexpr char compressed_document = 2;

}  // namespace

BlobCodec::BlobCodec(const SealKey& key, int compression_level)
    : sealer_(key), compressor_(compression_level) {}

PackEntry BlobCodec::seal_blob(BlobType type, const Id& id, std::string_view plain, bool compress,
                               std::string& out) {
  PackEntry entry{type, id, 0, 0, 0};
  std::size_t start = out.size();
  auto packed = compress ? compressor_.compress(plain) : std::nullopt;
  if (packed) entry.plain_length = static_cast<std::uint32_t>(plain.size());
  sealer_.seal(packed ? *packed : plain, out);
  entry.length = static_cast<std::uint32_t>(out.size() - start);
  return entry;
}

std::string BlobCodec::open_blob(std::string_view sealed, const PackEntry& entry) {
  if (entry.plain_length > blob_bytes_max)
    throw Error(fmt::format("it would be {} bytes, more than any blob", entry.plain_length));
  std::string plain = open(sealed);
  if (entry.plain_length != 0) plain = decompressor_.decompress(plain, entry.plain_length);
  if (sha256(plain) != entry.id) throw Error("its content does not have the id it is stored under");
  return plain;
}

std::string BlobCodec::seal_document(std::string_view json) {
  std::string out;
  sealer_.seal(compressed_document + compressor_.compress_always(json), out);
  return out;
}

std::string BlobCodec::open_document(std::string_view sealed) {
  std::string plain = open(sealed);
  if (plain.starts_with('{') || plain.starts_with('[')) return plain;
  if (!plain.starts_with(compressed_document)) throw Error("its encoding is unknown");
  return decompressor_.decompress_up_to(std::string_view(plain).substr(1), document_bytes_max);
}

std::string BlobCodec::open(std::string_view sealed) {
  auto plain = sealer_.open(sealed);
  if (!plain) throw Error("its seal is broken");
  return std::move(*plain);
}

std::unique_ptr<BlobCodec> CodecPool::take() {
  {
    std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      auto codec = std::move(free_.back());
      free_.pop_back();
      return codec;
    }
  }
  return std::make_unique<BlobCodec>(key_, level_);
}

void CodecPool::put(std::unique_ptr<BlobCodec> codec) {
  std::lock_guard lock(mutex_);
  free_.push_back(std::move(codec));
}

}  // namespace probackup
