// The apps that the whole product is tried with: a random account of each, and what a backup of it
// must hold.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "demo/test_account.h"

namespace probackup::test {

// By stream of the connector: key to raw JSON.
using Expected = std::map<std::string, TestAccount::Truth>;

class App {
 public:
  virtual ~App() = default;
  virtual TestAccount& account() = 0;
  // Whose data is backed up, where the connector is told; "" takes whom the credentials name.
  virtual std::string owner() const { return {}; }
  // Settings beyond those of the account.
  virtual std::map<std::string, std::string> settings() const { return {}; }
  // Seeded changes between two runs, those outside of the API's records included.
  virtual void mutate(std::uint64_t seed, unsigned changes) { account().mutate(seed, changes); }
  // Every record that a complete backup of the account holds now; streams that are not named here
  // must be empty.
  virtual Expected expected() = 0;
  // After so long a run sees all changes of an account with AppOptions::dated_only: where nothing
  // dates a deletion, when its listing is next read in full.
  virtual std::chrono::hours seen_after() const = 0;
  // Members that differ at every read (signed links), which therefore are never compared.
  virtual std::vector<std::string> signed_fields() const { return {}; }
  // Attachments by "RECORD KEY/FILE ID".
  virtual TestAccount::Truth expected_files() = 0;
  // Names and ids of git repositories (git_names() of the original) by folder below git/.
  virtual TestAccount::Truth expected_git() { return {}; }
};

// How much of an account there is, and whether every change of it can be seen by a run that asks
// for changes only.
struct AppOptions {
  bool dated_only = true;
  bool large = false;
};

// Names of make_app(): the app, or "APP:OWNER".
std::vector<std::string> app_names();
std::unique_ptr<App> make_app(const std::string& name, std::uint64_t seed,
                              const AppOptions& options, Clock& clock);
std::unique_ptr<App> make_trello(std::uint64_t seed, const AppOptions& options, Clock& clock);
std::unique_ptr<App> make_redmine(std::uint64_t seed, const AppOptions& options, Clock& clock);
std::unique_ptr<App> make_github(const std::string& owner, std::uint64_t seed,
                                 const AppOptions& options, Clock& clock);
// `everybody`: with the settings that read most.
std::unique_ptr<App> make_asana(bool everybody, std::uint64_t seed, const AppOptions& options,
                                Clock& clock);
// `everything`: with the settings that read most.
std::unique_ptr<App> make_monday(bool everything, std::uint64_t seed, const AppOptions& options,
                                 Clock& clock);

}  // namespace probackup::test
