#include "job/restore_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <queue>

#include "connector/model.h"
#include "job/manifest.h"
#include "util/hash.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::size_t suggestions_looked_at = 10'000;

std::string place(std::string_view stream, std::string_view key) {
  std::string out(stream);
  out += '\0';
  out += key;
  return out;
}

std::vector<std::string> known_streams(SnapshotReader& reader) {
  std::vector<std::string> out;
  for (const auto& [name, stream] : Manifest::parse(reader.manifest_text()).streams)
    out.push_back(name);
  return out;
}

// The same on every machine, unlike std::hash.
std::uint64_t lot(const std::string& text) {
  Id digest = sha256(text);
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < 8; ++i) out = out << 8 | digest.bytes[i];
  return out;
}

void each_of(SnapshotReader& reader, const std::string& stream,
             const std::function<void(const IndexedRecord&, const Id& segment)>& each) {
  for (const auto& [number, file] : reader.stream_files(stream)) {
    auto index = reader.index_of(file);
    for (std::size_t i = 0; i < index.size(); ++i)
      for (const auto& record : index[i]) each(record, file.records.content[i]);
  }
}

}  // namespace

ListedBelow listed_below(const Connector& connector) {
  ListedBelow out;
  for (const auto& stream : connector.model().streams) {
    std::set<std::string> above;
    for (const auto& source : stream.sources) above.insert(source.each.begin(), source.each.end());
    out[stream.name].assign(above.begin(), above.end());
  }
  return out;
}

ChosenRecords::ChosenRecords(const RestoreChoice& choice, const ListedBelow& listed_below,
                             SnapshotReader& reader, SnapshotReader* newer)
    : listed_below_(listed_below),
      reader_(reader),
      streams_(reader.streams()),
      only_(choice.only.begin(), choice.only.end()) {
  check_streams(choice.only);
  if (!choice.include.empty()) include(choice.include);
  if (newer) keep_deleted(*newer);
  if (choice.sample > 0) take_sample(choice.sample);
}

bool ChosenRecords::contains(std::string_view stream, std::string_view key) const {
  if (sample_) return sample_->contains(place(stream, key));
  if (!only_.empty() && !only_.contains(std::string(stream))) return false;
  if (!included_ && !deleted_) return true;
  std::string name = place(stream, key);
  return (!included_ || included_->contains(name)) && (!deleted_ || deleted_->contains(name));
}

bool ChosenRecords::is_partial(const std::string& stream) const {
  return sample_ || included_ || deleted_ || (!only_.empty() && !only_.contains(stream));
}

void ChosenRecords::each_record(const EachRecord& each) const {
  for (const auto& stream : streams_)
    each_of(reader_, stream, [&](const IndexedRecord& record, const Id&) { each(stream, record); });
}

void ChosenRecords::check_streams(const std::vector<std::string>& names) const {
  auto known = known_streams(reader_);
  for (const auto& name : names)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw Error(ErrorKind::usage,
                  fmt::format("snapshot {} has no stream {}{}", reader_.snapshot().id.short_hex(),
                              name, did_you_mean(name, known)),
                  "streams: " + join(known, ", "));
}

void ChosenRecords::include(const std::vector<std::string>& names) {
  included_.emplace();
  for (const auto& name : names) {
    auto slash = name.find('/');
    if (slash == std::string::npos)
      throw Error(ErrorKind::usage, fmt::format("\"{}\" names no record", name),
                  "give STREAM/KEY, for example cards/5f2b; a whole stream is --only STREAM");
    std::string stream = name.substr(0, slash), key = name.substr(slash + 1);
    check_streams({stream});
    std::vector<std::string> others;
    bool found = false;
    if (std::binary_search(streams_.begin(), streams_.end(), stream))
      each_of(reader_, stream, [&](const IndexedRecord& record, const Id&) {
        found = found || record.key == key;
        if (others.size() < suggestions_looked_at) others.push_back(record.key);
      });
    if (!found)
      throw Error(
          ErrorKind::usage,
          fmt::format("snapshot {} has no record {} in {}{}", reader_.snapshot().id.short_hex(),
                      key, stream, did_you_mean(key, others)),
          "see: probackup list items --stream " + stream);
    included_->insert(place(stream, key));
  }
  pick_below();
}

// Places of the records above: in the tree, and that whose listing gave it.
std::vector<std::string> ChosenRecords::parents_of(const std::string& stream,
                                                   const IndexedRecord& record) const {
  std::vector<std::string> out;
  if (!record.parent_stream.empty()) out.push_back(place(record.parent_stream, record.parent));
  auto above = listed_below_.find(stream);
  if (record.scope.empty() || above == listed_below_.end() || above->second.empty()) return out;
  if (above->second.size() == 1) {
    out.push_back(place(above->second[0], record.scope));
  } else if (auto slash = record.scope.find('/'); slash != std::string::npos) {
    out.push_back(place(record.scope.substr(0, slash), record.scope.substr(slash + 1)));
  }
  return out;
}

void ChosenRecords::pick_below() {
  for (bool grown = true; grown;) {
    grown = false;
    each_record([&](const std::string& stream, const IndexedRecord& record) {
      for (const auto& above : parents_of(stream, record))
        if (included_->contains(above)) grown |= included_->insert(place(stream, record.key));
    });
  }
}

void ChosenRecords::pick_above() {
  for (bool grown = true; grown;) {
    grown = false;
    each_record([&](const std::string& stream, const IndexedRecord& record) {
      if (!sample_->contains(place(stream, record.key))) return;
      for (const auto& above : parents_of(stream, record)) grown |= sample_->insert(above);
    });
  }
}

// A segment that both snapshots have holds the same records in both.
void ChosenRecords::keep_deleted(SnapshotReader& newer) {
  deleted_.emplace();
  auto still = newer.streams();
  for (const auto& stream : streams_) {
    std::unordered_set<Id> now;
    HashSet there;
    if (std::binary_search(still.begin(), still.end(), stream)) {
      now = newer.segments(stream);
      auto before = reader_.segments(stream);
      each_of(newer, stream, [&](const IndexedRecord& record, const Id& segment) {
        if (!before.contains(segment)) there.insert(record.key);
      });
    }
    each_of(reader_, stream, [&](const IndexedRecord& record, const Id& segment) {
      if (!now.contains(segment) && !there.contains(record.key))
        deleted_->insert(place(stream, record.key));
    });
  }
}

void ChosenRecords::take_sample(std::uint64_t count) {
  HashSet taken;
  for (const auto& stream : streams_) {
    // Those with the smallest digests: spread over the stream, and the same every time.
    std::priority_queue<std::pair<std::uint64_t, std::string>> smallest;
    each_of(reader_, stream, [&](const IndexedRecord& record, const Id&) {
      if (!contains(stream, record.key)) return;
      std::string name = place(stream, record.key);
      smallest.emplace(lot(name), name);
      if (smallest.size() > count) smallest.pop();
    });
    for (; !smallest.empty(); smallest.pop()) taken.insert(smallest.top().second);
  }
  sample_ = std::move(taken);
  pick_above();
}

}  // namespace probackup
