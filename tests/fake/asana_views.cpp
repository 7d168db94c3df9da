#include "fake/asana_views.h"

#include <set>

#include "util/text.h"

namespace probackup {

namespace {

// Members of compact records beside gid, resource_type, name and resource_subtype.
const std::map<std::string, std::set<std::string>>& compact_members() {
  static const std::map<std::string, std::set<std::string>> members{
      {"budget", {"budget_type"}},
      {"custom_field", {"type", "enum_options", "representation_type"}},
      {"custom_field_setting", {"custom_field", "is_important", "parent", "project"}},
      {"enum_option", {"enabled", "color"}},
      {"goal_relationship", {"supported_goal", "supporting_resource", "contribution_weight"}},
      {"membership", {"member", "parent", "access_level"}},
      {"rate", {"parent", "resource", "rate", "currency_code", "created_by"}},
      {"status_update", {"title"}},
      {"story", {"created_at", "created_by", "text"}},
      {"team_membership", {"user", "team", "is_guest", "is_limited_access", "is_admin"}},
      {"time_tracking_entry", {"duration_minutes", "entered_on", "created_by"}},
      {"webhook", {"active", "resource", "target"}},
      {"workspace_membership", {"user", "workspace"}}};
  return members;
}

bool is_hidden(const std::string& name) {
  return name.starts_with("_");
}

// Links tell whether the user may see where they lead.
std::string read_html(std::string html) {
  for (auto at = html.find("<a "); at != std::string::npos; at = html.find("<a ", at + 1)) {
    const auto end = html.find('>', at);
    if (end == std::string::npos) break;
    if (html.substr(at, end - at).find("data-asana-accessible") == std::string::npos)
      html.insert(end, " data-asana-accessible=\"true\"");
  }
  return html;
}

bool has_settings(const std::string& type) {
  return type == "project" || type == "portfolio" || type == "goal" || type == "team";
}

}  // namespace

AsanaFields AsanaFields::parse(const std::string& opt_fields) {
  AsanaFields root;
  for (const auto& path : split(opt_fields, ',')) {
    auto* at = &root;
    for (const auto& name : split(path, '.')) at = &at->members[name];
  }
  return root;
}

// What a custom field holds for a task, beside the definition.
JsonRecord AsanaViews::field_value(const JsonRecord& field, const JsonRecord& value) const {
  JsonRecord out = field;
  const std::string type = field.at("type");
  std::string display;
  const auto option = [&](const JsonRecord& gid) {
    const auto* record = data_.table("enum_option").find(gid.get<std::string>());
    if (record) display += (display.empty() ? "" : ", ") + record->at("name").get<std::string>();
    return record;
  };
  out["enabled"] = true;
  if (type == "enum") {
    const auto* record = value.is_null() ? nullptr : option(value);
    out["enum_value"] = record ? asana_ref("enum_option", value) : JsonRecord(nullptr);
  } else if (type == "multi_enum") {
    out["multi_enum_values"] = JsonRecord::array();
    for (const auto& gid : value)
      if (option(gid)) out["multi_enum_values"].push_back(asana_ref("enum_option", gid));
  } else if (type == "people") {
    out["people_value"] = JsonRecord::array();
    for (const auto& gid : value) out["people_value"].push_back(asana_ref("user", gid));
  } else {
    out[type + "_value"] = value;
    if (value.is_string()) display = value.get<std::string>();
    if (value.is_number()) display = value.dump();
    if (value.is_object()) display = value.value("date", "");
  }
  out["display_value"] = display.empty() ? JsonRecord(nullptr) : JsonRecord(display);
  return out;
}

// The fields of the projects that the task is in.
JsonRecord AsanaViews::field_values(const JsonRecord& task) const {
  auto values = JsonRecord::array();
  std::set<std::string> seen;
  for (const auto& membership : task.at("memberships")) {
    const std::string project = membership.at("project").at("gid");
    for (const auto& key : data_.table("custom_field_setting").keys_of(project)) {
      const auto field = asana_gid(data_.at("custom_field_setting", key), "custom_field");
      if (!seen.insert(field).second) continue;
      const auto& given = task.at("_values");
      values.push_back(field_value(data_.at("custom_field", field),
                                   given.contains(field) ? given.at(field) : JsonRecord(nullptr)));
    }
  }
  return values;
}

JsonRecord AsanaViews::with_computed(const JsonRecord& record) const {
  auto out = record;
  for (const auto* name : {"html_notes", "html_text", "html_description"})
    if (out.contains(name) && out[name].is_string()) out[name] = read_html(out[name]);
  const std::string type = record.at("resource_type");
  if (out.contains("likes")) out["num_likes"] = out["likes"].size();
  if (type == "task") out["custom_fields"] = field_values(record);
  if (has_settings(type)) {
    auto& settings = out["custom_field_settings"] = JsonRecord::array();
    for (const auto& key : data_.table("custom_field_setting").keys_of(record.at("gid")))
      settings.push_back(asana_ref("custom_field_setting", key));
    if (type != "team") out["custom_fields"] = JsonRecord::array();
  }
  if (type == "attachment" && record.at("host") == "asana")
    out["download_url"] = out["view_url"] = file_url_(record.at("gid"));
  return out;
}

JsonRecord AsanaViews::part(const JsonRecord& value, const AsanaFields& fields) const {
  if (value.is_array()) {
    auto out = JsonRecord::array();
    for (const auto& entry : value) out.push_back(part(entry, fields));
    return out;
  }
  if (!value.is_object()) return value;
  const bool is_record = value.contains("resource_type");
  if (is_record && fields.members.empty())
    return asana_ref(value.at("resource_type"), value.at("gid"));
  if (is_record) {
    const auto* target = is_asana_ref(value) ? data_.resolve(value) : &value;
    return target ? chosen(*target, fields) : JsonRecord{{"gid", value.at("gid")}};
  }
  auto out = JsonRecord::object();
  for (const auto& [name, member] : value.items()) {
    const auto asked = fields.members.find(name);
    if (fields.members.empty())
      out[name] = part(member, {});
    else if (asked != fields.members.end())
      out[name] = part(member, asked->second);
    else if (name == "gid")
      out[name] = member;
  }
  return out;
}

JsonRecord AsanaViews::chosen(const JsonRecord& record, const AsanaFields& fields) const {
  JsonRecord out{{"gid", record.at("gid")}};
  const auto all = with_computed(record);
  for (const auto& [name, value] : all.items()) {
    const auto asked = fields.members.find(name);
    if (asked == fields.members.end() || is_hidden(name)) continue;
    out[name] = part(value, asked->second);
  }
  return out;
}

JsonRecord AsanaViews::compact(const JsonRecord& record) const {
  const std::string type = record.at("resource_type");
  JsonRecord out = asana_ref(type, record.at("gid"));
  const auto more = compact_members().find(type);
  for (const auto& [name, value] : record.items()) {
    const bool is_usual = name == "name" || name == "resource_subtype";
    if (is_usual || (more != compact_members().end() && more->second.contains(name)))
      out[name] = whole_part(value);
  }
  return out;
}

JsonRecord AsanaViews::whole_part(const JsonRecord& value) const {
  if (value.is_array()) {
    auto out = JsonRecord::array();
    for (const auto& entry : value) out.push_back(whole_part(entry));
    return out;
  }
  if (!value.is_object()) return value;
  if (is_asana_ref(value)) {
    const auto* target = data_.resolve(value);
    return target ? compact(*target) : value;
  }
  auto out = JsonRecord::object();
  for (const auto& [name, member] : value.items())
    if (!is_hidden(name)) out[name] = whole_part(member);
  return out;
}

JsonRecord AsanaViews::whole(const JsonRecord& record) const {
  return whole_part(with_computed(record));
}

}  // namespace probackup
