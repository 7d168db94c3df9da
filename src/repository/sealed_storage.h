// A storage whose objects are opened and verified on reading, and sealed on writing.
#pragma once

#include <string>
#include <string_view>

#include "probackup/storage.h"
#include "repository/blob_codec.h"
#include "repository/index.h"

namespace probackup {

// What is stored is not what was written; a storage that cannot be read throws other errors.
class DamageError : public Error {
 public:
  using Error::Error;
};
// "… is damaged: why", for the object that `what` describes.
DamageError damaged(const std::string& what, std::string_view why);
// "data blob 0123…", "tree blob 0123…".
std::string describe_blob(BlobType type, const Id& id);

// Safe for concurrent calls. Every method throws Error naming the object.
class SealedStorage {
 public:
  SealedStorage(Storage& storage, CodecPool& codecs) : storage_(storage), codecs_(codecs) {}

  // The bytes of an object that is named by their SHA-256.
  std::string load_verified(const ObjectName& name);
  // JSON of a snapshot, index file or lock.
  std::string load_document(const ObjectName& name);
  Id save_document(ObjectKind kind, std::string_view json);
  // The plain bytes of a blob.
  std::string load_blob(const BlobLocation& location);
  // Adds the packs of an index file to `each`.
  void load_index(const Id& id, const std::function<void(IndexedPack)>& each);

  Storage& storage() { return storage_; }
  CodecPool& codecs() { return codecs_; }

 private:
  Storage& storage_;
  CodecPool& codecs_;
};

}  // namespace probackup
