// The requests that change a GitHub account. Who did it and when cannot be chosen: it is the
// token's user, and now. https://docs.github.com/en/rest
#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "demo/api_server.h"
#include "fake/github_body.h"
#include "fake/github_git.h"
#include "fake/github_views.h"

namespace probackup {

// What a request needs of its repository.
enum class GithubNeed { read, push, admin };

struct GithubCall {
  const ApiRequest& request;
  std::string repo;  // "" outside of repositories
  GithubBody body;

  const std::string& param(const std::string& name) const { return request.param(name); }
};

// What the handlers of all files share. `mutex` is held while a handler runs.
class GithubWrites {
 public:
  using Handler = std::function<ApiAnswer(GithubCall&)>;
  using View = JsonRecord (GithubViews::*)(const std::string&) const;

  GithubWrites(ApiServer& api, std::mutex& guard, GithubData& account_data,
               const GithubViews& account_views, GithubGit& account_git)
      : server(api), mutex(guard), data(account_data), views(account_views), git(account_git) {}

  // `resource` is how refusals name what is written: "Issue".
  void on(ApiServer& where, const std::string& method, const std::string& path,
          const std::string& resource, Handler handler);
  // For "/repos/:owner/:repo" + path. Refuses with 404 who may not, and with 403 what is archived.
  void on_repo(const std::string& method, const std::string& path, const std::string& resource,
               GithubNeed need, Handler handler);
  void on_repo(ApiServer& where, const std::string& method, const std::string& path,
               const std::string& resource, GithubNeed need, Handler handler);

  const std::string& me() const { return data.token_user(); }
  bool may_push(const std::string& repo) const;
  // The keys of what the path names, or 404.
  std::string issue_of(const GithubCall& call) const;  // by ":number"
  std::string pull_of(const GithubCall& call) const;
  std::string label_of(const GithubCall& call) const;  // by ":name", in any case
  // The record with that key below the repository (or `owner`), or 404.
  std::string below(const RecordTable& table, const std::string& owner,
                    const std::string& key) const;
  // 200, 201 with its Location, and 204.
  ApiAnswer changed(const JsonRecord& view, const std::string& key) const;
  ApiAnswer created(const JsonRecord& view, const std::string& key) const;
  static ApiAnswer done();

  ApiServer& server;
  std::mutex& mutex;
  GithubData& data;
  const GithubViews& views;
  GithubGit& git;
  bool wikis_take_pushes = false;

 private:
  ApiAnswer handle(const ApiRequest& request, const std::string& resource,
                   const std::optional<GithubNeed>& need, const Handler& handler);
};

// The label of that name in any case, or "".
std::string find_github_label(const GithubData& data, const std::string& repo,
                              const std::string& name);

void add_github_repo_writes(GithubWrites& writes, bool may_delete);
void add_github_label_writes(GithubWrites& writes);
void add_github_issue_writes(GithubWrites& writes);
void add_github_pull_writes(GithubWrites& writes);
void add_github_review_writes(GithubWrites& writes);
// Assets go to `uploads`; `fail_upload` says whether the next one shall fail half-way.
void add_github_release_writes(GithubWrites& writes, ApiServer& uploads,
                               std::function<bool()> fail_upload);
void add_github_setup_writes(GithubWrites& writes);
void add_github_environment_writes(GithubWrites& writes);

}  // namespace probackup
