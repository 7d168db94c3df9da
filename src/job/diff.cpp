// What is different between two snapshots: segments that both have are skipped unread.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "probackup/error.h"
#include "probackup/job.h"

namespace probackup {
void diff_snapshots(Repository& repository, const Snapshot& before, const Snapshot& after,
                    const std::function<bool(const DiffEntry&)>& each) {
  SnapshotReader old_reader(repository, before), new_reader(repository, after);
  if (old_reader.source() != new_reader.source())
    throw Error(
        fmt::format("snapshot {} is of {}, snapshot {} of {}", before.id.short_hex(),
                    old_reader.source().text(), after.id.short_hex(), new_reader.source().text()),
        "compare two snapshots of one source");
  auto old_names = old_reader.streams(), new_names = new_reader.streams();
  std::set<std::string> in_old(old_names.begin(), old_names.end());
  std::set<std::string> in_new(new_names.begin(), new_names.end());
  std::set<std::string> streams = in_old;
  streams.insert(in_new.begin(), in_new.end());

  for (const auto& stream : streams) {
    std::unordered_set<Id> shared;
    if (in_old.contains(stream) && in_new.contains(stream)) {
      std::unordered_set<Id> old_blobs = old_reader.segments(stream);
      for (const auto& blob : new_reader.segments(stream))
        if (old_blobs.contains(blob)) shared.insert(blob);
    }
    // Only records in segments that differ are held, so memory follows what changed.
    std::unordered_map<std::string, std::string> old_records;
    if (in_old.contains(stream))
      old_reader.records(stream, shared, [&](const SnapshotRecord& record) {
        old_records.emplace(record.key, record.raw);
        return true;
      });
    bool more = true;
    if (in_new.contains(stream))
      new_reader.records(stream, shared, [&](const SnapshotRecord& record) {
        DiffEntry entry{stream, std::string(record.key), "added", "", std::string(record.raw)};
        auto found = old_records.find(entry.key);
        if (found != old_records.end()) {
          entry.kind = "changed";
          entry.before = std::move(found->second);
          old_records.erase(found);
          if (entry.before == entry.after) return true;
        }
        return more = each(entry);
      });
    if (!more) return;
    std::vector<std::string> gone;
    for (const auto& [key, raw] : old_records) gone.push_back(key);
    std::sort(gone.begin(), gone.end());
    for (const auto& key : gone)
      if (!each({stream, key, "removed", old_records[key], ""})) return;
  }
}

}  // namespace probackup
