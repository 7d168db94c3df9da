// What a GitHub account holds, and the changes that people make to it. Records are kept in a short
// form; github_views.h makes of them what the API sends.
#pragma once

#include <cstdint>
#include <map>
#include <set>
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
  // As the API makes it: without branches, with GitHub's default labels and discussion categories.
  std::string create_repository(const std::string& owner, const std::string& name);
  void rename_repository(const std::string& repo, const std::string& name);
  // Makes these the branches, by name and commit. If the default branch is none of them, another
  // becomes the default, as after the first push to an empty repository.
  void set_branches(const std::string& repo, const std::map<std::string, std::string>& branches);
  // Who has access of their own, by login: the role. Everybody, in repositories made at random.
  std::map<std::string, std::string> collaborators_of(const std::string& repo) const;
  const std::string& token_user() const { return users.all().begin()->first; }
  // A record without rules of its own below `owner`. Returns its key.
  std::string add(RecordTable& table, const std::string& owner, const JsonRecord& fields);
  std::string add_label(const std::string& repo, const std::string& name, const std::string& color,
                        const std::string& description);
  std::string add_milestone(const std::string& repo, const std::string& title);
  // An issue, or the issue half of a pull request.
  std::string add_issue(const std::string& repo, const std::string& user, const std::string& title,
                        const std::string& body);
  // A pull request and its issue; without `head`, of a branch that is gone. Returns the pull
  // request's key.
  std::string add_pull(const std::string& repo, const std::string& user, const std::string& title,
                       const std::string& body, const std::string& head = {},
                       const std::string& base = "main");
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
  // `reply_to`: the comment that it answers, or "".
  std::string add_discussion_comment(const std::string& discussion, const std::string& user,
                                     const std::string& body, const std::string& reply_to = {});
  std::string add_project(const std::string& organization, const std::string& title);
  void add_project_item(const std::string& project, const std::string& issue);

  // Sets members of an issue and dates it; a changed state, label, title or lock leaves an event.
  void update_issue(const std::string& issue, const JsonRecord& changes);
  // Sets members of any other record and its updated_at.
  void update(RecordTable& table, const std::string& key, const JsonRecord& changes);
  // Says whether an issue is blocked by another one.
  void set_blockers(const std::string& issue, const std::string& blocker, bool blocks);
  void delete_comment(const std::string& comment);
  // Administrators can do that; its comments and events go along.
  void delete_issue(const std::string& issue);
  void delete_release(const std::string& release);
  void delete_repository(const std::string& repo);
  // Takes it off all issues.
  void delete_label(const std::string& label);
  void delete_milestone(const std::string& milestone);

  void catch_up() { time_.catch_up(); }
  // The issue of a pull request.
  std::string issue_of(const std::string& pull) const;

  RecordTable users, organizations;  // by login
  RecordTable teams, members;        // owner: organization; members by "ORGANIZATION/LOGIN"
  RecordTable repos;                 // by full name; owner: login
  RecordTable labels, milestones, issues, pulls, commit_comments, releases, hooks, events,
      discussions, keys, autolinks, variables, environments, invitations, rulesets,
      protection_rules;                  // owner: repository
  RecordTable branches;                  // by "REPOSITORY/NAME"; owner: repository
  RecordTable comments;                  // owner: issue
  RecordTable comments_of_repo;          // the same keys, without records; owner: repository
  RecordTable reviews, review_comments;  // owner: pull request
  RecordTable assets;                    // owner: release
  RecordTable environment_variables, environment_policies;  // owner: environment
  RecordTable discussion_comments;                          // owner: discussion
  RecordTable projects;                                     // owner: organization
  std::map<std::string, std::string> bytes;                 // by asset
  std::set<std::string> blocked_issues;                     // those whose "blocked_by" has entries

 private:
  std::string next_key();
  std::string stamp();
  JsonRecord base(const std::string& key);
  int next_number(const std::string& repo);
  std::vector<RecordTable*> tables_of_repo();
  // The repository and nothing in it.
  std::string put_repository(const std::string& owner, const std::string& name,
                             bool may_administer);
  void touch(const std::string& issue);
  // Adds to the open and closed counters that the issue belongs in.
  void count(const std::string& issue, int change);
  void add_event(const std::string& issue, const std::string& event, JsonRecord details);

  AccountTime time_;
  std::uint64_t last_id_ = 1'000'000'000;
};

}  // namespace probackup
