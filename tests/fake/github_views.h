// Records of a GithubData as GitHub's REST API sends them.
// https://docs.github.com/en/rest
#pragma once

#include <string>

#include "fake/github_data.h"

namespace probackup {

// Where the links inside records point.
struct GithubLinks {
  std::string api = "https://api.github.com";
  std::string html = "https://github.com";
  std::string git = "https://github.com";  // clone URLs are GIT/OWNER/REPO.git
  std::string uploads = "https://uploads.github.com";
};

// Makes views; cheap to copy, valid as long as what it refers to.
class GithubViews {
 public:
  GithubViews(const GithubData& data, const GithubLinks& links) : data_(data), links_(links) {}

  JsonRecord user(const std::string& login) const;          // simple-user
  JsonRecord full_user(const std::string& login) const;     // public-user
  JsonRecord me(const std::string& login) const;            // private-user
  JsonRecord organization(const std::string& login) const;  // organization-full
  JsonRecord listed_organization(const std::string& login) const;
  JsonRecord team(const std::string& key) const;
  JsonRecord repository(const std::string& repo) const;  // full-repository
  JsonRecord listed_repository(const std::string& repo) const;
  JsonRecord topics(const std::string& repo) const;
  JsonRecord branch(const std::string& key) const;
  JsonRecord collaborator(const std::string& repo, const std::string& login) const;
  JsonRecord label(const std::string& key) const;
  JsonRecord milestone(const std::string& key) const;
  JsonRecord issue(const std::string& key) const;
  JsonRecord comment(const std::string& key) const;
  JsonRecord pull(const std::string& key) const;       // pull-request-simple
  JsonRecord full_pull(const std::string& key) const;  // pull-request
  JsonRecord review(const std::string& key) const;
  JsonRecord review_comment(const std::string& key) const;
  JsonRecord release(const std::string& key) const;
  JsonRecord asset(const std::string& key) const;
  JsonRecord commit_comment(const std::string& key) const;
  JsonRecord hook(const std::string& key) const;
  JsonRecord event(const std::string& key) const;
  JsonRecord timeline_event(const std::string& key) const;  // an event without its issue
  JsonRecord timeline_comment(const std::string& key) const;
  JsonRecord deploy_key(const std::string& key) const;
  JsonRecord autolink(const std::string& key) const;
  JsonRecord variable(const std::string& key) const;
  JsonRecord environment(const std::string& key) const;
  JsonRecord environment_variable(const std::string& key) const;
  JsonRecord environment_policy(const std::string& key) const;
  JsonRecord invitation(const std::string& key) const;
  JsonRecord ruleset(const std::string& key) const;
  JsonRecord listed_ruleset(const std::string& key) const;
  JsonRecord actions_permissions(const std::string& repo) const;

 private:
  std::string repo_url(const std::string& repo) const { return links_.api + "/repos/" + repo; }
  std::string page(const std::string& repo) const { return links_.html + "/" + repo; }
  std::string number_of(const std::string& issue) const;
  JsonRecord account(const JsonRecord& record, const std::string& type) const;
  JsonRecord side_of_pull(const std::string& repo, const std::string& ref,
                          const std::string& sha) const;
  JsonRecord labels_of(const JsonRecord& issue) const;
  JsonRecord users_of(const JsonRecord& logins) const;
  JsonRecord reactions(const std::string& url, int hearts) const;
  JsonRecord dependencies_of(const std::string& issue) const;

  const GithubData& data_;
  const GithubLinks& links_;
};

}  // namespace probackup
