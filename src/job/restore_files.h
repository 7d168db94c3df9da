// Finds a record's attachments in a snapshot without holding the list of them in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "job/restore_choice.h"
#include "probackup/job.h"
#include "util/file.h"

namespace probackup {

// Memory: 16 bytes for each attachment of a chosen record; while it is made, also the names of one
// stream's attachments. The rest lies in a temporary file. Not for concurrent calls.
class RestoreFiles {
 public:
  RestoreFiles(Repository& repository, SnapshotReader& reader, const ChosenRecords& chosen);

  std::optional<RestoreFile> find(const std::string& stream, const std::string& key,
                                  const std::string& id);
  // Throws Error for a file that find() does not know, and for one that cannot be read.
  void read(const std::string& stream, const std::string& key, const std::string& id,
            const std::function<void(std::string_view)>& piece);

 private:
  struct Place {
    std::uint64_t hash, offset;  // in the spool: length, folder's tree, line
  };
  struct Entry {
    SnapshotFile file;
    Id folder;
  };
  std::optional<Entry> entry(const std::string& stream, const std::string& key,
                             const std::string& id);

  Repository& repository_;
  SpoolFile spool_;
  std::vector<Place> places_;  // sorted by hash
};

}  // namespace probackup
