// Values of records as cells of a spreadsheet for people.
#pragma once

#include <string>
#include <string_view>

#include "probackup/clock.h"
#include "probackup/drive.h"

namespace probackup {

// A cell of Excel holds so many UTF-16 units; what goes beyond stands on a sheet of its own.
inline constexpr std::size_t cell_units_max = 32'000;

SheetCell text_cell(std::string_view text, std::string link = {});
SheetCell number_cell(std::uint64_t number);
SheetCell time_cell(Time time);
// A value of a record: times as times, numbers that a double holds exactly enough (15 digits) as
// numbers, lists of names as names. Any other is text: never a formula.
SheetCell value_cell(std::string_view json);

// Text that XML and spreadsheets can hold: control characters and broken UTF-8 become U+FFFD, any
// line end becomes "\n".
std::string cell_text(std::string_view text);
// UTF-16 units of valid UTF-8.
std::size_t utf16_units(std::string_view text);
// The longest beginning of valid UTF-8 with at most `units`, cut between characters.
std::string_view clip_units(std::string_view text, std::size_t units);

}  // namespace probackup
