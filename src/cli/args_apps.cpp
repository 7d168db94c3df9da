// The commands that speak of apps and their data.
#include "cli/args_builder.h"

namespace probackup {

void ArgsBuilder::auth_commands() {
  auto& o = options_;
  auto* auth = group("auth", "Credentials for the apps, sealed with the repository's key");
  auto* add_command = add(*auth, "add", "Store the credentials of one account; asks for each value",
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
  add_command
      ->add_option("--name", o.token_name,
                   "A further token of the account, which shares the work with the first")
      ->type_name("NAME");
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
  remove->add_option("--name", o.token_name, "Only this further token")->type_name("NAME");
  remove->add_option("--for", o.purpose, "What the credentials are for")
      ->check(CLI::IsMember({"read", "restore"}))
      ->default_str("read");
}

void ArgsBuilder::login_command(CLI::App& auth) {
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
  login
      ->add_option("--client-secret-file", o.client_secret_file,
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

void ArgsBuilder::backup_command() {
  auto& o = options_;
  auto* backup =
      add(app_, "backup", "Back up apps: the first run reads everything, later ones what changed",
          "probackup backup trello github:acme");
  backup->add_option("source", o.sources, "APP, APP:ACCOUNT or singer:NAME")
      ->required()
      ->type_name("SOURCE...");
  backup->add_flag("--full", o.full, "Read everything again, whatever the last run saw");
  backup
      ->add_option("--only", o.only, "Only these streams; the others stay as in the last snapshot")
      ->delimiter(',')
      ->type_name("STREAM,...");
  backup
      ->add_option("--exclude", o.exclude,
                   "Not these streams, nor what is listed below them; they stay as in the last\n"
                   "snapshot")
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
  backup->add_option("--concurrency", o.concurrency, "Requests under way at once")->type_name("N");
  backup
      ->add_option("--max-wait", o.max_wait,
                   "When the app's limits want a longer wait, the run pauses")
      ->type_name("DURATION")
      ->default_str("65m");
  object_lock(backup);
}

void ArgsBuilder::browse_commands() {
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
  list->add_option("--snapshot", o.snapshot, "As of this snapshot (default: newest of each source)")
      ->type_name("SNAPSHOT");
  list->add_option("--stream", o.stream, "Only this stream")->type_name("STREAM");
  list->add_flag("--deleted", o.deleted,
                 "Items that are gone, and the snapshot that had them last");
  list->add_flag("--urls", o.urls, "Of items and files: where they lie in the copy of sync-drive");
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

  auto* history = add(app_, "history", "The versions of one item", "probackup history cards 5f2b…");
  history->add_option("stream", o.stream, "Stream")->required()->type_name("STREAM");
  history->add_option("id", o.id, "Item")->required()->type_name("ID");
  history->add_option("--source", o.source, "Only this source")->type_name("APP[:ACCOUNT]");

  auto* find = add(app_, "find", "Items by title, text or id", "probackup find 'quarterly report'");
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
  diff->add_option("after", o.other_snapshot, "Newer snapshot")->required()->type_name("SNAPSHOT");
  diff->add_option("--stream", o.stream, "Only this stream")->type_name("STREAM");
}

void ArgsBuilder::at(CLI::App* command) {
  command->add_option("--at", options_.at, "With latest: the newest snapshot not after this time")
      ->type_name("TIME");
}

void ArgsBuilder::restore_command() {
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
  into->add_option("--only", o.only, "Only these streams")->delimiter(',')->type_name("STREAM,...");
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
  auto* resume = into->add_option(
      "--resume", o.resume, "Go on with a restore that paused or broke off (default: the newest)");
  resume->expected(0, 1)->type_name("RESTORE");
  into->add_flag("--take-over", o.take_over,
                 "With --resume: the catalog that the restore last ran with is lost")
      ->needs(resume);
  restore->callback([this, resume] {
    options_.command = "restore";
    options_.resuming = resume->count() > 0;
    if (options_.resuming) return;
    if (options_.target.empty() == options_.into.empty())
      throw CLI::ValidationError("restore", "give either --target DIR or --into APP[:ACCOUNT]");
    if (options_.snapshot.empty()) throw CLI::RequiredError("SNAPSHOT");
  });
}

void ArgsBuilder::into_options(CLI::App* command) {
  auto& o = options_;
  command->add_flag("--notify", o.notify, "Let the app tell people of what is made");
  command->add_option("--set", o.set, "A setting of the connector or of its restore; repeatable")
      ->type_name("KEY=VALUE");
  command->add_option("--report", o.report, "Write the report to a .html, .json or .txt file too")
      ->type_name("FILE");
}

void ArgsBuilder::drill_command() {
  auto& o = options_;
  auto* drill =
      add(app_, "drill", "Prove a backup: restore it into a sandbox account, read it back, compare",
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

void ArgsBuilder::sync_drive_command() {
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
  sync->add_option("--account", o.account,
                   "The Google account to write as, where several are signed in")
      ->type_name("ACCOUNT");
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

void ArgsBuilder::other_commands() {
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

}  // namespace probackup
