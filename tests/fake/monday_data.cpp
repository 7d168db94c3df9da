#include "fake/monday_data.h"

#include <fmt/format.h>

#include <algorithm>

#include "util/time.h"

namespace probackup {

namespace {

JsonRecord list() {
  return JsonRecord::array();
}

std::int64_t milliseconds_of(Time time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::size_t place_of(const JsonRecord& entries, const std::string& id) {
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (entries[i].at("id") == id) return i;
  return entries.size();
}

}  // namespace

const RecordTable& MondayData::table(const std::string& type) const {
  static const RecordTable none;
  const auto found = tables_.find(type);
  return found == tables_.end() ? none : found->second;
}

std::string MondayData::new_id() {
  last_id_ += 1 + ids_.below(9);
  return std::to_string(last_id_);
}

std::string MondayData::stamp(bool with_fraction) {
  time_.step();
  const auto now =
      with_fraction ? time_.now() : std::chrono::floor<std::chrono::seconds>(time_.now());
  return format_rfc3339(now);
}

std::string MondayData::add(const std::string& type, const std::string& owner, JsonRecord members) {
  const auto id = new_id();
  JsonRecord record{{"__typename", type}, {"id", id}};
  record.update(members);
  tables_[type].put(id, owner, std::move(record));
  return id;
}

std::string MondayData::add_user(const std::string& name, const std::string& email) {
  const auto id = add("User", "",
                      {{"name", name},
                       {"email", email},
                       {"title", ""},
                       {"phone", ""},
                       {"mobile_phone", nullptr},
                       {"location", nullptr},
                       {"country_code", "DE"},
                       {"birthday", nullptr},
                       {"time_zone_identifier", "Europe/Berlin"},
                       {"utc_hours_diff", 1},
                       {"current_language", "en"},
                       {"kind", "member"},
                       {"status", "ACTIVE"},
                       {"is_deleted", false},
                       {"is_email_confirmed", true},
                       {"created_at", stamp()},
                       {"became_active_at", nullptr},
                       {"invitation_method", "USER"},
                       {"serial_number", table("User").size() + 1},
                       {"photo_url", {{"original", "https://files.example.com/photo.png"}}},
                       {"out_of_office", nullptr},
                       {"department", nullptr},
                       {"custom_field_values", list()}});
  at("User", id)["url"] = "https://acme.monday.com/users/" + id;
  if (me_.empty()) me_ = id;
  return id;
}

std::string MondayData::add_team(const std::string& name, const std::vector<std::string>& users) {
  return add("Team", "",
             {{"name", name},
              {"is_guest", false},
              {"picture_url", nullptr},
              {"created_at", stamp()},
              {"owner_ids", list()},
              {"user_ids", users}});
}

std::string MondayData::add_workspace(const std::string& name, const std::string& kind) {
  const auto id = add("Workspace", "",
                      {{"name", name},
                       {"description", nullptr},
                       {"kind", kind},
                       {"state", "active"},
                       {"created_at", stamp()},
                       {"is_default_workspace", main_.empty()},
                       {"account_product", {{"id", "77001"}, {"kind", "core"}}},
                       {"settings", {{"icon", {{"color", "#fdab3d"}, {"image", nullptr}}}}},
                       {"owner_ids", {me_}},
                       {"user_ids", {me_}},
                       {"team_owner_ids", list()},
                       {"team_ids", list()}});
  if (main_.empty()) main_ = id;
  return id;
}

std::string MondayData::add_folder(const std::string& workspace, const std::string& parent,
                                   const std::string& name) {
  return add("Folder", workspace.empty() ? main_ : workspace,
             {{"name", name},
              {"color", nullptr},
              {"custom_icon", nullptr},
              {"font_weight", nullptr},
              {"created_at", stamp()},
              {"owner_id", me_},
              {"parent_id", parent}});
}

std::string MondayData::add_board(const std::string& workspace, const std::string& folder,
                                  const std::string& name, const std::string& kind) {
  const bool is_main = workspace.empty() || workspace == main_;
  const auto now = stamp();
  const auto id = add("Board", is_main ? main_ : workspace,
                      {{"name", name},
                       {"description", nullptr},
                       {"state", "active"},
                       {"board_kind", kind},
                       {"type", "board"},
                       {"hierarchy_type", "classic"},
                       {"created_at", now},
                       {"updated_at", now},
                       {"permissions", "everyone"},
                       {"access_level", "edit"},
                       {"item_terminology", "item"},
                       {"communication", nullptr},
                       {"board_folder_id", folder.empty() ? JsonRecord() : JsonRecord(folder)},
                       {"workspace_id", is_main ? JsonRecord() : JsonRecord(workspace)},
                       {"created_from_board_id", nullptr},
                       {"object_type_unique_key", nullptr},
                       {"columns_namespace", nullptr},
                       {"creator_id", me_},
                       {"owner_ids", {me_}},
                       {"subscriber_ids", {me_}},
                       {"team_owner_ids", list()},
                       {"team_subscriber_ids", list()},
                       {"tag_ids", list()},
                       {"groups", list()},
                       {"columns", list()},
                       {"views", list()},
                       {"subitems_board", ""}});
  at("Board", id)["url"] = "https://acme.monday.com/boards/" + id;
  add_column(id, "name", "Name", JsonRecord::object(), "name");
  add_group(id, "Group Title", "#579bfc");
  log(id, "create_board", {{"board_id", id}});
  return id;
}

std::string MondayData::add_group(const std::string& board, const std::string& title,
                                  const std::string& color) {
  auto& groups = at("Board", board)["groups"];
  const auto id = groups.empty() ? std::string("topics") : "group_mk" + ids_.hex(6);
  JsonRecord group{{"__typename", "Group"}, {"id", id},          {"title", title},
                   {"color", color},        {"archived", false}, {"deleted", false}};
  groups.insert(groups.begin(), std::move(group));
  log(board, "create_group", {{"group_id", id}});
  return id;
}

std::string MondayData::add_column(const std::string& board, const std::string& type,
                                   const std::string& title, const JsonRecord& settings,
                                   const std::string& id) {
  const auto made = id.empty() ? type + "_mk" + ids_.hex(6) : id;
  at("Board", board)["columns"].push_back(
      {{"__typename", "Column"},
       {"id", made},
       {"title", title},
       {"description", nullptr},
       {"type", type},
       {"width", nullptr},
       {"archived", false},
       {"settings", settings},
       {"revision", "1"},
       {"capabilities", {{"visibility", nullptr}, {"calculated", nullptr}}}});
  log(board, "create_column", {{"column_id", made}});
  return made;
}

std::string MondayData::add_item(const std::string& board, const std::string& group,
                                 const std::string& name) {
  const auto now = stamp();
  const auto id = add("Item", board,
                      {{"name", name},
                       {"state", "active"},
                       {"created_at", now},
                       {"updated_at", now},
                       {"creator_id", me_},
                       {"board_id", board},
                       {"group_id", group},
                       {"parent_id", ""},
                       {"subscriber_ids", {me_}},
                       {"description_id", ""},
                       {"values", JsonRecord::object()}});
  auto& item = at("Item", id);
  item["email"] = "pulse-" + id + "@use1.monday.com";
  item["url"] = "https://acme.monday.com/boards/" + board + "/pulses/" + id;
  log(board, "create_pulse", {{"pulse_id", id}, {"pulse_name", name}});
  return id;
}

std::string MondayData::add_subitem(const std::string& item, const std::string& name) {
  const std::string board = at("Item", item)["board_id"];
  std::string below = at("Board", board)["subitems_board"];
  if (below.empty()) {
    const auto parent = at("Board", board);
    const auto& place = parent.at("workspace_id");
    below =
        add_board(place.is_null() ? "" : place.get<std::string>(), "",
                  "Subitems of " + parent.at("name").get<std::string>(), parent.at("board_kind"));
    at("Board", below)["type"] = "sub_items_board";
    at("Board", board)["subitems_board"] = below;
    add_column(board, "subtasks", "Subitems", {{"boardIds", {std::stoll(below)}}}, "subitems");
    add_column(below, "people", "Owner", JsonRecord::object(), "person");
    add_column(below, "status", "Status",
               {{"labels",
                 {{{"id", 0},
                   {"label", "Working on it"},
                   {"index", 0},
                   {"color", "working_orange"},
                   {"is_done", false}},
                  {{"id", 1},
                   {"label", "Done"},
                   {"index", 1},
                   {"color", "done_green"},
                   {"is_done", true}}}}},
               "status");
    add_column(below, "date", "Date", JsonRecord::object(), "date0");
  }
  const auto id = add_item(below, at("Board", below)["groups"][0]["id"], name);
  at("Item", id)["parent_id"] = item;
  return id;
}

std::string MondayData::add_update(const std::string& board, const std::string& item,
                                   const std::string& user, const std::string& body) {
  const auto now = stamp();
  if (!item.empty()) touch_item(item);
  return add("Update", item.empty() ? board : item,
             {{"body", body},
              {"creator_id", user},
              {"created_at", now},
              {"updated_at", now},
              {"edited_at", now},
              {"item_id", item.empty() ? JsonRecord() : JsonRecord(item)},
              {"original_creation_date", nullptr},
              {"pinned_to_top", list()},
              {"likes", list()}});
}

std::string MondayData::add_reply(const std::string& update, const std::string& user,
                                  const std::string& body) {
  const auto now = stamp();
  at("Update", update)["updated_at"] = now;
  return add("Reply", update,
             {{"body", body},
              {"kind", "reply"},
              {"creator_id", user},
              {"created_at", now},
              {"updated_at", now},
              {"edited_at", now},
              {"likes", list()}});
}

std::string MondayData::add_asset(const std::string& owner, const std::string& name,
                                  std::string content) {
  const auto dot = name.rfind('.');
  const auto id = add("Asset", owner,
                      {{"name", name},
                       {"file_extension", dot == std::string::npos ? "" : name.substr(dot)},
                       {"file_size", content.size()},
                       {"original_geometry", nullptr},
                       {"created_at", stamp()}});
  at("Asset", id)["url"] = "https://acme.monday.com/protected_static/1/resources/" + id + "/file";
  bytes[id] = std::move(content);
  return id;
}

std::string MondayData::attach_to_column(const std::string& item, const std::string& column,
                                         const std::string& name, std::string content) {
  const auto id = add_asset(item, name, std::move(content));
  auto stored = value(item, column);
  if (stored.is_null()) stored = {{"files", list()}};
  const auto now = milliseconds_of(time_.now());
  stored["files"].push_back({{"name", name},
                             {"assetId", std::stoll(id)},
                             {"isImage", "false"},
                             {"fileType", "ASSET"},
                             {"createdAt", now},
                             {"createdBy", me_}});
  set_value(item, column, stored);
  return id;
}

std::string MondayData::add_tag(const std::string& name) {
  return add("Tag", "", {{"name", name}, {"color", "#00c875"}});
}

std::string MondayData::add_doc(const std::string& workspace, const std::string& folder,
                                const std::string& name) {
  const auto object = new_id();
  const auto now = stamp();
  const bool is_main = workspace.empty() || workspace == main_;
  return add("Document", is_main ? main_ : workspace,
             {{"object_id", object},
              {"name", name},
              {"doc_kind", "public"},
              {"doc_folder_id", folder.empty() ? JsonRecord() : JsonRecord(folder)},
              {"workspace_id", is_main ? JsonRecord() : JsonRecord(workspace)},
              {"relative_url", "/docs/" + object},
              {"url", "https://acme.monday.com/docs/" + object},
              {"settings", nullptr},
              {"created_at", now},
              {"updated_at", now},
              {"creator_id", me_}});
}

std::string MondayData::add_block(const std::string& owner, const std::string& type,
                                  JsonRecord content, const std::string& after) {
  const auto hex = ids_.hex(32);
  const auto id = hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-4" + hex.substr(13, 3) + "-a" +
                  hex.substr(17, 3) + "-" + hex.substr(20, 12);
  // Between the block before and the one behind it.
  double low = 0, high = 0;
  if (!after.empty()) low = at("DocumentBlock", after)["position"];
  for (const auto& key : table("DocumentBlock").keys_of(owner)) {
    const double position = at("DocumentBlock", key)["position"];
    if (position > low && (high == 0 || position < high)) high = position;
  }
  const auto now = stamp();
  const bool is_doc = table("Document").find(owner) != nullptr;
  tables_["DocumentBlock"].put(id, owner,
                               {{"__typename", "DocumentBlock"},
                                {"id", id},
                                {"type", type},
                                {"doc_id", is_doc ? JsonRecord(owner) : JsonRecord()},
                                {"parent_block_id", nullptr},
                                {"position", high == 0 ? low + 65536 : (low + high) / 2},
                                {"content", std::move(content)},
                                {"created_at", now},
                                {"updated_at", now},
                                {"creator_id", me_}});
  if (is_doc) at("Document", owner)["updated_at"] = now;
  return id;
}

const JsonRecord* MondayData::find_column(const std::string& board,
                                          const std::string& column) const {
  const auto& columns = at("Board", board).at("columns");
  const auto place = place_of(columns, column);
  return place == columns.size() ? nullptr : &columns[place];
}

JsonRecord* MondayData::find_column(const std::string& board, const std::string& column) {
  auto& columns = at("Board", board)["columns"];
  const auto place = place_of(columns, column);
  return place == columns.size() ? nullptr : &columns[place];
}

const JsonRecord* MondayData::find_group(const std::string& board, const std::string& group) const {
  const auto& groups = at("Board", board).at("groups");
  const auto place = place_of(groups, group);
  return place == groups.size() ? nullptr : &groups[place];
}

JsonRecord MondayData::value(const std::string& item, const std::string& column) const {
  const auto& values = at("Item", item).at("values");
  return values.contains(column) ? values.at(column) : JsonRecord();
}

}  // namespace probackup
