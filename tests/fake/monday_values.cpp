#include "fake/monday_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "fake/monday_error.h"
#include "util/text.h"

namespace probackup {

namespace {

// The GraphQL type of each column type; what is not here is unsupported.
const std::map<std::string, std::string>& value_types() {
  static const std::map<std::string, std::string> types{{"board_relation", "BoardRelationValue"},
                                                        {"checkbox", "CheckboxValue"},
                                                        {"color_picker", "ColorPickerValue"},
                                                        {"country", "CountryValue"},
                                                        {"creation_log", "CreationLogValue"},
                                                        {"date", "DateValue"},
                                                        {"dependency", "DependencyValue"},
                                                        {"dropdown", "DropdownValue"},
                                                        {"email", "EmailValue"},
                                                        {"file", "FileValue"},
                                                        {"formula", "FormulaValue"},
                                                        {"hour", "HourValue"},
                                                        {"item_id", "ItemIdValue"},
                                                        {"last_updated", "LastUpdatedValue"},
                                                        {"link", "LinkValue"},
                                                        {"location", "LocationValue"},
                                                        {"long_text", "LongTextValue"},
                                                        {"mirror", "MirrorValue"},
                                                        {"numbers", "NumbersValue"},
                                                        {"people", "PeopleValue"},
                                                        {"phone", "PhoneValue"},
                                                        {"rating", "RatingValue"},
                                                        {"status", "StatusValue"},
                                                        {"subtasks", "SubtasksValue"},
                                                        {"tags", "TagsValue"},
                                                        {"text", "TextValue"},
                                                        {"timeline", "TimelineValue"},
                                                        {"time_tracking", "TimeTrackingValue"},
                                                        {"vote", "VoteValue"},
                                                        {"week", "WeekValue"},
                                                        {"world_clock", "WorldClockValue"}};
  return types;
}

[[noreturn]] void invalid(const JsonRecord& column, const std::string& why) {
  throw MondayError(
      "ColumnValueException", 400,
      fmt::format("invalid value for column {} ({}) - {}", column.at("id").get<std::string>(),
                  column.at("type").get<std::string>(), why));
}

std::string text_of(const JsonRecord& value) {
  if (value.is_null()) return {};
  return value.is_string() ? value.get<std::string>() : value.dump();
}

const JsonRecord* label_with(const JsonRecord& column, const std::string& member,
                             const JsonRecord& wanted) {
  const auto& settings = column.at("settings");
  if (!settings.contains("labels")) return nullptr;
  for (const auto& label : settings.at("labels"))
    if (label.at(member) == wanted) return &label;
  return nullptr;
}

std::vector<std::string> linked_ids(const JsonRecord& stored) {
  std::vector<std::string> ids;
  if (stored.is_object() && stored.contains("linkedPulseIds"))
    for (const auto& link : stored.at("linkedPulseIds"))
      ids.push_back(link.at("linkedPulseId").dump());
  return ids;
}

std::string names_of(const MondayData& data, const std::vector<std::string>& items) {
  std::vector<std::string> names;
  for (const auto& id : items)
    if (const auto* item = data.table("Item").find(id)) names.push_back(item->at("name"));
  return join(names, ", ");
}

void show_status(const JsonRecord& column, const JsonRecord& stored, JsonRecord& out) {
  const auto* label = stored.is_null() ? nullptr : label_with(column, "index", stored.at("index"));
  out["index"] = stored.is_null() ? JsonRecord() : stored.at("index");
  out["label"] = label ? label->at("label") : JsonRecord();
  out["is_done"] = label ? label->at("is_done") : JsonRecord();
  out["update_id"] = nullptr;
  out["text"] = out["label"];
}

void show_dropdown(const JsonRecord& column, const JsonRecord& stored, JsonRecord& out) {
  auto values = JsonRecord::array();
  std::vector<std::string> names;
  if (!stored.is_null())
    for (const auto& id : stored.at("ids"))
      if (const auto* label = label_with(column, "id", id)) {
        values.push_back({{"__typename", "DropdownValueOption"},
                          {"id", id.dump()},
                          {"label", label->at("label")}});
        names.push_back(label->at("label"));
      }
  out["values"] = values;
  out["text"] = names.empty() ? JsonRecord() : JsonRecord(join(names, ", "));
}

void show_people(const MondayData& data, const JsonRecord& stored, JsonRecord& out) {
  auto people = JsonRecord::array();
  std::vector<std::string> names;
  if (!stored.is_null())
    for (const auto& person : stored.at("personsAndTeams")) {
      const auto id = person.at("id").dump();
      const bool is_team = person.at("kind") == "team";
      people.push_back({{"__typename", "PeopleEntity"}, {"id", id}, {"kind", person.at("kind")}});
      if (const auto* found = data.table(is_team ? "Team" : "User").find(id))
        names.push_back(found->at("name"));
    }
  out["persons_and_teams"] = people;
  out["text"] = join(names, ", ");
}

void show_tags(const MondayData& data, const JsonRecord& stored, JsonRecord& out) {
  out["tag_ids"] = stored.is_null() ? JsonRecord::array() : stored.at("tag_ids");
  std::vector<std::string> names;
  for (const auto& id : out["tag_ids"])
    if (const auto* tag = data.table("Tag").find(id.dump())) names.push_back(tag->at("name"));
  out["text"] = join(names, ", ");
}

void show_files(const JsonRecord& stored, JsonRecord& out) {
  auto files = JsonRecord::array();
  std::vector<std::string> urls;
  if (!stored.is_null())
    for (const auto& file : stored.at("files")) {
      const auto creator = file.at("createdBy");
      if (file.at("fileType") == "ASSET") {
        files.push_back({{"__typename", "FileAssetValue"},
                         {"asset_id", file.at("assetId").dump()},
                         {"name", file.at("name")},
                         {"is_image", false},
                         {"created_at", "2024-01-01T00:00:00Z"},
                         {"creator_id", creator}});
      } else {
        files.push_back({{"__typename", "FileLinkValue"},
                         {"file_id", file.at("fileId")},
                         {"kind", "link"},
                         {"name", file.at("name")},
                         {"url", file.at("linkToFile")},
                         {"created_at", "2024-01-01T00:00:00Z"},
                         {"creator_id", creator}});
      }
      urls.push_back(file.at("name"));
    }
  out["files"] = files;
  out["text"] = join(urls, ", ");
}

void show_links(const MondayData& data, const JsonRecord& stored, JsonRecord& out) {
  const auto ids = linked_ids(stored);
  auto existing = JsonRecord::array();
  for (const auto& id : ids)
    if (data.table("Item").find(id)) existing.push_back(id);
  out["linked_item_ids"] = existing;
  out["display_value"] = names_of(data, ids);
  out["text"] = nullptr;
  out["dependency_links"] = JsonRecord::array();
}

void show_subitems(const MondayData& data, const JsonRecord& item, JsonRecord& out) {
  std::vector<std::string> ids;
  auto links = JsonRecord::array();
  for (const auto& [key, record] : data.table("Item").all())
    if (record.at("parent_id") == item.at("id") && record.at("state") == "active") {
      ids.push_back(key);
      links.push_back({{"linkedPulseId", std::stoll(key)}});
    }
  out["subitems_ids"] = ids;
  out["text"] = names_of(data, ids);
  out["value"] =
      ids.empty() ? JsonRecord() : JsonRecord(JsonRecord{{"linkedPulseIds", links}}.dump());
}

JsonRecord member(const JsonRecord& stored, const std::string& name) {
  return stored.is_object() && stored.contains(name) ? stored.at(name) : JsonRecord();
}

void show_plain(const std::string& type, const JsonRecord& stored, JsonRecord& out) {
  const auto take = [&](const char* field, const char* name) { out[field] = member(stored, name); };
  auto& text = out["text"];
  if (type == "text" || type == "numbers") {
    text = stored.is_null() ? "" : stored;
    if (type == "numbers") {
      out["number"] = stored.is_null() ? JsonRecord() : JsonRecord(std::stod(text_of(stored)));
      out["symbol"] = nullptr;
      out["direction"] = nullptr;
    }
  } else if (type == "long_text") {
    text = text_of(member(stored, "text"));
  } else if (type == "date") {
    take("date", "date");
    take("time", "time");
    out["icon"] = nullptr;
    text = text_of(member(stored, "date"));
    if (const auto time = text_of(member(stored, "time")); !time.empty())
      text = text.get<std::string>() + " " + time.substr(0, 5);
  } else if (type == "checkbox") {
    out["checked"] = stored.is_null() ? JsonRecord(false) : JsonRecord(true);
    text = stored.is_null() ? "" : "v";
  } else if (type == "email") {
    take("email", "email");
    take("label", "text");
    text = text_of(member(stored, "text"));
  } else if (type == "phone") {
    take("phone", "phone");
    take("country_short_name", "countryShortName");
    text = text_of(member(stored, "phone"));
  } else if (type == "link") {
    take("url", "url");
    take("url_text", "text");
    text = stored.is_null() ? "" : text_of(stored.at("text")) + " - " + text_of(stored.at("url"));
  } else if (type == "timeline") {
    take("from", "from");
    take("to", "to");
    out["visualization_type"] = nullptr;
    text = stored.is_null() ? "" : text_of(stored.at("from")) + " - " + text_of(stored.at("to"));
  } else if (type == "rating") {
    take("rating", "rating");
    text = text_of(member(stored, "rating"));
  } else if (type == "hour") {
    take("hour", "hour");
    take("minute", "minute");
    text = stored.is_null() ? JsonRecord("")
                            : JsonRecord(fmt::format("{:02}:{:02}", stored.at("hour").get<int>(),
                                                     stored.at("minute").get<int>()));
  } else if (type == "week") {
    const auto week = member(stored, "week");
    out["start_date"] = member(week, "startDate");
    out["end_date"] = member(week, "endDate");
    text =
        week.is_null() ? "" : text_of(week.at("startDate")) + " - " + text_of(week.at("endDate"));
  } else if (type == "world_clock") {
    take("timezone", "timezone");
    text = text_of(member(stored, "timezone"));
  } else if (type == "country") {
    out["country"] = stored.is_null() ? JsonRecord()
                                      : JsonRecord{{"__typename", "Country"},
                                                   {"code", stored.at("countryCode")},
                                                   {"name", stored.at("countryName")}};
    text = text_of(member(stored, "countryName"));
  } else if (type == "color_picker") {
    out["color"] = member(member(stored, "color"), "hex");
    text = text_of(out["color"]);
  } else if (type == "location") {
    for (const auto* name : {"lat", "lng"})
      out[name] = stored.is_null() ? JsonRecord() : JsonRecord(std::stod(text_of(stored.at(name))));
    out["place_id"] = nullptr;
    take("address", "address");
    text = text_of(member(stored, "address"));
  }
}

// Columns whose value nobody sets.
void show_made(const JsonRecord& item, const std::string& type, JsonRecord& out) {
  if (type == "creation_log") {
    out["created_at"] = item.at("created_at");
    out["creator_id"] = item.at("creator_id");
    out["text"] = item.at("created_at");
  } else if (type == "last_updated") {
    out["updated_at"] = item.at("updated_at");
    out["updater_id"] = item.at("creator_id");
    out["text"] = item.at("updated_at");
  } else if (type == "item_id") {
    out["item_id"] = item.at("id");
    out["text"] = item.at("id");
  } else if (type == "formula" || type == "mirror") {
    out["display_value"] = "";
    out["text"] = "";
  } else if (type == "vote") {
    out["vote_count"] = 0;
    out["voter_ids"] = JsonRecord::array();
    out["text"] = "";
  } else if (type == "time_tracking") {
    out["running"] = false;
    out["duration"] = 0;
    out["started_at"] = nullptr;
    out["history"] = JsonRecord::array();
    out["text"] = "";
  }
}

std::string needed(const JsonRecord& column, const JsonRecord& given, const char* name) {
  if (!given.is_object() || !given.contains(name))
    invalid(column, fmt::format("{} is missing", name));
  return text_of(given.at(name));
}

JsonRecord stored_status(JsonRecord& column, const JsonRecord& given, bool make_labels) {
  const bool by_index = given.is_object() && given.contains("index");
  if (by_index) {
    if (!label_with(column, "index", given.at("index"))) invalid(column, "there is no such index");
    return {{"index", given.at("index")}};
  }
  const JsonRecord name = given.is_object() ? JsonRecord(needed(column, given, "label")) : given;
  if (const auto* label = label_with(column, "label", name)) return {{"index", label->at("index")}};
  if (!make_labels) invalid(column, "label does not exist in column");
  auto& labels = column["settings"]["labels"];
  int index = 0;
  while (label_with(column, "index", index)) ++index;
  labels.push_back({{"id", index},
                    {"label", name},
                    {"index", index},
                    {"color", "bright_blue"},
                    {"is_done", false}});
  return {{"index", index}};
}

JsonRecord stored_dropdown(JsonRecord& column, const JsonRecord& given, bool make_labels) {
  auto ids = JsonRecord::array();
  if (!given.is_object() || !given.contains("labels")) invalid(column, "labels are missing");
  for (const auto& name : given.at("labels")) {
    const auto* label = label_with(column, "label", name);
    if (!label && !make_labels) invalid(column, "label does not exist in column");
    if (!label) {
      auto& labels = column["settings"]["labels"];
      labels.push_back({{"id", labels.size() + 1}, {"label", name}, {"is_deactivated", false}});
      label = &labels.back();
    }
    ids.push_back(label->at("id"));
  }
  return {{"ids", ids}};
}

JsonRecord stored_ids(const MondayData& data, const JsonRecord& column, const JsonRecord& given,
                      const std::string& type) {
  if (type == "tags") {
    if (!given.is_object() || !given.contains("tag_ids")) invalid(column, "tag_ids are missing");
    auto ids = JsonRecord::array();
    for (const auto& id : given.at("tag_ids")) {
      const auto text = text_of(id);
      if (!data.table("Tag").find(text)) invalid(column, "there is no tag " + text);
      ids.push_back(std::stoll(text));
    }
    return {{"tag_ids", ids}};
  }
  if (!given.is_object() || !given.contains("item_ids")) invalid(column, "item_ids are missing");
  auto links = JsonRecord::array();
  for (const auto& id : given.at("item_ids")) {
    const auto* item = data.table("Item").find(text_of(id));
    if (!item) invalid(column, "there is no item " + text_of(id));
    const auto& settings = column.at("settings");
    const auto board = std::stoll(item->at("board_id").get<std::string>());
    if (type == "board_relation") {
      const auto& boards = settings.at("boardIds");
      if (std::find(boards.begin(), boards.end(), board) == boards.end())
        invalid(column, "the item is on no connected board");
    }
    links.push_back({{"linkedPulseId", std::stoll(text_of(id))}});
  }
  return {{"linkedPulseIds", links}};
}

JsonRecord stored_people(const MondayData& data, const JsonRecord& column,
                         const JsonRecord& given) {
  if (!given.is_object() || !given.contains("personsAndTeams"))
    invalid(column, "personsAndTeams are missing");
  auto people = JsonRecord::array();
  for (const auto& person : given.at("personsAndTeams")) {
    const auto id = text_of(person.at("id"));
    const bool is_team = person.at("kind") == "team";
    if (!data.table(is_team ? "Team" : "User").find(id)) invalid(column, "there is nobody " + id);
    people.push_back({{"id", std::stoll(id)}, {"kind", person.at("kind")}});
  }
  return {{"personsAndTeams", people}};
}

}  // namespace

JsonRecord monday_value(const MondayData& data, const JsonRecord& item, const JsonRecord& column) {
  const std::string type = column.at("type");
  const auto known = value_types().find(type);
  const auto stored = data.value(item.at("id"), column.at("id"));
  JsonRecord out{{"__typename", known == value_types().end() ? "UnsupportedValue" : known->second},
                 {"id", column.at("id")},
                 {"type", type},
                 {"text", nullptr},
                 {"value", stored.is_null() ? JsonRecord() : JsonRecord(stored.dump())}};
  if (type == "status") {
    show_status(column, stored, out);
  } else if (type == "dropdown") {
    show_dropdown(column, stored, out);
  } else if (type == "people") {
    show_people(data, stored, out);
  } else if (type == "tags") {
    show_tags(data, stored, out);
  } else if (type == "file") {
    show_files(stored, out);
  } else if (type == "board_relation" || type == "dependency") {
    show_links(data, stored, out);
  } else if (type == "subtasks") {
    show_subitems(data, item, out);
  } else {
    show_plain(type, stored, out);
    show_made(item, type, out);
  }
  return out;
}

JsonRecord monday_stored(const MondayData& data, JsonRecord& column, const JsonRecord& given,
                         bool make_labels) {
  const std::string type = column.at("type");
  if (given.is_null() || given == "" || given == JsonRecord::object()) return nullptr;
  if (type == "status") return stored_status(column, given, make_labels);
  if (type == "dropdown") return stored_dropdown(column, given, make_labels);
  if (type == "people") return stored_people(data, column, given);
  if (type == "tags" || type == "board_relation" || type == "dependency")
    return stored_ids(data, column, given, type);
  if (type == "text") {
    if (!given.is_string()) invalid(column, "a text is needed");
    return given;
  }
  if (type == "numbers") return text_of(given);
  static const std::map<std::string, std::vector<const char*>> members{
      {"long_text", {"text"}},
      {"date", {"date"}},
      {"checkbox", {"checked"}},
      {"email", {"email", "text"}},
      {"phone", {"phone", "countryShortName"}},
      {"link", {"url", "text"}},
      {"timeline", {"from", "to"}},
      {"rating", {"rating"}},
      {"hour", {"hour", "minute"}},
      {"week", {"week"}},
      {"world_clock", {"timezone"}},
      {"country", {"countryCode", "countryName"}},
      {"color_picker", {"color"}},
      {"location", {"lat", "lng", "address"}}};
  const auto known = members.find(type);
  if (known == members.end()) invalid(column, "this column's value cannot be set");
  for (const auto* name : known->second) needed(column, given, name);
  if (type == "checkbox" && text_of(given.at("checked")) != "true") return nullptr;
  return given;
}

}  // namespace probackup
