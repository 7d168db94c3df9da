// A storage in memory that can be made to fail: for tests.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "probackup/storage.h"

namespace probackup {

// Safe for concurrent calls. Copying takes the objects, not the faults.
class MemoryStorage final : public Storage {
 public:
  MemoryStorage() = default;
  MemoryStorage(const MemoryStorage& other);
  MemoryStorage& operator=(const MemoryStorage&) = delete;

  std::string location() const override { return "memory"; }
  void create() override {}
  void save(const ObjectName& name, std::string_view bytes) override;
  std::string load(const ObjectName& name, std::uint64_t offset = 0,
                   std::uint64_t length = 0) override;
  std::vector<ObjectInfo> list(ObjectKind kind) override;
  std::optional<std::uint64_t> size(const ObjectName& name) override;
  void remove(const ObjectName& name) override;

  // Faults. Calls are counted from now on; the first is number 0.

  // The n-th call of any kind fails once, as a network does.
  void fail_call(std::uint64_t n);
  // The machine dies at the n-th save or remove: it does not happen and neither does any later
  // call. With `torn` the object that was being saved is left with half of its bytes, as only a
  // store that breaks its contract does.
  void crash_at_write(std::uint64_t n, bool torn = false);
  bool crashed() const;
  // No more faults; the machine runs again.
  void heal();
  // No more than so many bytes fit: save throws NoSpace.
  void hold_at_most(std::uint64_t bytes);
  // A disk that lied about its syncs loses the `count` objects saved last.
  void lose_last(std::size_t count);

  // Saves and removes since the last fault was set, or since the beginning.
  std::uint64_t writes() const;
  // The stored bytes, by path, to look at and to damage.
  std::map<std::string, std::string> objects() const;
  void put(const std::string& path, std::string bytes);
  void drop(const std::string& path);

 private:
  void count_call();
  bool crashes_now();

  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, std::string> objects_;
  std::vector<std::string> order_;  // paths in the order of their saves
  std::uint64_t calls_ = 0, writes_ = 0;
  std::optional<std::uint64_t> failing_call_, crashing_write_;
  bool torn_ = false, crashed_ = false;
  std::optional<std::uint64_t> bytes_max_;
};

}  // namespace probackup
