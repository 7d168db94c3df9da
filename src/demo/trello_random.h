// Random accounts and random changes to them.
#pragma once

#include <cstdint>

#include "demo/trello_data.h"

namespace probackup {

struct TrelloSize {
  unsigned organizations = 2, boards = 4, members = 6;
  unsigned lists = 4, cards = 30;  // a board
  unsigned comments = 3;           // a card, at most twice as many
};

void fill_randomly(TrelloData& data, std::uint64_t seed, const TrelloSize& size);
// One seeded change: something is added, edited, moved, archived or deleted. With
// `only_dated` no action ever changes or goes: comments and cards are only added.
void change_randomly(TrelloData& data, std::uint64_t seed, bool only_dated);

}  // namespace probackup
