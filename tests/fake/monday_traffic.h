// Everything that a monday.com test server can be asked for, for validate_traffic.py.
#pragma once

#include <string>

namespace probackup {

// Asks for everything once, makes and changes a few things, and appends what was said to the log.
void visit_monday(const std::string& log);

}  // namespace probackup
