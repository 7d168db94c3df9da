// A realistic account of a board app: workspaces, boards, lists, cards, comments, files and a gap.
#pragma once

#include "memory_source.h"

namespace probackup::test {

MemorySource board_account();

}  // namespace probackup::test
