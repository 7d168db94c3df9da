// The storage of an open repository, while a lock is held on it.
#pragma once

#include <fmt/format.h>

#include <exception>
#include <functional>
#include <mutex>
#include <utility>

#include "probackup/storage.h"
#include "storage/object_name.h"
#include "util/log.h"

namespace probackup {

// Asks `guard` before and after each write that others rely on: when the lock is lost (the machine
// slept, and somebody pruned meanwhile), an index of packs that are gone would damage the
// repository. Packs may be written all the same: without an index they are nothing. Safe for
// concurrent calls.
class GuardedStorage final : public Storage {
 public:
  explicit GuardedStorage(Storage& inner) : inner_(inner) {}
  // `guard` throws to refuse; empty lets everything pass.
  void set_guard(std::function<void()> guard) {
    std::lock_guard lock(mutex_);
    guard_ = std::move(guard);
  }

  std::string location() const override { return inner_.location(); }
  void create() override { inner_.create(); }
  void save(const ObjectName& name, std::string_view bytes) override {
    if (name.kind != ObjectKind::index && name.kind != ObjectKind::snapshot)
      return inner_.save(name, bytes);
    ask();
    inner_.save(name, bytes);
    try {
      ask();
    } catch (...) {
      take_back(name);
      throw;
    }
  }
  std::string load(const ObjectName& name, std::uint64_t offset, std::uint64_t length) override {
    return inner_.load(name, offset, length);
  }
  std::vector<ObjectInfo> list(ObjectKind kind) override { return inner_.list(kind); }
  std::optional<std::uint64_t> size(const ObjectName& name) override { return inner_.size(name); }
  void remove(const ObjectName& name) override {
    if (name.kind != ObjectKind::lock) ask();
    inner_.remove(name);
  }
  std::vector<RemoveFailure> remove_many(ObjectKind kind,
                                         const std::vector<std::string>& names) override {
    if (kind != ObjectKind::lock) ask();
    return inner_.remove_many(kind, names);
  }
  std::optional<std::string> stranger() override { return inner_.stranger(); }
  std::optional<Retention> active_lock(const ObjectName& name) override {
    return inner_.active_lock(name);
  }
  void hide(const ObjectName& name) override {
    ask();
    inner_.hide(name);
  }
  std::optional<Retention> retention(const ObjectName& name) override {
    return inner_.retention(name);
  }
  void set_retention(const ObjectName& name, const Retention& retention) override {
    inner_.set_retention(name, retention);
  }

 private:
  void ask() {
    std::function<void()> guard;
    {
      std::lock_guard lock(mutex_);
      guard = guard_;
    }
    if (guard) guard();
  }

  void take_back(const ObjectName& name) {
    try {
      inner_.remove(name);
    } catch (const NotFound&) {
      // Whoever has the lock now removed it.
    } catch (const std::exception& error) {
      log_warning(fmt::format("{} was written after the lock was lost, and stays: {}; "
                              "`probackup check` tells whether it does harm",
                              describe(name), error.what()));
    }
  }

  Storage& inner_;
  std::mutex mutex_;  // guards what follows
  std::function<void()> guard_;
};

}  // namespace probackup
