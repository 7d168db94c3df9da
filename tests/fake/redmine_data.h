// What a Redmine holds, and the changes that people make to it. A change moves the same updated_on
// as it does in Redmine 5.0: that of an issue stays when a relation, a watcher, spent time, an
// edited note or a removed file is all that changed.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "demo/seeded.h"
#include "probackup/clock.h"

namespace probackup {

struct RedmineWikiPage {
  std::string parent;  // title, "" at the top
  std::string created_on;
  std::vector<nlohmann::ordered_json>
      versions;  // {text, author, comments, updated_on}, oldest first
};

// Not for concurrent calls. Methods that take ids expect ids of existing records.
class RedmineData {
 public:
  // Members in the order in which Redmine sends them; a reference is a plain id, 0 for none.
  using Row = nlohmann::ordered_json;
  using Table = std::map<int, Row>;
  static constexpr int active = 1, closed = 5, archived = 9;  // a project's status

  // Without users and projects. Ids of every kind count up from the one after `ids_after`, so that
  // two Redmines need not have an id in common.
  RedmineData(std::uint64_t seed, Clock& clock, int ids_after = 0);

  // Ids of the custom fields that there are.
  const int customer_field, platforms_field, project_field, user_field, version_field,
      time_entry_field;
  // Whose changes these are: an id of users.
  int actor;
  // The id of the first record of every kind; of users, the administrator.
  int first_id() const { return ids_after_ + 1; }
  // "Non member" and "Anonymous" have the first two ids, and no listing shows them.
  static constexpr int built_in_roles = 2;
  int first_role() const { return first_id() + built_in_roles; }

  int add_user(int state);
  int add_group(const std::set<int>& users);
  int add_project(const std::string& name, int parent, const std::set<std::string>& modules);
  int add_version(int project);
  int add_category(int project);
  int add_membership(int project, const std::string& kind, int principal, int role);
  int add_issue(int project, const std::string& subject, const std::string& description,
                int parent);
  int add_relation(int from, int to, const std::string& kind);
  int add_time_entry(int issue, double hours);
  // With all members but the id and the dates of the record.
  int add_time_entry(Row row);
  int add_news(int project, const std::string& title);
  // `container`: "issues/ID", "news/ID", "files/PROJECT" or "wiki/PROJECT/TITLE".
  int attach(const std::string& container, const std::string& name, const std::string& type,
             std::string content);
  void write_wiki(int project, const std::string& title, const std::string& parent,
                  const std::string& text);

  // Sets members of an issue and adds the journal that Redmine would, with these `details` besides
  // those of the members.
  void edit_issue(int issue, const Row& changes, const std::string& notes, bool is_private = false,
                  Row details = Row::array());
  void edit_note(int issue, std::size_t position, const std::string& notes);
  void watch(int issue, int user, bool on);
  void set_custom(Row& record, int field, const Row& value);
  // A journal without notes and details is none.
  void add_journal(int issue, Row details, const std::string& notes, bool is_private);
  // Whether a status means done, and what keeps an issue from being closed or opened again.
  bool is_closed(int status) const;
  bool may_get_status(int issue, int status) const;
  void delete_issue(int issue);
  void delete_relation(int relation) { tables["relations"].erase(relation); }
  void delete_time_entry(int entry);
  void delete_attachment(int attachment);
  void delete_wiki(int project, const std::string& title);
  void delete_membership(int membership) { tables["memberships"].erase(membership); }
  void delete_news(int news);
  // Issues that name it lose it.
  void delete_version(int version);
  void delete_category(int category, int instead);
  // With its subprojects and all that is in them.
  void delete_project(int project);
  void delete_user(int user);
  void delete_group(int group);
  // The project and everything below it.
  std::set<int> with_subprojects(int project) const;
  // An upload that belongs to nothing yet; `token` is how it is named later.
  int add_upload(const std::string& name, const std::string& type, std::string content);
  std::string token_of(int attachment) const;
  void give_upload(int attachment, const std::string& container);
  // All custom fields of a kind with no value.
  void blank_customs(Row& record, const std::string& kind) const;
  void touch(int issue);
  std::string stamp();

  // Later changes are dated now; earlier ones in the months before.
  void catch_up() { caught_up_ = true; }
  // An archived project, and all that is in it, cannot be read.
  bool is_visible(int project) const;
  bool has_module(int project, const std::string& module) const;
  Table& table(const std::string& name) { return tables[name]; }
  const Table& table(const std::string& name) const;
  std::set<int> visible_issues() const;

  std::map<std::string, Table> tables;                 // by the API's nouns, and "attachments"
  std::map<int, std::set<std::string>> modules;        // by project
  std::map<int, std::set<int>> group_users, children;  // by group; by issue
  std::map<int, std::set<int>> trackers;               // by project, where not all
  std::map<int, std::vector<Row>> journals;            // by issue
  std::map<int, std::set<int>> watchers;               // by issue
  std::map<int, double> spent;                         // hours by issue
  std::map<std::string, std::vector<int>> attached;    // attachments by container
  std::map<int, std::string> bytes;                    // by attachment
  std::map<std::pair<int, std::string>, RedmineWikiPage> wiki;
  Seeded dice;

 private:
  Row& put(const std::string& name, Row row);
  void load_defaults();
  void add_field(const std::string& kind, const std::string& name,
                 const std::vector<std::string>& choices);
  void forget_files(const std::string& container);

  const int ids_after_;
  std::map<std::string, int> last_ids_;
  Clock& clock_;
  Time time_;
  bool caught_up_ = false;
};

}  // namespace probackup
