// What becomes of a spreadsheet's rows: a digest, an .xlsx file, CSV files.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "probackup/drive.h"
#include "util/hash.h"

namespace probackup {

// 32 hex digits of the names, columns and cells; widths do not count.
std::string sheet_digest(const std::function<void(SheetSink&)>& write);

// Writes the spreadsheet as .xlsx to `path`, which is replaced. The same content gives the same
// bytes. Throws Error. Memory does not grow with the rows.
void write_xlsx(const std::filesystem::path& path, const std::function<void(SheetSink&)>& write);

// CSV of each sheet (docs/export.md says how cells are written): `each` gets the sheet's number,
// its name and, piece by piece, its bytes.
class CsvSink : public SheetSink {
 public:
  // `out(sheet, name, bytes)` takes the bytes of one sheet piece by piece.
  explicit CsvSink(
      std::function<void(std::size_t, const std::string& name, std::string_view bytes)> out)
      : out_(std::move(out)) {}
  void sheet(const std::string& name, const std::vector<Column>& columns) override;
  void row(std::size_t sheet, const std::vector<SheetCell>& cells) override;

 private:
  std::function<void(std::size_t, const std::string& name, std::string_view bytes)> out_;
  std::vector<std::string> names_;
};

}  // namespace probackup
