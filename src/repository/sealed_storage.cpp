#include "repository/sealed_storage.h"

#include <fmt/format.h>

#include "storage/object_name.h"
#include "util/hash.h"

namespace probackup {
namespace {

const char* const damage_hint =
    "run `probackup check --read-data` to see all damage; earlier copies of the repository, if "
    "there are any, still have the intact object";

}  // namespace

DamageError damaged(const std::string& what, std::string_view why) {
  return DamageError(fmt::format("{} is damaged: {}", what, why), damage_hint);
}

std::string describe_blob(BlobType type, const Id& id) {
  return fmt::format("{} blob {}", type == BlobType::tree ? "tree" : "data", id.hex());
}

std::string SealedStorage::load_verified(const ObjectName& name) {
  std::string bytes = storage_.load(name);
  if (sha256(bytes).hex() != name.name)
    throw damaged(describe(name), "its bytes do not have the SHA-256 it is named by");
  return bytes;
}

std::string SealedStorage::load_document(const ObjectName& name) {
  std::string sealed = load_verified(name);
  try {
    return CodecPool::Lease(codecs_)->open_document(sealed);
  } catch (const Error& error) {
    throw damaged(describe(name), error.what());
  }
}

Id SealedStorage::save_document(ObjectKind kind, std::string_view json) {
  std::string sealed = CodecPool::Lease(codecs_)->seal_document(json);
  Id id = sha256(sealed);
  storage_.save({kind, id.hex()}, sealed);
  return id;
}

std::string SealedStorage::load_blob(const BlobLocation& location) {
  const PackEntry& entry = location.entry;
  auto name = [&] {
    return fmt::format("{} (pack {}, offset {})", describe_blob(entry.type, entry.id),
                       location.pack.hex(), entry.offset);
  };
  std::string sealed;
  try {
    ObjectName pack{ObjectKind::data, location.pack.hex(), entry.type == BlobType::tree};
    sealed = storage_.load(pack, entry.offset, entry.length);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", name(), error.what()), error.hint());
  }
  try {
    return CodecPool::Lease(codecs_)->open_blob(sealed, entry);
  } catch (const Error& error) {
    throw damaged(name(), error.what());
  }
}

void SealedStorage::load_index(const Id& id, const std::function<void(IndexedPack)>& each) {
  ObjectName name{ObjectKind::index, id.hex()};
  std::string json = load_document(name);
  try {
    parse_index(json, each);
  } catch (const Error& error) {
    throw damaged(describe(name), error.what());
  }
}

}  // namespace probackup
