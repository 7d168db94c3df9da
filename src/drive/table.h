// One table of the copy: its columns, how it is cut into spreadsheets, and its rows.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "drive/copy_model.h"
#include "probackup/drive.h"
#include "util/raw_json.h"

namespace probackup {

// What the rows of a table lead to; "" where there is nothing to link to.
struct TableLinks {
  std::function<std::string(const RecordNode& record)>
      to_record;  // its folder, or the sheet it is in
  std::function<std::string(const std::string& stream, const std::string& file)> to_file;
};

// Not for concurrent calls. `model` must outlive it.
class Table {
 public:
  struct Part {
    std::int64_t after = 0;  // the number of the record before its first
    std::uint64_t items = 0;
  };

  // Reads all items once, for the columns and the cuts.
  Table(CopyModel& model, const CopyTable& table, const DriveOptions& options);

  const std::vector<Part>& parts() const { return parts_; }
  // One part as a spreadsheet. Deleted items stand in the first.
  void write(std::size_t part, const TableLinks& links, SheetSink& sink);
  void each_item(std::size_t part, const std::function<void(const RecordNode&)>& each);

 private:
  struct Column {
    std::string path, title;
    std::size_t width = 0;
    bool dull = true;                 // says nothing that the id or the title does not say
    bool times = true, flags = true;  // it holds nothing else
  };
  // Numbers of the sheets of the spreadsheet that is being written.
  struct Sheets {
    std::size_t items = 0, deleted = 0, files = 0, long_texts = 0;
  };
  void learn(const RecordNode& node);
  void learn_cell(const RecordNode& node, const std::string& path, std::string_view value);
  void cut();
  void name_columns();
  Sheets begin_sheets(std::size_t part, SheetSink& sink) const;
  std::vector<SheetCell> row(const RecordNode& node, const TableLinks& links);
  // Cuts what no cell holds, and writes the whole of it to the sheet of long texts.
  void move_long_texts(const RecordNode& node, std::vector<SheetCell>& cells, SheetSink& sink,
                       std::size_t sheet) const;
  SheetCell cell(const RecordNode& node, const std::string& path, std::string_view value,
                 const TableLinks& links);
  SheetCell parent_cell(const RecordNode& node, const TableLinks& links);
  SheetCell files_cell(const RecordNode& node, const TableLinks& links);
  std::vector<SheetSink::Column> headers() const;
  void write_deleted(SheetSink& sink, std::size_t sheet);
  void write_files(const RecordNode& node, const TableLinks& links, SheetSink& sink,
                   std::size_t sheet);

  CopyModel& model_;
  const CopyTable table_;
  const DriveOptions& options_;
  RawJson parser_;
  std::vector<Column> columns_;
  std::unordered_map<std::string, std::size_t> by_path_;
  std::vector<std::size_t> shown_;  // of columns_
  std::size_t created_, changed_;   // of columns_; npos for none
  bool has_files_ = false, has_more_ = false, has_parents_ = false, has_titles_ = false,
       has_long_texts_ = false;
  std::size_t title_width_ = 10;
  std::vector<Part> parts_;
};

}  // namespace probackup
