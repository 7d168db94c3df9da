// The calls of AsanaAccount's API that change portfolios, goals, and who sees what.
#include "fake/asana_account.h"

namespace probackup {

void AsanaAccount::add_plan_writes() {
  on("POST", "/portfolios", [this](const ApiRequest& request) {
    need_plan("portfolio");
    const auto given = asana_input(request);
    const auto workspace = asana_required(given, "workspace");
    named("workspace", workspace);
    const auto portfolio = data_.add_portfolio(workspace, asana_required(given, "name"));
    data_.update("portfolio", portfolio,
                 asana_plain_members(
                     given, {"color", "archived", "start_on", "due_on", "default_access_level"}));
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
  on("POST", "/goals", [this](const ApiRequest& request) {
    need_plan("goal");
    const auto given = asana_input(request);
    const auto workspace = asana_required(given, "workspace");
    named("workspace", workspace);
    auto changes = asana_plain_members(given, {"due_on", "start_on", "is_workspace_level"});
    asana_set_rich(given, "html_notes", "notes", changes);
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
}

}  // namespace probackup
