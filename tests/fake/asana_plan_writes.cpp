// The calls of AsanaAccount's API that change portfolios, goals, and who sees what.
#include <algorithm>

#include "fake/asana_account.h"

namespace probackup {

void AsanaAccount::add_plan_writes() {
  on("POST", "/portfolios", [this](const ApiRequest& request) {
    need_plan("portfolio");
    const auto given = asana_input(request);
    const auto workspace = asana_required(given, "workspace");
    named("workspace", workspace);
    const auto portfolio = data_.add_portfolio(workspace, asana_required(given, "name"));
    auto changes = asana_plain_members(
        given, {"color", "archived", "start_on", "due_on", "default_access_level"});
    if (given.value("public", false)) changes["privacy_setting"] = "public_to_domain";
    data_.update("portfolio", portfolio, changes);
    return answer_record(request, "portfolio", portfolio, 201);
  });
  on("PUT", "/portfolios/:gid", [this](const ApiRequest& request) {
    named("portfolio", request.param("gid"));
    data_.update("portfolio", request.param("gid"),
                 asana_plain_members(asana_input(request), {"name", "color", "archived", "start_on",
                                                            "due_on", "default_access_level"}));
    return answer_record(request, "portfolio", request.param("gid"));
  });
  erase_on("/portfolios", "portfolio", [this](const std::string& gid) {
    const auto items = data_.order("items", gid);
    for (const auto& item : items) data_.remove_item(gid, item);
    for (const auto* type : {"membership", "status_update", "custom_field_setting"})
      data_.table(type).erase_owner(gid);
    data_.erase("portfolio", gid);
  });
  for (const auto* path : {"/portfolios/:gid/addItem", "/portfolios/:gid/removeItem"}) {
    on("POST", path,
       [this, adds = std::string(path).ends_with("addItem")](const ApiRequest& request) {
         const auto item = asana_required(asana_input(request), "item");
         named("portfolio", request.param("gid"));
         const std::string type = named_any(item).at("resource_type");
         if (adds)
           data_.add_item(request.param("gid"), type, item);
         else
           data_.remove_item(request.param("gid"), item);
         return asana_data(JsonRecord::object(), "");
       });
  }
  add_goal_writes();
  add_membership_writes();
}

void AsanaAccount::add_goal_writes() {
  on("POST", "/goals", [this](const ApiRequest& request) {
    need_plan("goal");
    const auto given = asana_input(request);
    const auto workspace = asana_required(given, "workspace");
    named("workspace", workspace);
    auto changes = asana_plain_members(given, {"due_on", "start_on", "is_workspace_level"});
    asana_set_rich(given, "html_notes", "notes", changes);
    for (const auto* name : {"team", "time_period"})
      if (given.contains(name))
        changes[name] = asana_ref(name, named(name, given.at(name)).at("gid"));
    const auto goal = data_.add_goal(workspace, asana_required(given, "name"));
    data_.update("goal", goal, changes);
    return answer_record(request, "goal", goal, 201);
  });
  erase_on("/goals", "goal", [this](const std::string& gid) {
    for (const auto* type : {"membership", "status_update", "story", "goal_relationship"})
      data_.table(type).erase_owner(gid);
    data_.erase("goal", gid);
  });
  on("POST", "/goals/:gid/addSupportingRelationship", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    const auto& goal = request.param("gid");
    named("goal", goal);
    const auto resource = asana_required(given, "supporting_resource");
    const std::string type = named_any(resource).at("resource_type");
    const auto relationship =
        data_.add("goal_relationship", goal,
                  {{"resource_subtype", type == "goal" ? "subgoal" : "supporting_work"},
                   {"supporting_resource", asana_ref(type, resource)},
                   {"contribution_weight", given.value("contribution_weight", 1.0)},
                   {"supported_goal", asana_ref("goal", goal)}});
    return answer_record(request, "goal_relationship", relationship);
  });
  on("PUT", "/goals/:gid", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    const auto& goal = request.param("gid");
    named("goal", goal);
    auto changes = asana_plain_members(given, {"name", "due_on", "start_on", "status"});
    asana_set_rich(given, "html_notes", "notes", changes);
    if (given.contains("owner")) changes["owner"] = asana_ref("user", user_of(given.at("owner")));
    data_.update("goal", goal, changes);
    return answer_record(request, "goal", goal);
  });
  on("POST", "/goals/:gid/setMetric", [this](const ApiRequest& request) {
    named("goal", request.param("gid"));
    data_.set_metric(request.param("gid"), asana_input(request));
    return answer_record(request, "goal", request.param("gid"));
  });
  on("POST", "/goals/:gid/addFollowers", [this](const ApiRequest& request) {
    named("goal", request.param("gid"));
    auto& followers = data_.at("goal", request.param("gid"))["followers"];
    for (const auto& user : asana_input(request).at("followers")) {
      const auto pointer = asana_ref("user", user_of(user));
      if (std::find(followers.begin(), followers.end(), pointer) == followers.end())
        followers.push_back(pointer);
    }
    return answer_record(request, "goal", request.param("gid"));
  });
  on("POST", "/goals/:gid/stories", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    named("goal", request.param("gid"));
    asana_only(given, {"text", "html_text", "is_pinned", "sticker_name"});
    JsonRecord texts = JsonRecord::object();
    asana_set_rich(given, "html_text", "text", texts);
    if (texts.empty()) throw AsanaError(400, "text: Missing input");
    const auto story =
        data_.add_goal_comment(request.param("gid"), data_.me(), texts.at("html_text"));
    data_.at("story", story)["is_pinned"] = given.value("is_pinned", false);
    return answer_record(request, "story", story, 201);
  });
}

void AsanaAccount::add_membership_writes() {
  on("POST", "/memberships", [this](const ApiRequest& request) {
    const auto given = asana_input(request);
    asana_only(given, {"member", "parent", "access_level", "role"});
    const auto parent = asana_required(given, "parent");
    const auto member = user_of(asana_required(given, "member"));
    const auto membership = data_.add_membership(named_any(parent).at("resource_type"), parent,
                                                 member, given.value("access_level", "editor"));
    return answer_record(request, "membership", membership, 201);
  });
  erase_on("/memberships", "membership",
           [this](const std::string& gid) { data_.erase("membership", gid); });
  on("POST", "/teams/:gid/addUser", [this](const ApiRequest& request) {
    const auto& team = request.param("gid");
    named("team", team);
    const auto user = user_of(asana_required(asana_input(request), "user"));
    for (const auto& key : data_.table("team_membership").keys_of(team))
      if (asana_gid(data_.at("team_membership", key), "user") == user)
        return answer_record(request, "team_membership", key);
    const auto membership = data_.add("team_membership", team,
                                      {{"user", asana_ref("user", user)},
                                       {"team", asana_ref("team", team)},
                                       {"is_guest", false},
                                       {"is_limited_access", false},
                                       {"is_admin", false}});
    return answer_record(request, "team_membership", membership);
  });
  on("POST", "/time_tracking_categories", [this](const ApiRequest& request) {
    need_plan("time_tracking_category");
    const auto given = asana_input(request);
    asana_only(given, {"name", "color", "workspace"});
    const auto workspace = asana_required(given, "workspace");
    named("workspace", workspace);
    const auto category = data_.add("time_tracking_category", workspace,
                                    {{"name", asana_required(given, "name")},
                                     {"color", given.value("color", "none")},
                                     {"is_archived", false}});
    return answer_record(request, "time_tracking_category", category, 201);
  });
  on("PUT", "/time_tracking_categories/:gid", [this](const ApiRequest& request) {
    named("time_tracking_category", request.param("gid"));
    data_.update("time_tracking_category", request.param("gid"),
                 asana_plain_members(asana_input(request), {"name", "color", "is_archived"}));
    return answer_record(request, "time_tracking_category", request.param("gid"));
  });
  erase_on("/time_tracking_categories", "time_tracking_category",
           [this](const std::string& gid) { data_.erase("time_tracking_category", gid); });
}

}  // namespace probackup
