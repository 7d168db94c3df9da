// Cells of CSV files (RFC 4180) that spreadsheets can open without running them.
#pragma once

#include <string>
#include <string_view>

namespace probackup {

// The text as one cell, quoted where it must be. Text that a spreadsheet would take for a formula
// gets an apostrophe in front (a plain number does not); control characters and broken UTF-8, which
// readers stumble over, become U+FFFD.
std::string csv_cell(std::string_view text);

}  // namespace probackup
