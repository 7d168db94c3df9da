// How Redmine's REST API shows its records. Members and their order are those of Redmine 5.0's own
// answers; see https://www.redmine.org/projects/redmine/wiki/Rest_api for what is documented.
#pragma once

#include <map>
#include <set>
#include <string>

#include "fake/redmine_data.h"

namespace probackup {

// What `include=` asked for, and whether it is the record's own URL or a listing that answers.
struct RedmineShape {
  std::set<std::string> include;
  bool show = false;

  // Of a query such as "form=show&include=journals,attachments".
  static RedmineShape of(const std::string& query);
  bool has(const std::string& part) const { return include.contains(part); }
};

// Reads the data it was given, under the caller's lock.
class RedmineViews {
 public:
  using Row = RedmineData::Row;

  RedmineViews(const RedmineData& data, const std::string& origin, bool is_admin)
      : data_(data), origin_(origin), is_admin_(is_admin) {}

  // Any record of a table; issues, projects, users, groups and roles have a form of their own.
  Row record(const std::string& noun, int id, const RedmineShape& shape) const;
  Row wiki_page(int project, const std::string& title, const RedmineShape& shape) const;
  // `version` counts from 1. Throws std::out_of_range for one that is not there.
  Row wiki_version(int project, const std::string& title, std::size_t version) const;
  // A file of a project's file list.
  Row project_file(int attachment) const;

  // JSON as Rails writes it: <, > and & escaped.
  static std::string text(const Row& row);

 private:
  Row reference(const std::string& member, int id) const;
  Row resolved(const Row& row) const;
  Row attachments(const std::string& container) const;
  Row issue(int id, const RedmineShape& shape) const;
  Row children(int issue) const;
  Row relations(int issue) const;
  Row journals(int issue) const;
  Row project(int id, const RedmineShape& shape) const;
  Row user(int id, const RedmineShape& shape) const;
  Row group(int id, const RedmineShape& shape) const;
  Row news(int id, const RedmineShape& shape) const;
  double hours_below(int issue) const;

  const RedmineData& data_;
  const std::string& origin_;
  const bool is_admin_;
};

}  // namespace probackup
