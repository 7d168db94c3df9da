// Works out which records of a snapshot a restore is about, from its index files alone.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/connector.h"
#include "probackup/restore_job.h"
#include "util/hash_set.h"

namespace probackup {

// Per stream, the streams whose records its listings are asked for: what a record's scope names.
using ListedBelow = std::map<std::string, std::vector<std::string>>;
ListedBelow listed_below(const Connector& connector);

// Memory: 8 to 22 bytes for each chosen record, unless whole streams are chosen; for a sample, 8
// bytes for each record of it.
class ChosenRecords {
 public:
  // `reader`: whose records are restored; with `choice.deleted_since` that one's. `newer`: the
  // snapshot that deleted ones are not in, else null. Throws Error(usage) for streams and records
  // that are not there.
  ChosenRecords(const RestoreChoice& choice, const ListedBelow& listed_below,
                SnapshotReader& reader, SnapshotReader* newer);

  bool contains(std::string_view stream, std::string_view key) const;
  // Whether it takes looking at the keys to know what is chosen in this stream.
  bool is_partial(const std::string& stream) const;

 private:
  using EachRecord = std::function<void(const std::string& stream, const IndexedRecord& record)>;
  void each_record(const EachRecord& each) const;
  void check_streams(const std::vector<std::string>& names) const;
  void include(const std::vector<std::string>& names);
  void pick_below();
  void keep_deleted(SnapshotReader& newer);
  void take_sample(std::uint64_t count);
  void pick_above();
  std::vector<std::string> parents_of(const std::string& stream, const IndexedRecord& record) const;

  const ListedBelow& listed_below_;
  SnapshotReader& reader_;
  std::vector<std::string> streams_;  // with records, sorted
  std::set<std::string> only_;
  std::optional<HashSet> included_, deleted_, sample_;
};

}  // namespace probackup
