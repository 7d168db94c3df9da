#include "drive/sinks.h"

#include "export/csv_cell.h"

namespace probackup {
namespace {

// Part of each digest: a change of what spreadsheets look like writes all of them again.
constexpr std::string_view layout_version = "1";
constexpr std::size_t digest_digits = 32;

class DigestSink final : public SheetSink {
 public:
  DigestSink() { add(layout_version); }
  void sheet(const std::string& name, const std::vector<Column>& columns) override {
    sheets_.emplace_back();
    add(name);
    for (const auto& column : columns) add(column.title);
  }
  void row(std::size_t sheet, const std::vector<SheetCell>& cells) override {
    Sha256& digest = sheets_.at(sheet);
    std::string text;
    for (const auto& cell : cells) {
      text += static_cast<char>('a' + static_cast<int>(cell.kind));
      append(text, cell.text);
      append(text, cell.link);
    }
    digest.update(text += '\n');
  }
  std::string finish() {
    for (auto& sheet : sheets_) add(sheet.finish().hex());
    return head_.finish().hex().substr(0, digest_digits);
  }

 private:
  static void append(std::string& to, std::string_view text) {
    ((to += std::to_string(text.size())) += ':') += text;
  }
  void add(std::string_view text) {
    std::string piece;
    append(piece, text);
    head_.update(piece);
  }

  Sha256 head_;
  std::vector<Sha256> sheets_;  // sheets may be written in turns
};

}  // namespace

std::string sheet_digest(const std::function<void(SheetSink&)>& write) {
  DigestSink sink;
  write(sink);
  return sink.finish();
}

void CsvSink::sheet(const std::string& name, const std::vector<Column>& columns) {
  names_.push_back(name);
  std::string line = "\xEF\xBB\xBF";
  for (std::size_t i = 0; i < columns.size(); ++i)
    (line += i ? "," : "") += csv_cell(columns[i].title);
  out_(names_.size() - 1, name, line + "\r\n");
}

void CsvSink::row(std::size_t sheet, const std::vector<SheetCell>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) (line += i ? "," : "") += csv_cell(cells[i].text);
  out_(sheet, names_.at(sheet), line + "\r\n");
}

}  // namespace probackup
