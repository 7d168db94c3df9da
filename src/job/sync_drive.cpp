// One source into one copy: what the catalog adds to the snapshot, and what it keeps of the copy.
#include <algorithm>
#include <unordered_map>

#include "job/layout.h"
#include "probackup/drive_job.h"
#include "probackup/error.h"

namespace probackup {
namespace {

std::string kind_name(DriveKind kind) {
  return kind == DriveKind::folder ? "folder" : kind == DriveKind::sheet ? "sheet" : "file";
}

// The catalog's rows of the target, written only where they change.
class CatalogMemory final : public DriveMemory {
 public:
  CatalogMemory(Catalog& catalog, const std::string& target, const SourceRef& source, bool dry_run)
      : catalog_(catalog), target_(target), source_(source), dry_run_(dry_run) {
    catalog_.drive_files(target_, [&](const CatalogDriveFile& file) {
      known_[file.key] = file.id + "\n" + file.url + "\n" + file.name;
    });
  }

  bool knows(const std::string& key) override { return known_.contains(key); }
  void put(const DriveNode& node, const DriveFile& file) override {
    std::string now = file.id + "\n" + file.url + "\n" + file.name;
    std::string& before = known_[node.key];
    if (before == now || dry_run_) return;
    before = now;
    catalog_.put_drive_file({.target = target_,
                             .key = node.key,
                             .source = node.source.empty() ? "" : source_.text(),
                             .kind = kind_name(node.kind),
                             .stream = node.stream,
                             .item = node.item,
                             .file = node.file,
                             .name = file.name,
                             .id = file.id,
                             .url = file.url});
  }
  void remove(const std::string& key) override {
    if (known_.erase(key) > 0) catalog_.remove_drive_file(target_, key);
  }
  bool wants_items(const std::string& sheet, bool changed) override {
    return changed || !catalog_.has_drive_items(target_, sheet);
  }
  void items(const std::string& sheet, const DriveItems& items) override {
    catalog_.put_drive_items(target_, source_, sheet, items);
  }

 private:
  Catalog& catalog_;
  const std::string target_;
  const SourceRef source_;
  const bool dry_run_;
  std::unordered_map<std::string, std::string> known_;  // key to id, url and name
};

// Items that the snapshot does not have and an earlier one had, as far as the catalog remembers.
class Deleted {
 public:
  Deleted(Catalog& catalog, const SourceRef& source, const Id& snapshot)
      : catalog_(catalog), source_(source), snapshots_(catalog.snapshots(source)) {
    for (std::size_t i = 0; i < snapshots_.size(); ++i)
      if (snapshots_[i].id == snapshot) end_ = i + 1;
  }

  void each(const std::function<void(const DeletedItem&)>& each) const {
    ItemQuery query;
    query.source = source_;
    query.deleted = true;
    catalog_.items(query, [&](const CatalogItem& item) {
      auto last = std::find_if(snapshots_.begin(), snapshots_.end(),
                               [&](const auto& known) { return known.row == item.last; });
      auto next = last - snapshots_.begin() + 1;
      if (last == snapshots_.end() || next >= static_cast<std::ptrdiff_t>(end_)) return true;
      each({item.stream, item.key, item.parent_stream, item.parent, item.title, item.url,
            last->time, snapshots_[static_cast<std::size_t>(next)].time, last->id.short_hex()});
      return true;
    });
  }

 private:
  Catalog& catalog_;
  const SourceRef source_;
  const std::vector<CatalogSnapshot> snapshots_;  // oldest first
  std::size_t end_ = 0;                           // behind the one that is copied
};

// Whether the catalog saw the attachment first after the first copy was made.
bool came_after(Catalog& catalog, const SourceRef& source, const ExportFile& file, Time since) {
  for (const auto& known : catalog.files_of(source, file.stream, file.key)) {
    if (known.id != file.id) continue;
    for (const auto& snapshot : catalog.snapshots(source))
      if (snapshot.row == known.first) return snapshot.time > since;
  }
  return false;
}

}  // namespace

DriveReport sync_source(const JobContext& context, const Snapshot& snapshot,
                        RecordDescriber* describer, DriveTarget& target,
                        const DriveOptions& options, std::stop_token stop,
                        const std::function<void(const DriveProgress&)>& progress) {
  auto source = source_of(snapshot);
  if (!source) throw Error("this snapshot holds no app's records");
  RepositoryLock lock(context.repository, false, context.clock);
  auto records = export_source(context.repository, snapshot, describer);
  CatalogMemory memory(context.catalog, target.name(), *source, options.dry_run);
  Deleted deleted(context.catalog, *source, snapshot.id);
  auto known_since = context.catalog.drive_since(target.name(), *source);
  Time since = known_since.value_or(snapshot.time);
  DriveInput input{
      *records, [&](const auto& each) { deleted.each(each); },
      [&](const ExportFile& file) { return came_after(context.catalog, *source, file, since); }};
  if (!known_since && !options.dry_run)
    context.catalog.put_drive_since(target.name(), *source, since);
  return sync_drive(input, target, memory, options, stop, progress);
}

}  // namespace probackup
