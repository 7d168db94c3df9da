// Makes failed calls again.
#include <fmt/format.h>

#include <algorithm>

#include "probackup/http.h"
#include "storage/wrapper.h"
#include "util/log.h"
#include "util/time.h"

namespace probackup {
namespace {

using std::chrono::nanoseconds;

struct Trouble {
  bool passes = false;  // by itself, maybe
  std::optional<nanoseconds> wait;
};

Trouble trouble_of(const Error& error) {
  if (const auto* temporary = dynamic_cast<const TemporaryError*>(&error))
    return {true, temporary->wait()};
  if (const auto* network = dynamic_cast<const NetworkError*>(&error))
    return {network->retryable(), {}};
  return {};
}

class RetryingStorage final : public StorageWrapper {
 public:
  RetryingStorage(std::unique_ptr<Storage> wrapped, const RetryPolicy& policy, Clock& clock,
                  std::function<double()> random, std::stop_token stop)
      : StorageWrapper(std::move(wrapped)),
        policy_(policy),
        clock_(clock),
        random_(std::move(random)),
        stop_(std::move(stop)) {}

  void create() override {
    retry([&] { inner().create(); });
  }
  void save(const ObjectName& name, std::string_view bytes) override {
    retry([&] { inner().save(name, bytes); });
  }
  std::string load(const ObjectName& name, std::uint64_t offset, std::uint64_t length) override {
    return retry([&] { return inner().load(name, offset, length); });
  }
  std::vector<ObjectInfo> list(ObjectKind kind) override {
    return retry([&] { return inner().list(kind); });
  }
  std::optional<std::uint64_t> size(const ObjectName& name) override {
    return retry([&] { return inner().size(name); });
  }
  void remove(const ObjectName& name) override {
    retry_removal([&] { inner().remove(name); });
  }
  void hide(const ObjectName& name) override {
    retry_removal([&] { inner().hide(name); });
  }
  std::vector<RemoveFailure> remove_many(ObjectKind kind,
                                         const std::vector<std::string>& names) override {
    return retry([&] { return inner().remove_many(kind, names); });
  }
  std::optional<std::string> stranger() override {
    return retry([&] { return inner().stranger(); });
  }
  std::optional<Retention> active_lock(const ObjectName& name) override {
    return retry([&] { return inner().active_lock(name); });
  }
  std::optional<Retention> retention(const ObjectName& name) override {
    return retry([&] { return inner().retention(name); });
  }
  void set_retention(const ObjectName& name, const Retention& wanted) override {
    retry([&] { inner().set_retention(name, wanted); });
  }

 private:
  template <typename Call>
  void retry_removal(Call call) {
    bool again = false;
    retry([&] {
      try {
        call();
      } catch (const NotFound&) {
        // An earlier try did it, and only its answer was lost.
        if (!again) throw;
      } catch (...) {
        again = true;
        throw;
      }
    });
  }

  template <typename Call>
  auto retry(Call call) -> decltype(call()) {
    const nanoseconds begin = clock_.steady();
    for (nanoseconds step = policy_.first_wait;; step = std::min(2 * step, policy_.wait_max)) {
      try {
        return call();
      } catch (const Error& error) {
        Trouble trouble = trouble_of(error);
        if (!trouble.passes || stop_.stop_requested()) throw;
        // Never all at once: many clients that failed together must not come back together.
        auto half = step / 2;
        auto wait =
            half +
            nanoseconds(static_cast<std::int64_t>(random_() * static_cast<double>(half.count())));
        wait = std::max(wait, trouble.wait.value_or(wait));
        if (clock_.steady() - begin + wait > policy_.total_max) throw;
        log_verbose(fmt::format("{}; trying again in {}", error.what(), format_duration(wait)));
        if (!clock_.sleep(wait, stop_)) throw;
      }
    }
  }

  const RetryPolicy policy_;
  Clock& clock_;
  const std::function<double()> random_;
  const std::stop_token stop_;
};

}  // namespace

std::unique_ptr<Storage> retrying_storage(std::unique_ptr<Storage> inner, const RetryPolicy& policy,
                                          Clock& clock, std::function<double()> random,
                                          std::stop_token stop) {
  return std::make_unique<RetryingStorage>(std::move(inner), policy, clock, std::move(random),
                                           std::move(stop));
}

}  // namespace probackup
