// A storage that passes every call on; wrappers override what they change.
#pragma once

#include <memory>
#include <utility>

#include "probackup/storage.h"

namespace probackup {

class StorageWrapper : public Storage {
 public:
  explicit StorageWrapper(std::unique_ptr<Storage> inner) : inner_(std::move(inner)) {}

  std::string location() const override { return inner_->location(); }
  void create() override { inner_->create(); }
  void save(const ObjectName& name, std::string_view bytes) override { inner_->save(name, bytes); }
  std::string load(const ObjectName& name, std::uint64_t offset, std::uint64_t length) override {
    return inner_->load(name, offset, length);
  }
  std::vector<ObjectInfo> list(ObjectKind kind) override { return inner_->list(kind); }
  std::optional<std::uint64_t> size(const ObjectName& name) override { return inner_->size(name); }
  void remove(const ObjectName& name) override { inner_->remove(name); }
  std::vector<RemoveFailure> remove_many(ObjectKind kind,
                                         const std::vector<std::string>& names) override {
    return inner_->remove_many(kind, names);
  }
  std::optional<std::string> stranger() override { return inner_->stranger(); }
  std::optional<Retention> active_lock(const ObjectName& name) override {
    return inner_->active_lock(name);
  }
  void hide(const ObjectName& name) override { inner_->hide(name); }
  std::optional<Retention> retention(const ObjectName& name) override {
    return inner_->retention(name);
  }
  void set_retention(const ObjectName& name, const Retention& retention) override {
    inner_->set_retention(name, retention);
  }

 protected:
  Storage& inner() { return *inner_; }
  const Storage& inner() const { return *inner_; }

 private:
  std::unique_ptr<Storage> inner_;
};

}  // namespace probackup
