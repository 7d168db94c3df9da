#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "apps.h"
#include "connector/model.h"
#include "fake/asana_account.h"
#include "util/raw_json.h"
#include "util/text.h"

namespace probackup::test {
namespace {

using Truth = TestAccount::Truth;

// What the connector asks of the records of a stream.
class Asked {
 public:
  Asked() : connector_(ConnectorSet().get("asana")) {
    for (const auto& [name, value] : connector_.model().let) lets_[name] = value.evaluate(Scope{});
  }
  std::string of(const std::string& stream) const {
    const auto& model = *connector_.model().stream(stream);
    const auto& source = model.sources.at(0).request;
    return query(model, model.detail ? *model.detail : source);
  }
  std::string of_source(const std::string& stream, std::size_t index) const {
    const auto& model = *connector_.model().stream(stream);
    return query(model, model.sources.at(index).request);
  }

 private:
  std::string query(const StreamModel& model, const RequestModel& request) const {
    const auto found = request.query.find("opt_fields");
    if (found == request.query.end()) return {};
    auto values = lets_;
    for (const auto& [name, value] : model.let) values[name] = value.evaluate(Scope{});
    Scope scope;
    for (const auto& [name, value] : values) scope.set(name, &value);
    return "opt_fields=" + url_encode(found->second.text(scope));
  }

  const Connector connector_;
  std::map<std::string, nlohmann::json> lets_;
};

class AsanaApp final : public App {
 public:
  AsanaApp(bool everybody, std::uint64_t seed, const AppOptions& options, Clock& clock)
      : everybody_(everybody), account_(seed, size_of(options), options_of(options), clock) {}

  TestAccount& account() override { return account_; }
  std::map<std::string, std::string> settings() const override {
    if (!everybody_) return {};
    return {{"people", "all"}, {"admin", "yes"}, {"events", "yes"}};
  }
  std::chrono::hours seen_after() const override { return std::chrono::hours(21); }
  std::vector<std::string> signed_fields() const override { return {"download_url", "view_url"}; }

  Truth expected_files() override {
    const auto parents = visible_parents();
    auto out = account_.files();
    account_.change([&](const AsanaData& data) {
      for (const auto& [key, record] : data.table("attachment").all())
        if (!parents.contains(data.table("attachment").owner_of(key))) out.erase(key + "/" + key);
    });
    return out;
  }

  Expected expected() override {
    Expected out;
    const std::pair<const char*, const char*> plain[] = {
        {"workspaces", "workspace"},
        {"users", "user"},
        {"workspace_memberships", "workspace_membership"},
        {"teams", "team"},
        {"team_memberships", "team_membership"},
        {"tags", "tag"},
        {"projects", "project"},
        {"project_briefs", "project_brief"},
        {"sections", "section"},
        {"status_updates", "status_update"},
        {"memberships", "membership"},
        {"task_templates", "task_template"},
        {"project_templates", "project_template"},
        {"custom_types", "custom_type"},
        {"portfolios", "portfolio"},
        {"portfolio_items", "portfolio_item"},
        {"project_portfolio_settings", "project_portfolio_setting"},
        {"goals", "goal"},
        {"goal_relationships", "goal_relationship"},
        {"time_periods", "time_period"},
        {"time_tracking_categories", "time_tracking_category"},
        {"timesheet_approval_statuses", "timesheet_approval_status"},
        {"allocations", "allocation"},
        {"budgets", "budget"},
        {"rates", "rate"},
        {"webhooks", "webhook"}};
    for (const auto& [stream, type] : plain) out[stream] = account_.truth(type, asked_.of(stream));
    if (everybody_) {
      out["roles"] = account_.truth("role", asked_.of("roles"));
      out["ooo_entries"] = account_.truth("ooo_entry", asked_.of("ooo_entries"));
    }
    read_account(out);
    read_fields(out);
    read_tasks(out);
    return out;
  }

 private:
  // Tasks in projects, those assigned to people that are looked for, and all below them.
  std::set<std::string> visible_tasks() {
    return account_.change([&](const AsanaData& data) {
      std::set<std::string> out;
      const std::function<void(const std::string&)> add = [&](const std::string& task) {
        if (!out.insert(task).second) return;
        for (const auto& below : data.order("subtasks", task)) add(below);
      };
      for (const auto& [key, task] : data.table("task").all()) {
        const auto assignee = asana_gid(task, "assignee");
        const bool is_assigned = everybody_ ? !assignee.empty() : assignee == data.me();
        if (is_assigned || !task.at("memberships").empty()) add(key);
      }
      return out;
    });
  }
  std::set<std::string> visible_parents() {
    auto out = visible_tasks();
    account_.change([&](const AsanaData& data) {
      for (const auto* type : {"project", "project_brief"})
        for (const auto& [key, record] : data.table(type).all()) out.insert(key);
    });
    return out;
  }

  void read_account(Expected& out) {
    const auto users = account_.truth("user", asked_.of("account"));
    const auto projects = account_.truth("project", asked_.of("favorites"));
    account_.change([&](const AsanaData& data) {
      out["account"][data.me()] = users.at(data.me());
      for (const auto& [key, favorite] : data.table("favorite").all()) {
        const auto project = projects.find(asana_gid(favorite, "target"));
        if (project != projects.end())
          out["favorites"][data.table("favorite").owner_of(key) + "/" + project->first] =
              project->second;
      }
    });
  }

  // Fields of the library, and those that a project alone has, as its settings show them.
  void read_fields(Expected& out) {
    const auto library = account_.truth("custom_field", asked_.of("custom_fields"));
    const auto settings =
        account_.truth("custom_field_setting", asked_.of_source("custom_fields", 1));
    account_.change([&](const AsanaData& data) {
      for (const auto& [key, field] : data.table("custom_field").all())
        if (field.at("is_global_to_workspace").get<bool>())
          out["custom_fields"][key] = library.at(key);
      RawJson json;
      for (const auto& [key, setting] : data.table("custom_field_setting").all()) {
        const auto field = asana_gid(setting, "custom_field");
        if (!data.at("custom_field", field).at("is_global_to_workspace").get<bool>())
          out["custom_fields"][field] = *json.text_at(settings.at(key), "custom_field");
      }
    });
  }

  void read_tasks(Expected& out) {
    const auto tasks = visible_tasks();
    std::set<std::string> all_tasks;
    account_.change([&](const AsanaData& data) {
      for (const auto& [key, record] : data.table("task").all()) all_tasks.insert(key);
    });
    for (auto& [key, raw] : account_.truth("task", asked_.of("tasks")))
      if (tasks.contains(key)) out["tasks"].emplace(key, raw);
    // `elsewhere`: the stream of records that hang off anything but tasks.
    const auto below = [&](const std::string& type, const std::string& stream,
                           const std::string& elsewhere) {
      std::map<std::string, std::string> owners;
      account_.change([&](const AsanaData& data) {
        for (const auto& [key, record] : data.table(type).all())
          owners[key] = data.table(type).owner_of(key);
      });
      for (auto& [key, raw] : account_.truth(type, asked_.of(stream))) {
        const auto& owner = owners.at(key);
        if (tasks.contains(owner))
          out[stream].emplace(key, raw);
        else if (!all_tasks.contains(owner) && !elsewhere.empty())
          out[elsewhere].emplace(key, raw);
      }
    };
    below("story", "stories", "goal_stories");
    below("attachment", "attachments", "project_files");
    below("time_tracking_entry", "time_tracking_entries", "");
  }

  static AsanaSize size_of(const AppOptions& options) {
    AsanaSize size;
    size.projects = options.large ? 3 : 2;
    size.tasks = options.large ? 18 : 8;
    return size;
  }
  static AsanaOptions options_of(const AppOptions& options) {
    AsanaOptions out;
    out.only_dated_changes = options.dated_only;
    return out;
  }

  const bool everybody_;
  const Asked asked_;
  AsanaAccount account_;
};

}  // namespace

std::unique_ptr<App> make_asana(bool everybody, std::uint64_t seed, const AppOptions& options,
                                Clock& clock) {
  return std::make_unique<AsanaApp>(everybody, seed, options, clock);
}

}  // namespace probackup::test
