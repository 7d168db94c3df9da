#include "drive/table.h"

#include <algorithm>

#include "drive/cells.h"
#include "drive/column_names.h"
#include "export/field_kind.h"
#include "export/flatten.h"
#include "export/json_text.h"

namespace probackup {
namespace {

constexpr std::size_t files_batch = 200;
constexpr std::size_t width_max = 48;
constexpr std::size_t reference_bytes_min = 8;  // shorter ids mean something else in other streams
constexpr std::size_t fixed_columns = 6;
constexpr auto none = static_cast<std::size_t>(-1);

void widen(std::size_t& width, std::string_view text) {
  auto line = text.substr(0, text.find('\n'));
  width = std::max(width, std::min(width_max, utf16_units(line) + 2));
}

}  // namespace

Table::Table(CopyModel& model, const CopyTable& table, const DriveOptions& options)
    : model_(model), table_(table), options_(options), created_(none), changed_(none) {
  model_.items(table_, 0, [&](const RecordNode& node) {
    learn(node);
    return true;
  });
  name_columns();
  cut();
}

void Table::learn(const RecordNode& node) {
  widen(title_width_, node.title);
  has_titles_ = has_titles_ || !node.title.empty();
  auto above = node.parent.value_or(0);
  has_parents_ = has_parents_ || (above != 0 && above != table_.folder);
  has_files_ = has_files_ || model_.tree().count_files(node.number) > 0;
  auto json = checked_json(parser_, model_.tree().raw(node));
  if (!json) {
    has_more_ = true;
    return;
  }
  flatten(*json,
          [&](const std::string& path, std::string_view value) { learn_cell(node, path, value); });
}

void Table::learn_cell(const RecordNode& node, const std::string& path, std::string_view value) {
  SheetCell cell = value_cell(value);
  if (cell.kind == SheetCell::Kind::empty) return;
  has_long_texts_ = has_long_texts_ || utf16_units(cell.text) > cell_units_max;
  auto found = by_path_.find(path);
  if (found == by_path_.end()) {
    if (columns_.size() == options_.columns_max || path.size() > cell_path_bytes_max) {
      has_more_ = true;
      return;
    }
    found = by_path_.emplace(path, columns_.size()).first;
    columns_.push_back({path, "", 0, true, true, true});
  }
  Column& column = columns_[found->second];
  widen(column.width, cell.text);
  column.dull =
      column.dull && (cell.text == cell_text(node.key) || cell.text == cell_text(node.title));
  column.flags = column.flags && (value == "true" || value == "false");
  column.times =
      column.times && (cell.kind == SheetCell::Kind::time || cell.kind == SheetCell::Kind::date);
}

void Table::name_columns() {
  created_ = choose_time_column(
      columns_.size(), [&](std::size_t i) { return columns_[i].times ? columns_[i].path : ""; },
      TimeColumn::created);
  changed_ = choose_time_column(
      columns_.size(), [&](std::size_t i) { return columns_[i].times ? columns_[i].path : ""; },
      TimeColumn::changed);
  ColumnNames names({"Title", "ID", "Below", "Created", "Changed", "Attachments", "More"});
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].dull || i == created_ || i == changed_) continue;
    columns_[i].title = names.claim(columns_[i].path);
    shown_.push_back(i);
  }
  std::stable_sort(shown_.begin(), shown_.end(), [&](std::size_t a, std::size_t b) {
    return column_rank(columns_[a].path, columns_[a].flags) <
           column_rank(columns_[b].path, columns_[b].flags);
  });
}

// Rows do not move from one spreadsheet to another when items behind them come or go.
void Table::cut() {
  std::uint64_t columns = shown_.size() + fixed_columns + 1;
  std::uint64_t rows_max =
      std::clamp<std::uint64_t>(options_.cells_max / columns, 1, options_.rows_max);
  std::uint64_t bytes = 0;
  std::int64_t before = 0;
  parts_.push_back({});
  model_.items(table_, 0, [&](const RecordNode& node) {
    bool full = parts_.back().items == rows_max || bytes + node.length > options_.bytes_max;
    if (full && parts_.back().items > 0) {
      parts_.push_back({before, 0});
      bytes = 0;
    }
    ++parts_.back().items;
    bytes += node.length;
    before = node.number;
    return true;
  });
}

void Table::each_item(std::size_t part, const std::function<void(const RecordNode&)>& each) {
  std::uint64_t left = parts_[part].items;
  if (left == 0) return;
  model_.items(table_, parts_[part].after, [&](const RecordNode& node) {
    each(node);
    return --left > 0;
  });
}

SheetCell Table::parent_cell(const RecordNode& node, const TableLinks& links) {
  if (!node.parent || *node.parent == table_.folder) return {};
  auto above = model_.tree().find(*node.parent);
  if (!above) return {};
  return text_cell(above->title.empty() ? above->key : above->title, links.to_record(*above));
}

SheetCell Table::files_cell(const RecordNode& node, const TableLinks& links) {
  auto files = model_.tree().files(node.number, 0, files_batch);
  if (files.empty()) return {};
  std::string text;
  for (const auto& file : files) (text += text.empty() ? "" : ", ") += file.name;
  const auto& stream = model_.streams()[node.stream].stream.name;
  return text_cell(text, links.to_file(stream, files[0].id));
}

// The id of another record is shown as what that is called.
SheetCell Table::cell(const RecordNode& node, const std::string& path, std::string_view value,
                      const TableLinks& links) {
  SheetCell out = value_cell(value);
  if (out.kind != SheetCell::Kind::text || out.text.size() < reference_bytes_min) return out;
  std::string_view name = std::string_view(path).substr(path.rfind('.') + 1);
  bool is_list = value.starts_with('[');
  // "card.id" is the card's, "id" the record's own.
  bool is_reference = (name == "id" && name != path) ||
                      field_kind(name, is_list ? "\"x\"" : value) == FieldKind::reference;
  if (!is_reference) return out;
  std::string shown;
  std::string link;
  auto add = [&](const std::string& key) {
    auto found = key.size() < reference_bytes_min ? std::nullopt : model_.tree().find_unique(key);
    if (!shown.empty()) shown += ", ";
    shown += found && !found->title.empty() ? found->title : key;
    if (found && link.empty() && found->number != node.number) link = links.to_record(*found);
  };
  if (is_list)
    for_each_child(value, [&](const std::string&, std::string_view element) {
      if (element.starts_with('"')) add(json_as_text(element));
      return element.starts_with('"');
    });
  else
    add(json_as_text(value));
  return shown.empty() ? out : text_cell(shown, link);
}

std::vector<SheetCell> Table::row(const RecordNode& node, const TableLinks& links) {
  std::vector<SheetCell> values(columns_.size());
  std::vector<bool> filled(columns_.size());
  std::string more;
  auto rest = [&](const std::string& path, std::string_view json) {
    more += more.empty() ? "{" : ",";
    ((more += json_quote(path)) += ':') += json;
  };
  std::string raw = model_.tree().raw(node);
  if (auto json = checked_json(parser_, raw))
    flatten(*json, [&](const std::string& path, std::string_view value) {
      auto found = by_path_.find(path);
      if (found == by_path_.end()) {
        if (value_cell(value).kind != SheetCell::Kind::empty) rest(path, value);
      } else if (filled[found->second]) {
        rest(path, value);
      } else {
        filled[found->second] = true;
        values[found->second] = cell(node, path, value, links);
      }
    });
  else
    rest("", json_quote(raw));

  std::vector<SheetCell> out;
  std::string link = model_.is_folder(node) ? links.to_record(node) : node.url;
  if (has_titles_) out.push_back(text_cell(node.title, link));
  out.push_back(text_cell(node.key, has_titles_ && !node.title.empty() ? "" : link));
  if (has_parents_) out.push_back(parent_cell(node, links));
  if (created_ != none) out.push_back(std::move(values[created_]));
  if (changed_ != none) out.push_back(std::move(values[changed_]));
  if (has_files_) out.push_back(files_cell(node, links));
  for (std::size_t i : shown_) out.push_back(std::move(values[i]));
  if (has_more_) out.push_back(text_cell(more.empty() ? "" : more + "}"));
  return out;
}

std::vector<SheetSink::Column> Table::headers() const {
  constexpr std::size_t time_width = 17;
  std::vector<SheetSink::Column> out;
  if (has_titles_) out.push_back({"Title", title_width_});
  out.push_back({"ID", 26});
  if (has_parents_) out.push_back({"Below", 26});
  if (created_ != none) out.push_back({"Created", time_width});
  if (changed_ != none) out.push_back({"Changed", time_width});
  if (has_files_) out.push_back({"Attachments", 26});
  for (std::size_t i : shown_) {
    std::size_t width = columns_[i].times ? time_width : columns_[i].width;
    widen(width, columns_[i].title);
    out.push_back({columns_[i].title, width});
  }
  if (has_more_) out.push_back({"More", 26});
  return out;
}

Table::Sheets Table::begin_sheets(std::size_t part, SheetSink& sink) const {
  Sheets out;
  std::size_t next = 0;
  sink.sheet("Items", headers());
  if (part == 0 && table_.deleted > 0) {
    out.deleted = ++next;
    sink.sheet("Deleted", {{"Title", 40},
                           {"ID", 26},
                           {"Below", 26},
                           {"Vanished", 17},
                           {"Last backed up", 17},
                           {"In snapshot", 12},
                           {"To restore it", 36},
                           {"Address", 40}});
  }
  if (has_files_) {
    out.files = ++next;
    sink.sheet("Attachments", {{"Title", title_width_}, {"ID", 26}, {"File", 40}, {"Bytes", 12}});
  }
  if (has_long_texts_) {
    out.long_texts = ++next;
    sink.sheet("Long texts",
               {{"Title", title_width_}, {"ID", 26}, {"Column", 20}, {"Part", 6}, {"Text", 60}});
  }
  return out;
}

void Table::move_long_texts(const RecordNode& node, std::vector<SheetCell>& cells, SheetSink& sink,
                            std::size_t sheet) const {
  auto titles = headers();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (utf16_units(cells[i].text) <= cell_units_max) continue;
    std::string whole = std::move(cells[i].text);
    std::string_view rest = whole;
    constexpr std::string_view note = "… (all of it is on the sheet \"Long texts\")";
    cells[i].text =
        std::string(clip_units(rest, cell_units_max - utf16_units(note))) + std::string(note);
    for (std::uint64_t part = 1; !rest.empty(); ++part) {
      auto piece = clip_units(rest, cell_units_max);
      rest.remove_prefix(piece.size());
      sink.row(sheet, {text_cell(node.title), text_cell(node.key), text_cell(titles[i].title),
                       number_cell(part), text_cell(piece)});
    }
  }
}

void Table::write(std::size_t part, const TableLinks& links, SheetSink& sink) {
  Sheets sheets = begin_sheets(part, sink);
  each_item(part, [&](const RecordNode& node) {
    auto cells = row(node, links);
    bool is_long = std::any_of(cells.begin(), cells.end(), [](const SheetCell& cell) {
      return cell.text.size() > cell_units_max && utf16_units(cell.text) > cell_units_max;
    });
    if (is_long && sheets.long_texts) move_long_texts(node, cells, sink, sheets.long_texts);
    if (is_long && !sheets.long_texts)
      for (auto& cell : cells) cell.text = clip_units(cell.text, cell_units_max);
    sink.row(sheets.items, cells);
    if (sheets.files) write_files(node, links, sink, sheets.files);
  });
  if (sheets.deleted) write_deleted(sink, sheets.deleted);
}

void Table::write_files(const RecordNode& node, const TableLinks& links, SheetSink& sink,
                        std::size_t sheet) {
  const auto& stream = model_.streams()[node.stream].stream.name;
  std::int64_t after = 0;
  for (auto files = model_.tree().files(node.number, after, files_batch); !files.empty();
       files = model_.tree().files(node.number, after, files_batch)) {
    for (const auto& file : files)
      sink.row(sheet,
               {text_cell(node.title), text_cell(node.key),
                text_cell(file.name, links.to_file(stream, file.id)), number_cell(file.size)});
    after = files.back().number;
  }
}

void Table::write_deleted(SheetSink& sink, std::size_t sheet) {
  model_.deleted(table_, [&](const DeletedItem& item) {
    std::string above = item.parent;
    if (auto stream = model_.stream_number(item.parent_stream))
      if (auto node = model_.tree().find(*stream, item.parent); node && !node->title.empty())
        above = node->title;
    bool is_link = item.url.starts_with("https://") || item.url.starts_with("http://");
    sink.row(sheet, {text_cell(clip_units(cell_text(item.title), 1000)), text_cell(item.key),
                     text_cell(above), time_cell(item.vanished), time_cell(item.last),
                     text_cell(item.snapshot), text_cell(item.stream + "/" + item.key),
                     text_cell(item.url, is_link ? item.url : "")});
  });
}

}  // namespace probackup
