// Options of every command, and the commands that look after a repository.
#include "cli/args_builder.h"

namespace probackup {

void ArgsBuilder::globals() {
  auto& o = options_;
  app_.add_option("-r,--repo", o.repository,
                  "Repository: a folder, or s3:https://HOST/BUCKET/PREFIX\n"
                  "(env PROBACKUP_REPOSITORY)")
      ->type_name("URL");
  app_.add_option("--password-file", o.password_file,
                  "File whose first line is the password (env PROBACKUP_PASSWORD_FILE)")
      ->type_name("FILE");
  app_.add_option("--password-command", o.password_command,
                  "Command that prints the password (env PROBACKUP_PASSWORD_COMMAND)")
      ->type_name("COMMAND");
  app_.add_option("--catalog", o.catalog, "SQLite catalog file (env PROBACKUP_CATALOG)")
      ->type_name("URL");
  app_.add_option("--config", o.config, "Settings file, TOML")->type_name("FILE");
  app_.add_option("--connectors", o.connectors,
                  "Folder of connector files that override the built-in ones")
      ->type_name("DIR");
  app_.add_option("--cacert", o.ca_file, "CA certificates to trust instead of the system's, PEM")
      ->type_name("FILE");
  app_.add_option("-o,--option", o.storage_options,
                  "An option of the storage, for example s3.region=eu-central-1")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app_.add_option("--cache-dir", o.cache_folder,
                  "Folder of copies of a remote repository's indexes and trees "
                  "(env PROBACKUP_CACHE_DIR)")
      ->type_name("DIR");
  app_.add_flag("--no-cache", o.no_cache, "Neither read nor keep such copies");
  app_.add_option("--limit-upload", o.limit_upload, "At most this much to the repository")
      ->type_name("KiB/s");
  app_.add_option("--limit-download", o.limit_download, "At most this much from the repository")
      ->type_name("KiB/s");
  app_.add_flag("--insecure-http", o.insecure_http,
                "Allow plain http:// to hosts other than this machine (tokens travel in clear)");
  app_.add_flag("--json", o.json, "JSON on standard output");
  app_.add_flag("-q,--quiet", o.quiet, "No messages but errors");
  app_.add_flag("-v,--verbose", o.verbose, "More messages");
}

void ArgsBuilder::repository_commands() {
  object_lock(add(app_, "init", "Make a new, empty repository", "probackup init -r /srv/backup"));
  auto* check =
      add(app_, "check", "Verify that everything can be restored", "probackup check --read-data");
  check->add_flag("--read-data", options_.read_data, "Read and verify every byte too");
  check
      ->add_option("--read-data-subset", options_.read_data_subset,
                   "Read and verify a part: 5%, 3/10 or 2G")
      ->type_name("PART");
  auto* unlock = add(app_, "unlock", "Remove locks that died processes left", "probackup unlock");
  unlock->add_flag("--all", options_.all, "Remove living locks too");
}

void ArgsBuilder::object_lock(CLI::App* command) {
  auto* mode = command->add_option("--object-lock", options_.object_lock,
                                   "Lock what is stored against removal (S3 only)");
  mode->check(CLI::IsMember({"governance", "compliance"}))->type_name("MODE");
  auto* days = command->add_option("--retain-days", options_.retain_days, "For how long");
  days->check(CLI::Range(1u, 36'500u))->type_name("DAYS")->needs(mode);
  mode->needs(days);
}

void ArgsBuilder::forget_command() {
  auto& o = options_;
  auto* forget = add(app_, "forget", "Remove snapshots by a policy, or by their ids",
                     "probackup forget --keep-daily 30 --keep-monthly 12 --dry-run");
  forget
      ->add_option("target", o.targets,
                   "Sources that the policy is for (default: all), or ids of snapshots")
      ->type_name("SOURCE...|SNAPSHOT...");
  forget->add_option("--keep-last", o.keep_rules["last"], "Keep the newest N, or unlimited")
      ->type_name("N");
  for (const char* unit : {"hourly", "daily", "weekly", "monthly", "yearly"}) {
    std::string name = unit;
    forget
        ->add_option("--keep-" + name, o.keep_rules[name],
                     "Keep the newest one of each of the last N that have any: " + name)
        ->type_name("N");
  }
  forget
      ->add_option("--keep-within", o.keep_rules["within"],
                   "Keep all that are younger, counted from the newest (1y6m14d12h)")
      ->type_name("SPAN");
  for (const char* unit : {"hourly", "daily", "weekly", "monthly", "yearly"}) {
    std::string name = std::string("within-") + unit;
    forget
        ->add_option("--keep-" + name, o.keep_rules[name],
                     std::string("Keep the newest of each within this span: ") + unit)
        ->type_name("SPAN");
  }
  forget->add_option("--keep-tag", o.keep_tags, "Keep those with all of these tags; repeatable")
      ->type_name("TAG,...");
  forget->add_flag("-n,--dry-run", o.dry_run, "Only say what would be done");
  forget->add_flag("--despite-failed-run", o.despite_failed_run,
                   "With ids: also when the newest run of the source failed");
  forget->add_flag("--prune", o.prune, "Then delete what no snapshot needs any more");
  prune_options(forget);
  auto* prune =
      add(app_, "prune", "Delete what no snapshot needs any more", "probackup prune --dry-run");
  prune->add_flag("-n,--dry-run", o.dry_run, "Only say what would be done");
  prune_options(prune);
}

void ArgsBuilder::repair_commands() {
  auto& o = options_;
  auto* repair = group("repair", "Save what is healthy in a damaged repository");
  auto* index = add(*repair, "index", "Make the index again from the packs",
                    "probackup repair index --read-all-packs");
  index->add_flag("--read-all-packs", o.read_all_packs,
                  "Read every byte, and save the healthy blobs of damaged packs");
  index->add_flag("-n,--dry-run", o.dry_run, "Only say what would be done");
  auto* snapshots = add(*repair, "snapshots", "Make damaged snapshots again without what is lost",
                        "probackup repair snapshots --dry-run");
  snapshots->add_flag("--forget", o.forget_damaged, "Remove the damaged ones then");
  snapshots->add_flag("-n,--dry-run", o.dry_run, "Only say what would be done");
}

void ArgsBuilder::key_commands() {
  auto& o = options_;
  auto* key = group("key", "The passwords of the repository");
  add(*key, "list", "All passwords by their key files", "probackup key list");
  auto* add_command = add(*key, "add", "Add a password",
                          "probackup key add --new-password-file /etc/probackup/second");
  auto* passwd = add(*key, "passwd", "Replace the password in use", "probackup key passwd");
  for (auto* command : {add_command, passwd}) {
    command
        ->add_option("--new-password-file", o.new_password_file,
                     "File whose first line is the new password")
        ->type_name("FILE");
    command
        ->add_option("--new-password-command", o.new_password_command,
                     "Command that prints the new password")
        ->type_name("COMMAND");
  }
  auto* remove =
      add(*key, "remove", "Remove a password by its key file", "probackup key remove 1a2b3c4d");
  remove->add_option("id", o.id, "Id of the key file, or its beginning")
      ->required()
      ->type_name("ID");
}

void ArgsBuilder::copy_command() {
  auto& o = options_;
  auto* copy = add(app_, "copy", "Copy snapshots to a second repository",
                   "probackup copy --to /mnt/second --to-password-file /etc/probackup/second");
  copy->add_option("target", o.targets, "Only these sources or snapshots (default: all)")
      ->type_name("SOURCE...|SNAPSHOT...");
  copy->add_option("--to", o.to_repository, "The second repository; it must exist")
      ->required()
      ->type_name("URL");
  copy->add_option("--to-password-file", o.to_password_file,
                   "File whose first line is its password")
      ->type_name("FILE");
  copy->add_option("--to-password-command", o.to_password_command,
                   "Command that prints its password")
      ->type_name("COMMAND");
  object_lock(copy);
}

void ArgsBuilder::prune_options(CLI::App* command) {
  auto& o = options_;
  command
      ->add_option("--max-unused", o.max_unused,
                   "Unused data that may stay: 5%, a size such as 500M, or unlimited")
      ->type_name("LIMIT")
      ->default_str("5%");
  command
      ->add_option("--max-repack-size", o.max_repack_size,
                   "Make packs of at most this size anew, such as 10G")
      ->type_name("SIZE");
  command->add_flag("--repack-cacheable-only", o.repack_cacheable_only,
                    "Make only packs of trees anew, never data");
}

}  // namespace probackup
