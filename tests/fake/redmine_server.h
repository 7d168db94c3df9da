// A Redmine on loopback: RedmineData behind the part of the REST API that a backup reads, and the
// calls that make, change and delete the same records. Where the documentation leaves something
// open it does what Redmine 5.0.4 does. https://www.redmine.org/projects/redmine/wiki/Rest_api
//
// It is set up so that attributes of parent tasks are independent of their subtasks and relations
// may cross projects. Unlike Redmine it lets a member of a project do everything there, whatever
// the roles, and others nothing but add issues to public projects, moves no dates when an issue
// precedes another, shares no versions between projects, and gives the users of a group that joins
// a project no memberships of their own.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "demo/test_account.h"
#include "fake/redmine_data.h"
#include "fake/redmine_random.h"
#include "fake/redmine_views.h"

namespace probackup {

struct RedmineOptions {
  // Whether the key is an administrator's; another user cannot read users, groups, custom fields.
  bool is_admin = true;
  // Whether mutate() also makes changes that no updated_on shows.
  bool silent_changes = true;
  // Ids count up from the one after this.
  int ids_after = 0;
  std::size_t upload_bytes_max = 5u << 20;  // as a new Redmine is set up
  ApiServerOptions server;
};

class RedmineAccount : public TestAccount {
 public:
  // The size {0, 1, 0, 0} makes an empty Redmine: its administrator, and the trackers, statuses,
  // enumerations, roles and custom fields that no call can make.
  RedmineAccount(std::uint64_t seed, const RedmineSize& size, const RedmineOptions& options = {},
                 Clock& clock = system_clock());

  std::string app() const override { return "redmine"; }
  std::map<std::string, std::string> settings() const override;
  // projects, versions, issue_categories, memberships, trackers, issue_statuses, issue_priorities,
  // time_entry_activities, document_categories, custom_fields, queries, roles, users, groups,
  // issues, relations, time_entries, news, files; wiki_pages ("PROJECT/TITLE"), wiki_versions
  // ("PROJECT/TITLE/VERSION", all but the current one).
  std::vector<std::string> streams() const override;
  // `query` takes the API's include= and form=show for what the record's own URL answers.
  Truth truth(const std::string& stream, const std::string& query = {}) const override;
  Truth files() const override;
  void mutate(std::uint64_t seed, unsigned changes) override;
  ApiServer& server() override { return server_; }

  // Lets a function change the data while no request is being answered.
  template <typename Function>
  auto change(Function function) {
    const std::lock_guard lock(mutex_);
    return function(data_);
  }

 private:
  using Handler = ApiAnswer (RedmineAccount::*)(const ApiRequest&);

  void add_routes();
  void add_write_routes();
  // Runs a handler under the lock, in the name of the user that the request is for.
  template <typename Answer>
  ApiAnswer answered(const ApiRequest& request, Answer answer);
  bool acts_as_admin() const;
  void on(const std::string& method, const std::string& path, Handler handler);
  void on_table(const std::string& path, const std::string& noun, bool admin_only);
  std::optional<ApiAnswer> refuse(const ApiRequest& request) const;
  std::vector<int> visible(const std::string& noun) const;
  int project_of(const ApiRequest& request, const std::string& module) const;

  ApiAnswer page(const ApiRequest& request, const std::string& noun,
                 const std::vector<int>& ids) const;
  ApiAnswer get_projects(const ApiRequest&);
  ApiAnswer get_project(const ApiRequest&);
  ApiAnswer get_below_project(const ApiRequest&);
  ApiAnswer get_wiki_index(const ApiRequest&);
  ApiAnswer get_wiki_page(const ApiRequest&);
  ApiAnswer get_wiki_version(const ApiRequest&);
  ApiAnswer get_files(const ApiRequest&);
  ApiAnswer get_issues(const ApiRequest&);
  ApiAnswer get_issue(const ApiRequest&);
  ApiAnswer get_relations(const ApiRequest&);
  ApiAnswer get_time_entries(const ApiRequest&);
  ApiAnswer get_news(const ApiRequest&);
  ApiAnswer get_one(const ApiRequest&);
  ApiAnswer get_users(const ApiRequest&);
  ApiAnswer get_user(const ApiRequest&);
  ApiAnswer get_download(const ApiRequest&);

  RedmineViews views() const { return {data_, origin_, acts_as_admin()}; }

  const RedmineOptions options_;
  const std::string key_;
  mutable std::mutex mutex_;
  RedmineData data_;
  std::string origin_;
  ApiServer server_;  // last: its threads end first
};

}  // namespace probackup
