#include "fake/asana_random.h"

#include <fmt/format.h>

#include <functional>

#include "demo/sample_files.h"
#include "util/text.h"

namespace probackup {

namespace {

const std::vector<std::string>& colors() {
  static const std::vector<std::string> names{
      "dark-pink", "dark-green", "light-blue", "light-red", "dark-brown", "light-orange", ""};
  return names;
}

std::string day(Seeded& dice) {
  return fmt::format("2024-{:02}-{:02}", dice.between(1, 12), dice.between(1, 28));
}

// Rich text with some of the elements that Asana knows.
std::string rich(Seeded& dice) {
  auto html = asana_html(dice.prose());
  if (dice.chance(0.3)) html.insert(6, "<strong>" + dice.words(2) + "</strong> ");
  if (dice.chance(0.2)) html.insert(html.size() - 7, "<ul><li>" + dice.words(3) + "</li></ul>");
  if (dice.chance(0.1))
    html.insert(6,
                "<a href=\"https://app.asana.com/0/profile/77\" data-asana-gid=\"77\" "
                "data-asana-accessible=\"true\" data-asana-type=\"user\" "
                "data-asana-dynamic=\"true\">@Somebody</a> ");
  if (dice.chance(0.05))
    html.insert(6, "<img data-asana-gid=\"78\" src=\"https://example.com/a.png\"/>");
  return html;
}

// Uploads come from file systems, whose names end at 255 bytes.
void attach(AsanaData& data, Seeded& dice, const std::string& parent_type,
            const std::string& parent) {
  auto file = sample_file(dice);
  data.attach_file(parent_type, parent, valid_utf8(file.name.substr(0, 255)),
                   std::move(file.bytes));
}

std::string any(Seeded& dice, const RecordTable& table, const std::string& owner) {
  return any_key(dice, table.keys_of(owner)).value_or("");
}

std::string any_user(AsanaData& data, Seeded& dice) {
  return *any_key(dice, data.table("user"));
}

std::string workspace_of(const AsanaData& data, const std::string& task) {
  return data.table("task").owner_of(task);
}

JsonRecord value_for(AsanaData& data, Seeded& dice, const std::string& field) {
  const std::string type = data.at("custom_field", field).at("type");
  if (dice.chance(0.1))
    return type == "multi_enum" || type == "people" ? JsonRecord::array() : JsonRecord(nullptr);
  if (type == "text") return dice.prose();
  if (type == "number") return static_cast<double>(dice.below(100'000)) / 4;
  if (type == "date") return {{"date", day(dice)}};
  if (type == "people") return JsonRecord::array({any_user(data, dice)});
  const auto option = any(dice, data.table("enum_option"), field);
  return type == "enum" ? JsonRecord(option) : JsonRecord::array({option});
}

void fill_fields(AsanaData& data, Seeded& dice, const std::string& task) {
  const auto memberships = data.at("task", task).at("memberships");
  for (const auto& membership : memberships) {
    const auto settings =
        data.table("custom_field_setting").keys_of(membership.at("project").at("gid"));
    for (const auto& key : settings) {
      const auto field = asana_gid(data.at("custom_field_setting", key), "custom_field");
      if (dice.chance(0.6)) data.set_field(task, field, value_for(data, dice, field));
    }
  }
}

std::string add_task(AsanaData& data, Seeded& dice, const std::string& project,
                     const std::string& parent, unsigned comments) {
  const auto workspace = data.table("project").owner_of(project);
  const auto task =
      data.add_task(workspace, parent, dice.name(), dice.chance(0.6) ? dice.prose() : "");
  if (parent.empty()) data.place_task(task, project, any(dice, data.table("section"), project));
  JsonRecord changes = JsonRecord::object();
  if (dice.chance(0.5)) changes["assignee"] = asana_ref("user", any_user(data, dice));
  if (dice.chance(0.4)) changes["due_on"] = day(dice);
  if (dice.chance(0.3)) changes["completed"] = true;
  if (dice.chance(0.3)) changes["html_notes"] = rich(dice);
  if (dice.chance(0.1)) changes["resource_subtype"] = "milestone";
  if (changes.size() < 3 && dice.chance(0.1)) {
    changes["resource_subtype"] = "approval";
    changes["approval_status"] = dice.chance(0.5) ? "pending" : "changes_requested";
  }
  if (!changes.empty()) data.update_task(task, changes);
  if (dice.chance(0.3)) fill_fields(data, dice, task);
  if (const auto tag = any(dice, data.table("tag"), workspace); !tag.empty() && dice.chance(0.3))
    data.link(task, "tags", asana_ref("tag", tag));
  if (dice.chance(0.3)) data.link(task, "followers", asana_ref("user", any_user(data, dice)));
  for (auto left = dice.below(2 * comments + 1); left > 0; --left)
    data.add_comment(task, any_user(data, dice), rich(dice));
  if (dice.chance(0.2)) {
    attach(data, dice, "task", task);
  }
  if (dice.chance(0.05)) data.attach_link(task, dice.name(), "https://example.com/" + dice.hex(6));
  if (dice.chance(0.1))
    data.add_time_entry(task, any_user(data, dice), static_cast<int>(dice.between(1, 600)),
                        day(dice));
  return task;
}

void add_fields(AsanaData& data, Seeded& dice, const std::string& project) {
  const auto workspace = data.table("project").owner_of(project);
  const auto library = data.table("custom_field").keys_of(workspace);
  for (const auto& field : library)
    if (data.at("custom_field", field).at("is_global_to_workspace").get<bool>() && dice.chance(0.6))
      data.add_field_setting("project", project, field, dice.chance(0.5));
  if (!dice.chance(0.5)) return;
  const auto own = data.add_custom_field(workspace, dice.name(), "multi_enum", false,
                                         {dice.name(), dice.name(), "Low"});
  data.add_field_setting("project", project, own, true);
}

// The task's address, as text and as the target of a link.
std::string link_to(AsanaData& data, const std::string& task) {
  const std::string url = data.at("task", task).at("permalink_url");
  return "<body>See <a href=\"" + url + "\">this</a>, or " + url + ".</body>";
}

void fill_project(AsanaData& data, Seeded& dice, const std::string& project,
                  const AsanaSize& size) {
  for (auto left = dice.below(4); left > 0; --left) data.add_section(project, dice.name());
  add_fields(data, dice, project);
  std::vector<std::string> tasks;
  for (unsigned i = 0; i < size.tasks; ++i) {
    tasks.push_back(add_task(data, dice, project, "", size.comments));
    if (!dice.chance(0.2)) continue;
    const auto below = add_task(data, dice, project, tasks.back(), 1);
    if (dice.chance(0.4)) add_task(data, dice, project, below, 0);
  }
  if (tasks.size() > 1) {
    data.link(tasks.back(), "dependencies", asana_ref("task", tasks.front()));
    data.update_task(tasks.front(), {{"html_notes", link_to(data, tasks.back())}});
    data.add_comment(tasks.back(), data.me(), link_to(data, tasks.front()));
  }
  if (dice.chance(0.7))
    data.add_status_update("project", project, any_user(data, dice), dice.name(), rich(dice),
                           "on_track");
  if (dice.chance(0.5)) data.add_brief(project, dice.name(), rich(dice));
  if (dice.chance(0.4)) {
    attach(data, dice, "project", project);
  }
  data.add("task_template", project,
           {{"name", dice.name()},
            {"project", asana_ref("project", project)},
            {"template", {{"name", dice.name()}, {"task_resource_subtype", "default_task"}}},
            {"created_by", asana_ref("user", data.me())},
            {"created_at", data.stamp()}});
  const auto workspace = data.table("project").owner_of(project);
  if (dice.chance(0.4))
    data.add("favorite", workspace, {{"target", asana_ref("project", project)}});
  if (dice.chance(0.3)) data.update("project", project, {{"archived", true}});
}

void fill_planning(AsanaData& data, Seeded& dice, const std::string& project) {
  data.add("allocation", project,
           {{"start_date", day(dice)},
            {"end_date", "2024-12-31"},
            {"effort", {{"type", "hours"}, {"value", 20}}},
            {"assignee", asana_ref("user", any_user(data, dice))},
            {"created_by", asana_ref("user", data.me())},
            {"parent", asana_ref("project", project)},
            {"resource_subtype", "project_allocation"}});
  data.add("budget", project,
           {{"budget_type", "time"},
            {"estimate", {{"enabled", true}, {"value", 600}, {"units", "minutes"}}},
            {"total", {{"enabled", true}, {"value", 900}, {"units", "minutes"}}},
            {"parent", asana_ref("project", project)}});
  data.add("rate", project,
           {{"parent", asana_ref("project", project)},
            {"resource", asana_ref("user", any_user(data, dice))},
            {"rate", 100},
            {"currency_code", "EUR"},
            {"created_by", asana_ref("user", data.me())}});
  data.add("custom_type", project,
           {{"name", dice.name()}, {"status_options", JsonRecord::array()}});
}

void fill_plans(AsanaData& data, Seeded& dice, const std::string& workspace,
                const std::vector<std::string>& projects) {
  const auto outer = data.add_portfolio(workspace, dice.name());
  const auto inner = data.add_portfolio(workspace, dice.name());
  data.add_item(outer, "portfolio", inner);
  for (const auto& project : projects)
    if (dice.chance(0.5)) data.add_item(dice.chance(0.5) ? outer : inner, "project", project);
  data.add_status_update("portfolio", outer, data.me(), dice.name(), rich(dice), "at_risk");
  const auto period = *data.table("time_period").keys_of(workspace).begin();
  const auto goal = data.add_goal(workspace, dice.name());
  data.update("goal", goal,
              {{"time_period", asana_ref("time_period", period)},
               {"html_notes", asana_html("Of the quarter")},
               {"notes", "Of the quarter"}});
  data.set_metric(goal, {{"unit", "none"},
                         {"precision", 1},
                         {"currency_code", nullptr},
                         {"progress_source", "manual"},
                         {"is_custom_weight", false},
                         {"initial_number_value", 0},
                         {"target_number_value", 8},
                         {"current_number_value", 2.5}});
  const auto sub_goal = data.add_goal(workspace, dice.name());
  data.add_goal_comment(goal, any_user(data, dice), rich(dice));
  data.add("goal_relationship", goal,
           {{"resource_subtype", "subgoal"},
            {"supporting_resource", asana_ref("goal", sub_goal)},
            {"contribution_weight", 1.0},
            {"supported_goal", asana_ref("goal", goal)}});
  data.add("time_tracking_category", workspace,
           {{"name", dice.name()}, {"color", "green"}, {"is_archived", false}});
  data.add("timesheet_approval_status", workspace,
           {{"user", asana_ref("user", any_user(data, dice))},
            {"workspace", asana_ref("workspace", workspace)},
            {"approval_status", "DRAFT"},
            {"start_date", "2024-01-01"},
            {"end_date", "2024-01-07"},
            {"created_at", data.stamp()}});
}

void fill_workspace(AsanaData& data, Seeded& dice, const std::string& workspace,
                    const AsanaSize& size) {
  std::vector<std::string> teams{""}, projects;
  const bool is_organization = data.at("workspace", workspace).at("is_organization").get<bool>();
  for (unsigned i = 0; is_organization && i < size.teams; ++i) {
    teams.push_back(data.add_team(workspace, dice.name()));
    data.add("team_membership", teams.back(),
             {{"user", asana_ref("user", any_user(data, dice))},
              {"team", asana_ref("team", teams.back())},
              {"is_guest", false},
              {"is_limited_access", false},
              {"is_admin", true}});
  }
  for (int i = 0; i < 3; ++i) data.add_tag(workspace, dice.name(), dice.pick(colors()));
  data.add_custom_field(workspace, dice.name(), "enum", true, {dice.name(), "High", "Low"});
  for (const auto* type : {"text", "number", "date", "people"})
    data.add_custom_field(workspace, dice.name(), type, true, {});
  for (unsigned i = 0; i < size.projects; ++i) {
    projects.push_back(data.add_project(workspace, dice.pick(teams), dice.name()));
    data.update("project", projects.back(), {{"color", "light-green"}, {"due_on", day(dice)}});
    fill_project(data, dice, projects.back(), size);
    fill_planning(data, dice, projects.back());
  }
  fill_plans(data, dice, workspace, projects);
  data.add("project_template", workspace,
           {{"name", dice.name()},
            {"description", dice.prose()},
            {"html_description", asana_html("")},
            {"public", false},
            {"owner", asana_ref("user", data.me())},
            {"team", nullptr},
            {"requested_dates", JsonRecord::array()},
            {"color", "light-green"},
            {"requested_roles", JsonRecord::array()}});
  data.add("webhook", workspace,
           {{"active", true},
            {"resource", asana_ref("project", projects.front())},
            {"target", "https://example.com/hooks/asana"},
            {"created_at", data.stamp()},
            {"filters", JsonRecord::array()}});
  if (is_organization)
    data.add("role", workspace,
             {{"name", dice.name()}, {"description", dice.prose()}, {"is_standard_role", false}});
  data.add("ooo_entry", workspace,
           {{"user", asana_ref("user", any_user(data, dice))},
            {"created_by", asana_ref("user", data.me())},
            {"start_date", day(dice)},
            {"end_date", "2024-12-31"}});
  // What lies in no project: a task of the token's user, with a subtask.
  const auto mine = data.add_task(workspace, "", dice.name(), dice.prose());
  data.update_task(mine, {{"assignee", asana_ref("user", data.me())}});
  data.add_task(workspace, mine, dice.name(), "");
}

using Change = std::function<void(AsanaData&, Seeded&, const std::string& task)>;

const std::vector<Change>& task_changes() {
  static const std::vector<Change> changes{
      [](auto& data, auto& dice, const auto& task) {
        data.update_task(task, {{"name", dice.name()}});
      },
      [](auto& data, auto& dice, const auto& task) {
        data.update_task(task, {{"html_notes", rich(dice)}});
      },
      [](auto& data, auto&, const auto& task) {
        data.update_task(
            task, {{"completed", !data.at("task", task).at("completed").template get<bool>()}});
      },
      [](auto& data, auto& dice, const auto& task) {
        data.update_task(task, {{"assignee", asana_ref("user", any_user(data, dice))}});
      },
      [](auto& data, auto& dice, const auto& task) {
        data.update_task(task, {{"due_on", day(dice)}});
      },
      [](auto& data, auto& dice, const auto& task) {
        data.add_comment(task, any_user(data, dice), rich(dice));
      },
      [](auto& data, auto& dice, const auto& task) { attach(data, dice, "task", task); },
      [](auto& data, auto& dice, const auto& task) {
        if (const auto key = any(dice, data.table("attachment"), task); !key.empty())
          data.delete_attachment(key);
      },
      [](auto& data, auto& dice, const auto& task) { fill_fields(data, dice, task); },
      [](auto& data, auto& dice, const auto& task) {
        const auto tag = any(dice, data.table("tag"), workspace_of(data, task));
        if (tag.empty()) return;
        if (dice.chance(0.5))
          data.link(task, "tags", asana_ref("tag", tag));
        else
          data.unlink(task, "tags", tag);
      },
      [](auto& data, auto& dice, const auto& task) {
        const auto project = any(dice, data.table("project"), workspace_of(data, task));
        if (project.empty() || data.at("task", task).at("parent").is_object()) return;
        data.place_task(task, project, any(dice, data.table("section"), project));
      },
      [](auto& data, auto& dice, const auto& task) {
        const auto memberships = data.at("task", task).at("memberships");
        if (memberships.size() > 1)
          data.remove_from_project(
              task, memberships[dice.below(memberships.size())].at("project").at("gid"));
      },
      [](auto& data, auto& dice, const auto& task) {
        data.add_time_entry(task, any_user(data, dice), static_cast<int>(dice.between(1, 100)),
                            day(dice));
      },
      [](auto& data, auto& dice, const auto& task) {
        if (const auto key = any(dice, data.table("time_tracking_entry"), task); !key.empty())
          data.delete_time_entry(key);
      },
      [](auto& data, auto& dice, const auto& task) {
        data.add_task(workspace_of(data, task), task, dice.name(), dice.prose());
      },
      [](auto& data, auto&, const auto& task) { data.delete_task(task); },
  };
  return changes;
}

void change_project(AsanaData& data, Seeded& dice, const std::string& project) {
  switch (dice.below(9)) {
    case 0:
      return data.update("project", project, {{"name", dice.name()}});
    case 1: {
      const bool archived = data.at("project", project).at("archived").get<bool>();
      return data.update("project", project, {{"archived", !archived}});
    }
    case 2:
      data.add_section(project, dice.name());
      return;
    case 3: {
      const std::string section = data.order("sections", project).back();
      if (data.order("sections", project).size() > 1) data.delete_section(section);
      return;
    }
    case 4:
      data.add_status_update("project", project, any_user(data, dice), dice.name(), rich(dice),
                             "off_track");
      return;
    case 5:
      return add_fields(data, dice, project);
    case 6:
      data.add_membership("project", project, any_user(data, dice), "editor");
      return;
    case 7: {
      const auto section = any(dice, data.table("section"), project);
      return data.update("section", section, {{"name", dice.name()}});
    }
    default:
      return data.delete_project(project);
  }
}

void change_workspace(AsanaData& data, Seeded& dice, const std::string& workspace) {
  const auto tag = any(dice, data.table("tag"), workspace);
  const auto field = any(dice, data.table("custom_field"), workspace);
  switch (dice.below(8)) {
    case 0:
      data.add_tag(workspace, dice.name(), dice.pick(colors()));
      return;
    case 1:
      if (!tag.empty()) data.delete_tag(tag);
      return;
    case 2:
      if (!field.empty()) data.update("custom_field", field, {{"name", dice.name()}});
      return;
    case 3:
      if (!field.empty()) data.delete_custom_field(field);
      return;
    case 4: {
      const auto project = data.add_project(workspace, "", dice.name());
      return fill_project(data, dice, project, {0, 0, 0, 3, 1});
    }
    case 5: {
      const auto goal = any(dice, data.table("goal"), workspace);
      if (!goal.empty()) data.add_goal_comment(goal, any_user(data, dice), rich(dice));
      return;
    }
    case 6:
      return data.update("user", any_user(data, dice), {{"name", dice.name()}});
    default: {
      const auto portfolio = any(dice, data.table("portfolio"), workspace);
      const auto project = any(dice, data.table("project"), workspace);
      if (!portfolio.empty() && !project.empty()) data.add_item(portfolio, "project", project);
      return;
    }
  }
}

void rewrite_comments(AsanaData& data, Seeded& dice, const std::string& task) {
  const auto story = any(dice, data.table("story"), task);
  if (story.empty() || data.at("story", story).at("type") != "comment") return;
  switch (dice.below(3)) {
    case 0:
      return data.edit_comment(story, rich(dice));
    case 1:
      return data.delete_comment(story);
    default:
      return data.like_comment(story, any_user(data, dice));
  }
}

}  // namespace

void fill_randomly(AsanaData& data, std::uint64_t seed, const AsanaSize& size) {
  Seeded dice(mix_seed(seed, "asana"));
  data.add_user("Token Owner", "owner@example.com");
  for (unsigned i = 1; i <= size.users; ++i)
    data.add_user("Person " + std::to_string(i), "person" + std::to_string(i) + "@example.com");
  std::vector<std::string> workspaces{data.add_workspace("example.com", true)};
  if (size.workspaces > 1) workspaces.push_back(data.add_workspace("Side work", false));
  for (const auto& workspace : workspaces) {
    data.add("time_period", workspace,
             {{"display_name", "Q1 FY24"},
              {"start_on", "2024-01-01"},
              {"end_on", "2024-03-31"},
              {"period", "Q1"},
              {"parent", nullptr}});
    for (const auto& [user, record] : data.table("user").all())
      data.join_workspace(workspace, user);
    if (size.projects > 0) fill_workspace(data, dice, workspace, size);
  }
}

void change_randomly(AsanaData& data, std::uint64_t seed, bool only_dated) {
  Seeded dice(seed);
  if (dice.chance(0.05))
    return change_workspace(data, dice, *any_key(dice, data.table("workspace")));
  const auto project = any_key(dice, data.table("project"));
  if (project && dice.chance(0.15)) return change_project(data, dice, *project);
  const auto task = any_key(dice, data.table("task"));
  if (!task || dice.chance(0.15)) {
    if (project) add_task(data, dice, *project, "", 2);
    return;
  }
  if (!only_dated && dice.chance(0.2)) return rewrite_comments(data, dice, *task);
  dice.pick(task_changes())(data, dice, *task);
}

}  // namespace probackup
