// Random monday.com accounts and random changes to them.
#pragma once

#include <cstdint>

#include "fake/monday_data.h"

namespace probackup {

struct MondaySize {
  unsigned users = 4;    // beside the token's
  unsigned boards = 4;   // none: an account as it is on the first day
  unsigned items = 12;   // about, on each board
  unsigned updates = 1;  // about, for each item
};

void fill_randomly(MondayData& data, std::uint64_t seed, const MondaySize& size);
// One change. `only_dated`: leaves out what neither a listing that is read each day nor the record
// above shows: blocks of items' descriptions.
void change_randomly(MondayData& data, std::uint64_t seed, bool only_dated);

}  // namespace probackup
