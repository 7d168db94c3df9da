// Every call that writes to a Trello account, made once on an account of its own.
#pragma once

#include <string>

namespace probackup {

// Appends what was said to the log. Throws Error for an answer that is none, or no JSON.
void write_to_trello(const std::string& log);

}  // namespace probackup
