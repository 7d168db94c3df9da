#include "restore_rig.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "demo/trello_account.h"
#include "fake/asana_account.h"
#include "fake/github_account.h"
#include "fake/monday_account.h"
#include "fake/redmine_server.h"
#include "job/restore_run.h"
#include "job/settings.h"
#include "util/text.h"

namespace probackup::test {
namespace {

nlohmann::json settings_of(const Connector& connector, TestAccount& account) {
  SettingSources from;
  from.credentials = account.settings();
  from.environment = [](const std::string&) { return std::nullopt; };
  return resolve_settings(connector, {account.app(), ""}, from);
}

struct HasFolder {
  TempFolder folder;
};

// Wikis want their first page in the browser, as on github.com.
class EmptyGithub final : private HasFolder, public GithubAccount {
 public:
  explicit EmptyGithub(Clock& clock)
      : GithubAccount(2, empty_github(), options(folder.path().string()), clock) {}

 private:
  static GithubOptions options(const std::string& folder) {
    GithubOptions out;
    out.git_folder = folder;
    out.git_base = out.html_base = "file://" + folder;
    out.own_upload_host = false;
    out.scopes += ", delete_repo";
    return out;
  }
};

// Whose account of the empty ones takes what was another's.
std::string owner_in_target(const std::string& app) {
  if (app == "github:user-1") return "guest-1";
  return app.starts_with("github:") ? "sandbox-1" : "target";
}

// What the app calls the things that a step makes, where that is not the step's name: one noun may
// be put back by two steps, and one step may make two things.
std::vector<std::string> nouns_of(const std::string& kind) {
  static const std::map<std::string, std::vector<std::string>> names{
      {"closed_categories", {"issue_categories"}},
      {"subitems", {"items"}},
      {"attachments", {"attachments", "attachment"}},
      {"custom_fields", {"custom_fields", "custom_field"}},
      {"enum_options", {"enum_option"}},
      {"goal_field_settings", {"custom_field_setting"}},
      {"goal_relationships", {"goal_relationship"}},
      {"goal_stories", {"story"}},
      {"goals", {"goal"}},
      {"issue_comments", {"texts"}},
      {"reviews", {"texts"}},
      {"review_comments", {"texts"}},
      {"discussion_replies", {"discussion_comments"}},
      {"release_files", {"assets"}},
      {"repositories", {"repos"}},
      {"local_fields", {"custom_field", "custom_field_setting"}},
      {"options", {"enum_option"}},
      {"portfolio_field_settings", {"custom_field_setting"}},
      {"portfolio_items", {"portfolio_item"}},
      {"portfolios", {"portfolio"}},
      {"project_briefs", {"project_brief"}},
      {"project_field_settings", {"custom_field_setting"}},
      {"project_files", {"attachment"}},
      {"projects", {"projects", "project"}},
      {"sections", {"section"}},
      {"status_updates", {"status_update"}},
      {"stories", {"story"}},
      {"tags", {"tag"}},
      {"tasks", {"task"}},
      {"team_memberships", {"team_membership"}},
      {"teams", {"team"}},
      {"time_tracking_categories", {"time_tracking_category"}},
      {"time_tracking_entries", {"time_tracking_entry"}}};
  const auto found = names.find(kind);
  return found == names.end() ? std::vector{kind} : found->second;
}

std::uint64_t count_of(const TestAccount& account, const std::string& noun) {
  if (noun != "story") return account.truth(noun).size();
  // The app writes the rest of the activity itself.
  std::uint64_t comments = 0;
  for (const auto& [key, raw] : account.truth(noun, "opt_fields=type"))
    comments += raw.find("\"comment\"") != std::string::npos;
  return comments;
}

}  // namespace

std::unique_ptr<TestAccount> make_empty_account(const std::string& app, Clock& clock) {
  if (app == "trello") return std::make_unique<TrelloAccount>(TrelloOptions{}, clock);
  if (app == "redmine")
    return std::make_unique<RedmineAccount>(1, RedmineSize{0, 1, 0, 0}, RedmineOptions{}, clock);
  // One of the source's people is not there.
  if (app == "asana")
    return std::make_unique<AsanaAccount>(90'001, AsanaSize{4, 0, 0, 0, 0}, AsanaOptions{}, clock);
  if (app == "github") return std::make_unique<EmptyGithub>(clock);
  if (app == "monday") return std::make_unique<MondayAccount>(MondayOptions{}, clock);
  throw Error("no empty account of " + app);
}

RestoreRig::RestoreRig(const std::string& app, std::uint64_t seed, const AppOptions& options)
    : source_(app, seed, options, storage_),
      target_(make_empty_account(source_.account().app(), source_.clock())),
      owner_(owner_in_target(app)) {
  back_up_again();
  settings_ = settings_of(ConnectorSet().get(target_->app()), *target_);
}

void RestoreRig::back_up_again() {
  source_.backup();
  snapshot_ = source_.repository().load_snapshot(*source_.newest());
}

RestoreReport RestoreRig::restore_into_source() {
  return restore_into(context(), original_of({target_->app(), source_.app().owner()}), snapshot_,
                      wishes, {});
}

RestoreTarget RestoreRig::target_of() {
  RestoreTarget out{
      ConnectorSet().get(target_->app()), {target_->app(), owner_}, &settings_, *http_};
  out.local_git = true;
  return out;
}

RestoreTarget RestoreRig::original_of(const SourceRef& source) {
  auto connector = ConnectorSet().get(source.app);
  original_settings_ = settings_of(connector, source_.account());
  return {connector, source, &original_settings_, *http_};
}

RestoreReport RestoreRig::put_back_deleted(std::uint64_t seed, unsigned changes) {
  source_.app().mutate(seed, changes);
  source_.clock().sleep(source_.app().seen_after(), {});
  auto report = source_.backup();
  RestoreWishes deleted = wishes;
  deleted.choice.deleted_since = snapshot_;
  return restore_into(context(), original_of(report.source),
                      source_.repository().load_snapshot(report.snapshot), deleted, {});
}

void RestoreRig::renew_target() {
  target_ = make_empty_account(target_->app(), source_.clock());
  settings_ = settings_of(ConnectorSet().get(target_->app()), *target_);
}

RestorePlan RestoreRig::plan() {
  return plan_restore(context(), target_of(), snapshot_, wishes);
}

RestoreReport RestoreRig::restore() {
  return restore_into(context(), target_of(), snapshot_, wishes, {});
}

RestoreReport RestoreRig::resume() {
  auto restores = source_.catalog().restores(1);
  return resume_restore(context(), target_of(), restores.at(0), {});
}

DrillReport RestoreRig::drill(bool keep) {
  return probackup::drill(context(), target_of(), snapshot_, wishes, keep, {});
}

DrillReport RestoreRig::compare() {
  RestoreTarget target = target_of();
  MemoryStorage storage;
  Repository::init(storage, "password", clock_);
  auto repository = Repository::open(storage, "password", clock_);
  auto catalog = Catalog::open(":memory:", repository->id());
  ConnectorSource connector(target.connector, target.source, settings_, *http_, clock_);
  BackupSource feed = connector.backup_source({}, {});
  TempFolder folder;
  feed.git_cache = folder.path().string();
  feed.local_git = true;
  auto report = backup({*repository, *catalog, clock_}, feed, {}, {});
  SnapshotSource restored(*repository, repository->load_snapshot(report.snapshot), {},
                          listed_below(target.connector));
  SnapshotSource original(source_.repository(), snapshot_, {}, listed_below(target.connector));
  auto journal =
      source_.catalog().open_journal(source_.catalog().restores(1).at(0).id, JournalUse::read);
  RestoreOptions options = restore_options(target, wishes, original.reader().source());
  RestoreEngine engine(target.connector, options, original, *journal, *http_, clock_);
  DrillReport out;
  auto result = engine.compare(restored, [&](const RestoreDifference& difference) {
    out.differences.push_back(difference);
  });
  out.compared = result.compared;
  out.equal = result.equal;
  return out;
}

std::map<std::string, std::uint64_t> RestoreRig::made() {
  std::map<std::string, std::uint64_t> out;
  for (const auto& kind : restore_report(context(), source_.catalog().restores(1).at(0)).kinds)
    for (const auto& noun : nouns_of(kind.kind)) out[noun] += kind.made + kind.adopted;
  return out;
}

std::vector<std::string> RestoreRig::doubled() {
  std::vector<std::string> out;
  for (const auto& [noun, count] : made()) {
    const auto there = held(noun);
    if (there > count) out.push_back(fmt::format("{}: {}, not {}", noun, there, count));
  }
  return out;
}

// How many the target holds; 0 where the server does not say.
std::uint64_t RestoreRig::held(const std::string& noun) {
  if (target_->app() == "github") {
    // Branches come with the git data, and some labels with a repository; no two have one name.
    if (noun == "branches" || noun == "labels") return 0;
    if (noun == "texts") {
      // A comment on code stands in a review that says nothing itself.
      auto count = target_->truth("issue_comments").size() + target_->truth("pull_comments").size();
      for (const auto& [key, raw] : target_->truth("reviews"))
        count += nlohmann::json::parse(raw).at("body") != "" ? 1 : 0;
      return count;
    }
  }
  if (target_->app() == "monday" && noun == "boards") {
    // A board of subitems comes with the first of them.
    std::uint64_t count = 0;
    for (const auto& [key, raw] : target_->truth("boards", "type"))
      count += raw.find("sub_items_board") == std::string::npos ? 1 : 0;
    return count;
  }
  const auto streams = target_->streams();
  const bool is_known = std::find(streams.begin(), streams.end(), noun) != streams.end();
  return is_known ? count_of(*target_, noun) : 0;
}

std::vector<std::string> RestoreRig::problems(const RestoreReport& report) {
  std::vector<std::string> out;
  for (const auto& problem : report.problems)
    out.push_back(fmt::format("{} {} {}: {}", problem.what, problem.kind, problem.old_id,
                              join(problem.reasons, "; ")));
  return out;
}

std::vector<std::string> RestoreRig::differences(const DrillReport& report) {
  std::vector<std::string> out;
  for (const auto& difference : report.differences)
    out.push_back(fmt::format("{} {} {}: {} / {}", difference.kind, difference.old_id,
                              difference.path, difference.expected.substr(0, 150),
                              difference.got.substr(0, 150)));
  return out;
}

}  // namespace probackup::test
