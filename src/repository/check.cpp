#include "repository/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "repository/parallel.h"
#include "repository/snapshot_json.h"
#include "repository/tree.h"
#include "storage/object_name.h"
#include "util/hash.h"
#include "util/random.h"

namespace probackup {
namespace {

// A repository in ruins is told in this many lines.
constexpr std::size_t problems_max = 1000;
constexpr unsigned folder_depth_max = 512;
// What a pack may have at most for us to read it whole: a full one and one blob of the largest
// size.
constexpr std::uint64_t pack_bytes_max = blob_bytes_max + (256ull << 20);

bool by_offset(const PackEntry& a, const PackEntry& b) {
  return a.offset < b.offset;
}

// What cannot be read is a finding, whatever the reason: `found` gets why. A stop is not.
template <typename Work, typename Found>
bool attempt(Work work, Found found) {
  try {
    work();
    return true;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) throw;
    found(error.what());
    return false;
  }
}

}  // namespace

Checker::Checker(SealedStorage& objects, unsigned threads, std::stop_token stop, Progress progress)
    : objects_(objects),
      threads_(threads),
      stop_(std::move(stop)),
      progress_(std::move(progress)) {}

CheckReport Checker::run(const CheckOptions& options) {
  check_keys();
  load_indexes();
  check_packs();
  if (options.read_data) read_packs(options);
  check_snapshots(!options.read_data);
  if (unreported_ > 0)
    report_.problems.push_back({fmt::format("and {} more problems", unreported_)});
  return std::move(report_);
}

void Checker::check_keys() {
  for (const ObjectInfo& key : objects_.storage().list(ObjectKind::key))
    attempt(
        [&] {
          objects_.load_verified({ObjectKind::key, key.name});
        },
        [&](const char* why) { report(why); });
}

void Checker::load_indexes() {
  auto files = objects_.storage().list(ObjectKind::index);
  parallel_for(files.size(), threads_, [&](std::size_t i) {
    stop_if_asked();
    auto add = [&](IndexedPack pack) {
      std::sort(pack.entries.begin(), pack.entries.end(), by_offset);
      index_.add(pack);
      std::unique_lock lock(mutex_);
      auto [known, fresh] = packs_.try_emplace(pack.id, pack.entries);
      bool differs = !fresh && known->second != pack.entries;
      lock.unlock();
      if (differs)
        report(fmt::format("pack {} holds other blobs in one index file than in another",
                           pack.id.hex()));
    };
    attempt([&] { objects_.load_index(*Id::from_hex(files[i].name), add); },
            [&](const char* why) { report(why); });
  });
}

void Checker::check_packs() {
  for (const ObjectInfo& pack : objects_.storage().list(ObjectKind::data)) {
    Id id = *Id::from_hex(pack.name);
    stored_[id] = pack.size;
    if (!packs_.contains(id))
      report(fmt::format("pack {} is in no index: nothing uses it", pack.name), false);
  }
  for (const auto& [id, entries] : packs_) {
    report_.blobs += entries.size();
    ++report_.packs;
    auto stored = stored_.find(id);
    if (stored == stored_.end()) {
      report(fmt::format("pack {} with {} blobs is missing", id.hex(), entries.size()));
      for (const PackEntry& entry : entries) damaged_.insert({id, entry});
    } else if (stored->second != pack_bytes(entries)) {
      report(fmt::format("pack {} has {} bytes, where its index tells {}", id.hex(), stored->second,
                         pack_bytes(entries)));
    }
  }
}

std::vector<Id> Checker::packs_to_read(const CheckOptions& options) const {
  std::vector<Id> ids;
  for (const auto& [id, size] : stored_)
    // Parts go by the id, so that they stay the same while packs come and go.
    if (packs_.contains(id) &&
        (options.parts == 0 || id.bytes[0] % options.parts == options.part - 1))
      ids.push_back(id);
  if (options.percent == 0 && options.bytes == 0) return ids;
  std::string random = random_bytes(32);
  std::seed_seq seed(random.begin(), random.end());
  std::shuffle(ids.begin(), ids.end(), std::mt19937_64(seed));
  std::size_t count = ids.size();
  if (options.percent > 0)
    count = static_cast<std::size_t>(
        std::ceil(static_cast<double>(ids.size()) * options.percent / 100));
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; options.bytes > 0 && i < count; ++i)
    if ((bytes += stored_.at(ids[i])) >= options.bytes) count = i + 1;
  ids.resize(std::min(count, ids.size()));
  return ids;
}

void Checker::read_packs(const CheckOptions& options) {
  std::vector<Id> ids = packs_to_read(options);
  std::uint64_t total = 0;
  for (const Id& id : ids) total += stored_.at(id);
  parallel_for(ids.size(), threads_, [&](std::size_t i) {
    stop_if_asked();
    const Id& id = ids[i];
    bool intact =
        attempt([&] { read_pack(id, packs_.at(id)); },
                [&](const char* why) { report(fmt::format("pack {}: {}", id.hex(), why)); });
    if (!intact) {
      std::lock_guard lock(mutex_);
      for (const PackEntry& entry : packs_.at(id)) damaged_.insert({id, entry});
    }
    advance(stored_.at(id), total);
  });
}

void Checker::read_pack(const Id& id, const std::vector<PackEntry>& entries) {
  if (stored_.at(id) > pack_bytes_max) throw Error("it is larger than any pack");
  std::string bytes = objects_.storage().load({ObjectKind::data, id.hex()});
  {
    std::lock_guard lock(mutex_);
    report_.bytes_read += bytes.size();
  }
  auto found = [&](const std::string& why) { report(fmt::format("pack {}: {}", id.hex(), why)); };
  if (sha256(bytes) != id) found("its bytes do not have the SHA-256 it is named by");
  attempt([&] { check_header(bytes, entries); }, found);
  CodecPool::Lease codec(objects_.codecs());
  for (const PackEntry& entry : entries) {
    std::string_view whole(bytes);
    bool intact = attempt(
        [&] {
          if (entry.offset > whole.size() || entry.length > whole.size() - entry.offset)
            throw Error("the pack ends before it");
          codec->open_blob(whole.substr(entry.offset, entry.length), entry);
        },
        [&](const char* why) {
          found(fmt::format("{} at offset {}: {}", describe_blob(entry.type, entry.id),
                            entry.offset, why));
        });
    std::lock_guard lock(mutex_);
    if (!intact) damaged_.insert({id, entry});
  }
}

void Checker::check_header(std::string_view bytes, const std::vector<PackEntry>& entries) {
  std::size_t footer = bytes.size() < 4 ? 0 : bytes.size() - 4;
  std::uint32_t length = parse_pack_footer(bytes.substr(footer), bytes.size());
  std::string header =
      CodecPool::Lease(objects_.codecs())->open(bytes.substr(footer - length, length));
  if (parse_pack_header(header) != entries) throw Error("its header differs from its index");
}

void Checker::check_snapshots(bool show_progress) {
  auto snapshots = objects_.storage().list(ObjectKind::snapshot);
  for (const ObjectInfo& info : snapshots) {
    stop_if_asked();
    ++report_.snapshots;
    attempt(
        [&] {
          ObjectName name{ObjectKind::snapshot, info.name};
          std::string json = objects_.load_document(name);
          Id tree;
          attempt([&] { tree = parse_snapshot(json).tree; },
                  [&](const char* why) { throw damaged(describe(name), why); });
          root_ = tree;
          check_tree(tree, fmt::format("snapshot {}, ", info.name.substr(0, 8)), 0);
        },
        [&](const char* why) { report(why); });
    if (show_progress) advance(1, snapshots.size());
  }
  report_.trees = trees_.size();
}

// `place` is "snapshot 01234567, /path/of/the/folder". False when anything below cannot be
// restored.
bool Checker::check_tree(const Id& id, const std::string& place, unsigned depth) {
  stop_if_asked();
  std::string here = depth == 0 ? place + "/" : place;
  if (auto known = trees_.find(id); known != trees_.end()) {
    if (!known->second) report(here + ": holds damage that is named above");
    return known->second;
  }
  bool intact = false;
  if (depth > folder_depth_max) {
    report(here + ": too many folders in one another");
  } else if (!intact_copy(BlobType::tree, id)) {
    report(
        fmt::format("{}: its {} is missing or damaged", here, describe_blob(BlobType::tree, id)));
  } else {
    attempt([&] { intact = check_nodes(id, place, depth); },
            [&](const char* why) { report(fmt::format("{}: {}", here, why)); });
  }
  trees_[id] = intact;
  return intact;
}

bool Checker::check_nodes(const Id& id, const std::string& place, unsigned depth) {
  std::vector<Node> nodes;
  std::string json = objects_.load_blob(*intact_copy(BlobType::tree, id));
  attempt([&] { nodes = parse_tree(json); },
          [&](const char* why) { throw damaged(describe_blob(BlobType::tree, id), why); });
  bool intact = true;
  for (const Node& node : nodes) {
    std::string below = place + "/" + node.name;
    if (!(node.folder ? check_tree(*node.subtree, below, depth + 1) : check_content(node, below)))
      intact = false;
  }
  return intact;
}

bool Checker::check_content(const Node& node, const std::string& place) {
  bool intact = true;
  for (std::size_t i = 0; i < node.content.size(); ++i) {
    const Id& id = node.content[i];
    if (intact_copy(BlobType::data, id)) continue;
    report(
        {fmt::format("{}: its {} is missing or damaged", place, describe_blob(BlobType::data, id)),
         true, root_, place.substr(place.find('/')), i});
    intact = false;
  }
  return intact;
}

// Where a blob lies that nothing bad is known of.
std::optional<BlobLocation> Checker::intact_copy(BlobType type, const Id& id) {
  auto place = index_.find(type, id);
  if (!place || damaged_.empty() || !damaged_.contains({place->pack, place->entry})) return place;
  for (const BlobLocation& copy : index_.find_all(type, id))
    if (!damaged_.contains({copy.pack, copy.entry})) return copy;
  return std::nullopt;
}

void Checker::report(std::string what, bool fatal) {
  report(CheckProblem{std::move(what), fatal});
}

void Checker::report(CheckProblem problem) {
  std::lock_guard lock(mutex_);
  if (report_.problems.size() >= problems_max) {
    if (problem.fatal) ++unreported_;
    return;
  }
  report_.problems.push_back(std::move(problem));
}

void Checker::advance(std::uint64_t amount, std::uint64_t total) {
  std::lock_guard lock(mutex_);
  done_ += amount;
  if (progress_) progress_(done_, total);
}

void Checker::stop_if_asked() const {
  if (stop_.stop_requested()) throw Error(ErrorKind::interrupted, "the check was interrupted");
}

}  // namespace probackup
