// The mutations of MondayAccount. https://developer.monday.com/api-reference/reference/mutations
#include <algorithm>
#include <set>

#include "fake/monday_account.h"
#include "fake/monday_values.h"

namespace probackup {

namespace {

[[noreturn]] void refuse_argument(const std::string& what) {
  throw MondayError("InvalidArgumentException", 400, what);
}

std::string needed(const GraphqlField& field, const std::string& name) {
  const auto value = monday_text(field, name);
  if (value.empty()) refuse_argument(name + " is required");
  return value;
}

bool is_true(const GraphqlField& field, const std::string& name) {
  return monday_text(field, name) == "true";
}

// A JSON argument: a text that holds JSON, or the value itself.
JsonRecord json_argument(const GraphqlField& field, const std::string& name) {
  if (!monday_has(field, name)) return nullptr;
  const auto& value = field.arguments.at(name);
  if (!value.is_string()) return value;
  auto parsed = JsonRecord::parse(value.get<std::string>(), nullptr, false);
  if (parsed.is_discarded()) refuse_argument(name + " is no JSON");
  return parsed;
}

JsonRecord text_or_null(const GraphqlField& field, const std::string& name) {
  const auto text = monday_text(field, name);
  return text.empty() ? JsonRecord() : JsonRecord(text);
}

// Columns that people cannot make.
const std::set<std::string> fixed_columns{"name", "subtasks", "unsupported", "item_assignees"};

}  // namespace

void MondayAccount::add_mutations() {
  add_place_mutations();
  add_board_mutations();
  add_item_mutations();
  add_text_mutations();
}

void MondayAccount::add_place_mutations() {
  mutations_["create_workspace"] = [this](const GraphqlField& field) {
    const auto id = data_.add_workspace(needed(field, "name"), needed(field, "kind"));
    data_.at("Workspace", id)["description"] = text_or_null(field, "description");
    return data_.at("Workspace", id);
  };
  mutations_["delete_workspace"] = [this](const GraphqlField& field) {
    const auto record = named("Workspace", field, "workspace_id");
    const std::string id = record.at("id");
    for (const auto& board : std::set<std::string>(data_.table("Board").keys_of(id)))
      if (data_.table("Board").find(board)) data_.delete_board(board);
    for (const auto& doc : std::set<std::string>(data_.table("Document").keys_of(id)))
      data_.delete_doc(doc);
    data_.table("Folder").erase_owner(id);
    data_.erase("Workspace", id);
    return record;
  };
  mutations_["create_folder"] = [this](const GraphqlField& field) {
    const auto parent = monday_text(field, "parent_folder_id");
    if (!parent.empty()) named("Folder", field, "parent_folder_id");
    if (monday_has(field, "workspace_id")) named("Workspace", field, "workspace_id");
    const auto id =
        data_.add_folder(monday_text(field, "workspace_id"), parent, needed(field, "name"));
    auto& folder = data_.at("Folder", id);
    for (const auto* name : {"color", "custom_icon", "font_weight"})
      folder[name] = text_or_null(field, name);
    return folder;
  };
  mutations_["delete_folder"] = [this](const GraphqlField& field) {
    const auto record = named("Folder", field, "folder_id");
    data_.erase("Folder", record.at("id"));
    return record;
  };
  mutations_["create_team"] = [this](const GraphqlField& field) {
    const auto& input = field.arguments.at("input");
    std::vector<std::string> users;
    if (input.contains("subscriber_ids"))
      for (const auto& id : input.at("subscriber_ids")) users.push_back(id);
    const auto id = data_.add_team(input.at("name"), users);
    if (input.contains("is_guest_team") && input.at("is_guest_team").is_boolean())
      data_.at("Team", id)["is_guest"] = input.at("is_guest_team");
    return data_.at("Team", id);
  };
  mutations_["delete_team"] = [this](const GraphqlField& field) {
    const auto record = named("Team", field, "team_id");
    data_.erase("Team", record.at("id"));
    return record;
  };
  mutations_["create_or_get_tag"] = [this](const GraphqlField& field) {
    const auto name = needed(field, "tag_name");
    for (const auto& [key, tag] : data_.table("Tag").all())
      if (tag.at("name") == name) return tag;
    return data_.at("Tag", data_.add_tag(name));
  };
}

void MondayAccount::add_board_mutations() {
  mutations_["create_board"] = [this](const GraphqlField& field) {
    const auto kind = needed(field, "board_kind");
    const auto name = needed(field, "board_name");
    if (monday_has(field, "workspace_id")) named("Workspace", field, "workspace_id");
    if (monday_has(field, "folder_id")) named("Folder", field, "folder_id");
    const auto id = data_.add_board(monday_text(field, "workspace_id"),
                                    monday_text(field, "folder_id"), name, kind);
    if (!is_true(field, "empty")) {
      data_.add_column(id, "people", "Person", JsonRecord::object(), "person");
      data_.add_column(id, "date", "Date", JsonRecord::object(), "date4");
      for (const auto* item : {"Task 1", "Task 2"}) data_.add_item(id, "topics", item);
    }
    data_.at("Board", id)["description"] = text_or_null(field, "description");
    return data_.at("Board", id);
  };
  mutations_["add_subscribers_to_board"] = [this](const GraphqlField& field) {
    const std::string id = named("Board", field, "board_id").at("id");
    auto& subscribers = data_.at("Board", id)["subscriber_ids"];
    auto added = JsonRecord::array();
    for (const auto& user : monday_texts(field, "user_ids")) {
      const auto* record = data_.table("User").find(user);
      if (!record) throw MondayError("ResourceNotFoundException", 404, "User not found");
      if (std::find(subscribers.begin(), subscribers.end(), user) == subscribers.end())
        subscribers.push_back(user);
      added.push_back(*record);
    }
    return added;
  };
  mutations_["archive_board"] = [this](const GraphqlField& field) {
    const std::string id = named("Board", field, "board_id").at("id");
    data_.set_board_state(id, "archived");
    return data_.at("Board", id);
  };
  mutations_["delete_board"] = [this](const GraphqlField& field) {
    const auto record = named("Board", field, "board_id");
    data_.delete_board(record.at("id"));
    return record;
  };
  mutations_["update_board"] = [this](const GraphqlField& field) -> JsonRecord {
    const std::string id = named("Board", field, "board_id").at("id");
    const auto member = needed(field, "board_attribute");
    if (member != "name" && member != "description")
      refuse_argument("there is no attribute " + member);
    data_.at("Board", id)[member] = monday_text(field, "new_value");
    data_.log(id, "change_board_" + member, {{"board_id", id}});
    return {{"success", true}};
  };
  mutations_["create_group"] = [this](const GraphqlField& field) {
    const std::string board = named("Board", field, "board_id").at("id");
    const auto relative = monday_text(field, "relative_to");
    if (!relative.empty() && !data_.find_group(board, relative))
      refuse_argument("there is no group " + relative);
    const auto id = data_.add_group(board, needed(field, "group_name"),
                                    monday_text(field, "group_color", "#579bfc"));
    // add_group() put it in front.
    auto& groups = data_.at("Board", board)["groups"];
    const bool is_after = monday_text(field, "position_relative_method") == "after_at";
    for (std::size_t i = 0; !relative.empty() && i + 1 < groups.size(); ++i) {
      const bool at_place = groups[i + 1].at("id") == relative;
      if (at_place && !is_after) break;
      std::swap(groups[i], groups[i + 1]);
      if (at_place) break;
    }
    return *data_.find_group(board, id);
  };
  mutations_["update_group"] = [this](const GraphqlField& field) {
    const std::string board = named("Board", field, "board_id").at("id");
    const auto id = monday_text(field, "group_id");
    const auto member = needed(field, "group_attribute");
    if (member != "title" && member != "color") refuse_argument("there is no attribute " + member);
    for (auto& group : data_.at("Board", board)["groups"]) {
      if (group.at("id") != id) continue;
      group[member] = monday_text(field, "new_value");
      data_.log(board, "update_group", {{"group_id", id}});
      return group;
    }
    throw MondayError("ResourceNotFoundException", 404, "Group not found");
  };
  mutations_["delete_group"] = [this](const GraphqlField& field) {
    const std::string board = named("Board", field, "board_id").at("id");
    const auto* group = data_.find_group(board, monday_text(field, "group_id"));
    if (!group) throw MondayError("ResourceNotFoundException", 404, "Group not found");
    const auto record = *group;
    if (data_.at("Board", board).at("groups").size() == 1)
      refuse_argument("the last group of a board cannot be deleted");
    data_.delete_group(board, record.at("id"));
    return record;
  };
  mutations_["create_column"] = [this](const GraphqlField& field) {
    const std::string board = named("Board", field, "board_id").at("id");
    const auto type = needed(field, "column_type");
    if (fixed_columns.contains(type)) refuse_argument("no column of this type can be made");
    auto settings = json_argument(field, "defaults");
    if (settings.is_null()) settings = JsonRecord::object();
    if (settings.contains("labels"))
      for (std::size_t i = 0; i < settings["labels"].size(); ++i)
        settings["labels"][i]["id"] =
            type == "status" ? settings["labels"][i].at("index") : JsonRecord(i + 1);
    const auto id =
        data_.add_column(board, type, needed(field, "title"), settings, monday_text(field, "id"));
    auto* column = data_.find_column(board, id);
    (*column)["description"] = text_or_null(field, "description");
    return *column;
  };
  mutations_["delete_column"] = [this](const GraphqlField& field) {
    const std::string board = named("Board", field, "board_id").at("id");
    const auto* column = data_.find_column(board, monday_text(field, "column_id"));
    if (!column) throw MondayError("ResourceNotFoundException", 404, "Column not found");
    const auto record = *column;
    data_.delete_column(board, record.at("id"));
    return record;
  };
}

std::map<std::string, JsonRecord> MondayAccount::given_values(const std::string& board,
                                                              const GraphqlField& field) {
  std::map<std::string, JsonRecord> values;
  const auto given = json_argument(field, "column_values");
  if (given.is_null()) return values;
  for (const auto& [column, value] : given.items()) {
    auto* found = data_.find_column(board, column);
    if (!found)
      throw MondayError("InvalidColumnIdException", 400,
                        "This column ID doesn't exist for the board: " + column);
    values[column] =
        monday_stored(data_, *found, value, is_true(field, "create_labels_if_missing"));
  }
  return values;
}

void MondayAccount::set_values(const std::string& item,
                               const std::map<std::string, JsonRecord>& values) {
  for (const auto& [column, value] : values) data_.set_value(item, column, value);
}

void MondayAccount::add_item_mutations() {
  mutations_["create_item"] = [this](const GraphqlField& field) {
    const std::string board = named("Board", field, "board_id").at("id");
    const auto name = needed(field, "item_name");
    const auto group = monday_text(field, "group_id", data_.at("Board", board)["groups"][0]["id"]);
    if (!data_.find_group(board, group)) refuse_argument("there is no group " + group);
    const auto values = given_values(board, field);
    const auto id = data_.add_item(board, group, name);
    set_values(id, values);
    return data_.at("Item", id);
  };
  mutations_["create_subitem"] = [this](const GraphqlField& field) {
    const std::string parent = named("Item", field, "parent_item_id").at("id");
    const auto name = needed(field, "item_name");
    if (data_.at("Item", parent).at("parent_id") != "")
      refuse_argument("a subitem has no subitems");
    const std::string below =
        data_.at("Board", data_.at("Item", parent)["board_id"])["subitems_board"];
    const auto values =
        below.empty() ? std::map<std::string, JsonRecord>() : given_values(below, field);
    const auto id = data_.add_subitem(parent, name);
    set_values(id, values);
    return data_.at("Item", id);
  };
  mutations_["change_multiple_column_values"] = [this](const GraphqlField& field) {
    const std::string board = named("Board", field, "board_id").at("id");
    const std::string item = named("Item", field, "item_id").at("id");
    if (data_.at("Item", item).at("board_id") != board)
      refuse_argument("the item is on another board");
    set_values(item, given_values(board, field));
    return data_.at("Item", item);
  };
  mutations_["delete_item"] = [this](const GraphqlField& field) {
    const auto record = named("Item", field, "item_id");
    data_.delete_item(record.at("id"));
    return record;
  };
  mutations_["archive_item"] = [this](const GraphqlField& field) {
    const std::string item = named("Item", field, "item_id").at("id");
    data_.set_item_state(item, "archived");
    return data_.at("Item", item);
  };
  mutations_["add_file_to_column"] = [this](const GraphqlField& field) {
    const std::string item = named("Item", field, "item_id").at("id");
    const auto column = needed(field, "column_id");
    const auto* found = data_.find_column(data_.at("Item", item).at("board_id"), column);
    if (!found || found->at("type") != "file") refuse_argument("there is no file column " + column);
    if (!file_) refuse_argument("the file is missing");
    const auto id = data_.attach_to_column(item, column, file_->file_name, file_->content);
    return data_.at("Asset", id);
  };
}

void MondayAccount::add_text_mutations() {
  mutations_["create_update"] = [this](const GraphqlField& field) {
    const auto body = needed(field, "body");
    if (monday_has(field, "parent_id")) {
      const std::string update = named("Update", field, "parent_id").at("id");
      // A reply comes as an Update of its own.
      auto reply = data_.at("Reply", data_.add_reply(update, data_.me(), body));
      reply["__typename"] = "Update";
      reply["item_id"] = data_.at("Update", update).at("item_id");
      return reply;
    }
    const auto item = named("Item", field, "item_id");
    const auto id = data_.add_update(item.at("board_id"), item.at("id"), data_.me(), body);
    data_.at("Update", id)["original_creation_date"] =
        text_or_null(field, "original_creation_date");
    return data_.at("Update", id);
  };
  mutations_["edit_update"] = [this](const GraphqlField& field) {
    const std::string id = named("Update", field, "id").at("id");
    data_.edit_update(id, needed(field, "body"));
    return data_.at("Update", id);
  };
  mutations_["delete_update"] = [this](const GraphqlField& field) {
    const auto record = named("Update", field, "id");
    data_.delete_update(record.at("id"));
    return record;
  };
  mutations_["add_file_to_update"] = [this](const GraphqlField& field) {
    const auto id = monday_text(field, "update_id");
    if (!data_.table("Update").find(id) && !data_.table("Reply").find(id))
      throw MondayError("ResourceNotFoundException", 404, "Update not found");
    if (!file_) refuse_argument("the file is missing");
    return data_.at("Asset", data_.add_asset(id, file_->file_name, file_->content));
  };
  mutations_["create_doc"] = [this](const GraphqlField& field) {
    const auto& place = field.arguments.at("location").at("workspace");
    const std::string workspace = place.at("workspace_id");
    if (!data_.table("Workspace").find(workspace))
      throw MondayError("ResourceNotFoundException", 404, "Workspace not found");
    const auto folder = place.contains("folder_id") && place.at("folder_id").is_string()
                            ? place.at("folder_id").get<std::string>()
                            : std::string();
    const auto id = data_.add_doc(workspace, folder, place.at("name"));
    if (place.contains("kind")) data_.at("Document", id)["doc_kind"] = place.at("kind");
    return data_.at("Document", id);
  };
  mutations_["delete_doc"] = [this](const GraphqlField& field) -> JsonRecord {
    data_.delete_doc(named("Document", field, "docId").at("id"));
    return {{"success", true}};
  };
  mutations_["create_doc_block"] = [this](const GraphqlField& field) {
    const std::string doc = named("Document", field, "doc_id").at("id");
    auto type = needed(field, "type");
    std::replace(type.begin(), type.end(), '_', ' ');
    auto content = json_argument(field, "content");
    if (!content.is_object()) refuse_argument("content must be an object");
    if (monday_has(field, "after_block_id")) named("DocumentBlock", field, "after_block_id");
    const auto id = data_.add_block(doc, type, content, monday_text(field, "after_block_id"));
    data_.at("DocumentBlock", id)["parent_block_id"] = text_or_null(field, "parent_block_id");
    return data_.at("DocumentBlock", id);
  };
}

}  // namespace probackup
