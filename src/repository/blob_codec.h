// How blobs and documents are compressed and sealed: the bytes inside packs and small objects.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "repository/compress.h"
#include "repository/crypto.h"
#include "repository/pack.h"

namespace probackup {

inline constexpr std::size_t blob_bytes_max = 1 << 30;
inline constexpr std::size_t document_bytes_max = 512 << 20;

// One per thread. The errors of open_… say only why; the caller knows the object.
class BlobCodec {
 public:
  BlobCodec(const SealKey& key, int compression_level);

  // Appends the sealed blob to `out`; the entry's offset is for the caller to set. With `compress`
  // it is compressed when that makes it shorter.
  PackEntry seal_blob(BlobType type, const Id& id, std::string_view plain, bool compress,
                      std::string& out);
  // The plain bytes of `entry`. Throws Error when anything about them is wrong.
  std::string open_blob(std::string_view sealed, const PackEntry& entry);

  // Snapshots, index files and locks: 0x02 and zstd(JSON), or JSON in clear as older writers did.
  std::string seal_document(std::string_view json);
  std::string open_document(std::string_view sealed);

  // The seal alone, for the config and pack headers.
  void seal(std::string_view plain, std::string& out) { sealer_.seal(plain, out); }
  // Throws Error.
  std::string open(std::string_view sealed);

 private:
  Sealer sealer_;
  Compressor compressor_;
  Decompressor decompressor_;
};

// Codecs that are lent out, so that their contexts are made once. Safe for concurrent calls.
class CodecPool {
 public:
  CodecPool(const SealKey& key, int compression_level) : key_(key), level_(compression_level) {}

  // A codec for as long as the object lives.
  class Lease {
   public:
    explicit Lease(CodecPool& pool) : pool_(pool), codec_(pool.take()) {}
    ~Lease() { pool_.put(std::move(codec_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    BlobCodec* operator->() { return codec_.get(); }
    BlobCodec& operator*() { return *codec_; }

   private:
    CodecPool& pool_;
    std::unique_ptr<BlobCodec> codec_;
  };

 private:
  std::unique_ptr<BlobCodec> take();
  void put(std::unique_ptr<BlobCodec> codec);

  const SealKey key_;
  const int level_;
  std::mutex mutex_;  // guards what follows
  std::vector<std::unique_ptr<BlobCodec>> free_;
};

}  // namespace probackup
