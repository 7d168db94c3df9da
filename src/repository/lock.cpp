// Locks as restic keeps them (restic, doc/design.rst, "Locks").

#include <fmt/format.h>
#include <unistd.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "probackup/repository.h"
#include "repository/document.h"
#include "repository/machine.h"
#include "storage/object_name.h"
#include "util/log.h"
#include "util/time.h"

namespace probackup {
namespace {

using namespace std::chrono_literals;

constexpr auto refresh_every = 5min, retry_every = 1min, stale_after = 30min;
// Others take the lock for stale after 30 minutes: we must have stopped by then.
constexpr auto lost_after = 25min;
// Between writing a lock and looking again for the locks of others.
constexpr auto settle_time = 200ms;

struct LockFile {
  Time time{};
  bool exclusive = false;
  std::string hostname, username;
  std::int64_t pid = 0;
};

std::string print_lock(const LockFile& lock) {
  return print_document({{"time", format_rfc3339(lock.time)},
                         {"exclusive", lock.exclusive},
                         {"hostname", lock.hostname},
                         {"username", lock.username},
                         {"pid", lock.pid},
                         {"uid", ::geteuid()},
                         {"gid", ::getegid()}});
}

LockFile parse_lock(std::string_view json) {
  auto document = parse_document(json);
  LockFile lock;
  lock.time = time_member(document, "time");
  lock.exclusive = optional_flag(document, "exclusive");
  lock.hostname = optional_text(document, "hostname");
  lock.username = optional_text(document, "username");
  lock.pid = static_cast<std::int64_t>(optional_number(document, "pid"));
  return lock;
}

bool is_stale(const LockFile& lock, Time now) {
  if (time_between(lock.time, now) > stale_after) return true;
  return lock.hostname == machine_hostname() && lock.pid > 0 && !process_runs(lock.pid);
}

// A lock that is gone, or empty as an interrupted upload leaves it, is nothing.
std::optional<LockFile> load_lock(Repository& repository, const ObjectInfo& info) {
  if (info.size == 0) return std::nullopt;
  ObjectName name{ObjectKind::lock, info.name};
  try {
    return parse_lock(repository.load_document(name));
  } catch (const NotFound&) {
    return std::nullopt;
  } catch (const Error& error) {
    throw Error(ErrorKind::locked,
                fmt::format("{} cannot be read: {}", describe(name), error.what()),
                "if nobody else uses the repository, run `probackup unlock --all`");
  }
}

void remove_lock(Repository& repository, const std::string& name) {
  try {
    repository.storage().remove({ObjectKind::lock, name});
  } catch (const NotFound&) {
    // Somebody else removed it first.
  }
}

[[noreturn]] void throw_locked(const LockFile& lock, Time now) {
  throw Error(
      ErrorKind::locked,
      fmt::format("the repository is locked{} by {} on {}, process {}, since {} ({} ago)",
                  lock.exclusive ? " exclusively" : "", lock.username, lock.hostname, lock.pid,
                  format_rfc3339_seconds(lock.time),
                  format_duration(std::max<Time::duration>(time_between(lock.time, now), 0ns))),
      "wait until that process has ended; if it is gone, run `probackup unlock`");
}

// Throws Error(locked) when a lock other than `own` is in the way. Stale ones are removed.
void check_others(Repository& repository, bool exclusive, std::string_view own, Clock& clock) {
  for (const ObjectInfo& info : repository.storage().list(ObjectKind::lock)) {
    if (info.name == own) continue;
    auto lock = load_lock(repository, info);
    if (!lock) continue;
    Time now = clock.now();
    if (is_stale(*lock, now)) {
      log_verbose(fmt::format("removing the stale lock {} of {}", info.name, lock->hostname));
      remove_lock(repository, info.name);
    } else if (exclusive || lock->exclusive) {
      throw_locked(*lock, now);
    }
  }
}

}  // namespace

struct RepositoryLock::State {
  State(Repository& r, bool is_exclusive, Clock& c)
      : repository(r), exclusive(is_exclusive), clock(c) {}

  struct Written {
    std::string name;
    Time time;
  };
  // Writes a lock of the present time.
  Written write() {
    LockFile lock{clock.now(), exclusive, machine_hostname(), machine_username(), ::getpid()};
    return {repository.save_document(ObjectKind::lock, print_lock(lock)).hex(), lock.time};
  }

  // Makes it the one that counts.
  void adopt(const Written& written) {
    std::lock_guard guard(mutex);
    current = written.name;
    refreshed = written.time;
  }

  void acquire() {
    survive_hangups();
    check_others(repository, exclusive, {}, clock);
    adopt(write());
    try {
      clock.sleep(settle_time, {});
      check_others(repository, exclusive, current, clock);
    } catch (...) {
      release();
      throw;
    }
  }

  void verify();

  void release() noexcept {
    try {
      remove_lock(repository, current);
    } catch (const std::exception& error) {
      log_warning(fmt::format("the lock stays behind: {}", error.what()));
    }
  }

  // Whether nobody took the lock away. Who did may be deleting what we rely on.
  bool is_held() {
    if (repository.storage().size({ObjectKind::lock, current})) return true;
    std::lock_guard guard(mutex);
    lost = true;
    return false;
  }

  void refresh() {
    if (!is_held()) return;
    const Written fresh = write();
    try {
      // Writing takes as long as the network likes: meanwhile others may take the old one for stale.
      if (!is_held()) return remove_lock(repository, fresh.name);
    } catch (...) {
      remove_lock(repository, fresh.name);
      throw;
    }
    const std::string old = current;
    adopt(fresh);
    remove_lock(repository, old);
  }

  void keep_fresh(const std::stop_token& stop) {
    auto wait = refresh_every;
    while (clock.sleep(wait, stop) && !lost) {
      try {
        refresh();
        wait = refresh_every;
      } catch (const std::exception& error) {
        log_warning(fmt::format("the lock could not be refreshed: {}", error.what()));
        wait = retry_every;
      }
    }
  }

  Repository& repository;
  const bool exclusive;
  Clock& clock;
  std::mutex mutex;  // guards what follows
  std::string current;
  Time refreshed{};
  bool lost = false;
  std::jthread refresher;
};

RepositoryLock::RepositoryLock(Repository& repository, bool exclusive, Clock& clock)
    : state_(std::make_shared<State>(repository, exclusive, clock)) {
  state_->acquire();
  repository.set_write_guard([state = state_] { state->verify(); });
  state_->refresher = std::jthread(
      [state = state_.get()](const std::stop_token& stop) { state->keep_fresh(stop); });
}

RepositoryLock::~RepositoryLock() {
  state_->repository.set_write_guard({});
  state_->refresher.request_stop();
  state_->refresher.join();
  state_->release();
}

void RepositoryLock::verify() {
  state_->verify();
}

void RepositoryLock::State::verify() {
  std::lock_guard guard(mutex);
  if (lost)
    throw Error(ErrorKind::locked, "the lock on the repository was removed by somebody else",
                "run the same command again");
  if (clock.now() - refreshed > lost_after)
    throw Error(ErrorKind::locked,
                fmt::format("the lock on the repository could not be refreshed since {}",
                            format_rfc3339_seconds(refreshed)),
                "check the connection to the repository, then run the same command again");
}

std::size_t unlock(Repository& repository, bool all, Clock& clock) {
  std::size_t removed = 0;
  for (const ObjectInfo& info : repository.storage().list(ObjectKind::lock)) {
    try {
      auto lock = all ? std::nullopt : load_lock(repository, info);
      if (!all && (!lock || !is_stale(*lock, clock.now()))) continue;
    } catch (const Error& error) {
      log_warning(error.what());
      continue;
    }
    remove_lock(repository, info.name);
    ++removed;
  }
  return removed;
}

}  // namespace probackup
