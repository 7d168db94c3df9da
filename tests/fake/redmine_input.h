// What a request that changes a Redmine asks for, and what Redmine finds wrong with it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fake/redmine_query.h"
#include "fake/redmine_views.h"

namespace probackup {

// The attributes below one name of a JSON body: {"issue": {…}}. Without such a body there are none,
// as without "Content-Type: application/json". What Redmine does not know or not allow to be set is
// ignored, and so are values of another form.
class RedmineInput {
 public:
  using Row = RedmineData::Row;

  // Throws RedmineRefusal(400) for a body that is no JSON.
  RedmineInput(const ApiRequest& request, const std::string& name);

  bool has(const std::string& name) const { return given_.contains(name); }
  // The value as it came; null if it did not.
  Row value(const std::string& name) const;
  std::optional<std::string> text(const std::string& name) const;
  // An id; 0 for null and "".
  std::optional<int> id(const std::string& name) const;
  std::vector<int> ids(const std::string& name) const;
  std::optional<bool> flag(const std::string& name) const;

 private:
  Row given_ = Row::object();
};

// Collects what is wrong, so that an answer names all of it.
class RedmineErrors {
 public:
  void add(const std::string& message) { messages_.push_back(message); }
  void require(const std::string& label, const RedmineData::Row& value);
  void limit(const std::string& label, const RedmineData::Row& value, std::size_t characters_max);
  // Whether it is a date, or none.
  bool require_date(const std::string& label, const RedmineData::Row& value);
  // Throws RedmineRefusal(422) if anything was added.
  void check() const;

 private:
  std::vector<std::string> messages_;
};

// One call that changes something.
struct RedmineCall {
  RedmineData& data;
  const ApiRequest& request;
  const RedmineViews& views;
  bool is_admin;  // the acting user
  std::size_t upload_bytes_max;

  // The number in a path parameter that may end in ".json". Throws RedmineRefusal(404).
  int number(const std::string& param) const;
  // That parameter without ".json"; RedmineRefusal(404) where it does not end so.
  std::string name(const std::string& param) const;
  // The project that a path parameter names, if the acting user may change things in it: it must be
  // active, and whoever is no administrator must be a member. Throws RedmineRefusal.
  int project(const std::string& param) const;
  void may_change(int project) const;
  bool is_open(int project) const;  // active, with issues
  bool is_public(int project) const;
  bool is_ours(int project) const;  // of an administrator or a member
  void require_admin() const;

  // 201 with the record in it, 200 …, or 204 for what Redmine does without a word.
  ApiAnswer created(const std::string& root, const RedmineData::Row& row) const;
  static ApiAnswer done() { return ApiAnswer{204, "", "", {}}; }
  // Says how many of the uploads that a record names are not there.
  void check_uploads(const RedmineInput& input, RedmineErrors& errors) const;
  // Gives the uploads that a record names to it; unknown tokens are passed over.
  std::vector<int> take_uploads(const RedmineInput& input, const std::string& container) const;
  // Sets the custom fields that are given, and says which values cannot be.
  void set_customs(RedmineData::Row& row, const RedmineInput& input, const std::string& kind,
                   RedmineErrors& errors) const;
};

struct RedmineWrite {
  const char* method;
  const char* path;  // as ApiServer::route takes it
  // Throws RedmineRefusal, or std::out_of_range for a record that is not there.
  ApiAnswer (*write)(const RedmineCall&);
};

// Projects and what belongs to them: versions, categories, memberships, news, files.
const std::vector<RedmineWrite>& redmine_project_writes();
// Issues, relations, watchers, journals.
const std::vector<RedmineWrite>& redmine_issue_writes();
// Uploads, attachments, wiki pages, time entries.
const std::vector<RedmineWrite>& redmine_content_writes();
// Users and groups, for administrators.
const std::vector<RedmineWrite>& redmine_people_writes();

}  // namespace probackup
