#include <nlohmann/json.hpp>

#include "apps.h"
#include "fake/redmine_server.h"

namespace probackup::test {
namespace {

using Truth = TestAccount::Truth;

class RedmineApp final : public App {
 public:
  RedmineApp(std::uint64_t seed, const AppOptions& options, Clock& clock)
      : account_(seed, size_of(options), options_of(options), clock) {}

  TestAccount& account() override { return account_; }
  std::chrono::hours seen_after() const override { return std::chrono::hours(24 * 31); }

  // A file of a project is a record of its own; the account names it below the project.
  Truth expected_files() override {
    Truth out;
    const auto records = account_.truth("files");
    for (auto& [key, content] : account_.files()) {
      const auto id = key.substr(key.rfind('/') + 1);
      out[records.contains(id) ? id + "/" + id : key] = std::move(content);
    }
    return out;
  }

  Expected expected() override {
    Expected out;
    for (const char* stream :
         {"versions", "issue_categories", "memberships", "trackers", "issue_statuses",
          "issue_priorities", "time_entry_activities", "document_categories", "custom_fields",
          "queries", "time_entries", "files", "wiki_versions"})
      out[stream] = account_.truth(stream);
    out["projects"] =
        account_.truth("projects",
                       "form=show&include=enabled_modules,issue_categories,issue_custom_fields,"
                       "time_entry_activities,trackers");
    out["roles"] = account_.truth("roles", "form=show");
    out["groups"] = account_.truth("groups", "form=show&include=users,memberships");
    out["issues"] = account_.truth(
        "issues",
        "form=show&include=allowed_statuses,attachments,changesets,children,journals,relations,"
        "watchers");
    out["news"] = account_.truth("news", "form=show&include=attachments,comments");
    out["wiki_pages"] = account_.truth("wiki_pages", "form=show&include=attachments");
    // The form of a listing does not tell a user's state.
    const auto users = account_.truth("users");
    for (const auto& [key, raw] : account_.truth("users", "form=show")) {
      const int status = nlohmann::json::parse(raw).at("status");
      const char* stream = status == 1   ? "users"
                           : status == 2 ? "registered_users"
                                         : "locked_users";
      out[stream].emplace(key, users.at(key));
    }
    return out;
  }

 private:
  static RedmineSize size_of(const AppOptions& options) {
    RedmineSize size;
    size.issues = options.large ? 250 : 30;
    return size;
  }
  static RedmineOptions options_of(const AppOptions& options) {
    RedmineOptions out;
    out.silent_changes = !options.dated_only;
    return out;
  }
  RedmineAccount account_;
};

}  // namespace

std::unique_ptr<App> make_redmine(std::uint64_t seed, const AppOptions& options, Clock& clock) {
  return std::make_unique<RedmineApp>(seed, options, clock);
}

}  // namespace probackup::test
