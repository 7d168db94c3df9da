// A GitHub account on loopback: the part of GitHub's REST API v3 and GraphQL API that a backup
// reads, and that a restore writes. https://docs.github.com/en/rest
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "demo/test_account.h"
#include "fake/github_git.h"
#include "fake/github_graph.h"
#include "fake/github_pace.h"
#include "fake/github_random.h"
#include "fake/github_views.h"
#include "fake/github_writes.h"

namespace probackup {

struct GithubOptions {
  std::string git_base = "https://github.com";   // clone URLs are GIT_BASE/OWNER/REPO.git
  std::string html_base = "https://github.com";  // pages for people, and those of wikis
  std::string scopes = "repo, read:org, admin:repo_hook, read:project";
  std::int64_t hourly_quota = 5000;
  // The secondary limits on requests that create something; 0: none.
  unsigned creations_per_minute = 80, creations_per_hour = 500;
  // Where repositories that are made through the API have their git data, at OWNER/REPO.git, for
  // tests to push to; with "file://" before it, this is the git_base to go with it. "": nowhere.
  std::string git_folder;
  // On github.com a wiki takes pushes only after its first page was made in the browser, which
  // make_first_wiki_page() stands for. With this, each wiki takes them at once.
  bool wikis_take_pushes = false;
  // Assets are uploaded to another host, as on github.com; otherwise to the API's.
  bool own_upload_host = true;
  // See change_randomly().
  bool only_dated_changes = false;
  ApiServerOptions server;
};

class GithubAccount : public TestAccount {
 public:
  GithubAccount(std::uint64_t seed, const GithubSize& size, const GithubOptions& options = {},
                Clock& clock = system_clock());

  std::string app() const override { return "github"; }
  std::map<std::string, std::string> settings() const override;
  // user, organizations, repos (as GET /repos/O/R; with the query "listed" as in a listing), topics
  // ("OWNER/REPO"), branches ("OWNER/REPO/NAME"), collaborators ("OWNER/REPO/ID"), labels,
  // milestones, issues (pull requests too), issue_comments, pulls, pull_comments, reviews,
  // releases, assets, commit_comments, hooks, issue_events, members ("ORG/ID"), teams, deploy_keys,
  // autolinks, invitations, environments, variables (by number), rulesets; discussions
  // and projects, for which the query is the selection that a GraphQL query makes: "{ id title }".
  std::vector<std::string> streams() const override;
  Truth truth(const std::string& stream, const std::string& query = {}) const override;
  Truth files() const override;  // by "RELEASE_ID/ASSET_ID"
  void mutate(std::uint64_t seed, unsigned changes) override;
  ApiServer& server() override { return server_; }
  // Where assets are redirected to: another origin, which answers 400 to whoever brings a token.
  ApiServer& file_server() { return file_server_; }
  // Where assets are uploaded to.
  ApiServer& upload_server() { return options_.own_upload_host ? upload_server_ : server_; }
  // What the links inside records start with.
  const GithubLinks& links() const { return links_; }
  // The git data of the account; for use within change().
  GithubGit& git() { return git_; }
  // Lets the wiki of a repository take pushes.
  void make_first_wiki_page(const std::string& repo);
  // Of the next uploads of assets, so many end in a 502 that leaves an asset without content, in
  // the state "starter".
  void fail_uploads(unsigned count) { failing_uploads_ = count; }
  std::int64_t quota_used() const;
  // Lets a function change the data while no request is being answered.
  template <typename Function>
  auto change(Function function) {
    const std::lock_guard lock(mutex_);
    sync_git();
    return function(data_);
  }

 private:
  using Keys = std::vector<std::string>;
  using Render = std::function<std::string(const std::string& key)>;
  using RepoHandler = std::function<ApiAnswer(const std::string& repo, const ApiRequest&)>;
  using View = JsonRecord (GithubViews::*)(const std::string&) const;
  using OwnerOf = std::function<std::string(const std::string& repo, const ApiRequest&)>;

  void set_up(ApiServer& server);
  void add_account_routes();
  void add_repo_lists();
  void add_repo_routes();
  void add_listing(const std::string& path, const RecordTable& table, View view);
  void add_issue_routes();
  void add_release_routes();
  void add_setup_routes();
  void add_wrapped(const std::string& path, const std::string& name, const RecordTable& table,
                   const OwnerOf& owner_of, View view);
  void add_graphql();
  void add_writes();
  // What was pushed since becomes what the account's branches are.
  void sync_git() const;
  // What the account has nothing of: listings that are empty.
  void add_empty_routes();
  void on(const std::string& path, ApiHandler handler);
  // For "/repos/:owner/:repo" + path and "/repositories/:id" + path: GitHub's own Link headers use
  // the latter.
  void on_repo(const std::string& path, RepoHandler handler);
  std::optional<ApiAnswer> refuse(const ApiRequest& request);
  void finish(const ApiRequest& request, ApiAnswer& answer);
  ApiAnswer page(const ApiRequest& request, const std::string& path, const Keys& all,
                 const Render& render) const;
  ApiAnswer repo_page(const ApiRequest& request, const std::string& repo, const Keys& all,
                      const Render& render) const;
  Render with(View view) const;
  std::string repo_of(const ApiRequest& request) const;
  Keys sorted_issues(const std::string& repo, const ApiRequest& request) const;
  Keys dated(Keys keys, const RecordTable& table, const ApiRequest& request) const;
  ApiAnswer get_asset(const ApiRequest& request, const std::string& repo) const;
  ApiAnswer get_file(const ApiRequest& request) const;
  Truth graph_truth(const std::string& stream, const std::string& query) const;
  std::string issue_of(const ApiRequest& request, const std::string& repo) const;
  std::string text_of(const std::string& key, View view) const;

  const GithubOptions options_;
  const std::string token_, signature_;
  Clock& clock_;
  mutable std::mutex mutex_;
  mutable GithubData data_;  // pushes change it, which show when it is next looked at
  mutable GithubGit git_;
  GithubLinks links_;
  const GithubViews views_;
  const GithubGraph graph_;
  std::int64_t used_ = 0;  // of the hour's quota
  Time hour_begin_;
  GithubPace pace_;
  std::atomic<unsigned> failing_uploads_{0};
  GithubWrites writes_;
  ApiServer file_server_, upload_server_, server_;  // last: their threads end first
};

}  // namespace probackup
