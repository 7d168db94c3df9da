#include "apps.h"

#include <nlohmann/json.hpp>

#include "demo/trello_account.h"
#include "demo/trello_views.h"
#include "fake/redmine_server.h"
#include "probackup/error.h"

namespace probackup::test {
namespace {

using Truth = TestAccount::Truth;

class TrelloApp final : public App {
 public:
  TrelloApp(std::uint64_t seed, const AppOptions& options, Clock& clock)
      : account_(seed, size_of(options), options_of(options), clock) {}

  TestAccount& account() override { return account_; }
  std::set<std::string> unknown() const override { return {"account"}; }
  std::chrono::hours seen_after() const override { return std::chrono::hours(3); }
  Truth expected_files() override { return account_.files(); }

  Expected expected() override {
    Expected out;
    for (const char* stream : {"lists", "labels", "customFields", "webhooks"})
      out[stream] = account_.truth(stream);
    for (const char* stream : {"organizations", "boards"})
      out[stream] = account_.truth(stream, "fields=all");
    out["cards"] = account_.truth("cards",
                                  "attachments=true&checklists=all&customFieldItems=true&fields=all"
                                  "&pluginData=true&stickers=true");
    for (auto& [key, raw] : account_.truth(
             "actions", "reactions=true&memberCreator_fields=fullName%2Cinitials%2Cusername")) {
      const std::string type = nlohmann::json::parse(raw).at("type");
      const bool is_comment = type == "commentCard" || type == "copyCommentCard";
      out[is_comment ? "comments" : "actions"].emplace(key, raw);
    }
    // Every member of the account is in its workspaces, also those of no board.
    const std::string fields =
        "avatarHash,avatarUrl,bio,confirmed,fullName,idEnterprise,initials,url,username";
    account_.change([&](const TrelloData& data) {
      for (const auto& [key, member] : data.members.all())
        out["members"][key] = record_text(trello_member(member, fields, ""), key);
    });
    return out;
  }

 private:
  static TrelloSize size_of(const AppOptions& options) {
    TrelloSize size;
    size.boards = options.large ? 10 : 3;
    size.cards = options.large ? 300 : 25;
    return size;
  }
  static TrelloOptions options_of(const AppOptions& options) {
    TrelloOptions out;
    out.only_dated_changes = options.dated_only;
    return out;
  }
  TrelloAccount account_;
};

class RedmineApp final : public App {
 public:
  RedmineApp(std::uint64_t seed, const AppOptions& options, Clock& clock)
      : account_(seed, size_of(options), options_of(options), clock) {}

  TestAccount& account() override { return account_; }
  std::set<std::string> unknown() const override { return {}; }
  std::chrono::hours seen_after() const override { return std::chrono::hours(25); }

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

const std::vector<std::string>& app_names() {
  static const std::vector<std::string> names{"trello", "redmine"};
  return names;
}

std::unique_ptr<App> make_app(const std::string& name, std::uint64_t seed,
                              const AppOptions& options, Clock& clock) {
  if (name == "trello") return std::make_unique<TrelloApp>(seed, options, clock);
  if (name == "redmine") return std::make_unique<RedmineApp>(seed, options, clock);
  throw Error("no test account for " + name);
}

}  // namespace probackup::test
