// Spreadsheets as .xlsx, by libxlsxwriter in its mode of constant memory.
#include <fmt/format.h>
#include <xlsxwriter.h>

#include <algorithm>

#include "drive/sinks.h"
#include "probackup/error.h"

namespace probackup {
namespace {

constexpr std::size_t links_max = 65'000;  // of a sheet; Excel takes 65,530
constexpr std::size_t fitted_columns_max = 12;
constexpr std::size_t width_min = 9, width_max = 60;
constexpr std::uint32_t header_color = 0x1F4E78, link_color = 0x0B57D0;

void check(lxw_error code) {
  if (code == LXW_NO_ERROR || code == LXW_ERROR_WORKSHEET_MAX_URL_LENGTH_EXCEEDED) return;
  throw Error(fmt::format("cannot write a spreadsheet: {}", lxw_strerror(code)),
              "the temporary folder may be full; set TMPDIR to a folder with more space");
}

struct Formats {
  lxw_format *header, *time, *date, *link, *text;
};

class XlsxSink final : public SheetSink {
 public:
  explicit XlsxSink(const std::filesystem::path& path) {
    std::string folder = path.parent_path().string();
    lxw_workbook_options options{};
    options.constant_memory = LXW_TRUE;
    options.tmpdir = folder.data();
    book_ = workbook_new_opt(path.c_str(), &options);
    if (!book_) throw Error("cannot write a spreadsheet: out of memory");
    // Without a fixed date the same rows would give other bytes.
    lxw_doc_properties properties{};
    properties.created = 1;
    check(workbook_set_properties(book_, &properties));
    formats_ = {workbook_add_format(book_), workbook_add_format(book_), workbook_add_format(book_),
                workbook_add_format(book_), workbook_add_format(book_)};
    // Of a text of several lines the first is to be seen.
    for (auto* format : {formats_.link, formats_.text})
      format_set_align(format, LXW_ALIGN_VERTICAL_TOP);
    format_set_bold(formats_.header);
    format_set_font_color(formats_.header, LXW_COLOR_WHITE);
    format_set_bg_color(formats_.header, header_color);
    format_set_num_format(formats_.time, "yyyy-mm-dd hh:mm");
    format_set_num_format(formats_.date, "yyyy-mm-dd");
    for (auto* format : {formats_.time, formats_.date}) format_set_align(format, LXW_ALIGN_LEFT);
    format_set_font_color(formats_.link, link_color);
    format_set_underline(formats_.link, LXW_UNDERLINE_SINGLE);
  }
  ~XlsxSink() override {
    if (book_) workbook_close(book_);
  }
  XlsxSink(const XlsxSink&) = delete;
  XlsxSink& operator=(const XlsxSink&) = delete;

  void sheet(const std::string& name, const std::vector<Column>& columns) override {
    auto* made = workbook_add_worksheet(book_, name.c_str());
    if (!made) throw Error(fmt::format("cannot add the sheet {} to a spreadsheet", name));
    sheets_.push_back({made, 1, 0, columns.size()});
    for (std::size_t i = 0; i < columns.size(); ++i) {
      auto column = static_cast<lxw_col_t>(i);
      auto width = static_cast<double>(std::clamp(columns[i].width, width_min, width_max));
      check(worksheet_set_column(made, column, column, width, nullptr));
      check(worksheet_write_string(made, 0, column, columns[i].title.c_str(), formats_.header));
    }
    worksheet_freeze_panes(made, 1, 1);
    // On paper: the header on each page, and all columns side by side while that can be read.
    worksheet_set_landscape(made);
    if (columns.size() <= fitted_columns_max) worksheet_fit_to_pages(made, 1, 0);
    check(worksheet_repeat_rows(made, 0, 0));
  }

  void row(std::size_t number, const std::vector<SheetCell>& cells) override {
    Sheet& sheet = sheets_.at(number);
    for (std::size_t i = 0; i < cells.size(); ++i)
      write(sheet, static_cast<lxw_col_t>(i), cells[i]);
    ++sheet.next;
  }

  void close() {
    for (const Sheet& sheet : sheets_)
      if (sheet.columns > 0)
        check(worksheet_autofilter(sheet.made, 0, 0, sheet.next - 1,
                                   static_cast<lxw_col_t>(sheet.columns - 1)));
    check(workbook_close(std::exchange(book_, nullptr)));
  }

 private:
  struct Sheet {
    lxw_worksheet* made;
    lxw_row_t next;
    std::size_t links, columns;
  };

  // Text is always written as text: what looks like a formula stays what it looks like.
  void write(Sheet& sheet, lxw_col_t column, const SheetCell& cell) {
    auto* made = sheet.made;
    switch (cell.kind) {
      case SheetCell::Kind::empty:
        return;
      case SheetCell::Kind::number:
        return check(worksheet_write_number(made, sheet.next, column, cell.number, nullptr));
      case SheetCell::Kind::time:
        return check(worksheet_write_number(made, sheet.next, column, cell.number, formats_.time));
      case SheetCell::Kind::date:
        return check(worksheet_write_number(made, sheet.next, column, cell.number, formats_.date));
      case SheetCell::Kind::text:
        break;
    }
    bool linked =
        !cell.link.empty() && sheet.links < links_max &&
        worksheet_write_url_opt(made, sheet.next, column, cell.link.c_str(), formats_.link,
                                cell.text.c_str(), nullptr) == LXW_NO_ERROR;
    if (linked)
      ++sheet.links;
    else
      check(worksheet_write_string(made, sheet.next, column, cell.text.c_str(), formats_.text));
  }

  lxw_workbook* book_ = nullptr;
  Formats formats_{};
  std::vector<Sheet> sheets_;
};

}  // namespace

void write_xlsx(const std::filesystem::path& path, const std::function<void(SheetSink&)>& write) {
  XlsxSink sink(path);
  write(sink);
  sink.close();
}

}  // namespace probackup
