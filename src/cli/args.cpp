// The command line. The only file that includes CLI11, which is slow to compile.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "cli/options.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr const char* exit_codes =
    "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done, with gaps (list gaps shows them);\n"
    "10 no repository; 11 locked; 12 wrong password; 130 interrupted (what was finished is kept).\n"
    "Manual: docs/commands.md";

class Builder {
 public:
  Builder(CLI::App& app, Options& options) : app_(app), options_(options) {}

  void build() {
    globals();
    repository_commands();
    forget_command();
    repair_commands();
    key_commands();
    copy_command();
    auth_commands();
    backup_command();
    browse_commands();
    restore_command();
    drill_command();
    sync_drive_command();
    other_commands();
  }

 private:
  // A command whose full name ends up in options.command.
  CLI::App* add(CLI::App& parent, const std::string& name, const std::string& help,
                const std::string& example) {
    auto* command = parent.add_subcommand(name, help);
    command->footer("Example:\n  " + example);
    std::string full = parent.get_parent() ? parent.get_name() + " " + name : name;
    command->callback([this, command, full] {
      if (command->get_subcommands().empty()) options_.command = full;
    });
    return command;
  }

  CLI::App* group(const std::string& name, const std::string& help) {
    auto* command = app_.add_subcommand(name, help);
    command->require_subcommand(1);
    return command;
  }

  void globals() {
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

  void repository_commands() {
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

  void object_lock(CLI::App* command) {
    auto* mode = command->add_option("--object-lock", options_.object_lock,
                                     "Lock what is stored against removal (S3 only)");
    mode->check(CLI::IsMember({"governance", "compliance"}))->type_name("MODE");
    auto* days = command->add_option("--retain-days", options_.retain_days, "For how long");
    days->check(CLI::Range(1u, 36'500u))->type_name("DAYS")->needs(mode);
    mode->needs(days);
  }

  void forget_command() {
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

  void repair_commands() {
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

  void key_commands() {
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

  void copy_command() {
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

  void prune_options(CLI::App* command) {
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

  void auth_commands() {
    auto& o = options_;
    auto* auth = group("auth", "Credentials for the apps, sealed with the repository's key");
    auto* add_command =
        add(*auth, "add", "Store the credentials of one account; asks for each value",
            "probackup auth add trello --field token=- < token.txt");
    add_command->add_option("app", o.source, "APP or APP:ACCOUNT")
        ->required()
        ->type_name("APP[:ACCOUNT]");
    add_command
        ->add_option("--field", o.fields,
                     "NAME=FILE reads a value from a file, NAME=- from standard input")
        ->type_name("NAME=FILE");
    add_command->add_option("--set", o.set, "A value that is no secret; repeatable")
        ->type_name("KEY=VALUE");
    add_command->add_option("--for", o.purpose, "What the credentials are for")
        ->check(CLI::IsMember({"read", "restore"}))
        ->default_str("read");
    login_command(*auth);
    add(*auth, "list", "The accounts whose credentials are stored", "probackup auth list");
    auto* check = add(*auth, "check", "Ask the app who these credentials are",
                      "probackup auth check github:acme");
    check->add_option("source", o.source, "APP or APP:ACCOUNT")
        ->required()
        ->type_name("APP[:ACCOUNT]");
    check->add_option("--set", o.set, "A setting of the connector")->type_name("KEY=VALUE");
    check->add_flag("--scope", o.visible, "List what these credentials can see, too");
    check->add_option("--for", o.purpose, "Which credentials")
        ->check(CLI::IsMember({"read", "restore"}))
        ->default_str("read");
    auto* remove = add(*auth, "remove", "Forget the credentials of one account",
                       "probackup auth remove trello:acme");
    remove->add_option("source", o.source, "APP or APP:ACCOUNT")
        ->required()
        ->type_name("APP[:ACCOUNT]");
    remove->add_option("--for", o.purpose, "What the credentials are for")
        ->check(CLI::IsMember({"read", "restore"}))
        ->default_str("read");
  }

  void login_command(CLI::App& auth) {
    auto& o = options_;
    auto* login = add(auth, "login", "Sign in to an app in the browser, by a code, or with a key",
                      "probackup auth login google --client-id ID");
    login->add_option("source", o.source, "APP or APP:ACCOUNT")
        ->required()
        ->type_name("APP[:ACCOUNT]");
    auto* device =
        login->add_flag("--device", o.device, "Show a code to enter in a browser anywhere");
    login->add_flag("--no-browser", o.no_browser,
                    "Only print the address, and take the one that the browser ended at");
    login->add_option("--client-id", o.client_id, "Client that you registered with the app")
        ->type_name("ID");
    login->add_option("--client-secret-file", o.client_secret_file,
                      "File with its secret; - is standard input")
        ->type_name("FILE");
    login->add_option("--scopes", o.only, "Ask for these scopes instead of the connector's")
        ->delimiter(',')
        ->type_name("SCOPE,...");
    auto* client = login->add_flag("--client-credentials", o.client_credentials,
                                   "Sign in as the client itself, without a user");
    auto* service = login->add_option("--service-account", o.service_account,
                                      "Key file of a Google service account");
    service->type_name("FILE");
    login->add_option("--subject", o.subject, "User that the service account acts for")
        ->needs(service)
        ->type_name("EMAIL");
    auto* app = login->add_option("--app-id", o.app_id, "Sign in as a GitHub App: its client id");
    auto* key = login->add_option("--app-key", o.app_key, "Its private key, PEM");
    auto* installation =
        login->add_option("--installation", o.installation, "Id of the installation");
    app->type_name("ID")->needs(key)->needs(installation);
    key->type_name("FILE")->needs(app);
    installation->type_name("ID")->needs(app);
    for (auto* one : {device, client, static_cast<CLI::Option*>(service), app})
      for (auto* other : {device, client, static_cast<CLI::Option*>(service), app})
        if (one != other) one->excludes(other);
    login->add_option("--wait", o.login_minutes, "Minutes to wait for the browser")
        ->check(CLI::Range(1u, 120u))
        ->type_name("MINUTES")
        ->default_str("10");
    login->add_option("--set", o.set, "A setting of the connector, kept with the sign-in")
        ->type_name("KEY=VALUE");
    login->add_option("--for", o.purpose, "What the sign-in is for")
        ->check(CLI::IsMember({"read", "restore"}))
        ->default_str("read");
  }

  void backup_command() {
    auto& o = options_;
    auto* backup =
        add(app_, "backup", "Back up apps: the first run reads everything, later ones what changed",
            "probackup backup trello github:acme");
    backup->add_option("source", o.sources, "APP, APP:ACCOUNT or singer:NAME")
        ->required()
        ->type_name("SOURCE...");
    backup->add_flag("--full", o.full, "Read everything again, whatever the last run saw");
    backup
        ->add_option("--only", o.only,
                     "Only these streams; the others stay as in the last snapshot")
        ->delimiter(',')
        ->type_name("STREAM,...");
    backup->add_flag("-n,--dry-run", o.dry_run, "Only say how many API calls a run would take");
    backup->add_option("--set", o.set, "A setting of the connector")->type_name("KEY=VALUE");
    backup
        ->add_option("--tap", o.tap,
                     "For singer:NAME: the command of a Singer tap; or a file with its output,\n"
                     "- for standard input")
        ->type_name("COMMAND");
    backup->add_option("--tap-config", o.tap_config, "The tap's --config")->type_name("FILE");
    backup->add_option("--tap-catalog", o.tap_catalog, "The tap's --catalog")->type_name("FILE");
    backup
        ->add_option("--tap-state", o.tap_state,
                     "Bookmarks for the tap instead of those of the last snapshot")
        ->type_name("FILE");
    backup
        ->add_option("--max-delete", o.max_delete_percent,
                     "More than this share of a stream gone is an alarm")
        ->check(CLI::Range(0.0, 100.0))
        ->type_name("PERCENT")
        ->default_str("20");
    backup->add_option("--concurrency", o.concurrency, "Requests under way at once")
        ->type_name("N");
    object_lock(backup);
  }

  void browse_commands() {
    auto& o = options_;
    auto* list = add(app_, "list", "What the repository holds",
                     "probackup list items --source trello --stream cards");
    list->add_option("what", o.what,
                     "snapshots (default), sources, streams, items, files, gaps, runs, restores or "
                     "apps")
        ->check(CLI::IsMember({"snapshots", "sources", "streams", "items", "files", "gaps", "runs",
                               "restores", "apps"}))
        ->default_str("snapshots");
    list->add_option("--source", o.source, "Only this source")->type_name("APP[:ACCOUNT]");
    list->add_option("--snapshot", o.snapshot,
                     "As of this snapshot (default: newest of each source)")
        ->type_name("SNAPSHOT");
    list->add_option("--stream", o.stream, "Only this stream")->type_name("STREAM");
    list->add_flag("--deleted", o.deleted,
                   "Items that are gone, and the snapshot that had them last");
    list->add_flag("--urls", o.urls,
                   "Of items and files: where they lie in the copy of sync-drive");
    list->add_flag("--webhooks", o.webhooks, "Only registered webhooks");
    list->add_option("--limit", o.limit, "At most this many")->type_name("N");

    auto* show = add(app_, "show", "One record as the app sent it",
                     "probackup show latest:trello cards 5f2b…");
    show->add_option("snapshot", o.snapshot, "Id prefix, latest, or latest:APP[:ACCOUNT]")
        ->required()
        ->type_name("SNAPSHOT");
    show->add_option("stream", o.stream, "Stream")->required()->type_name("STREAM");
    show->add_option("id", o.id, "Item")->required()->type_name("ID");
    at(show);

    auto* history =
        add(app_, "history", "The versions of one item", "probackup history cards 5f2b…");
    history->add_option("stream", o.stream, "Stream")->required()->type_name("STREAM");
    history->add_option("id", o.id, "Item")->required()->type_name("ID");
    history->add_option("--source", o.source, "Only this source")->type_name("APP[:ACCOUNT]");

    auto* find =
        add(app_, "find", "Items by title, text or id", "probackup find 'quarterly report'");
    find->add_option("text", o.text, "Words that must all occur; a trailing * is a prefix")
        ->required()
        ->type_name("TEXT");
    find->add_option("--source", o.source, "Only this source")->type_name("APP[:ACCOUNT]");
    find->add_option("--stream", o.stream, "Only this stream")->type_name("STREAM");
    find->add_flag("--deleted", o.deleted, "Among items that are gone");
    find->add_option("--limit", o.limit, "At most this many (default 50)")->type_name("N");

    auto* diff = add(app_, "diff", "What changed between two snapshots",
                     "probackup diff 1a2b3c4d latest:trello");
    diff->add_option("before", o.snapshot, "Older snapshot")->required()->type_name("SNAPSHOT");
    diff->add_option("after", o.other_snapshot, "Newer snapshot")
        ->required()
        ->type_name("SNAPSHOT");
    diff->add_option("--stream", o.stream, "Only this stream")->type_name("STREAM");
  }

  void at(CLI::App* command) {
    command->add_option("--at", options_.at, "With latest: the newest snapshot not after this time")
        ->type_name("TIME");
  }

  void restore_command() {
    auto& o = options_;
    auto* restore = add(app_, "restore", "Write a snapshot as files, or put it back into the app",
                        "probackup restore latest:trello --target ./trello --format html,csv\n"
                        "  probackup restore latest:trello --into trello --dry-run\n"
                        "  probackup restore latest --into trello --deleted-since 1a2b3c4d");
    restore->add_option("snapshot", o.snapshot, "Id prefix, latest, or latest:APP[:ACCOUNT]")
        ->type_name("SNAPSHOT");
    restore->add_option("--target", o.target, "Folder to write to; made if missing")
        ->type_name("DIR");
    restore->add_option("--into", o.into, "Account of the app to put the records back into")
        ->type_name("APP[:ACCOUNT]");
    at(restore);
    auto* files = restore->add_option_group("files", "With --target");
    files->add_option("--format", o.formats, "jsonl, json, csv, html or all (default: all)")
        ->delimiter(',')
        ->check(CLI::IsMember({"jsonl", "json", "csv", "html", "all"}))
        ->type_name("FORMAT,...");
    files->add_flag("--no-attachments", o.no_attachments, "Leave attachments and git data out");
    files->add_flag("--overwrite", o.overwrite, "Replace files that exist");
    auto* into = restore->add_option_group("app", "With --into");
    into->add_option("--only", o.only, "Only these streams")
        ->delimiter(',')
        ->type_name("STREAM,...");
    into->add_option("--include", o.include, "Only this item and what hangs below it; repeatable")
        ->type_name("STREAM/ID");
    into->add_option("--deleted-since", o.deleted_since,
                     "What this earlier snapshot holds and SNAPSHOT does not, as it was then")
        ->type_name("SNAPSHOT");
    into->add_option("--conflict", o.conflict,
                     "What is still in the account: make a copy (default), skip it, or replace "
                     "its values")
        ->check(CLI::IsMember({"copy", "skip", "replace"}))
        ->type_name("WHAT");
    into->add_option("--map", o.known, "Take this id of the target for an old one; repeatable")
        ->type_name("KIND/OLD=NEW");
    into_options(into);
    into->add_flag("-n,--dry-run", o.dry_run, "Only say what would be made, lost, and how long");
    auto* resume =
        into->add_option("--resume", o.resume,
                         "Go on with a restore that paused or broke off (default: the newest)");
    resume->expected(0, 1)->type_name("RESTORE");
    restore->callback([this, resume] {
      options_.command = "restore";
      options_.resuming = resume->count() > 0;
      if (options_.resuming) return;
      if (options_.target.empty() == options_.into.empty())
        throw CLI::ValidationError("restore", "give either --target DIR or --into APP[:ACCOUNT]");
      if (options_.snapshot.empty()) throw CLI::RequiredError("SNAPSHOT");
    });
  }

  // Of restore --into and drill.
  void into_options(CLI::App* command) {
    auto& o = options_;
    command->add_flag("--notify", o.notify, "Let the app tell people of what is made");
    command->add_option("--set", o.set, "A setting of the connector or of its restore; repeatable")
        ->type_name("KEY=VALUE");
    command->add_option("--report", o.report, "Write the report to a .html, .json or .txt file too")
        ->type_name("FILE");
  }

  void drill_command() {
    auto& o = options_;
    auto* drill = add(app_, "drill",
                      "Prove a backup: restore it into a sandbox account, read it back, compare",
                      "probackup drill trello --into trello:sandbox --sample 50");
    drill->add_option("source", o.source, "Whose newest snapshot is tried")
        ->required()
        ->type_name("APP[:ACCOUNT]");
    drill->add_option("--into", o.into, "Sandbox account; what the drill makes is removed again")
        ->required()
        ->type_name("APP:SANDBOX");
    drill->add_option("--snapshot", o.snapshot, "This snapshot instead of the newest")
        ->type_name("SNAPSHOT");
    drill->add_option("--sample", o.sample, "At most so many items of each stream (default: all)")
        ->type_name("N");
    drill->add_option("--only", o.only, "Only these streams")
        ->delimiter(',')
        ->type_name("STREAM,...");
    drill->add_flag("--keep", o.keep, "Leave what was made in the sandbox");
    into_options(drill);
  }

  void sync_drive_command() {
    auto& o = options_;
    auto* sync = add(app_, "sync-drive",
                     "Bring the readable copy up to date: Google Sheets and files in Google Drive, "
                     "or spreadsheets in a folder",
                     "probackup sync-drive trello --attachments new\n"
                     "  probackup sync-drive --local ./copy");
    sync->add_option("source", o.sources, "Sources whose newest snapshot is copied (default: all)")
        ->type_name("SOURCE...");
    sync->add_option("--local", o.local, "Write .xlsx and .csv files to this folder instead")
        ->type_name("DIR");
    sync->add_option("--folder", o.drive_folder,
                     "Folder of Drive to write to, by the id in its address (default: a folder "
                     "probackup in My Drive)")
        ->type_name("ID");
    sync->add_option("--snapshot", o.snapshot, "This snapshot instead of the newest")
        ->type_name("SNAPSHOT");
    sync->add_option("--attachments", o.attachments,
                     "All attachments (default), those that came after the first copy, or none")
        ->check(CLI::IsMember({"none", "new", "all"}))
        ->type_name("WHICH");
    sync->add_option("--on-missing", o.on_missing,
                     "What a person deleted in the copy: make it again (default), or leave it away")
        ->check(CLI::IsMember({"recreate", "skip"}))
        ->type_name("WHAT");
    sync->add_flag("-n,--dry-run", o.dry_run, "Only say what would change");
  }

  void other_commands() {
    auto& o = options_;
    auto* connector = group("connector", "The connectors: one JSON file per app");
    add(*connector, "list", "All connectors", "probackup connector list");
    auto* show = add(*connector, "show", "What a connector reads, and its settings",
                     "probackup connector show trello");
    show->add_option("app", o.app, "App")->required()->type_name("APP");
    auto* lint = add(*connector, "lint", "Every mistake in connector files",
                     "probackup connector lint ./trello.json");
    lint->add_option("file", o.files, "Files; without any, all known connectors")
        ->type_name("FILE...");

    auto* catalog = group("catalog", "The local catalog, a cache of the repository");
    auto* rebuild = add(*catalog, "rebuild", "Make the catalog again from the repository",
                        "probackup catalog rebuild");
    rebuild->add_option("--source", o.source, "Only this source")->type_name("APP[:ACCOUNT]");

    auto* demo =
        add(app_, "demo", "The whole tour on a built-in example account: no sign-up, no network",
            "probackup demo");
    demo->add_option("--target", o.target, "Folder for the demo (default: a new temporary one)")
        ->type_name("DIR");
    demo->add_flag("--no-wait", o.no_wait,
                   "End at once instead of leaving the example account running");
  }

  CLI::App& app_;
  Options& options_;
};

void from_environment(std::string& value, const char* name) {
  if (!value.empty()) return;
  if (const char* found = std::getenv(name)) value = found;
}

// CLI11 only says that a command is missing when one is misspelt.
void suggest_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands({})) names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), argv[1]) != names.end()) return;
  std::cerr << "there is no command " << argv[1] << did_you_mean(argv[1], names) << "\n";
}

}  // namespace

ParsedArgs parse_args(int argc, char** argv) {
  ParsedArgs out;
  auto& o = out.options;
  CLI::App app("Backs up SaaS apps into an encrypted repository that you own.", "probackup");
  app.set_version_flag("--version", "probackup " PROBACKUP_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(exit_codes);
  Builder(app, o).build();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    suggest_command(app, argc, argv);
    out.exit_code = app.exit(error) == 0 ? 0 : 2;
    return out;
  }
  from_environment(o.repository, "PROBACKUP_REPOSITORY");
  // The command line wins over the environment, and there the password itself over ways to get it.
  bool given = !o.password_file.empty() || !o.password_command.empty();
  o.password_from_environment = !given && std::getenv("PROBACKUP_PASSWORD") != nullptr;
  if (!given && !o.password_from_environment) {
    from_environment(o.password_file, "PROBACKUP_PASSWORD_FILE");
    from_environment(o.password_command, "PROBACKUP_PASSWORD_COMMAND");
  }
  o.new_password_from_environment = o.new_password_file.empty() && o.new_password_command.empty() &&
                                    std::getenv("PROBACKUP_NEW_PASSWORD") != nullptr;
  o.to_password_from_environment = o.to_password_file.empty() && o.to_password_command.empty() &&
                                   std::getenv("PROBACKUP_TO_PASSWORD") != nullptr;
  from_environment(o.catalog, "PROBACKUP_CATALOG");
  from_environment(o.cache_folder, "PROBACKUP_CACHE_DIR");
  return out;
}

}  // namespace probackup
