// What a GitHub account holds, and the changes that people make to it. Records are kept in a short
// form; github_views.h makes of them what the API sends.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "demo/account_time.h"
#include "demo/record_table.h"

namespace probackup {

// Keys are ids as text of ten digits, so that they sort as numbers. Not for concurrent calls.
class GithubData {
 public:
  GithubData(std::uint64_t seed, Clock& clock, unsigned days);

  // The first user is the token's.
  void add_user(const std::string& login);
  void add_organization(const std::string& login);
  std::string add_team(const std::string& organization, const std::string& name);
  // Returns "OWNER/NAME". Without `may_administer`, the token may only read it.
  std::string add_repository(const std::string& owner, const std::string& name,
                             bool may_administer);
  std::string add_label(const std::string& repo, const std::string& name, const std::string& color,
                        const std::string& description);
  std::string add_milestone(const std::string& repo, const std::string& title);
  // An issue, or the issue half of a pull request.
  std::string add_issue(const std::string& repo, const std::string& user, const std::string& title,
                        const std::string& body);
  // A pull request and its issue. Returns the pull request's key.
  std::string add_pull(const std::string& repo, const std::string& user, const std::string& title,
                       const std::string& body);
  std::string add_comment(const std::string& issue, const std::string& user,
                          const std::string& body);
  std::string add_review(const std::string& pull, const std::string& user, const std::string& body,
                         const std::string& state);
  std::string add_review_comment(const std::string& pull, const std::string& user,
                                 const std::string& body);
  std::string add_commit_comment(const std::string& repo, const std::string& user,
                                 const std::string& body);
  std::string add_release(const std::string& repo, const std::string& tag, const std::string& body);
  std::string add_asset(const std::string& release, const std::string& name,
                        const std::string& content_type, std::string bytes);
  std::string add_hook(const std::string& repo, const std::string& url, bool with_secret);
  void add_branch(const std::string& repo, const std::string& name);
  std::string add_discussion(const std::string& repo, const std::string& user,
                             const std::string& title, const std::string& body);
  std::string add_discussion_comment(const std::string& discussion, const std::string& user,
                                     const std::string& body);
  std::string add_project(const std::string& organization, const std::string& title);
  void add_project_item(const std::string& project, const std::string& issue);

  // Sets members of an issue and dates it; a changed state, label, milestone or title leaves an
  // event.
  void update_issue(const std::string& issue, const JsonRecord& changes);
  // Sets members of any other record and its updated_at.
  void update(RecordTable& table, const std::string& key, const JsonRecord& changes);
  void delete_comment(const std::string& comment);
  // Administrators can do that; its comments and events go along.
  void delete_issue(const std::string& issue);
  void delete_release(const std::string& release);
  void delete_repository(const std::string& repo);

  void catch_up() { time_.catch_up(); }
  // The issue of a pull request.
  std::string issue_of(const std::string& pull) const;

  RecordTable users, organizations;  // by login
  RecordTable teams, members;        // owner: organization; members by "ORGANIZATION/LOGIN"
  RecordTable repos;                 // by full name; owner: login
  RecordTable labels, milestones, issues, pulls, commit_comments, releases, hooks, events,
      discussions;                           // owner: repository
  RecordTable branches;                      // by "REPOSITORY/NAME"; owner: repository
  RecordTable comments;                      // owner: issue
  RecordTable comments_of_repo;              // the same keys, without records; owner: repository
  RecordTable reviews, review_comments;      // owner: pull request
  RecordTable assets;                        // owner: release
  RecordTable discussion_comments;           // owner: discussion
  RecordTable projects;                      // owner: organization
  std::map<std::string, std::string> bytes;  // by asset

 private:
  std::string next_key();
  std::string stamp();
  JsonRecord base(const std::string& key);
  int next_number(const std::string& repo);
  void touch(const std::string& issue);
  // Adds to the open and closed counters that the issue belongs in.
  void count(const std::string& issue, int change);
  void add_event(const std::string& issue, const std::string& event, JsonRecord details);

  AccountTime time_;
  std::uint64_t last_id_ = 1'000'000'000;
};

}  // namespace probackup
