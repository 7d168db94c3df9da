// What a storage does unless it knows better.
#include <fmt/format.h>

#include "probackup/storage.h"
#include "storage/object_name.h"

namespace probackup {
namespace {

[[noreturn]] void refuse_retention(const Storage& storage) {
  throw Error(fmt::format("{} has no object lock", storage.location()),
              "leave object lock out, or use an S3 bucket that was made with it");
}

}  // namespace

std::vector<RemoveFailure> Storage::remove_many(ObjectKind kind,
                                                const std::vector<std::string>& names) {
  std::vector<RemoveFailure> failures;
  for (const auto& name : names) {
    try {
      remove({kind, name});
    } catch (const NotFound&) {
      // Gone is what was asked for.
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::interrupted) throw;
      failures.push_back({name, error.what()});
    }
  }
  return failures;
}

std::optional<std::string> Storage::stranger() {
  return std::nullopt;
}

std::optional<Retention> Storage::active_lock(const ObjectName&) {
  return std::nullopt;
}

void Storage::hide(const ObjectName& name) {
  remove(name);
}

std::optional<Retention> Storage::retention(const ObjectName&) {
  refuse_retention(*this);
}

void Storage::set_retention(const ObjectName&, const Retention&) {
  refuse_retention(*this);
}

}  // namespace probackup
