// Changes that look done and are not.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "storage/object_name.h"
#include "storage/wrapper.h"
#include "util/file.h"

namespace probackup {
namespace {

class DryRunStorage final : public StorageWrapper {
 public:
  explicit DryRunStorage(std::unique_ptr<Storage> wrapped) : StorageWrapper(std::move(wrapped)) {}

  void create() override {}

  void save(const ObjectName& name, std::string_view bytes) override {
    std::lock_guard lock(mutex_);
    changed_[{name.kind, name.name}] = Saved{saved_bytes_.append(bytes), bytes.size()};
  }

  std::string load(const ObjectName& name, std::uint64_t offset, std::uint64_t length) override {
    std::unique_lock lock(mutex_);
    auto at = changed_.find({name.kind, name.name});
    if (at == changed_.end()) {
      lock.unlock();
      return inner().load(name, offset, length);
    }
    if (!at->second) throw not_there(name);
    auto [begin, bytes] = *at->second;
    if (offset > bytes || length > bytes - offset)
      throw Error(fmt::format("{} is too short: {} bytes, not the {} asked for from {} on",
                              describe(name), bytes, length, offset));
    return saved_bytes_.read(begin + offset, length == 0 ? bytes - offset : length);
  }

  std::vector<ObjectInfo> list(ObjectKind kind) override {
    auto out = inner().list(kind);
    std::lock_guard lock(mutex_);
    std::erase_if(out, [&](const ObjectInfo& info) {
      return changed_.contains({kind, info.name});
    });
    for (const auto& [key, saved] : changed_)
      if (key.first == kind && saved) out.push_back({key.second, saved->bytes});
    return out;
  }

  std::optional<std::uint64_t> size(const ObjectName& name) override {
    {
      std::lock_guard lock(mutex_);
      auto at = changed_.find({name.kind, name.name});
      if (at != changed_.end()) return at->second ? std::optional(at->second->bytes) : std::nullopt;
    }
    return inner().size(name);
  }

  void remove(const ObjectName& name) override {
    if (!size(name)) throw not_there(name);
    std::lock_guard lock(mutex_);
    changed_[{name.kind, name.name}] = std::nullopt;
  }

  std::vector<RemoveFailure> remove_many(ObjectKind kind,
                                         const std::vector<std::string>& names) override {
    return Storage::remove_many(kind, names);
  }

  void hide(const ObjectName& name) override { remove(name); }
  void set_retention(const ObjectName&, const Retention&) override {}

 private:
  struct Saved {
    std::uint64_t begin = 0, bytes = 0;  // in saved_bytes_
  };

  NotFound not_there(const ObjectName& name) const {
    return NotFound(fmt::format("{} is not in {}", describe(name), location()));
  }

  std::mutex mutex_;  // guards what follows
  std::map<std::pair<ObjectKind, std::string>, std::optional<Saved>> changed_;  // nothing: removed
  SpoolFile saved_bytes_;
};

}  // namespace

std::unique_ptr<Storage> dry_run_storage(std::unique_ptr<Storage> inner) {
  return std::make_unique<DryRunStorage>(std::move(inner));
}

}  // namespace probackup
