#include "fake/monday_random.h"

#include <fmt/format.h>

#include "demo/sample_files.h"
#include "fake/monday_values.h"
#include "util/text.h"

namespace probackup {

namespace {

JsonRecord labels(Seeded& dice, bool is_status) {
  auto out = JsonRecord::array();
  const auto count = 2 + dice.below(4);
  for (std::size_t i = 0; i < count; ++i) {
    const auto name = fmt::format("{} {}", dice.words(1), i);
    if (is_status)
      out.push_back({{"id", 2 * i},
                     {"label", name},
                     {"index", 2 * i},
                     {"color", i % 2 == 0 ? "done_green" : "stuck_red"},
                     {"is_done", i == 1},
                     {"is_deactivated", false},
                     {"description", nullptr}});
    else
      out.push_back({{"id", i + 1}, {"label", name}, {"is_deactivated", false}});
  }
  return out;
}

std::string day(Seeded& dice) {
  return fmt::format("2026-{:02}-{:02}", dice.between(1, 12), dice.between(1, 28));
}

std::string html(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '\n')
      out += "<br>";
    else
      out += c;
  }
  return "<p>" + out + "</p>";
}

std::string some_title(Seeded& dice) {
  return valid_utf8(dice.name().substr(0, 255));
}

std::string any(Seeded& dice, const RecordTable& table, const std::string& owner) {
  return any_key(dice, table.keys_of(owner)).value_or("");
}

std::string any_active_board(const MondayData& data, Seeded& dice) {
  std::set<std::string> boards;
  for (const auto& [key, board] : data.table("Board").all())
    if (board.at("state") == "active" && board.at("type") == "board") boards.insert(key);
  return any_key(dice, boards).value_or("");
}

std::string any_item(const MondayData& data, Seeded& dice) {
  std::set<std::string> items;
  for (const auto& [key, item] : data.table("Item").all())
    if (item.at("state") == "active") items.insert(key);
  return any_key(dice, items).value_or("");
}

std::string any_group(const MondayData& data, Seeded& dice, const std::string& board) {
  const auto& groups = data.at("Board", board).at("groups");
  return groups[dice.below(groups.size())].at("id");
}

// Something that a request may give for a column; null for nothing.
JsonRecord value_for(const MondayData& data, Seeded& dice, const JsonRecord& column) {
  const std::string type = column.at("type");
  if (type == "text") return some_title(dice);
  if (type == "long_text") return {{"text", dice.prose()}};
  if (type == "numbers") return std::to_string(dice.below(100'000)) + ".25";
  if (type == "status") {
    const auto& all = column.at("settings").at("labels");
    return {{"index", all[dice.below(all.size())].at("index")}};
  }
  if (type == "dropdown") {
    const auto& all = column.at("settings").at("labels");
    return {{"labels", JsonRecord::array({all[dice.below(all.size())].at("label")})}};
  }
  if (type == "people")
    return {{"personsAndTeams",
             JsonRecord::array(
                 {{{"id", std::stoll(*any_key(dice, data.table("User")))}, {"kind", "person"}}})}};
  if (type == "date") {
    JsonRecord out{{"date", day(dice)}};
    if (dice.chance(0.3)) out["time"] = "14:30:00";
    return out;
  }
  if (type == "checkbox") return {{"checked", "true"}};
  if (type == "email") return {{"email", "a@example.com"}, {"text", dice.words(2)}};
  if (type == "phone")
    return {{"phone", "4930" + std::to_string(dice.between(1'000'000, 9'999'999))},
            {"countryShortName", "DE"}};
  if (type == "link")
    return {{"url", "https://example.com/" + dice.hex(6)}, {"text", dice.words(2)}};
  if (type == "timeline") return {{"from", "2026-01-05"}, {"to", day(dice)}};
  if (type == "rating") return {{"rating", dice.between(1, 5)}};
  if (type == "hour") return {{"hour", dice.below(24)}, {"minute", dice.below(60)}};
  if (type == "week") return {{"week", {{"startDate", "2026-03-02"}, {"endDate", "2026-03-08"}}}};
  if (type == "world_clock") return {{"timezone", "Asia/Tokyo"}};
  if (type == "country") return {{"countryCode", "NO"}, {"countryName", "Norway"}};
  if (type == "color_picker") return {{"color", {{"hex", "#" + dice.hex(6)}}}};
  if (type == "location") return {{"lat", "52.5"}, {"lng", "13.25"}, {"address", "Berlin"}};
  if (type == "tags")
    return {{"tag_ids", JsonRecord::array({std::stoll(*any_key(dice, data.table("Tag")))})}};
  std::string board = data.table("Item").size() == 0 ? "" : "any";
  if (type == "board_relation") board = column.at("settings").at("boardIds")[0].dump();
  if ((type == "board_relation" || type == "dependency") && !board.empty()) {
    const auto item = board == "any" ? std::string() : any(dice, data.table("Item"), board);
    if (!item.empty()) return {{"item_ids", JsonRecord::array({std::stoll(item)})}};
  }
  return nullptr;
}

void set_randomly(MondayData& data, Seeded& dice, const std::string& item, double probability) {
  const std::string board = data.at("Item", item)["board_id"];
  for (const auto& shown : JsonRecord(data.at("Board", board)["columns"])) {
    if (!dice.chance(probability)) continue;
    const std::string id = shown.at("id");
    if (shown.at("type") == "file") {
      auto file = sample_file(dice);
      data.attach_to_column(item, id, valid_utf8(file.name.substr(0, 255)), std::move(file.bytes));
      continue;
    }
    const auto given = value_for(data, dice, shown);
    if (given.is_null()) continue;
    data.set_value(item, id, monday_stored(data, *data.find_column(board, id), given, false));
  }
}

void add_columns(MondayData& data, Seeded& dice, const std::string& board,
                 const std::string& earlier) {
  static const std::vector<std::string> types{
      "text",     "long_text",   "numbers", "status",       "dropdown",     "people",       "date",
      "checkbox", "email",       "phone",   "link",         "timeline",     "rating",       "hour",
      "week",     "world_clock", "country", "color_picker", "location",     "tags",         "file",
      "vote",     "item_id",     "formula", "creation_log", "last_updated", "time_tracking"};
  for (const auto& type : types) {
    if (!dice.chance(0.6)) continue;
    JsonRecord settings = JsonRecord::object();
    if (type == "status") settings = {{"labels", labels(dice, true)}};
    if (type == "dropdown") settings = {{"labels", labels(dice, false)}};
    const auto id =
        data.add_column(board, type, some_title(dice), settings, type == "status" ? "status" : "");
    if (dice.chance(0.3)) (*data.find_column(board, id))["description"] = dice.words(4);
  }
  data.add_column(board, "dependency", "Waits for", {{"boardIds", {std::stoll(board)}}});
  if (earlier.empty()) return;
  const auto relation =
      data.add_column(board, "board_relation", "Linked",
                      {{"boardIds", {std::stoll(earlier)}}, {"allowMultipleItems", true}});
  data.add_column(board, "mirror", "Mirror", {{"relation_column", {{relation, true}}}});
}

void add_texts(MondayData& data, Seeded& dice, const std::string& item, unsigned updates) {
  const std::string board = data.at("Item", item)["board_id"];
  for (auto left = dice.below(2 * updates + 1); left > 0; --left) {
    const auto update =
        data.add_update(board, item, *any_key(dice, data.table("User")), html(dice.prose()));
    if (dice.chance(0.4))
      data.add_reply(update, *any_key(dice, data.table("User")), html(dice.prose()));
    if (dice.chance(0.2)) {
      auto file = sample_file(dice);
      data.add_asset(update, valid_utf8(file.name.substr(0, 255)), std::move(file.bytes));
    }
    if (dice.chance(0.2))
      data.at("Update", update)["likes"].push_back({{"__typename", "Like"},
                                                    {"id", dice.hex(8)},
                                                    {"creator_id", data.me()},
                                                    {"reaction_type", "like"},
                                                    {"created_at", data.stamp()},
                                                    {"updated_at", nullptr}});
  }
  if (dice.chance(0.15)) {
    const auto description = data.at("Item", item)["id"].get<std::string>() + "0";
    data.at("Item", item)["description_id"] = description;
    data.add_block(description, "normal text",
                   {{"deltaFormat", JsonRecord::array({{{"insert", dice.prose()}}})}}, "");
  }
}

void fill_board(MondayData& data, Seeded& dice, const std::string& board, const MondaySize& size,
                const std::string& earlier) {
  data.at("Board", board)["description"] = dice.prose();
  data.at("Board", board)["views"].push_back(
      {{"__typename", "BoardView"},
       {"id", std::to_string(dice.between(10'000'000, 99'999'999))},
       {"name", "Chart"},
       {"type", "GraphBoardView"},
       {"settings_str", "{}"},
       {"view_specific_data_str", "{}"},
       {"source_view_id", nullptr},
       {"filter", nullptr},
       {"sort", nullptr},
       {"tags", JsonRecord::array()},
       {"filter_user_id", nullptr},
       {"filter_team_id", nullptr},
       {"access_level", "edit"}});
  for (auto left = dice.below(3); left > 0; --left)
    data.add_group(board, some_title(dice), "#a25ddc");
  add_columns(data, dice, board, earlier);
  for (auto left = size.items / 2 + dice.below(size.items + 1); left > 0; --left) {
    const auto item = data.add_item(board, any_group(data, dice, board), some_title(dice));
    set_randomly(data, dice, item, 0.5);
    add_texts(data, dice, item, size.updates);
    for (auto below = dice.chance(0.3) ? dice.below(3) : 0; below > 0; --below)
      set_randomly(data, dice, data.add_subitem(item, some_title(dice)), 0.5);
    if (dice.chance(0.05)) data.set_item_state(item, "archived");
  }
  data.add_update(board, "", data.me(), html(dice.prose()));
  if (dice.chance(0.5))
    data.add("Webhook", board, {{"event", "create_item"}, {"board_id", board}, {"config", "{}"}});
}

void add_doc(MondayData& data, Seeded& dice, const std::string& workspace) {
  const auto doc = data.add_doc(workspace, "", some_title(dice));
  std::string last;
  for (auto left = dice.below(5); left > 0; --left) {
    static const std::vector<std::string> types{"normal text", "large title", "bulleted list",
                                                "quote"};
    last = data.add_block(
        doc, dice.pick(types),
        {{"deltaFormat", JsonRecord::array({{{"insert", dice.prose()}}})}, {"alignment", "left"}},
        last);
  }
}

void fill_account(MondayData& data, Seeded& dice) {
  data.add("Department", "",
           {{"name", "Sales"},
            {"reserved_seats", 3},
            {"assigned_seats", 1},
            {"user_ids", {data.me()}},
            {"owner_ids", {data.me()}}});
  data.add("AccountRole", "", {{"name", "admin"}, {"roleType", "basic_role"}});
  data.add("ManagedColumn", "",
           {{"title", "Priority"},
            {"description", nullptr},
            {"state", "active"},
            {"revision", 1},
            {"settings_json", {{"labels", labels(dice, true)}}},
            {"created_at", data.stamp()},
            {"created_by", data.me()},
            {"updated_at", data.stamp()},
            {"updated_by", data.me()}});
  for (unsigned i = 0; i < 3; ++i)
    data.add("BoardAutomation", "",
             {{"user_id", data.me()},
              {"active", true},
              {"title", dice.words(4)},
              {"description", nullptr},
              {"created_at", data.stamp()},
              {"updated_at", data.stamp()},
              {"workflow_host_data", nullptr},
              {"workflow_blocks", JsonRecord::array()},
              {"workflow_variables", JsonRecord::array()},
              {"importance", 0},
              {"notice_message", nullptr},
              {"template_reference_id", nullptr}});
  data.add("CustomActivity", "",
           {{"type", "custom"}, {"name", "Call"}, {"icon_id", "ASCENDING"}, {"color", "GO_GREEN"}});
}

}  // namespace

void fill_randomly(MondayData& data, std::uint64_t seed, const MondaySize& size) {
  Seeded dice(mix_seed(seed, "fill"));
  // The same people everywhere, so that they are found again elsewhere.
  data.add_user("Backup", "backup@example.com");
  for (unsigned i = 0; i < size.users; ++i)
    data.add_user(fmt::format("Person {}", i), fmt::format("person-{}@example.com", i));
  data.add_workspace("Main workspace", "open");
  if (size.boards == 0) return data.catch_up();
  fill_account(data, dice);
  data.add_team(dice.words(2), {data.me()});
  for (unsigned i = 0; i < 3; ++i) data.add_tag(fmt::format("{}-{}", dice.words(1), i));
  const auto workspace = data.add_workspace(some_title(dice), "closed");
  const auto folder = data.add_folder(workspace, "", some_title(dice));
  data.add_folder(workspace, folder, some_title(dice));
  std::string earlier;
  for (unsigned i = 0; i < size.boards; ++i) {
    const bool is_elsewhere = i % 2 == 1;
    const auto board = data.add_board(is_elsewhere ? workspace : "",
                                      is_elsewhere && dice.chance(0.5) ? folder : "",
                                      some_title(dice), dice.chance(0.2) ? "private" : "public");
    fill_board(data, dice, board, size, earlier);
    earlier = board;
  }
  data.set_board_state(data.add_board("", "", "Old plans", "public"), "archived");
  data.set_board_state(data.add_board("", "", "Thrown away", "public"), "deleted");
  add_doc(data, dice, workspace);
  add_doc(data, dice, "");
  data.add("GraphqlHierarchyObjectItem", "",
           {{"object", {{"id", earlier}, {"type", "Board"}}},
            {"folderId", nullptr},
            {"position", 65536.5},
            {"createdAt", data.stamp()},
            {"updatedAt", data.stamp()}});
  data.catch_up();
}

void change_randomly(MondayData& data, std::uint64_t seed, bool only_dated) {
  Seeded dice(seed);
  const auto item = any_item(data, dice);
  const auto board = any_active_board(data, dice);
  const auto update = any_key(dice, data.table("Update")).value_or("");
  const auto doc = any_key(dice, data.table("Document")).value_or("");
  switch (dice.below(16)) {
    case 0:
    case 1:
      if (!board.empty()) {
        const auto added = data.add_item(board, any_group(data, dice, board), some_title(dice));
        set_randomly(data, dice, added, 0.5);
      }
      break;
    case 2:
    case 3:
      if (!item.empty()) set_randomly(data, dice, item, 0.3);
      break;
    case 4:
      if (!item.empty()) data.rename_item(item, some_title(dice));
      break;
    case 5:
      if (!item.empty()) data.delete_item(item);
      break;
    case 6:
      if (!item.empty()) data.set_item_state(item, "archived");
      break;
    case 7:
      if (!item.empty()) add_texts(data, dice, item, 2);
      break;
    case 8:
      if (!update.empty()) data.edit_update(update, html(dice.prose()));
      break;
    case 9:
      if (!update.empty()) data.delete_update(update);
      break;
    case 10:
      if (!update.empty()) data.add_reply(update, data.me(), html(dice.prose()));
      break;
    case 11:
      if (!item.empty() && data.at("Item", item)["parent_id"] == "")
        data.add_subitem(item, some_title(dice));
      break;
    case 12:
      if (!board.empty()) data.add_group(board, some_title(dice), "#00c875");
      break;
    case 13:
      if (!board.empty() && dice.chance(0.3))
        data.set_board_state(board, dice.chance(0.5) ? "archived" : "deleted");
      else if (!board.empty() && dice.chance(0.3))
        data.delete_board(board);
      break;
    case 14:
      if (dice.chance(0.5))
        add_doc(data, dice, "");
      else if (!doc.empty())
        data.add_block(doc, "normal text", {{"deltaFormat", JsonRecord::array()}}, "");
      break;
    default:
      if (only_dated || item.empty()) break;
      if (const std::string description = data.at("Item", item)["description_id"];
          !description.empty())
        data.add_block(description, "normal text", {{"deltaFormat", JsonRecord::array()}}, "");
  }
}

}  // namespace probackup
