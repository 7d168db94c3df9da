// Keeps calls below a rate and a number.
#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "storage/wrapper.h"

namespace probackup {
namespace {

using std::chrono::nanoseconds;

// Lets bytes pass at a rate. Safe for concurrent calls.
class Pace {
 public:
  Pace(std::uint64_t rate, Clock& clock) : rate_(rate), clock_(clock) {}

  // Waits until what was booked before would be through, and books these bytes behind it.
  void pass(std::uint64_t bytes) {
    if (rate_ == 0) return;
    nanoseconds wait{};
    {
      std::lock_guard lock(mutex_);
      nanoseconds now = clock_.steady(), start = std::max(now, free_at_);
      free_at_ = start + cost(bytes);
      wait = start - now;
    }
    if (wait > nanoseconds{0}) clock_.sleep(wait, {});
  }
  // Books bytes whose number was not known before.
  void add(std::uint64_t bytes) {
    if (rate_ == 0) return;
    std::lock_guard lock(mutex_);
    free_at_ = std::max(clock_.steady(), free_at_) + cost(bytes);
  }

 private:
  nanoseconds cost(std::uint64_t bytes) const {
    return nanoseconds(
        static_cast<std::int64_t>(1e9 * static_cast<double>(bytes) / static_cast<double>(rate_)));
  }

  const std::uint64_t rate_;  // bytes a second
  Clock& clock_;
  std::mutex mutex_;  // guards what follows
  nanoseconds free_at_{0};
};

class LimitedStorage final : public StorageWrapper {
 public:
  LimitedStorage(std::unique_ptr<Storage> wrapped, const StorageLimits& limits, Clock& clock)
      : StorageWrapper(std::move(wrapped)),
        places_(limits.parallel),
        up_(limits.upload_rate, clock),
        down_(limits.download_rate, clock) {}

  void create() override {
    Place place(*this);
    inner().create();
  }
  void save(const ObjectName& name, std::string_view bytes) override {
    Place place(*this);
    up_.pass(bytes.size());
    inner().save(name, bytes);
  }
  std::string load(const ObjectName& name, std::uint64_t offset, std::uint64_t length) override {
    Place place(*this);
    down_.pass(length);
    auto bytes = inner().load(name, offset, length);
    if (length == 0) down_.add(bytes.size());
    return bytes;
  }
  std::vector<ObjectInfo> list(ObjectKind kind) override {
    Place place(*this);
    return inner().list(kind);
  }
  std::optional<std::uint64_t> size(const ObjectName& name) override {
    Place place(*this);
    return inner().size(name);
  }
  void remove(const ObjectName& name) override {
    Place place(*this);
    inner().remove(name);
  }
  std::vector<RemoveFailure> remove_many(ObjectKind kind,
                                         const std::vector<std::string>& names) override {
    Place place(*this);
    return inner().remove_many(kind, names);
  }
  std::optional<std::string> stranger() override {
    Place place(*this);
    return inner().stranger();
  }
  std::optional<Retention> active_lock(const ObjectName& name) override {
    Place place(*this);
    return inner().active_lock(name);
  }
  void hide(const ObjectName& name) override {
    Place place(*this);
    inner().hide(name);
  }
  std::optional<Retention> retention(const ObjectName& name) override {
    Place place(*this);
    return inner().retention(name);
  }
  void set_retention(const ObjectName& name, const Retention& wanted) override {
    Place place(*this);
    inner().set_retention(name, wanted);
  }

 private:
  // One of the calls that may be under way.
  class Place {
   public:
    explicit Place(LimitedStorage& storage) : storage_(storage) {
      std::unique_lock lock(storage_.mutex_);
      storage_.freed_.wait(
          lock, [&] { return storage_.places_ == 0 || storage_.taken_ < storage_.places_; });
      ++storage_.taken_;
    }
    ~Place() {
      std::lock_guard lock(storage_.mutex_);
      --storage_.taken_;
      storage_.freed_.notify_one();
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

   private:
    LimitedStorage& storage_;
  };

  const unsigned places_;
  Pace up_, down_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable freed_;
  unsigned taken_ = 0;
};

}  // namespace

std::unique_ptr<Storage> limited_storage(std::unique_ptr<Storage> inner,
                                         const StorageLimits& limits, Clock& clock) {
  return std::make_unique<LimitedStorage>(std::move(inner), limits, clock);
}

}  // namespace probackup
