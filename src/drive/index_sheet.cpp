#include "drive/index_sheet.h"

#include <fmt/format.h>

#include "drive/cells.h"

namespace probackup {
namespace {

constexpr std::size_t short_id = 8;

}  // namespace

void IndexSheet::write(const ExportSource& snapshot, const DriveReport& report, SheetSink& sink,
                       const std::function<IndexLink(const std::string& key)>& link_to) const {
  auto gaps = snapshot.gaps();
  std::string id = snapshot.snapshot_id().substr(0, short_id);
  sink.sheet("Backup", {{"What", 24}, {"Value", 60}});
  auto fact = [&](const char* what, SheetCell value) {
    sink.row(0, {text_cell(what), std::move(value)});
  };
  std::string title = snapshot.app_title();
  fact("App", text_cell(title.empty() ? snapshot.app() : title));
  fact("Account", text_cell(snapshot.account()));
  fact("Backed up at (UTC)", time_cell(snapshot.time()));
  fact("Snapshot", text_cell(id));
  fact("Items", number_cell(report.items));
  fact("Deleted items", number_cell(report.deleted));
  fact("Gaps", number_cell(gaps.size()));
  fact("Times", text_cell("All times are UTC."));
  fact("To get an item back",
       text_cell(fmt::format("probackup restore {0} --target DIR; into the app, where it can be "
                             "restored: probackup restore {0} --into APP --include STREAM/ID",
                             id)));
  fact("Edits", text_cell("This copy is written again when the backup changes: do not edit it."));

  sink.sheet("Contents", {{"Folder", 40}, {"Spreadsheet", 40}, {"Items", 12}, {"Deleted", 12}});
  for (const auto& entry : entries_) {
    IndexLink folder = link_to(entry.folder), sheet = link_to(entry.sheet);
    sink.row(1, {text_cell(folder.name, folder.link),
                 text_cell(sheet.name.empty() ? entry.name : sheet.name, sheet.link),
                 number_cell(entry.items), number_cell(entry.deleted)});
  }
  if (gaps.empty()) return;
  sink.sheet("Gaps", {{"Stream", 20}, {"Item", 30}, {"Why", 60}, {"Address", 50}});
  for (const auto& gap : gaps)
    sink.row(2, {text_cell(gap.stream), text_cell(gap.key.empty() ? gap.scope : gap.key),
                 text_cell(gap.reason), text_cell(gap.url)});
}

}  // namespace probackup
