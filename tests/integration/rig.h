// Everything between an account's API and a snapshot, as the program puts it together, in memory.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps.h"
#include "job/connector_source.h"
#include "probackup/job.h"
#include "storage/memory.h"
#include "test_clock.h"
#include "util/file.h"

namespace probackup::test {

// What a snapshot holds.
struct Contents {
  Expected streams;
  std::map<std::string, std::string> files;  // by "RECORD KEY/FILE ID"
  std::map<std::string, std::string> git;    // as App::expected_git(), by the snapshot's words
  std::vector<Gap> gaps;
  bool operator==(const Contents& other) const {
    return streams == other.streams && files == other.files && git == other.git;
  }
};

class Rig {
 public:
  // `app` as in app_names(). `storage` must outlive the rig; the repository in it is made.
  Rig(const std::string& app, std::uint64_t seed, const AppOptions& options, Storage& storage);

  App& app() { return *app_; }
  TestAccount& account() { return app_->account(); }
  ApiServer& server() { return account().server(); }
  Repository& repository() { return *repository_; }
  Catalog& catalog() { return *catalog_; }
  JumpClock& clock() { return clock_; }

  // One run, as the backup command makes it. Throws Error when the run does.
  BackupReport backup();
  Contents contents(const Id& snapshot);
  // What Contents::git says of repositories that are restored, which fails if an object is missing.
  std::map<std::string, std::string> restored_git(const Id& snapshot);
  std::optional<Id> newest();

  // One line for each record, file or git repository in which `got` is not what the account holds
  // now: "cards/KEY: missing". `exact`: volatile fields count too.
  std::vector<std::string> differences(const Contents& got, bool exact);
  // Whether a gap of the snapshot speaks of what a line of differences() names.
  bool is_explained(const std::string& difference, const std::vector<Gap>& gaps) const;

 private:
  bool is_same(const std::string& stream, const std::string& got, const std::string& want,
               bool exact) const;

  TempFolder folder_;  // git mirrors
  JumpClock clock_;
  BesideClock beside_{clock_};
  std::unique_ptr<App> app_;
  std::unique_ptr<Http> http_ = curl_http();
  std::unique_ptr<Repository> repository_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<ConnectorSource> source_;
};

// Seeds to try, from PROBACKUP_SEEDS, else `quick`.
unsigned seed_count(unsigned quick);

}  // namespace probackup::test
