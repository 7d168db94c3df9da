// The half of MondayData that changes and deletes.
#include <algorithm>

#include "fake/monday_data.h"
#include "util/time.h"

namespace probackup {

namespace {

void take_out(JsonRecord& entries, const std::string& id) {
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (entries[i].at("id") == id) return entries.erase(i);
}

}  // namespace

void MondayData::log(const std::string& board, const std::string& event, JsonRecord data) {
  const auto now = stamp(true);
  auto& record = at("Board", board);
  record["updated_at"] = now.substr(0, 19) + "Z";
  // Tenths of microseconds since 1970, as the API writes it here.
  const auto since =
      std::chrono::duration_cast<std::chrono::milliseconds>(time_.now().time_since_epoch());
  add("ActivityLogType", board,
      {{"event", event},
       {"entity", event.find("board") != std::string::npos ? "board" : "pulse"},
       {"data", data.dump()},
       {"user_id", me_},
       {"account_id", "9000001"},
       {"created_at", std::to_string(since.count() * 10'000)},
       {"time", now}});
}

void MondayData::touch_item(const std::string& item) {
  at("Item", item)["updated_at"] = stamp();
}

void MondayData::set_value(const std::string& item, const std::string& column,
                           const JsonRecord& value) {
  auto& record = at("Item", item);
  if (value.is_null())
    record["values"].erase(column);
  else
    record["values"][column] = value;
  touch_item(item);
  log(record["board_id"], "update_column_value", {{"pulse_id", item}, {"column_id", column}});
}

void MondayData::rename_item(const std::string& item, const std::string& name) {
  at("Item", item)["name"] = name;
  touch_item(item);
  log(at("Item", item)["board_id"], "update_name", {{"pulse_id", item}});
}

void MondayData::move_item(const std::string& item, const std::string& group) {
  at("Item", item)["group_id"] = group;
  touch_item(item);
  log(at("Item", item)["board_id"], "move_pulse_from_group", {{"pulse_id", item}});
}

void MondayData::set_item_state(const std::string& item, const std::string& state) {
  at("Item", item)["state"] = state;
  touch_item(item);
  log(at("Item", item)["board_id"], state == "archived" ? "archive_pulse" : "restore_pulse",
      {{"pulse_id", item}});
}

void MondayData::set_board_state(const std::string& board, const std::string& state) {
  at("Board", board)["state"] = state;
  log(board, "board_state_change", {{"state", state}});
}

void MondayData::edit_update(const std::string& update, const std::string& body) {
  auto& record = at("Update", update);
  record["body"] = body;
  record["edited_at"] = record["updated_at"] = stamp();
}

void MondayData::delete_update(const std::string& update) {
  for (const auto& reply : std::set<std::string>(table("Reply").keys_of(update))) {
    tables_["Asset"].erase_owner(reply);
    erase("Reply", reply);
  }
  tables_["Asset"].erase_owner(update);
  erase("Update", update);
}

void MondayData::delete_item(const std::string& item) {
  const std::string board = at("Item", item)["board_id"];
  for (const auto& update : std::set<std::string>(table("Update").keys_of(item)))
    delete_update(update);
  std::vector<std::string> below;
  for (const auto& [key, record] : table("Item").all())
    if (record.at("parent_id") == item) below.push_back(key);
  for (const auto& subitem : below) delete_item(subitem);
  const std::string description = at("Item", item)["description_id"];
  if (!description.empty()) tables_["DocumentBlock"].erase_owner(description);
  tables_["Asset"].erase_owner(item);
  tables_["TimelineItem"].erase_owner(item);
  erase("Item", item);
  log(board, "delete_pulse", {{"pulse_id", item}});
}

void MondayData::delete_group(const std::string& board, const std::string& group) {
  for (const auto& item : std::set<std::string>(table("Item").keys_of(board)))
    if (table("Item").find(item) && at("Item", item)["group_id"] == group) delete_item(item);
  take_out(at("Board", board)["groups"], group);
  log(board, "delete_group", {{"group_id", group}});
}

void MondayData::delete_column(const std::string& board, const std::string& column) {
  take_out(at("Board", board)["columns"], column);
  for (const auto& item : table("Item").keys_of(board)) at("Item", item)["values"].erase(column);
  log(board, "delete_column", {{"column_id", column}});
}

void MondayData::delete_board(const std::string& board) {
  const std::string below = at("Board", board)["subitems_board"];
  for (const auto& item : std::set<std::string>(table("Item").keys_of(board)))
    if (table("Item").find(item)) delete_item(item);
  for (const auto& update : std::set<std::string>(table("Update").keys_of(board)))
    delete_update(update);
  tables_["Webhook"].erase_owner(board);
  tables_["ActivityLogType"].erase_owner(board);
  erase("Board", board);
  if (!below.empty() && table("Board").find(below)) delete_board(below);
}

void MondayData::delete_doc(const std::string& doc) {
  tables_["DocumentBlock"].erase_owner(doc);
  erase("Document", doc);
}

}  // namespace probackup
