// What the command line said, for every command. Filled by args.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace probackup {

struct Options {
  std::string command;  // "backup", "auth add", "catalog rebuild"…

  // Global.
  std::string repository, password_file, password_command, catalog, config, connectors, ca_file,
      cache_folder;
  bool no_cache = false;
  bool password_from_environment = false;  // PROBACKUP_PASSWORD is to be used
  bool json = false, quiet = false, insecure_http = false;
  int verbose = 0;
  std::vector<std::string> storage_options;            // KEY=VALUE
  std::uint64_t limit_upload = 0, limit_download = 0;  // KiB/s; 0 is no limit

  // Of the commands; each uses what its --help lists.
  std::vector<std::string> sources, only, exclude, set, formats, files;
  std::string snapshot, other_snapshot, stream, id, text, target, at, source, app, account, tap,
      what;
  std::string tap_config, tap_catalog, tap_state;
  std::string purpose = "read";
  std::vector<std::string> fields;  // auth add: NAME=FILE or NAME=- pairs
  std::string token_name;           // of auth add and remove
  // Of auth login and check.
  std::string client_id, client_secret_file, service_account, subject, app_id, app_key,
      installation;
  bool device = false, no_browser = false, client_credentials = false, visible = false;
  unsigned login_minutes = 10;
  bool full = false, dry_run = false, read_data = false, deleted = false, webhooks = false;
  bool overwrite = false, no_attachments = false, all = false, keep = false, no_wait = false;
  std::string object_lock;  // "", "governance" or "compliance"
  unsigned retain_days = 0;
  double max_delete_percent = 20;
  unsigned concurrency = 0;
  std::string max_wait = "65m";
  std::uint64_t limit = 0;

  // Of restore --into and drill.
  std::string into, deleted_since, conflict = "copy", resume, report;
  std::vector<std::string> include, known;  // STREAM/ID; KIND/OLD=NEW
  bool notify = false, resuming = false, take_over = false;
  std::uint64_t sample = 0;

  // Of sync-drive; `urls` of list.
  std::string local, drive_folder, attachments = "all", on_missing = "recreate";
  bool urls = false;

  // Of forget, prune, repair, key and copy.
  std::vector<std::string> targets;               // sources or snapshots
  std::map<std::string, std::string> keep_rules;  // "last", "within-daily"… to a number or a span
  std::vector<std::string> keep_tags;
  bool despite_failed_run = false, prune = false, repack_cacheable_only = false;
  std::string max_unused = "5%", max_repack_size;
  bool read_all_packs = false, forget_damaged = false;
  std::string read_data_subset;  // check: "5%", "3/10", "2G"
  std::string new_password_file, new_password_command;
  std::string to_repository, to_password_file, to_password_command;
  // PROBACKUP_NEW_PASSWORD, PROBACKUP_TO_PASSWORD are to be used.
  bool new_password_from_environment = false, to_password_from_environment = false;
};

// Parses the command line. Prints help or a usage error itself; then `exit_code` is set and nothing
// is to be run.
struct ParsedArgs {
  Options options;
  std::optional<int> exit_code;
};
ParsedArgs parse_args(int argc, char** argv);

}  // namespace probackup
