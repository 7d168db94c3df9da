// The index, made again from the packs.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "probackup/repair.h"
#include "repository/index.h"
#include "repository/pack_filler.h"
#include "repository/parallel.h"
#include "repository/sealed_storage.h"
#include "util/hash.h"
#include "util/log.h"

namespace probackup {
namespace {

constexpr std::uint64_t pack_bytes_target = 16 << 20;

using Entries = std::vector<PackEntry>;

void sort_by_offset(Entries& entries) {
  std::sort(entries.begin(), entries.end(),
            [](const PackEntry& a, const PackEntry& b) { return a.offset < b.offset; });
}

// Whether a pack of this size can be what the entries say.
bool fits(const Entries& by_offset, std::uint64_t size) {
  std::uint64_t end = 0;
  for (const PackEntry& entry : by_offset) {
    if (entry.offset != end) return false;
    end += entry.length;
  }
  return !by_offset.empty() && pack_bytes(by_offset) == size;
}

class IndexRepair {
 public:
  IndexRepair(Repository& repository, RepositoryLock& lock, const IndexRepairOptions& options,
              Clock& clock, std::stop_token stop,
              const std::function<void(std::uint64_t, std::uint64_t)>& progress)
      : objects_(repository.objects()),
        lock_(lock),
        options_(options),
        stop_(std::move(stop)),
        progress_(progress),
        filler_(objects_.storage(), objects_.codecs(), clock, pack_bytes_target) {}

  IndexRepairReport run() {
    load_indexes();
    look_at_packs();
    count_lost();
    if (options_.dry_run || !report_.changed) return report_;
    filler_.finish();
    write_index();
    for (const Id& id : old_index_) remove({ObjectKind::index, id.hex()});
    for (const Id& id : damaged_) remove({ObjectKind::data, id.hex()});
    return report_;
  }

 private:
  void load_indexes() {
    for (const ObjectInfo& file : objects_.storage().list(ObjectKind::index)) {
      Id id = *Id::from_hex(file.name);
      old_index_.push_back(id);
      try {
        objects_.load_index(id, [&](IndexedPack pack) {
          sort_by_offset(pack.entries);
          auto [known, fresh] = told_.try_emplace(pack.id, pack.entries);
          if (fresh) return;
          report_.changed = true;  // one list is enough
          if (known->second != pack.entries) disputed_.insert(pack.id);
        });
      } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        log_warning(error.what());
        ++report_.index_files_damaged;
        report_.changed = true;
      }
    }
  }

  void look_at_packs() {
    auto packs = objects_.storage().list(ObjectKind::data);
    report_.packs = packs.size();
    std::uint64_t done = 0;
    parallel_for(packs.size(), std::max(2u, std::thread::hardware_concurrency()),
                 [&](std::size_t i) {
                   stop_if_asked();
                   look_at(*Id::from_hex(packs[i].name), packs[i].size);
                   std::lock_guard guard(mutex_);
                   if (progress_) progress_(++done, packs.size());
                 });
    for (const auto& [id, entries] : told_) {
      if (seen_.contains(id)) continue;
      ++report_.packs_missing;
      report_.changed = true;
    }
  }

  void look_at(const Id& id, std::uint64_t size) {
    auto told = told_.find(id);
    bool trusted = told != told_.end() && !disputed_.contains(id) && fits(told->second, size);
    {
      std::lock_guard guard(mutex_);
      seen_.insert(id);
    }
    if (trusted && !options_.read_all_packs) return keep(id, told->second);
    Entries entries = trusted ? told->second : read_header(id, size);
    // A header that opens under the master key and fits is the pack's own word.
    if (!options_.read_all_packs && fits(entries, size)) return add(id, std::move(entries));
    std::string bytes = objects_.storage().load({ObjectKind::data, id.hex()});
    if (fits(entries, bytes.size()) && sha256(bytes) == id && all_open(bytes, entries))
      return trusted ? keep(id, entries) : add(id, std::move(entries));
    Entries others = trusted ? read_header(id, size) : Entries{};
    if (!trusted && told != told_.end()) others = told->second;
    entries.insert(entries.end(), others.begin(), others.end());
    salvage(id, bytes, entries);
  }

  // Nothing for a header that cannot be read.
  Entries read_header(const Id& id, std::uint64_t size) {
    try {
      ObjectName name{ObjectKind::data, id.hex()};
      if (size < 4) return {};
      std::uint32_t length = parse_pack_footer(objects_.storage().load(name, size - 4, 4), size);
      std::string sealed = objects_.storage().load(name, size - 4 - length, length);
      return parse_pack_header(CodecPool::Lease(objects_.codecs())->open(sealed));
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::interrupted) throw;
      return {};
    }
  }

  static bool opens(BlobCodec& codec, std::string_view bytes, const PackEntry& entry) {
    if (entry.offset > bytes.size() || entry.length > bytes.size() - entry.offset) return false;
    try {
      codec.open_blob(bytes.substr(entry.offset, entry.length), entry);
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  bool all_open(std::string_view bytes, const Entries& entries) {
    CodecPool::Lease codec(objects_.codecs());
    return std::all_of(entries.begin(), entries.end(),
                       [&](const PackEntry& entry) { return opens(*codec, bytes, entry); });
  }

  // The pack stays, and the old index lists it already.
  void keep(const Id& id, const Entries& entries) {
    std::lock_guard guard(mutex_);
    for (const PackEntry& entry : entries) healthy_.insert(name_of(entry));
    kept_.push_back(id);
  }

  // The pack stays, and only the new index lists it.
  void add(const Id& id, Entries entries) {
    std::lock_guard guard(mutex_);
    if (!told_.contains(id)) ++report_.packs_found;
    report_.changed = true;
    for (const PackEntry& entry : entries) healthy_.insert(name_of(entry));
    kept_.push_back(id);
    read_.emplace(id, std::move(entries));
  }

  void salvage(const Id& id, std::string_view bytes, const Entries& entries) {
    CodecPool::Lease codec(objects_.codecs());
    std::set<std::pair<BlobType, Id>> saved;
    for (const PackEntry& entry : entries) {
      if (saved.contains(name_of(entry)) || !opens(*codec, bytes, entry)) continue;
      saved.insert(name_of(entry));
      if (!options_.dry_run) filler_.add(entry, bytes.substr(entry.offset, entry.length));
    }
    std::lock_guard guard(mutex_);
    healthy_.insert(saved.begin(), saved.end());
    for (const PackEntry& entry : entries) named_.insert(name_of(entry));
    report_.blobs_saved += saved.size();
    ++report_.packs_damaged;
    report_.changed = true;
    damaged_.push_back(id);
  }

  void count_lost() {
    for (const auto& [id, entries] : told_)
      if (!seen_.contains(id))
        for (const PackEntry& entry : entries) named_.insert(name_of(entry));
    for (const auto& name : named_)
      if (!healthy_.contains(name)) ++report_.blobs_lost;
  }

  void write_index() {
    std::vector<IndexedPack> packs;
    std::size_t blobs = 0;
    auto write = [&] {
      lock_.verify();
      if (!packs.empty()) objects_.save_document(ObjectKind::index, print_index(packs));
      packs.clear();
      blobs = 0;
    };
    for (const Id& id : kept_) {
      auto read = read_.find(id);
      const Entries& entries = read != read_.end() ? read->second : told_.at(id);
      if (blobs > 0 && blobs + entries.size() > index_blobs_max) write();
      blobs += entries.size();
      packs.push_back({id, entries});
    }
    write();
  }

  void remove(const ObjectName& name) {
    lock_.verify();
    try {
      objects_.storage().remove(name);
    } catch (const NotFound&) {
      // A repair before this one got so far.
    }
  }

  static std::pair<BlobType, Id> name_of(const PackEntry& entry) { return {entry.type, entry.id}; }
  void stop_if_asked() const {
    if (stop_.stop_requested()) throw Error(ErrorKind::interrupted, "the repair was interrupted");
  }

  SealedStorage& objects_;
  RepositoryLock& lock_;
  const IndexRepairOptions options_;
  const std::stop_token stop_;
  const std::function<void(std::uint64_t, std::uint64_t)>& progress_;
  std::vector<Id> old_index_;
  std::map<Id, Entries> told_;  // by the index files
  std::set<Id> disputed_;       // where these differ
  std::mutex mutex_;            // guards what follows while packs are looked at
  IndexRepairReport report_;
  std::map<Id, Entries> read_;  // from the packs themselves
  std::set<Id> seen_;
  std::vector<Id> kept_, damaged_;
  std::set<std::pair<BlobType, Id>> healthy_, named_;
  PackFiller filler_;
};

}  // namespace

IndexRepairReport repair_index(Repository& repository, RepositoryLock& lock,
                               const IndexRepairOptions& options, Clock& clock,
                               std::stop_token stop,
                               const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  return IndexRepair(repository, lock, options, clock, std::move(stop), progress).run();
}

}  // namespace probackup
