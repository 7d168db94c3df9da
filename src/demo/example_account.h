// The account that `probackup demo` backs up: three boards of a small team, on loopback.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "demo/trello_account.h"

namespace probackup {

// Ready to be read. Throws Error if no port can be had.
std::unique_ptr<TrelloAccount> example_account(Clock& clock = system_clock());

// Changes a few things, as the team would between two backups. Returns what was done, one sentence
// for each change. To be called once.
std::vector<std::string> change_example(TrelloAccount& account);

}  // namespace probackup
