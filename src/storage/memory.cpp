#include "storage/memory.h"

#include <fmt/format.h>

#include "storage/object_name.h"

namespace probackup {

MemoryStorage::MemoryStorage(const MemoryStorage& other) {
  std::lock_guard lock(other.mutex_);
  objects_ = other.objects_;
  order_ = other.order_;
}

void MemoryStorage::save(const ObjectName& name, std::string_view bytes) {
  std::lock_guard lock(mutex_);
  count_call();
  std::string path = name.path();
  if (crashes_now()) {
    if (torn_) objects_[path] = bytes.substr(0, bytes.size() / 2);
    throw Error(fmt::format("cannot write {}: the machine stopped", describe(name)));
  }
  std::uint64_t stored = bytes.size();
  for (const auto& object : objects_) stored += object.second.size();
  if (bytes_max_ && stored > *bytes_max_)
    throw NoSpace(fmt::format("cannot write {}: no room in memory", describe(name)));
  objects_[path] = bytes;
  order_.push_back(std::move(path));
}

std::string MemoryStorage::load(const ObjectName& name, std::uint64_t offset,
                                std::uint64_t length) {
  std::lock_guard lock(mutex_);
  count_call();
  auto found = objects_.find(name.path());
  if (found == objects_.end()) throw NotFound(fmt::format("{} is not in memory", describe(name)));
  const std::string& bytes = found->second;
  if (offset > bytes.size() || length > bytes.size() - offset)
    throw Error(fmt::format("{} is too short: {} bytes, not the {} asked for", describe(name),
                            bytes.size(), offset + length));
  return length == 0 ? bytes.substr(offset) : bytes.substr(offset, length);
}

std::vector<ObjectInfo> MemoryStorage::list(ObjectKind kind) {
  std::lock_guard lock(mutex_);
  count_call();
  std::vector<ObjectInfo> out;
  std::string folder(kind == ObjectKind::config ? "config" : object_folder(kind));
  for (auto at = objects_.lower_bound(folder); at != objects_.end(); ++at) {
    const auto& [path, bytes] = *at;
    if (!path.starts_with(folder)) break;
    std::string name = path.substr(path.rfind('/') + 1);
    if (kind == ObjectKind::config) name.clear();
    if ((kind == ObjectKind::config || is_object_name(name)) &&
        ObjectName{kind, name}.path() == path)
      out.push_back({name, bytes.size()});
  }
  return out;
}

std::optional<std::uint64_t> MemoryStorage::size(const ObjectName& name) {
  std::lock_guard lock(mutex_);
  count_call();
  auto found = objects_.find(name.path());
  if (found == objects_.end()) return std::nullopt;
  return found->second.size();
}

void MemoryStorage::remove(const ObjectName& name) {
  std::lock_guard lock(mutex_);
  count_call();
  if (crashes_now())
    throw Error(fmt::format("cannot remove {}: the machine stopped", describe(name)));
  if (objects_.erase(name.path()) == 0)
    throw NotFound(fmt::format("{} is not in memory", describe(name)));
}

void MemoryStorage::fail_call(std::uint64_t n) {
  std::lock_guard lock(mutex_);
  calls_ = 0;
  failing_call_ = n;
}

void MemoryStorage::hold_at_most(std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  bytes_max_ = bytes;
}

void MemoryStorage::crash_at_write(std::uint64_t n, bool torn) {
  std::lock_guard lock(mutex_);
  writes_ = 0;
  crashing_write_ = n;
  torn_ = torn;
}

bool MemoryStorage::crashed() const {
  std::lock_guard lock(mutex_);
  return crashed_;
}

void MemoryStorage::heal() {
  std::lock_guard lock(mutex_);
  failing_call_.reset();
  crashing_write_.reset();
  bytes_max_.reset();
  torn_ = crashed_ = false;
}

void MemoryStorage::lose_last(std::size_t count) {
  std::lock_guard lock(mutex_);
  for (; count > 0 && !order_.empty(); --count) {
    objects_.erase(order_.back());
    order_.pop_back();
  }
}

std::uint64_t MemoryStorage::writes() const {
  std::lock_guard lock(mutex_);
  return writes_;
}

std::map<std::string, std::string> MemoryStorage::objects() const {
  std::lock_guard lock(mutex_);
  return objects_;
}

void MemoryStorage::put(const std::string& path, std::string bytes) {
  std::lock_guard lock(mutex_);
  objects_[path] = std::move(bytes);
}

void MemoryStorage::drop(const std::string& path) {
  std::lock_guard lock(mutex_);
  objects_.erase(path);
}

void MemoryStorage::count_call() {
  if (crashed_) throw Error("the storage is gone: the machine stopped");
  if (failing_call_ && calls_++ == *failing_call_) throw Error("the storage failed once");
}

bool MemoryStorage::crashes_now() {
  if (crashing_write_ && writes_ == *crashing_write_) crashed_ = true;
  ++writes_;
  return crashed_;
}

}  // namespace probackup
