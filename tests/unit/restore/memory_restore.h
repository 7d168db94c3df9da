// A snapshot and a journal in memory.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "probackup/restore.h"

namespace probackup::test {

class MemorySource final : public RestoreSource {
 public:
  void records(const std::string& stream,
               const std::function<bool(const RestoreRecord&)>& each) override {
    for (const auto& record : streams[stream]) {
      if (!chosen.empty() &&
          std::find(chosen.begin(), chosen.end(), stream + "/" + record.key) == chosen.end())
        continue;
      if (!each(record)) return;
    }
  }
  void all_records(const std::string& stream,
                   const std::function<bool(const RestoreRecord&)>& each) override {
    for (const auto& record : streams[stream])
      if (!each(record)) return;
  }
  std::optional<RestoreFile> file(const std::string& stream, const std::string& key,
                                  const std::string& id) override {
    auto found = files.find(stream + "/" + key + "/" + id);
    if (found == files.end()) return std::nullopt;
    return RestoreFile{found->second.first, found->second.second.size()};
  }
  void read_file(const std::string& stream, const std::string& key, const std::string& id,
                 const std::function<void(std::string_view)>& piece) override {
    const std::string& bytes = files.at(stream + "/" + key + "/" + id).second;
    for (std::size_t at = 0; at < bytes.size(); at += 1000) piece(bytes.substr(at, 1000));
  }
  bool push_git(const GitTarget& target, std::stop_token) override {
    if (refuses_git) throw Error("the repository is not there");
    pushed.push_back(target);
    return true;
  }

  std::map<std::string, std::vector<RestoreRecord>> streams;
  std::vector<std::string> chosen;                                   // "STREAM/KEY"; empty: all
  std::map<std::string, std::pair<std::string, std::string>> files;  // by "STREAM/KEY/ID"
  std::vector<GitTarget> pushed;
  bool refuses_git = false;
};

// What a killed process leaves: thrown in the middle of things.
struct Killed {};

class MemoryJournal final : public RestoreJournal {
 public:
  void put(const JournalEntry& entry) override {
    if (puts_left == 0) throw Killed{};
    --puts_left;
    auto known = std::find_if(entries.begin(), entries.end(), [&](const JournalEntry& other) {
      return other.kind == entry.kind && other.old_id == entry.old_id;
    });
    if (known == entries.end())
      entries.push_back(entry);
    else
      *known = entry;
  }
  std::optional<JournalEntry> find(const std::string& kind, const std::string& old_id) override {
    for (const auto& entry : entries)
      if (entry.kind == kind && entry.old_id == old_id) return entry;
    return std::nullopt;
  }
  void remove(const std::string& kind, const std::string& old_id) override {
    std::erase_if(entries, [&](const JournalEntry& entry) {
      return entry.kind == kind && entry.old_id == old_id;
    });
  }
  bool has_new(const std::string& kind, const std::string& new_id) override {
    return std::any_of(entries.begin(), entries.end(), [&](const JournalEntry& entry) {
      return entry.kind == kind && entry.new_id == new_id;
    });
  }
  std::optional<std::string> new_url(const std::string& old_url) override {
    for (const auto& entry : entries)
      if (entry.old_url == old_url && !entry.new_url.empty()) return entry.new_url;
    return std::nullopt;
  }
  void each(const std::string& kind,
            const std::function<bool(const JournalEntry&)>& each) override {
    for (const auto& entry : entries)
      if ((kind.empty() || entry.kind == kind) && !each(entry)) return;
  }

  std::vector<JournalEntry> entries;
  std::uint64_t puts_left = UINT64_MAX;  // the next one after these is a kill
};

}  // namespace probackup::test
