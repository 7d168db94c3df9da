// The commands. Each returns the process's exit code and throws Error for what stops it.
#pragma once

#include "cli/session.h"

namespace probackup {

inline constexpr int exit_gaps = 3;

int run_init(Session& session);
int run_check(Session& session);
int run_unlock(Session& session);
int run_forget(Session& session);
int run_prune(Session& session);
int run_repair_index(Session& session);
int run_repair_snapshots(Session& session);
int run_key_list(Session& session);
int run_key_add(Session& session);
int run_key_remove(Session& session);
int run_key_passwd(Session& session);
int run_copy(Session& session);
int run_catalog_rebuild(Session& session);
int run_auth_add(Session& session);
int run_auth_login(Session& session);
int run_auth_list(Session& session);
int run_auth_check(Session& session);
int run_auth_remove(Session& session);
int run_backup(Session& session);
int run_list(Session& session);
int run_show(Session& session);
int run_history(Session& session);
int run_find(Session& session);
int run_diff(Session& session);
// Files with --target; with --into or --resume what run_restore_into() does.
int run_restore(Session& session);
int run_restore_into(Session& session);
int run_drill(Session& session);
int run_sync_drive(Session& session);
int run_connector_list(Session& session);
int run_connector_show(Session& session);
int run_connector_lint(Session& session);
int run_demo(Session& session);

// The whole program: parses, runs, prints errors; returns the exit code.
int run_program(int argc, char** argv);

}  // namespace probackup
