// Copies of what every command reads: indexes, snapshots and packs of trees.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <vector>

#include "storage/object_name.h"
#include "storage/wrapper.h"
#include "util/file.h"
#include "util/hash.h"
#include "util/log.h"

namespace probackup {
namespace {

namespace fs = std::filesystem;

// A cache directory says what it is, so that other backup programs leave it out
// (bford.info/cachedir).
constexpr std::string_view cache_tag =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Copies of objects of probackup's repositories. Safe to remove at any time.\n";

constexpr ObjectKind kinds[] = {ObjectKind::index, ObjectKind::snapshot, ObjectKind::data};

class CachingStorage final : public StorageWrapper {
 public:
  CachingStorage(std::unique_ptr<Storage> inner, const CacheOptions& options)
      : StorageWrapper(std::move(inner)),
        root_(options.folder),
        folder_(root_ / sha256(location()).hex().substr(0, 16)),
        copies_(local_storage(folder_.string(), Durability::process)),
        bytes_max_(options.bytes_max) {}

  void save(const ObjectName& name, std::string_view bytes) override {
    inner().save(name, bytes);
    if (is_cached(name)) keep(name, bytes);
  }

  std::string load(const ObjectName& name, std::uint64_t offset, std::uint64_t length) override {
    if (!is_cached(name)) return inner().load(name, offset, length);
    auto turn = take_turn(name);
    std::lock_guard lock(*turn);
    if (auto copy = copy_of(name, offset, length)) return *copy;
    if (is_too_large(name)) return inner().load(name, offset, length);
    std::string bytes = inner().load(name, 0, 0);
    keep(name, bytes);
    if (offset > bytes.size() || length > bytes.size() - offset)
      throw Error(fmt::format("{} is too short: {} bytes, not the {} asked for from {} on",
                              describe(name), bytes.size(), length, offset));
    if (offset == 0 && (length == 0 || length == bytes.size())) return bytes;
    return bytes.substr(offset, length == 0 ? std::string::npos : length);
  }

  // What the store no longer has is of no use here either.
  std::vector<ObjectInfo> list(ObjectKind kind) override {
    auto listed = inner().list(kind);
    if (std::find(std::begin(kinds), std::end(kinds), kind) == std::end(kinds)) return listed;
    attempt([&] {
      std::set<std::string_view> names;
      for (const auto& info : listed) names.insert(info.name);
      for (const auto& copy : copies_->list(kind))
        if (!names.contains(copy.name)) drop({kind, copy.name});
    });
    return listed;
  }

  void remove(const ObjectName& name) override {
    drop(name);
    inner().remove(name);
  }

  void hide(const ObjectName& name) override {
    drop(name);
    inner().hide(name);
  }

  std::vector<RemoveFailure> remove_many(ObjectKind kind,
                                         const std::vector<std::string>& names) override {
    for (const auto& name : names) drop({kind, name});
    return inner().remove_many(kind, names);
  }

 private:
  static bool is_cached(const ObjectName& name) {
    return name.kind == ObjectKind::index || name.kind == ObjectKind::snapshot ||
           (name.kind == ObjectKind::data && name.metadata);
  }

  // One thread at a time fetches an object; the others then find its copy.
  std::shared_ptr<std::mutex> take_turn(const ObjectName& name) {
    std::lock_guard lock(mutex_);
    auto& turn = turns_[name.path()];
    if (!turn) turn = std::make_shared<std::mutex>();
    return turn;
  }

  // Nothing when there is none that can be trusted: each copy is held against its name, the SHA-256
  // of its bytes, once in a process.
  std::optional<std::string> copy_of(const ObjectName& name, std::uint64_t offset,
                                     std::uint64_t length) {
    try {
      if (!is_verified(name)) {
        std::string bytes = copies_->load(name);
        if (sha256(bytes).hex() != name.name) {
          drop(name);
          return std::nullopt;
        }
        mark_used(name);
      }
      return copies_->load(name, offset, length);
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  // Found out once; from then on only the parts that are asked for are worth loading.
  bool is_too_large(const ObjectName& name) {
    std::lock_guard lock(mutex_);
    return too_large_.contains(name.path());
  }

  bool is_verified(const ObjectName& name) {
    std::lock_guard lock(mutex_);
    return verified_.contains(name.path());
  }

  void mark_used(const ObjectName& name) {
    std::error_code ignored;
    fs::last_write_time(folder_ / name.path(), fs::file_time_type::clock::now(), ignored);
    std::lock_guard lock(mutex_);
    verified_.insert(name.path());
  }

  void keep(const ObjectName& name, std::string_view bytes) {
    if (bytes.size() > bytes_max_ / 4) {
      std::lock_guard lock(mutex_);
      too_large_.insert(name.path());
      return;
    }
    attempt([&] {
      prepare();
      copies_->save(name, bytes);
      bool full = false;
      {
        std::lock_guard lock(mutex_);
        bytes_ += bytes.size();
        full = bytes_ > bytes_max_;
      }
      if (full) shrink();
    });
  }

  void drop(const ObjectName& name) {
    {
      std::lock_guard lock(mutex_);
      verified_.erase(name.path());
    }
    std::error_code ignored;
    fs::remove(folder_ / name.path(), ignored);
  }

  // Counts what is there, once.
  void prepare() {
    std::lock_guard lock(mutex_);
    if (prepared_) return;
    copies_->create();
    if (!fs::exists(root_ / "CACHEDIR.TAG")) write_file_atomic(root_ / "CACHEDIR.TAG", cache_tag);
    for (ObjectKind kind : kinds)
      for (const auto& copy : copies_->list(kind)) bytes_ += copy.size;
    prepared_ = true;
  }

  // Removes what was not used for longest, until a tenth of the room is free.
  void shrink() {
    struct Copy {
      fs::file_time_type used;
      std::uint64_t bytes;
      ObjectName name;
    };
    std::vector<Copy> copies;
    std::uint64_t total = 0;
    for (ObjectKind kind : kinds)
      for (const auto& copy : copies_->list(kind)) {
        ObjectName name{kind, copy.name};
        std::error_code gone;
        auto used = fs::last_write_time(folder_ / name.path(), gone);
        if (gone) continue;
        copies.push_back({used, copy.size, name});
        total += copy.size;
      }
    std::sort(copies.begin(), copies.end(),
              [](const Copy& a, const Copy& b) { return a.used < b.used; });
    for (const auto& copy : copies) {
      if (total <= bytes_max_ / 10 * 9) break;
      drop(copy.name);
      total -= copy.bytes;
    }
    std::lock_guard lock(mutex_);
    bytes_ = total;
  }

  // A cache that cannot be written makes a run slower, no more.
  template <typename Work>
  void attempt(Work work) {
    {
      std::lock_guard lock(mutex_);
      if (broken_) return;
    }
    std::string why;
    try {
      return work();
    } catch (const std::exception& error) {
      why = error.what();
    }
    std::lock_guard lock(mutex_);
    if (!broken_) log_warning(fmt::format("going on without a cache: {}", why));
    broken_ = true;
  }

  const fs::path root_, folder_;
  const std::unique_ptr<Storage> copies_;
  const std::uint64_t bytes_max_;
  std::mutex mutex_;  // guards what follows
  bool prepared_ = false, broken_ = false;
  std::uint64_t bytes_ = 0;
  std::set<std::string> verified_, too_large_;                // paths
  std::map<std::string, std::shared_ptr<std::mutex>> turns_;  // by path
};

}  // namespace

std::unique_ptr<Storage> caching_storage(std::unique_ptr<Storage> inner,
                                         const CacheOptions& options) {
  return std::make_unique<CachingStorage>(std::move(inner), options);
}

}  // namespace probackup
