#include "repository/load_blobs.h"

#include <unordered_map>

#include "repository/blob_run.h"
#include "repository/index.h"

namespace probackup {

std::vector<std::string> load_blobs(Repository& repository, BlobType type,
                                    const std::vector<Id>& ids) {
  std::unordered_map<Id, std::string> found;
  std::unordered_map<Id, std::vector<PackEntry>> wanted;  // by pack
  for (const Id& id : ids) {
    if (!found.try_emplace(id).second) continue;
    if (auto place = repository.index().find(type, id)) wanted[place->pack].push_back(place->entry);
  }
  SealedStorage& objects = repository.objects();
  for (auto& [pack, entries] : wanted) {
    try {
      read_blobs(objects.storage(), pack, std::move(entries),
                 [&](const PackEntry& entry, std::string_view sealed) {
                   found[entry.id] = CodecPool::Lease(objects.codecs())->open_blob(sealed, entry);
                 });
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::interrupted) throw;
      // One by one, below: another copy may be intact, and the message names the blob.
    }
  }
  std::vector<std::string> out;
  out.reserve(ids.size());
  for (const Id& id : ids) {
    std::string& bytes = found[id];
    if (bytes.empty()) bytes = repository.load_blob(type, id);  // also of a pack still under way
    out.push_back(bytes);
  }
  return out;
}

}  // namespace probackup
