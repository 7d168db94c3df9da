// What the tests of the repository share.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "catch.h"
#include "probackup/repository.h"
#include "repository/config.h"
#include "repository/crypto.h"
#include "repository/key.h"
#include "storage/memory.h"
#include "unit/repository/quick_init.h"
#include "util/hash.h"
#include "util/time.h"

namespace probackup::test {

inline const std::string password = "correct horse";

// A clock that stands still until a test moves it. Waits of up to a second pass at once.
class ManualClock final : public Clock {
 public:
  Time now() override {
    std::lock_guard lock(mutex_);
    return start_ + elapsed_;
  }
  std::chrono::nanoseconds steady() override {
    std::lock_guard lock(mutex_);
    return elapsed_;
  }
  bool sleep(std::chrono::nanoseconds duration, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    if (duration <= std::chrono::seconds(1)) {
      elapsed_ += duration;
      return !stop.stop_requested();
    }
    auto until = elapsed_ + duration;
    ++sleepers_;
    changed_.notify_all();
    changed_.wait(lock, stop, [&] { return elapsed_ >= until; });
    --sleepers_;
    return !stop.stop_requested();
  }
  void advance(std::chrono::nanoseconds duration) {
    std::lock_guard lock(mutex_);
    elapsed_ += duration;
    changed_.notify_all();
  }
  // Blocks until that many threads wait on this clock.
  void wait_for_sleepers(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return sleepers_ >= count; });
  }

 private:
  const Time start_ = *parse_rfc3339("2024-05-01T12:00:00Z");
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any changed_;
  std::chrono::nanoseconds elapsed_{0};
  int sleepers_ = 0;
};

// Bytes that do not compress, the same for the same seed.
inline std::string noise(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::string out(count, '\0');
  for (char& c : out) c = static_cast<char>(generator());
  return out;
}

// Bytes that do.
inline std::string text(std::size_t count, std::uint64_t seed) {
  std::string out;
  for (std::uint64_t i = 0; out.size() < count; ++i)
    out += "{\"id\":" + std::to_string(seed * 1'000'003 + i) + ",\"state\":\"open\"}\n";
  out.resize(count);
  return out;
}

// A repository that lives in memory.
struct TestRepository {
  TestRepository() {
    quick_init(storage, password, clock);
    open();
  }
  // Opened on a copy of what is stored there.
  explicit TestRepository(const MemoryStorage& other) : storage(other) { open(); }
  void open() {
    repository.reset();
    repository = Repository::open(storage, password, clock, options());
  }
  static RepositoryOptions options() {
    RepositoryOptions out;
    out.workers = 2;
    out.pack_bytes_target = 1 << 20;
    return out;
  }
  Repository& operator*() { return *repository; }
  Repository* operator->() { return repository.get(); }

  ManualClock clock;
  MemoryStorage storage;
  std::unique_ptr<Repository> repository;
};

inline Node file_node(const std::string& name, std::vector<Id> content, std::uint64_t size) {
  Node node;
  node.name = name;
  node.time = *parse_rfc3339("2024-05-01T12:00:00.25Z");
  node.size = size;
  node.content = std::move(content);
  return node;
}

inline Node folder_node(const std::string& name, const Id& subtree) {
  Node node;
  node.name = name;
  node.folder = true;
  node.time = *parse_rfc3339("2024-05-01T12:00:00Z");
  node.subtree = subtree;
  return node;
}

using Files = std::map<std::string, std::string>;

// Saves a snapshot of one folder "app" with these files, each in blobs of at most 1000 bytes.
inline Id save_files(Repository& repository, const Files& files, Time time) {
  std::vector<Node> nodes;
  for (const auto& [name, content] : files) {
    std::vector<Id> ids;
    for (std::size_t at = 0; at < content.size(); at += 1000)
      ids.push_back(repository.save_blob(BlobType::data, content.substr(at, 1000)).get().id);
    nodes.push_back(file_node(name, ids, content.size()));
  }
  Snapshot snapshot;
  snapshot.time = time;
  snapshot.tree = repository.save_tree({folder_node("app", repository.save_tree(nodes))});
  snapshot.paths = {"/app"};
  snapshot.program_version = "probackup test";
  return repository.save_snapshot(snapshot);
}

// The files of such a snapshot.
inline Files load_files(Repository& repository, const Id& snapshot) {
  Files out;
  auto folder = find_node(repository, repository.load_snapshot(snapshot).tree, "/app");
  REQUIRE(folder);
  for (const Node& node : repository.load_tree(*folder->subtree))
    out[node.name] = read_small_file(repository, node);
  return out;
}

}  // namespace probackup::test
