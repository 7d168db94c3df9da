// What an Asana account holds, and the changes that people make to it. Records are kept with the
// names of https://developers.asana.com/reference; members that begin with "_" are ours alone.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "demo/account_time.h"
#include "demo/record_table.h"

namespace probackup {

// A record as others point to it: {"gid", "resource_type"}.
JsonRecord asana_ref(const std::string& type, const std::string& gid);
// True for such a pointer.
bool is_asana_ref(const JsonRecord& value);
// The gid of a member that is a pointer; "" for null.
std::string asana_gid(const JsonRecord& record, const std::string& member);

// Keys are gids: numbers of 16 digits, which grow. Not for concurrent calls. Methods that take gids
// expect those of existing records.
class AsanaData {
 public:
  // Records made before catch_up() are dated in the `days` before now.
  AsanaData(std::uint64_t seed, Clock& clock, unsigned days);

  // Every kind of record by its resource_type: "task", "project". The owner is what a listing of
  // them is below: the workspace, the project, the task ….
  RecordTable& table(const std::string& type) { return tables_[type]; }
  const RecordTable& table(const std::string& type) const;
  JsonRecord& at(const std::string& type, const std::string& gid) {
    return *tables_[type].find(gid);
  }
  const JsonRecord& at(const std::string& type, const std::string& gid) const {
    return *table(type).find(gid);
  }
  // The record that a pointer names, or null.
  const JsonRecord* resolve(const JsonRecord& pointer) const;
  // Members of a list that has an order of its own: "sections" and "tasks" of a project, "tasks" of
  // a section, "subtasks" of a task, "items" of a portfolio.
  const std::vector<std::string>& order(const std::string& kind, const std::string& owner) const;

  // Adds a record and gives it gid and resource_type. Returns the gid.
  std::string add(const std::string& type, const std::string& owner, JsonRecord members);
  // Sets members; moves modified_at where the record has one.
  void update(const std::string& type, const std::string& gid, const JsonRecord& changes);

  // The first user is the token's.
  std::string add_user(const std::string& name, const std::string& email);
  std::string add_workspace(const std::string& name, bool is_organization);
  void join_workspace(const std::string& workspace, const std::string& user);
  std::string add_team(const std::string& workspace, const std::string& name);
  // A project begins with one section.
  std::string add_project(const std::string& workspace, const std::string& team,
                          const std::string& name);
  std::string add_section(const std::string& project, const std::string& name);
  // A task outside of any project; with `parent` a subtask.
  std::string add_task(const std::string& workspace, const std::string& parent,
                       const std::string& name, const std::string& notes);
  std::string add_tag(const std::string& workspace, const std::string& name,
                      const std::string& color);
  // `type` is text, number, date, people, enum or multi_enum; `owner`: the workspace, or the
  // project that alone knows the field.
  std::string add_custom_field(const std::string& workspace, const std::string& name,
                               const std::string& type, bool is_global,
                               const std::vector<std::string>& options);
  std::string add_enum_option(const std::string& field, const std::string& name,
                              const std::string& color, bool enabled);
  // For projects and portfolios.
  void add_field_setting(const std::string& parent_type, const std::string& parent,
                         const std::string& field, bool is_important);
  bool has_field(const std::string& parent, const std::string& field) const;
  void remove_field_setting(const std::string& parent_type, const std::string& parent,
                            const std::string& field);
  std::string add_comment(const std::string& task, const std::string& user,
                          const std::string& html);
  std::string add_goal_comment(const std::string& goal, const std::string& user,
                               const std::string& html);
  std::string attach_file(const std::string& parent_type, const std::string& parent,
                          const std::string& name, std::string bytes);
  std::string attach_link(const std::string& task, const std::string& name, const std::string& url);
  // `parent`: a project, portfolio or goal.
  std::string add_status_update(const std::string& parent_type, const std::string& parent,
                                const std::string& user, const std::string& title,
                                const std::string& html, const std::string& status);
  std::string add_portfolio(const std::string& workspace, const std::string& name);
  std::string add_goal(const std::string& workspace, const std::string& name);
  // Replaces the goal's metric.
  void set_metric(const std::string& goal, const JsonRecord& members);
  std::string add_time_entry(const std::string& task, const std::string& user, int minutes,
                             const std::string& day);
  std::string add_brief(const std::string& project, const std::string& title,
                        const std::string& html);
  std::string add_membership(const std::string& parent_type, const std::string& parent,
                             const std::string& user, const std::string& access);

  // Sets members of a task and dates it; what people see of it becomes a story.
  void update_task(const std::string& task, const JsonRecord& changes);
  // Puts a task into a project, or elsewhere in it. "" for the first section; `before`: the task
  // that comes behind it, "" for the end.
  void place_task(const std::string& task, const std::string& project, const std::string& section,
                  const std::string& before = {});
  void remove_from_project(const std::string& task, const std::string& project);
  // "" makes it a task of its own.
  void set_parent(const std::string& task, const std::string& parent);
  // Appends a pointer to a list of a task ("tags", "followers", "dependencies"), or takes it out.
  void link(const std::string& task, const std::string& member, const JsonRecord& pointer);
  void unlink(const std::string& task, const std::string& member, const std::string& gid);
  // `value` as a custom_fields object of a request has it: text, number, gid, list of gids, date
  // object; null for none.
  void set_field(const std::string& task, const std::string& field, const JsonRecord& value);
  // Asana does not say that this would move the task's modified_at, so here it does not.
  void edit_comment(const std::string& story, const std::string& html);
  void delete_comment(const std::string& story);
  void like_comment(const std::string& story, const std::string& user);
  void move_section(const std::string& section, const std::string& before);
  void add_item(const std::string& portfolio, const std::string& type, const std::string& gid);
  void remove_item(const std::string& portfolio, const std::string& gid);

  void delete_attachment(const std::string& attachment);
  void delete_time_entry(const std::string& entry);
  // Subtasks, stories and attachments go along.
  void delete_task(const std::string& task);
  // Its tasks stay with other projects and assignees; those of no other go along.
  void delete_project(const std::string& project);
  void delete_section(const std::string& section);
  void delete_tag(const std::string& tag);
  void delete_custom_field(const std::string& field);
  // A record that nothing hangs off.
  void erase(const std::string& type, const std::string& gid) { tables_[type].erase(gid); }

  void catch_up() { time_.catch_up(); }
  void step() { time_.step(); }
  std::string stamp() const;
  const std::string& me() const { return me_; }
  void touch(const std::string& type, const std::string& gid);

  // What happened to tasks, and in which projects, in its order.
  struct Event {
    JsonRecord body;
    std::set<std::string> projects;
  };
  const std::vector<Event>& events() const { return events_; }

  std::map<std::string, std::string> bytes;  // of uploaded files, by attachment

 private:
  std::string next_gid();
  // `resource`: the task itself, or what hangs off it; `parent`: what it was added to or removed
  // from, or null.
  void tell(const std::string& action, const JsonRecord& resource, const std::string& task,
            const JsonRecord& parent = nullptr);
  std::string add_story(const std::string& owner, const std::string& subtype,
                        const std::string& user, JsonRecord members);
  void count_subtasks(const std::string& task);
  void count_minutes(const std::string& task);
  void take_out(const std::string& kind, const std::string& owner, const std::string& gid);

  std::map<std::string, RecordTable> tables_;
  std::map<std::string, std::vector<std::string>> orders_;
  std::vector<Event> events_;
  AccountTime time_;
  std::uint64_t last_gid_;
  std::string me_;
};

// "<body>…</body>" around plain text, and the plain text of such a document.
std::string asana_html(const std::string& text);
std::string asana_plain(const std::string& html);

}  // namespace probackup
