#include "fake/monday_graph.h"

#include <fmt/format.h>

#include <algorithm>

#include "fake/monday_values.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {

namespace {

constexpr std::size_t items_max = 500, updates_max = 100;

std::int64_t seconds_of(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// The page that `limit` and `page` name.
JsonRecord page_of(const JsonRecord& all, const GraphqlField& field, std::int64_t fallback) {
  const auto limit = monday_number(field, "limit", fallback);
  const auto page = monday_number(field, "page", 1);
  if (limit < 1 || page < 1)
    throw MondayError("InvalidArgumentException", 400, "limit and page must be positive");
  auto out = JsonRecord::array();
  const auto begin = static_cast<std::size_t>((page - 1) * limit);
  for (auto i = begin; i < all.size() && i < begin + static_cast<std::size_t>(limit); ++i)
    out.push_back(all[i]);
  return out;
}

std::vector<std::string> ids_in(const JsonRecord& value) {
  std::vector<std::string> ids;
  if (value.is_array())
    for (const auto& id : value) ids.push_back(id);
  return ids;
}

// "<p>a <b>b</b></p>" without its elements.
std::string plain(const std::string& html) {
  std::string out;
  bool is_tag = false;
  for (const char c : html) {
    if (c == '<') is_tag = true;
    if (!is_tag) out += c;
    if (c == '>') is_tag = false;
  }
  return out;
}

}  // namespace

bool monday_has(const GraphqlField& field, const std::string& name) {
  const auto found = field.arguments.find(name);
  return found != field.arguments.end() && !found->second.is_null();
}

std::string monday_text(const GraphqlField& field, const std::string& name,
                        const std::string& fallback) {
  if (!monday_has(field, name)) return fallback;
  const auto& value = field.arguments.at(name);
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::int64_t monday_number(const GraphqlField& field, const std::string& name,
                           std::int64_t fallback) {
  if (!monday_has(field, name)) return fallback;
  const auto& value = field.arguments.at(name);
  if (!value.is_number_integer()) throw MondayError("ParseError", 400, name + " must be an Int");
  return value;
}

std::vector<std::string> monday_texts(const GraphqlField& field, const std::string& name) {
  std::vector<std::string> out;
  if (!monday_has(field, name)) return out;
  const auto& value = field.arguments.at(name);
  const auto text = [](const JsonRecord& entry) {
    return entry.is_string() ? entry.get<std::string>() : entry.dump();
  };
  if (!value.is_array()) return {text(value)};
  for (const auto& entry : value) out.push_back(text(entry));
  return out;
}

MondayGraph::MondayGraph(const MondayData& data, Clock& clock, std::chrono::seconds cursor_life,
                         std::function<std::string(const std::string&)> file_url)
    : data_(data), clock_(clock), cursor_life_(cursor_life), file_url_(std::move(file_url)) {
  add_account();
  add_boards();
  add_items();
  add_texts();
  add_roots();
}

JsonRecord MondayGraph::pick(const JsonRecord& record,
                             const std::vector<GraphqlField>& fields) const {
  auto out = JsonRecord::object();
  for (const auto& field : fields) {
    if (!field.is_fragment) {
      out[field.alias] = shown(value_of(record, field), field);
    } else if (field.on.empty() || field.on == "ColumnValue" ||
               field.on == record.value("__typename", "")) {
      out.update(pick(record, field.fields));
    }
  }
  return out;
}

JsonRecord MondayGraph::value_of(const JsonRecord& record, const GraphqlField& field) const {
  const auto type = record.value("__typename", "");
  const auto found = resolvers_.find(type + "." + field.name);
  if (found != resolvers_.end()) return found->second(record, field);
  if (record.contains(field.name)) return record.at(field.name);
  throw MondayError("GRAPHQL_VALIDATION_FAILED", 400,
                    fmt::format("Cannot query field \"{}\" on type \"{}\".", field.name, type));
}

JsonRecord MondayGraph::shown(const JsonRecord& value, const GraphqlField& field) const {
  if (field.fields.empty() || value.is_null()) return value;
  if (value.is_object()) return pick(value, field.fields);
  auto out = JsonRecord::array();
  for (const auto& entry : value) out.push_back(pick(entry, field.fields));
  return out;
}

JsonRecord MondayGraph::query(const GraphqlField& field) const {
  return shown(value_of({{"__typename", "Query"}}, field), field);
}

JsonRecord MondayGraph::records(const std::string& type,
                                const std::vector<std::string>& ids) const {
  auto out = JsonRecord::array();
  for (const auto& id : ids)
    if (const auto* record = data_.table(type).find(id)) out.push_back(*record);
  return out;
}

JsonRecord MondayGraph::below(const std::string& type, const std::string& owner) const {
  const auto& keys = data_.table(type).keys_of(owner);
  return records(type, {keys.begin(), keys.end()});
}

JsonRecord MondayGraph::listed(const std::string& type, const GraphqlField& field) const {
  auto all = JsonRecord::array();
  if (monday_has(field, "ids")) {
    all = records(type, monday_texts(field, "ids"));
  } else {
    for (const auto& [key, record] : data_.table(type).all()) all.push_back(record);
  }
  return all;
}

void MondayGraph::refer(const std::string& field, const std::string& type,
                        const std::string& member) {
  resolvers_[field] = [this, type, member](const JsonRecord& record,
                                           const GraphqlField&) -> JsonRecord {
    const auto& value = record.at(member);
    if (value.is_array()) return records(type, ids_in(value));
    const auto* found = value.is_string() ? data_.table(type).find(value) : nullptr;
    return found ? *found : JsonRecord();
  };
}

void MondayGraph::add_account() {
  resolvers_["User.account"] = [](const JsonRecord&, const GraphqlField&) -> JsonRecord {
    return {{"id", "9000001"},
            {"name", "Acme"},
            {"slug", "acme"},
            {"tier", "pro"},
            {"country_code", "DE"},
            {"created_at", "2023-01-02T03:04:05Z"},
            {"first_day_of_the_week", "monday"},
            {"logo", nullptr},
            {"sign_up_product_kind", "core"},
            {"show_timeline_weekends", true},
            {"plan", {{"tier", "pro"}, {"period", "yearly"}, {"version", 12}, {"max_users", 20}}},
            {"products", JsonRecord::array({{{"id", "77001"},
                                             {"kind", "core"},
                                             {"tier", "pro"},
                                             {"default_workspace_id", nullptr}}})}};
  };
  resolvers_["User.custom_field_metas"] = [](const JsonRecord&, const GraphqlField&) {
    return JsonRecord::array();
  };
  refer("Team.users", "User", "user_ids");
  refer("Team.owners", "User", "owner_ids");
  refer("Department.members", "User", "user_ids");
  refer("Department.owners", "User", "owner_ids");
  refer("Workspace.owners_subscribers", "User", "owner_ids");
  refer("Workspace.users_subscribers", "User", "user_ids");
  refer("Workspace.team_owners_subscribers", "Team", "team_owner_ids");
  refer("Workspace.teams_subscribers", "Team", "team_ids");
  refer("Folder.parent", "Folder", "parent_id");
  resolvers_["Folder.workspace"] = [this](const JsonRecord& folder, const GraphqlField&) {
    const auto& owner = data_.table("Folder").owner_of(folder.at("id"));
    return data_.at("Workspace", owner);
  };
  const auto in_folder = [this](const std::string& type, const std::string& member) {
    return [this, type, member](const JsonRecord& folder, const GraphqlField&) {
      auto out = JsonRecord::array();
      for (const auto& [key, record] : data_.table(type).all())
        if (record.at(member) == folder.at("id")) out.push_back(record);
      return out;
    };
  };
  resolvers_["Folder.children"] = in_folder("Board", "board_folder_id");
  resolvers_["Folder.sub_folders"] = in_folder("Folder", "parent_id");
}

void MondayGraph::add_boards() {
  refer("Board.creator", "User", "creator_id");
  refer("Board.owners", "User", "owner_ids");
  refer("Board.subscribers", "User", "subscriber_ids");
  refer("Board.team_owners", "Team", "team_owner_ids");
  refer("Board.team_subscribers", "Team", "team_subscriber_ids");
  refer("Board.tags", "Tag", "tag_ids");
  resolvers_["Board.items_count"] = [this](const JsonRecord& board, const GraphqlField&) {
    std::int64_t count = 0;
    for (const auto& key : data_.table("Item").keys_of(board.at("id")))
      count += data_.at("Item", key).at("state") == "active" ? 1 : 0;
    return JsonRecord(count);
  };
  resolvers_["Board.groups"] = [](const JsonRecord& board, const GraphqlField&) {
    auto groups = board.at("groups");
    for (std::size_t i = 0; i < groups.size(); ++i)
      groups[i]["position"] = std::to_string(65536 * (i + 1)) + ".0";
    return groups;
  };
  resolvers_["Board.items_page"] = [this](const JsonRecord& board, const GraphqlField& field) {
    const auto limit = monday_number(field, "limit", 25);
    if (limit < 1 || limit > static_cast<std::int64_t>(items_max))
      throw MondayError("InvalidArgumentException", 400, "limit must be from 1 to 500");
    return items_page(board.at("id"), static_cast<std::size_t>(limit),
                      monday_text(field, "cursor"));
  };
  resolvers_["Board.updates"] = [this](const JsonRecord& board, const GraphqlField& field) {
    return updates(field, &board);
  };
  resolvers_["Board.activity_logs"] = [this](const JsonRecord& board, const GraphqlField& field) {
    // The newest first.
    auto all = JsonRecord::array();
    const auto from = parse_rfc3339(monday_text(field, "from"));
    const auto& keys = data_.table("ActivityLogType").keys_of(board.at("id"));
    for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
      const auto& entry = data_.at("ActivityLogType", *key);
      if (!from || *parse_rfc3339(entry.at("time").get<std::string>()) >= *from)
        all.push_back(entry);
    }
    return page_of(all, field, 25);
  };
}

JsonRecord MondayGraph::items_page(const std::string& board, std::size_t limit,
                                   const std::string& cursor) const {
  std::string after;
  if (!cursor.empty()) {
    const auto parts = split(cursor, '-');
    if (parts.size() != 3 || parts[0] != board)
      throw MondayError("CursorException", 400, "The cursor provided for pagination is invalid");
    if (seconds_of(clock_.now()) - std::stoll(parts[2]) > cursor_life_.count())
      throw MondayError("CursorExpiredError", 400,
                        "The cursor provided for pagination has expired");
    after = parts[1];
  }
  const auto& keys = data_.table("Item").keys_of(board);
  auto items = JsonRecord::array();
  bool has_more = false;
  for (auto key = keys.upper_bound(after); key != keys.end(); ++key) {
    const auto& item = data_.at("Item", *key);
    if (item.at("state") != "active") continue;
    if (items.size() == limit) {
      has_more = true;
      break;
    }
    items.push_back(item);
  }
  // The life of a cursor counts from the first page on.
  const auto issued =
      cursor.empty() ? std::to_string(seconds_of(clock_.now())) : split(cursor, '-')[2];
  JsonRecord next;
  if (has_more) next = board + "-" + items.back().at("id").get<std::string>() + "-" + issued;
  return {{"__typename", "ItemsResponse"}, {"cursor", next}, {"items", items}};
}

void MondayGraph::add_items() {
  refer("Item.board", "Board", "board_id");
  refer("Item.parent_item", "Item", "parent_id");
  refer("Item.subscribers", "User", "subscriber_ids");
  resolvers_["Item.group"] = [this](const JsonRecord& item, const GraphqlField&) -> JsonRecord {
    const auto* group = data_.find_group(item.at("board_id"), item.at("group_id"));
    return group ? *group : JsonRecord();
  };
  resolvers_["Item.description"] = [](const JsonRecord& item, const GraphqlField&) -> JsonRecord {
    if (item.at("description_id") == "") return nullptr;
    return {{"__typename", "ItemDescription"}, {"id", item.at("description_id")}};
  };
  resolvers_["ItemDescription.blocks"] = [this](const JsonRecord& owner,
                                                const GraphqlField& field) {
    return blocks(owner.at("id"), field);
  };
  resolvers_["Item.assets"] = [this](const JsonRecord& item, const GraphqlField&) {
    return below("Asset", item.at("id"));
  };
  resolvers_["Item.column_values"] = [this](const JsonRecord& item, const GraphqlField&) {
    auto values = JsonRecord::array();
    for (const auto& column : data_.at("Board", item.at("board_id")).at("columns"))
      if (column.at("type") != "name") values.push_back(monday_value(data_, item, column));
    return values;
  };
  resolvers_["Item.updates"] = [this](const JsonRecord& item, const GraphqlField& field) {
    return page_of(below("Update", item.at("id")), field, 25);
  };
  resolvers_["Item.subitems"] = [this](const JsonRecord& item, const GraphqlField&) {
    auto out = JsonRecord::array();
    for (const auto& [key, record] : data_.table("Item").all())
      if (record.at("parent_id") == item.at("id") && record.at("state") == "active")
        out.push_back(record);
    return out;
  };
  refer("TimelineItem.user", "User", "user_id");
  refer("TimelineItem.item", "Item", "item_id");
  refer("TimelineItem.board", "Board", "board_id");
}

JsonRecord MondayGraph::blocks(const std::string& owner, const GraphqlField& field) const {
  auto all = below("DocumentBlock", owner);
  std::sort(all.begin(), all.end(), [](const JsonRecord& a, const JsonRecord& b) {
    return a.at("position").get<double>() < b.at("position").get<double>();
  });
  return page_of(all, field, 25);
}

JsonRecord MondayGraph::updates(const GraphqlField& field, const JsonRecord* board) const {
  if (monday_number(field, "limit", 25) > static_cast<std::int64_t>(updates_max))
    throw MondayError("InvalidArgumentException", 400, "limit must not exceed 100");
  if (monday_has(field, "ids")) return page_of(listed("Update", field), field, 25);
  const auto from = parse_rfc3339(monday_text(field, "from_date"));
  auto all = JsonRecord::array();
  const auto& table = data_.table("Update");
  for (auto entry = table.all().rbegin(); entry != table.all().rend(); ++entry) {
    const auto& update = entry->second;
    if (from && *parse_rfc3339(update.at("created_at").get<std::string>()) < *from) continue;
    const auto& owner = table.owner_of(entry->first);
    if (board) {
      const auto* item = data_.table("Item").find(owner);
      if ((item ? item->at("board_id") : JsonRecord(owner)) != board->at("id")) continue;
    }
    all.push_back(update);
  }
  return page_of(all, field, 25);
}

void MondayGraph::add_texts() {
  for (const std::string type : {"Update", "Reply"}) {
    resolvers_[type + ".text_body"] = [](const JsonRecord& record, const GraphqlField&) {
      return JsonRecord(plain(record.at("body")));
    };
    resolvers_[type + ".assets"] = [this](const JsonRecord& record, const GraphqlField&) {
      return below("Asset", record.at("id"));
    };
  }
  resolvers_["Update.replies"] = [this](const JsonRecord& record, const GraphqlField&) {
    return below("Reply", record.at("id"));
  };
  resolvers_["Asset.public_url"] = [this](const JsonRecord& asset, const GraphqlField&) {
    return JsonRecord(file_url_(asset.at("id")));
  };
  refer("Document.created_by", "User", "creator_id");
  refer("DocumentBlock.created_by", "User", "creator_id");
  resolvers_["Document.blocks"] = [this](const JsonRecord& doc, const GraphqlField& field) {
    return blocks(doc.at("id"), field);
  };
}

JsonRecord MondayGraph::boards(const GraphqlField& field) const {
  const auto state = monday_text(field, "state", "active");
  const auto all = listed("Board", field);
  auto out = JsonRecord::array();
  // The newest first. What is asked for by id comes in any state.
  for (auto board = all.rbegin(); board != all.rend(); ++board)
    if (monday_has(field, "ids") || state == "all" || board->at("state") == state)
      out.push_back(*board);
  return page_of(out, field, 25);
}

void MondayGraph::add_roots() {
  const auto root = [this](const std::string& name, Resolver resolver) {
    resolvers_["Query." + name] = std::move(resolver);
  };
  const std::pair<const char*, const char*> paged[] = {
      {"users", "User"}, {"folders", "Folder"}, {"docs", "Document"}, {"items", "Item"}};
  for (const auto& [name, type] : paged) {
    root(name, [this, type = std::string(type)](const JsonRecord&, const GraphqlField& field) {
      return page_of(listed(type, field), field, type == "User" ? 200 : 25);
    });
  }
  const std::pair<const char*, const char*> whole[] = {{"teams", "Team"},
                                                       {"tags", "Tag"},
                                                       {"assets", "Asset"},
                                                       {"departments", "Department"},
                                                       {"account_roles", "AccountRole"},
                                                       {"managed_column", "ManagedColumn"},
                                                       {"custom_activity", "CustomActivity"},
                                                       {"favorites", "GraphqlHierarchyObjectItem"}};
  for (const auto& [name, type] : whole) {
    root(name, [this, type = std::string(type)](const JsonRecord&, const GraphqlField& field) {
      return listed(type, field);
    });
  }
  root("me",
       [this](const JsonRecord&, const GraphqlField&) { return data_.at("User", data_.me()); });
  root("boards", [this](const JsonRecord&, const GraphqlField& field) { return boards(field); });
  root("updates",
       [this](const JsonRecord&, const GraphqlField& field) { return updates(field, nullptr); });
  root("workspaces", [this](const JsonRecord&, const GraphqlField& field) {
    const auto state = monday_text(field, "state", "active");
    auto out = JsonRecord::array();
    for (const auto& workspace : listed("Workspace", field))
      if (state == "all" || workspace.at("state") == state) out.push_back(workspace);
    return page_of(out, field, 25);
  });
  root("webhooks", [this](const JsonRecord&, const GraphqlField& field) {
    const auto board = monday_text(field, "board_id");
    if (!data_.table("Board").find(board))
      throw MondayError("ResourceNotFoundException", 404, "Board not found");
    return below("Webhook", board);
  });
  root("next_items_page", [this](const JsonRecord&, const GraphqlField& field) {
    const auto cursor = monday_text(field, "cursor");
    const auto limit = static_cast<std::size_t>(monday_number(field, "limit", 25));
    return items_page(split(cursor, '-')[0], std::min(limit, items_max), cursor);
  });
  root("board_automations", [this](const JsonRecord&, const GraphqlField& field) -> JsonRecord {
    const auto after = monday_text(field, "cursor");
    const auto limit = static_cast<std::size_t>(monday_number(field, "limit", 25));
    auto items = JsonRecord::array();
    JsonRecord cursor;
    for (const auto& [key, record] : data_.table("BoardAutomation").all()) {
      if (key <= after) continue;
      if (items.size() == limit) {
        cursor = items.back().at("id");
        break;
      }
      items.push_back(record);
    }
    return {{"__typename", "AutomationsPage"}, {"cursor", cursor}, {"items", items}};
  });
  root("timeline", [this](const JsonRecord&, const GraphqlField& field) -> JsonRecord {
    return {{"__typename", "TimelineResponse"}, {"id", monday_text(field, "id")}};
  });
  resolvers_["TimelineResponse.timeline_items_page"] = [this](const JsonRecord& timeline,
                                                              const GraphqlField&) -> JsonRecord {
    return {{"__typename", "TimelineItemsPage"},
            {"cursor", nullptr},
            {"timeline_items", below("TimelineItem", timeline.at("id"))}};
  };
}

}  // namespace probackup
