// A repository and a catalog in memory, and an account of plain records to back up into them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "job/singer.h"
#include "probackup/job.h"
#include "storage/memory.h"

namespace probackup::test {

// Time that moves a second with each look. Short waits end at once; long ones (until a lock is
// refreshed) last until they are stopped, so that nothing beside the test writes to its storage.
class TickingClock final : public Clock {
 public:
  Time now() override { return Time{std::chrono::seconds(1'700'000'000 + ++looks_)}; }
  void advance(std::chrono::seconds duration) { looks_ += duration.count(); }
  std::chrono::nanoseconds steady() override { return now().time_since_epoch(); }
  bool sleep(std::chrono::nanoseconds duration, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    if (duration >= std::chrono::minutes(1)) stopped_.wait(lock, stop, [] { return false; });
    return !stop.stop_requested();
  }

 private:
  std::atomic<std::int64_t> looks_{0};
  std::mutex mutex_;
  std::condition_variable_any stopped_;
};

struct Fixture {
  MemoryStorage storage;
  TickingClock clock;
  PlainDescriber describer;
  std::unique_ptr<Repository> repository;
  std::unique_ptr<Catalog> catalog;

  Fixture() {
    Repository::init(storage, "secret", clock);
    reopen();
  }
  void reopen() {
    repository.reset();
    repository = Repository::open(storage, "secret", clock);
    catalog = Catalog::open(":memory:", repository->id());
  }
  JobContext context() { return {*repository, *catalog, clock}; }

  BackupSource source(std::function<void(BackupSink&, std::stop_token)> feed) {
    BackupSource out;
    out.source = {"testapp", "main"};
    out.title = "Test app";
    out.version = "1";
    out.settings = "{}";
    out.streams = {{"parents", "Parents", {}, {}, true},
                   {"children", "Children", {"parents"}, {"parents"}}};
    out.describer = &describer;
    out.feed = std::move(feed);
    return out;
  }
  BackupReport run(std::function<void(BackupSink&, std::stop_token)> feed) {
    return backup(context(), source(std::move(feed)), {}, {});
  }

  // Key to raw of one stream, as a snapshot holds it.
  std::map<std::string, std::string> records(const Id& snapshot, const std::string& stream) {
    std::map<std::string, std::string> out;
    SnapshotReader reader(*repository, repository->load_snapshot(snapshot));
    reader.records(stream, [&](const SnapshotRecord& record) {
      bool added = out.emplace(record.key, record.raw).second;
      if (!added) out[std::string(record.key)] = "TWICE";
      return true;
    });
    return out;
  }
};

inline Record make_record(PlainDescriber& describer, const std::string& stream,
                          const std::string& key, const std::string& raw,
                          const std::string& scope = {}) {
  Record record;
  record.stream = stream;
  record.key = key;
  record.scope = record.parent = scope;
  if (!scope.empty()) record.parent_stream = "parents";
  record.raw = raw;
  describer.describe(record);
  return record;
}

// Lists one stream completely.
inline void list_all(BackupSink& sink, PlainDescriber& describer, const std::string& stream,
                     const std::map<std::string, std::string>& records) {
  sink.begin_stream(stream, true);
  for (const auto& [key, raw] : records) sink.record(make_record(describer, stream, key, raw));
  sink.listed(stream, "", true);
  StreamResult result;
  result.stream = stream;
  result.complete = result.full = true;
  sink.end_stream(result);
}

}  // namespace probackup::test
