// Variables for GitHub Actions, and deployment environments.
#include "fake/github_writes.h"
#include "util/text.h"

namespace probackup {

namespace {

constexpr std::int64_t wait_timer_max = 43'200;  // minutes: 30 days

// Letters, digits and underscores, no digit first; kept in upper case.
std::string variable_name(const GithubCall& call) {
  auto name = call.body.required("name");
  for (auto& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const bool fits =
      name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos &&
      std::isdigit(static_cast<unsigned char>(name[0])) == 0 && !name.starts_with("GITHUB_");
  if (!fits) refuse_github(422, "Variable names can only contain alphanumeric characters");
  return name;
}

std::string find_by_name(const RecordTable& table, const std::string& owner,
                         const std::string& name) {
  for (const auto& key : table.keys_of(owner)) {
    if (table.find(key)->at("name") == name) return key;
  }
  return {};
}

std::string named(const RecordTable& table, const std::string& owner, const std::string& name) {
  auto key = find_by_name(table, owner, name);
  if (key.empty()) refuse_github(404, "Not Found");
  return key;
}

ApiAnswer post_variable(GithubWrites& writes, GithubCall& call, RecordTable& table,
                        const std::string& owner) {
  const auto name = variable_name(call);
  const auto value = call.body.text("value");
  if (!value) refuse_invalid("Variable", "value", "missing_field");
  if (!find_by_name(table, owner, name).empty()) {
    refuse_github(409, "Already exists - Variable already exists");
  }
  writes.data.add(table, owner, {{"name", name}, {"value", *value}});
  return json_answer("{}", 201);
}

ApiAnswer patch_variable(GithubWrites& writes, GithubCall& call, RecordTable& table,
                         const std::string& owner) {
  const auto key = named(table, owner, call.param("name"));
  auto changes = JsonRecord::object();
  if (call.body.has("name")) changes["name"] = variable_name(call);
  if (const auto value = call.body.text("value")) changes["value"] = *value;
  writes.data.update(table, key, changes);
  return GithubWrites::done();
}

std::string environment_of(const GithubWrites& writes, const GithubCall& call) {
  return named(writes.data.environments, call.repo, call.param("environment"));
}

// Ids of users become logins.
JsonRecord reviewers_of(const GithubWrites& writes, const GithubCall& call) {
  auto logins = JsonRecord::array();
  for (const auto& reviewer : call.body.objects("reviewers")) {
    std::string login;
    for (const auto& [name, user] : writes.data.users.all()) {
      if (user.at("id") == reviewer.number("id").value_or(0)) login = name;
    }
    if (login.empty() || reviewer.text("type").value_or("") != "User") {
      refuse_github(422,
                    "Failed to create the environment protection rule. The reviewer is not "
                    "valid.");
    }
    logins.push_back(login);
  }
  return logins;
}

// What is not sent is taken back to its default, as GitHub does.
ApiAnswer put_environment(GithubWrites& writes, GithubCall& call) {
  const auto& name = call.param("environment");
  const auto wait = call.body.number("wait_timer").value_or(0);
  if (wait < 0 || wait > wait_timer_max) refuse_github(422, "The wait timer is out of range.");
  JsonRecord policy = nullptr;
  if (call.body.has("deployment_branch_policy") && !call.body.is_null("deployment_branch_policy")) {
    const GithubBody given(call.body.at("deployment_branch_policy"), "Environment");
    const bool is_protected = given.flag("protected_branches").value_or(false);
    const bool is_custom = given.flag("custom_branch_policies").value_or(false);
    if (is_protected == is_custom) {
      refuse_github(422,
                    "protected_branches and custom_branch_policies cannot have the same value");
    }
    policy = {{"protected_branches", is_protected}, {"custom_branch_policies", is_custom}};
  }
  const JsonRecord members{
      {"name", name},
      {"wait_timer", wait},
      {"prevent_self_review", call.body.flag("prevent_self_review").value_or(false)},
      {"reviewers", reviewers_of(writes, call)},
      {"policy", policy}};
  auto key = find_by_name(writes.data.environments, call.repo, name);
  if (key.empty()) {
    key = writes.data.add(writes.data.environments, call.repo, members);
  } else {
    writes.data.update(writes.data.environments, key, members);
  }
  return writes.changed(writes.views.environment(key), key);
}

ApiAnswer post_policy(GithubWrites& writes, GithubCall& call) {
  const auto environment = environment_of(writes, call);
  const auto& policy = writes.data.environments.find(environment)->at("policy");
  if (policy.is_null() || !policy.at("custom_branch_policies").get<bool>()) {
    refuse_github(404, "Not Found");
  }
  const auto name = call.body.required("name");
  const auto type = call.body.one_of("type", {"branch", "tag"}).value_or("branch");
  auto& table = writes.data.environment_policies;
  auto key = find_by_name(table, environment, name);
  if (key.empty()) key = writes.data.add(table, environment, {{"name", name}, {"type", type}});
  return writes.changed(writes.views.environment_policy(key), key);
}

void add_variable_routes(GithubWrites& writes, const std::string& path, RecordTable& table,
                         std::function<std::string(GithubCall&)> owner) {
  const auto need = GithubNeed::push;
  writes.on_repo("POST", path, "Variable", need, [&writes, &table, owner](GithubCall& call) {
    return post_variable(writes, call, table, owner(call));
  });
  writes.on_repo("PATCH", path + "/:name", "Variable", need,
                 [&writes, &table, owner](GithubCall& call) {
                   return patch_variable(writes, call, table, owner(call));
                 });
  writes.on_repo("DELETE", path + "/:name", "Variable", need, [&table, owner](GithubCall& call) {
    table.erase(named(table, owner(call), call.param("name")));
    return GithubWrites::done();
  });
}

}  // namespace

void add_github_environment_writes(GithubWrites& writes) {
  const std::string environment = "/environments/:environment";
  const auto of = [&writes](GithubCall& call) { return environment_of(writes, call); };
  add_variable_routes(writes, "/actions/variables", writes.data.variables,
                      [](GithubCall& call) { return call.repo; });
  add_variable_routes(writes, environment + "/variables", writes.data.environment_variables, of);
  const auto read = GithubNeed::read;
  writes.on_repo("POST", environment + "/deployment-branch-policies", "Environment",
                 GithubNeed::admin,
                 [&writes](GithubCall& call) { return post_policy(writes, call); });
  writes.on_repo("GET", environment, "Environment", read, [&writes, of](GithubCall& call) {
    const auto key = of(call);
    return writes.changed(writes.views.environment(key), key);
  });
  writes.on_repo("PUT", environment, "Environment", GithubNeed::admin,
                 [&writes](GithubCall& call) { return put_environment(writes, call); });
  writes.on_repo("DELETE", environment, "Environment", GithubNeed::admin,
                 [&writes, of](GithubCall& call) {
                   const auto key = of(call);
                   writes.data.environment_variables.erase_owner(key);
                   writes.data.environment_policies.erase_owner(key);
                   writes.data.environments.erase(key);
                   return GithubWrites::done();
                 });
}

}  // namespace probackup
