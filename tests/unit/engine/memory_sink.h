// A backup in memory that follows the contract of BackupSink to the letter: run after run it holds
// what a snapshot would hold.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "probackup/engine.h"

class MemorySink final : public probackup::BackupSink {
 public:
  struct Stored {
    probackup::Record record;
    std::map<std::string, std::string> files;  // id to bytes
  };
  struct Stream {
    std::map<std::string, Stored> records;
    std::optional<probackup::Time> since, last_full, last_refresh;
    std::map<std::string, std::string> feeds;
    probackup::StreamResult result;
    bool behind = false, kept = false;  // as told to the next run
  };
  void set_behind(const std::string& stream) { now_[stream].behind = true; }
  void set_kept(const std::string& stream) { now_[stream].kept = true; }

  // Ends a run: what it left is what the next one finds.
  void next_run() {
    prior_ = std::move(now_);
    prior_gaps_ = std::move(gaps_);
    prior_validators_ = std::move(validators_);
    now_.clear();
    gaps_.clear();
    validators_.clear();
    places_.clear();
    runs_.clear();
    had_run_ = true;
  }
  // The raw text by key.
  std::map<std::string, std::string> raws(const std::string& stream) const {
    std::map<std::string, std::string> out;
    if (auto at = now_.find(stream); at != now_.end())
      for (const auto& [key, stored] : at->second.records) out[key] = stored.record.raw;
    return out;
  }
  std::vector<std::string> keys(const std::string& stream) const {
    std::vector<std::string> out;
    for (const auto& [key, raw] : raws(stream)) out.push_back(key);
    return out;
  }
  const Stream& stream(const std::string& name) const { return now_.at(name); }
  const std::vector<probackup::Gap>& gaps() const { return gaps_; }
  const std::vector<probackup::GitRef>& gits() const { return gits_; }

  probackup::PriorStream prior(const std::string& stream) override {
    std::lock_guard lock(mutex_);
    probackup::PriorStream out;
    auto at = prior_.find(stream);
    if (!had_run_ || at == prior_.end()) return out;
    out.exists = true;
    out.behind = at->second.behind;
    out.kept = at->second.kept;
    out.complete = at->second.result.complete;
    out.since = at->second.since;
    out.last_full = at->second.last_full;
    out.last_refresh = at->second.last_refresh;
    out.feeds = at->second.feeds;
    for (const auto& gap : prior_gaps_)
      if (gap.stream == stream) out.gaps.push_back(gap);
    return out;
  }
  void begin_stream(const std::string& stream, bool full) override {
    std::lock_guard lock(mutex_);
    runs_[stream].full = full;
    now_[stream];
  }
  void record_done(const std::string& stream, const std::string& key) override {
    std::lock_guard lock(mutex_);
    done_.insert({stream, key});
  }
  const std::set<std::pair<std::string, std::string>>& done() const { return done_; }
  probackup::Change record(probackup::Record record) override {
    std::lock_guard lock(mutex_);
    const Stored* before = find_prior(record.stream, record.key);
    auto change = !before                                    ? probackup::Change::added
                  : before->record.compare == record.compare ? probackup::Change::unchanged
                                                             : probackup::Change::changed;
    std::string key = record.key;
    note(record.stream, key, record.scope);
    if (change == probackup::Change::unchanged) note(record.stream, key, before->record.scope);
    Run& run = runs_[record.stream];
    run.changes[key] = change;
    Stored& stored = now_[record.stream].records[key];
    stored.record = std::move(record);
    return change;
  }
  std::optional<std::string> prior_mark(const std::string& stream,
                                        const std::string& key) override {
    std::lock_guard lock(mutex_);
    const Stored* before = find_prior(stream, key);
    if (!before) return std::nullopt;
    return before->record.mark;
  }
  bool keep(const std::string& stream, const std::string& key) override {
    std::lock_guard lock(mutex_);
    const Stored* before = find_prior(stream, key);
    if (before) now_[stream].records[key] = *before;
    return before != nullptr;
  }
  void named(const std::string& stream, const std::string& key, const std::string& scope) override {
    std::lock_guard lock(mutex_);
    note(stream, key, scope);
    const Stored* before = find_prior(stream, key);
    const auto& now = now_[stream].records;
    auto at = now.find(key);
    if (before && (at == now.end() || at->second.record.compare == before->record.compare))
      note(stream, key, before->record.scope);
  }
  void gone(const std::string& stream, const std::string& key) override {
    std::lock_guard lock(mutex_);
    runs_[stream].gone.insert(key);
  }
  void listed(const std::string& stream, const std::string& scope, bool complete) override {
    std::lock_guard lock(mutex_);
    if (!runs_[stream].scopes.emplace(scope, complete).second)
      throw probackup::Error("listed twice: " + stream + " " + scope);
  }
  void keep_scope(const std::string& stream, const std::string& scope) override {
    std::lock_guard lock(mutex_);
    runs_[stream].kept.insert(scope);
    for (const auto& [key, stored] : prior_[stream].records)
      if (stored.record.scope == scope) now_[stream].records.emplace(key, stored);
  }
  void end_stream(const probackup::StreamResult& result) override;
  void parents(const std::string& stream, bool changed_only,
               const std::function<bool(probackup::ParentRecord)>& each) override {
    std::vector<probackup::ParentRecord> all;
    {
      std::lock_guard lock(mutex_);
      for (const auto& [key, stored] : now_[stream].records) {
        auto at = runs_[stream].changes.find(key);
        auto change = at == runs_[stream].changes.end() ? probackup::Change::unchanged : at->second;
        if (!changed_only || change != probackup::Change::unchanged)
          all.push_back({key, stored.record.raw, change});
      }
    }
    for (auto& parent : all)
      if (!each(std::move(parent))) return;
  }

  std::unique_ptr<probackup::FileSink> file(const probackup::FileRef& file) override;
  void git(const probackup::GitRef& git) override {
    std::lock_guard lock(mutex_);
    gits_.push_back(git);
  }
  void gap(const probackup::Gap& gap) override {
    std::lock_guard lock(mutex_);
    gaps_.push_back(gap);
  }
  std::optional<probackup::Validators> validators(const std::string& request) override {
    std::lock_guard lock(mutex_);
    auto at = prior_validators_.find(request);
    if (at == prior_validators_.end()) return std::nullopt;
    return at->second;
  }
  void remember(const std::string& request, const probackup::Validators& validators) override {
    std::lock_guard lock(mutex_);
    validators_[request] = validators;
  }

 private:
  struct Run {
    bool full = true;
    std::map<std::string, probackup::Change> changes;
    std::map<std::string, bool> scopes;  // listed, and whether complete
    std::set<std::string> kept, gone;
  };
  class File;

  void note(const std::string& stream, const std::string& key, const std::string& scope) {
    auto& places = places_[stream][key];
    places.insert(scope);
    if (places.size() > 1) shared_[stream].insert(key);
  }

  const Stored* find_prior(const std::string& stream, const std::string& key) const {
    auto at = prior_.find(stream);
    if (at == prior_.end()) return nullptr;
    auto found = at->second.records.find(key);
    return found == at->second.records.end() ? nullptr : &found->second;
  }
  static bool read_all(const Run& run);
  bool is_gone(const Run& run, const probackup::Record& record) const;

  mutable std::mutex mutex_;  // guards all below
  std::set<std::pair<std::string, std::string>> done_;
  bool had_run_ = false;
  std::map<std::string, Stream> prior_, now_;
  std::map<std::string, Run> runs_;
  std::map<std::string, std::map<std::string, std::set<std::string>>> places_;  // scopes by record
  std::map<std::string, std::set<std::string>> shared_;  // records that several listings named
  std::vector<probackup::Gap> prior_gaps_, gaps_;
  std::vector<probackup::GitRef> gits_;
  std::map<std::string, probackup::Validators> prior_validators_, validators_;
};
