#include "export/html_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "export/field_kind.h"
#include "export/html_text.h"
#include "export/json_text.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::size_t html_bytes_max = 300'000;
constexpr std::size_t text_bytes_max = 60'000;
constexpr std::size_t facts_max = 40;
constexpr std::size_t rows_max = 500;
constexpr std::size_t columns_max = 6;
constexpr std::size_t list_items_max = 100;
constexpr std::size_t depth_max = 3;
constexpr std::size_t switches_max = 12;  // an object with more scalars than this is settings

std::vector<std::string_view> elements(std::string_view list, std::size_t count_max) {
  std::vector<std::string_view> out;
  for_each_child(list, [&](const std::string&, std::string_view value) {
    out.push_back(value);
    return out.size() < count_max;
  });
  return out;
}

bool is_object(std::string_view json) {
  return json.starts_with('{');
}
bool is_list(std::string_view json) {
  return json.starts_with('[');
}

std::string id_of(std::string_view object) {
  std::string id;
  for_each_child(object, [&](const std::string& name, std::string_view value) {
    if (name != "id" || is_object(value) || is_list(value)) return true;
    id = json_as_text(value);
    return false;
  });
  return id;
}

class Fields {
 public:
  explicit Fields(const FieldOptions& options) : options_(options) {}

  void object(const std::string& prefix, std::string_view json, std::size_t depth) {
    for_each_child(json, [&](const std::string& name, std::string_view value) {
      if (full()) return false;
      field(prefix, name, value, depth);
      return true;
    });
  }

  std::string html() const {
    std::string out;
    if (!facts_.empty()) out += "<dl class=\"facts\">" + facts_ + "</dl>\n";
    out += texts_;
    out += tables_;
    if (cut_ || full()) out += "<p class=\"note\">More is in the raw JSON.</p>\n";
    return out;
  }

 private:
  bool full() const { return facts_.size() + texts_.size() + tables_.size() > html_bytes_max; }

  void field(const std::string& prefix, const std::string& name, std::string_view value,
             std::size_t depth) {
    std::string label = prefix.empty() ? field_label(name) : prefix + " · " + field_label(name);
    if (is_object(value)) return nested(label, name, value, depth);
    if (is_list(value)) return list(label, name, value, depth);
    std::string text = json_as_text(value);
    if (depth == 0 && (text == options_.title || text == options_.url)) return;
    if (is_prose(name, value)) return prose(is_plain_text_name(name) ? "" : label, text);
    if (auto html = short_value(name, value)) fact(label, *html);
  }

  // A scalar in a few words; nothing when people do not need it.
  std::optional<std::string> short_value(const std::string& name, std::string_view value) const {
    std::string text = json_as_text(value);
    switch (field_kind(name, value)) {
      case FieldKind::hidden:
        return std::nullopt;
      case FieldKind::reference:
        return options_.known_keys.contains(text) ? std::nullopt : options_.reference(text);
      case FieldKind::time:
        return fmt::format(R"(<time datetime="{}">{}</time>)", escape_html(text),
                           escape_html(readable_time(text)));
      case FieldKind::link:
        return web_link(text, clip_text(text, 80));
      case FieldKind::flag:
        return "yes";
      case FieldKind::text:
        return escape_html(clip_text(text, text_bytes_max));
    }
    return std::nullopt;
  }

  void fact(const std::string& label, const std::string& html) {
    if (++fact_count_ > facts_max) {
      cut_ = true;
      return;
    }
    facts_ += fmt::format("<div><dt dir=\"auto\">{}</dt><dd dir=\"auto\">{}</dd></div>",
                          escape_html(clip_text(label, 100)), html);
  }

  void prose(const std::string& label, const std::string& text) {
    if (trim(text).empty()) return;
    cut_ = cut_ || text.size() > text_bytes_max;
    texts_ += "<div class=\"text\">";
    if (!label.empty()) texts_ += "<h4>" + escape_html(clip_text(label, 100)) + "</h4>";
    texts_ += "<div class=\"prose\" dir=\"auto\">" +
              prose_html(clip_text(trim(text), text_bytes_max)) + "</div></div>\n";
  }

  void nested(const std::string& label, const std::string& name, std::string_view value,
              std::size_t depth) {
    if (options_.known_keys.contains(id_of(value))) return;
    auto called = is_wrapper(name) ? std::nullopt : name_of(value);
    if (called) {
      if (*called != options_.title || depth > 0) fact(label, escape_html(*called));
      return;
    }
    if (depth + 1 >= depth_max || count_scalars(value) > switches_max) return;
    object(is_wrapper(name) ? "" : label, value, depth + 1);
  }

  void list(const std::string& label, const std::string& name, std::string_view value,
            std::size_t depth) {
    auto all = elements(value, rows_max);
    if (all.empty()) return;
    cut_ = cut_ || all.size() == rows_max;
    std::vector<std::string_view> objects;
    for (auto element : all)
      if (is_object(element) && !is_file(element)) objects.push_back(element);
    if (!objects.empty()) return table_or_parts(label, objects, depth);
    if (is_object(all[0])) return;
    std::string shown;
    std::size_t count = 0;
    for (auto element : all) {
      if (is_list(element) || ++count > list_items_max) continue;
      auto html = short_value(name, element);
      if (html) (shown += shown.empty() ? "" : ", ") += *html;
    }
    if (!shown.empty()) fact(label, shown);
  }

  bool is_file(std::string_view object) const { return options_.file_ids.contains(id_of(object)); }

  // Objects that hold lists of objects become parts with a heading, others the rows of a table.
  void table_or_parts(const std::string& label, const std::vector<std::string_view>& objects,
                      std::size_t depth) {
    bool parts = false;
    for (auto object : objects)
      for_each_child(object, [&](const std::string&, std::string_view value) {
        parts = parts || value.starts_with("[{");
        return !parts;
      });
    if (!parts || depth + 1 >= depth_max) return table(label, objects);
    for (auto object : objects) {
      auto called = name_of(object);
      for_each_child(object, [&](const std::string& name, std::string_view value) {
        if (value.starts_with("[{") && !full())
          list(label + " · " + (called ? *called : humanize(name)), name, value, depth + 1);
        return true;
      });
    }
  }

  void table(const std::string& label, const std::vector<std::string_view>& objects) {
    std::vector<std::string> names;
    std::vector<std::vector<std::string>> rows;
    for (auto object : objects) {
      rows.push_back(row(object, names));
      if (rows.back().empty()) rows.pop_back();
    }
    if (rows.empty()) return;
    if (names.size() == 1) return name_list(label, rows);
    tables_ += fmt::format("<div class=\"table\"><h4>{}</h4><table><thead><tr>",
                           escape_html(clip_text(label, 200)));
    for (const auto& name : names)
      tables_ += fmt::format("<th>{}</th>", escape_html(clip_text(field_label(name), 100)));
    tables_ += "</tr></thead><tbody>";
    for (auto& cells : rows) {
      if (full()) break;
      cells.resize(names.size());
      tables_ += "<tr>";
      for (const auto& cell : cells) tables_ += "<td dir=\"auto\">" + cell + "</td>";
      tables_ += "</tr>";
    }
    tables_ += "</tbody></table></div>\n";
  }

  // The cells of one row by column; new columns are added to `names`.
  std::vector<std::string> row(std::string_view object, std::vector<std::string>& names) {
    std::vector<std::string> cells;
    for_each_child(object, [&](const std::string& name, std::string_view value) {
      std::optional<std::string> html;
      if (is_object(value)) {
        if (auto called = name_of(value)) html = escape_html(*called);
      } else if (!is_list(value)) {
        html = short_value(name, value);
      }
      if (!html) return true;
      auto column = std::find(names.begin(), names.end(), name);
      if (column == names.end()) {
        if (names.size() == columns_max) {
          cut_ = true;
          return true;
        }
        column = names.insert(names.end(), name);
      }
      auto at = static_cast<std::size_t>(column - names.begin());
      if (cells.size() <= at) cells.resize(at + 1);
      cells[at] = *html;
      return true;
    });
    return cells;
  }

  void name_list(const std::string& label, const std::vector<std::vector<std::string>>& rows) {
    std::string shown;
    for (const auto& cells : rows) (shown += shown.empty() ? "" : ", ") += cells[0];
    fact(label, shown);
  }

  const FieldOptions& options_;
  std::string facts_, texts_, tables_;
  std::size_t fact_count_ = 0;
  bool cut_ = false;
};

}  // namespace

std::string fields_html(std::string_view json, const FieldOptions& options) {
  Fields fields(options);
  if (is_object(json))
    fields.object("", json, 0);
  else
    fields.object("", "{\"value\":" + std::string(json) + "}", 0);
  return fields.html();
}

}  // namespace probackup
