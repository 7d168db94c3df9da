// Restores of a random account into an empty one, as the program puts them together, in memory.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "probackup/restore_job.h"
#include "rig.h"

namespace probackup::test {

// An account of the app with nothing in it, as a restore's target. Those of GitHub take git data.
std::unique_ptr<TestAccount> make_empty_account(const std::string& app, Clock& clock);

// One clock for the work and the lock beside it: short waits move the time on, the long ones of a
// lock's refresh last until others have.
class RestoreClock final : public Clock {
 public:
  explicit RestoreClock(JumpClock& clock) : clock_(clock) {}
  Time now() override { return clock_.now(); }
  std::chrono::nanoseconds steady() override { return clock_.steady(); }
  bool sleep(std::chrono::nanoseconds duration, std::stop_token stop) override {
    bool is_refresh = duration >= std::chrono::minutes(5) && stop.stop_possible();
    return is_refresh ? clock_.wait(duration, stop) : clock_.sleep(duration, stop);
  }

 private:
  JumpClock& clock_;
};

class RestoreRig {
 public:
  // `app` as in app_names().
  RestoreRig(const std::string& app, std::uint64_t seed, const AppOptions& options = {});

  Rig& source() { return source_; }
  TestAccount& target() { return *target_; }
  ApiServer& server() { return target_->server(); }
  // Another empty account instead of the one before.
  void renew_target();
  // The whole snapshot into the empty account. Throws Error when the restore does.
  RestoreReport restore();
  // What restore() would do.
  RestorePlan plan();
  // Into the account that the snapshot was made of.
  RestoreReport restore_into_source();
  // The snapshot is one of the source as it is now.
  void back_up_again();
  // Goes on with the newest restore.
  RestoreReport resume();
  // A restore of its own, read back and compared.
  DrillReport drill(bool keep = true);
  // Reads back what the newest restore made, and compares; for restores that are done.
  DrillReport compare();
  // How many things of each noun of the app the newest restore made or found.
  std::map<std::string, std::uint64_t> made();
  // Nouns of which the target holds more than the restore made or found: "cards: 21, not 20".
  std::vector<std::string> doubled();
  // Changes the original account, backs it up again, and puts what is gone back into it.
  RestoreReport put_back_deleted(std::uint64_t seed, unsigned changes);
  RestoreWishes wishes;

  // Lines for a message: what failed, and what differs.
  static std::vector<std::string> problems(const RestoreReport& report);
  static std::vector<std::string> differences(const DrillReport& report);

 private:
  RestoreTarget target_of();
  RestoreTarget original_of(const SourceRef& source);
  std::uint64_t held(const std::string& noun);
  JobContext context() { return {source_.repository(), source_.catalog(), clock_}; }

  MemoryStorage storage_;
  Rig source_;
  RestoreClock clock_{source_.clock()};
  std::unique_ptr<TestAccount> target_;
  const std::string owner_;  // the target's account
  std::unique_ptr<Http> http_ = curl_http();
  nlohmann::json settings_, original_settings_;
  Snapshot snapshot_;
};

}  // namespace probackup::test
