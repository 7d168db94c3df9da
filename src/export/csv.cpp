// tables/STREAM.csv: the records of a stream as a table. The first pass over the records finds the
// columns, the second writes the rows; only the columns' names are kept in memory.
#include <unordered_map>

#include "export/csv_cell.h"
#include "export/flatten.h"
#include "export/format.h"
#include "export/json_text.h"

namespace probackup {
namespace {

constexpr std::size_t columns_max = 1000;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// The columns of one stream, and the row that is being filled.
class Table {
 public:
  Table() {
    for (const char* name : {"_id", "_parent_stream", "_parent_id"}) add(name);
  }

  // `learn` adds columns for paths not seen before.
  void fill(RawJson& parser, const ExportRecord& record, bool learn) {
    cells_.assign(names_.size(), {});
    more_.clear();
    cells_[0] = record.key;
    cells_[1] = record.parent_stream;
    cells_[2] = record.parent;
    filled_.assign(names_.size(), false);
    filled_[0] = filled_[1] = filled_[2] = true;
    auto json = checked_json(parser, record.raw);
    if (!json) return rest("", json_quote(record.raw));
    flatten(*json,
            [&](const std::string& path, std::string_view value) { place(path, value, learn); });
  }

  std::string header() const {
    std::string out;
    for (const auto& name : names_) (out += csv_cell(name)) += ',';
    if (has_more_) out += "more,";
    return end_row(std::move(out));
  }
  std::string row() const {
    std::string out;
    for (const auto& cell : cells_) (out += csv_cell(cell)) += ',';
    if (has_more_) (out += csv_cell(more_.empty() ? "" : "{" + more_ + "}")) += ',';
    return end_row(std::move(out));
  }

 private:
  static std::string end_row(std::string row) {
    row.back() = '\r';
    return row += '\n';
  }
  void add(const std::string& name) {
    columns_.emplace(name, names_.size());
    names_.push_back(name);
  }
  void rest(const std::string& path, std::string_view json) {
    if (!more_.empty()) more_ += ',';
    ((more_ += json_quote(path)) += ':') += json;
    has_more_ = true;
  }
  // A path that has no column, or whose cell is taken ("a.b" beside "a": {"b"}), goes to `more`.
  void place(const std::string& path, std::string_view value, bool learn) {
    auto found = columns_.find(path);
    if (found == columns_.end() && learn && names_.size() < columns_max &&
        path.size() <= cell_path_bytes_max) {
      add(path);
      cells_.emplace_back();
      filled_.push_back(false);
      found = columns_.find(path);
    }
    if (found == columns_.end() || filled_[found->second]) return rest(path, value);
    cells_[found->second] = json_as_text(value);
    filled_[found->second] = true;
  }

  std::vector<std::string> names_;
  std::unordered_map<std::string, std::size_t> columns_;
  std::vector<std::string> cells_;
  std::vector<bool> filled_;
  std::string more_;
  bool has_more_ = false;
};

class CsvWriter : public FormatWriter {
 public:
  explicit CsvWriter(ExportContext& context) : context_(context) {}

  void begin_stream(std::size_t stream) override {
    stream_ = stream;
    table_ = Table();
    file_ = context_.target.create("tables/" + context_.streams[stream].name + ".csv");
  }
  void record(const ExportRecord& record, const std::string&) override {
    table_.fill(parser_, record, true);
  }
  void end_stream() override {
    file_->write(byte_order_mark);
    file_->write(table_.header());
    context_.source.records(context_.streams[stream_].stream.name, [&](const ExportRecord& record) {
      context_.check_stop();
      table_.fill(parser_, record, false);
      file_->write(table_.row());
      return true;
    });
    file_->finish();
    file_.reset();
  }

 private:
  ExportContext& context_;
  RawJson parser_;
  std::size_t stream_ = 0;
  Table table_;
  std::unique_ptr<OutputFile> file_;
};

}  // namespace

std::unique_ptr<FormatWriter> make_csv_writer(ExportContext& context) {
  return std::make_unique<CsvWriter>(context);
}

}  // namespace probackup
