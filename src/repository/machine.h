// This machine and its user, as locks and snapshots name them.
#pragma once

#include <cstdint>
#include <string>

namespace probackup {

std::string machine_hostname();
std::string machine_username();
// True when a process of that id runs on this machine.
bool process_runs(std::int64_t pid);
// From now on SIGHUP does not end this process, unless it handles that signal already: restic sends
// it to the holder of a lock to see whether it still lives (restic, internal/restic/lock_unix.go).
void survive_hangups();

}  // namespace probackup
