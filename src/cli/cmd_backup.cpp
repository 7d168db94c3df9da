// backup.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "cli/care.h"
#include "cli/commands.h"
#include "connector/model.h"
#include "engine/selection.h"
#include "job/manifest.h"
#include "job/singer.h"
#include "probackup/signin.h"
#include "util/file.h"
#include "util/log.h"
#include "util/process.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

constexpr std::size_t gaps_shown_max = 5;

nlohmann::ordered_json to_json(const BackupReport& report) {
  nlohmann::ordered_json out = {
      {"type", "summary"},
      {"source", report.source.text()},
      {"snapshot", report.snapshot.hex()},
      {"parent", report.parent ? nlohmann::ordered_json(report.parent->hex()) : nullptr},
      {"started", format_rfc3339(report.started)},
      {"seconds", std::chrono::duration<double>(report.ended - report.started).count()},
      {"records", report.count(&StreamReport::records)},
      {"added", report.count(&StreamReport::added)},
      {"changed", report.count(&StreamReport::changed)},
      {"removed", report.count(&StreamReport::removed)},
      {"files_added", report.files_added},
      {"requests", report.requests},
      {"data_blobs", report.stored.data_blobs_added},
      {"bytes_added", report.stored.bytes_added},
      {"bytes_stored", report.stored.bytes_added_stored},
      {"gaps", report.gaps.size()},
      {"suspicious", report.suspicious},
      {"gone_containers", nlohmann::ordered_json::array()},
      {"partial", report.partial},
      {"paused_until", report.paused_until
                           ? nlohmann::ordered_json(format_rfc3339_seconds(*report.paused_until))
                           : nullptr},
      {"unread", report.unread},
      {"streams", nlohmann::ordered_json::array()}};
  for (const auto& gone : report.gone_containers)
    out["gone_containers"].push_back(
        {{"stream", gone.stream}, {"id", gone.key}, {"title", gone.title}});
  for (const auto& stream : report.streams)
    out["streams"].push_back({{"stream", stream.name},
                              {"records", stream.records},
                              {"added", stream.added},
                              {"changed", stream.changed},
                              {"removed", stream.removed},
                              {"requests", stream.requests},
                              {"complete", stream.complete},
                              {"read", stream.read}});
  return out;
}

void warn_of_gone_containers(const BackupReport& report) {
  const auto& gone = report.gone_containers;
  for (std::size_t i = 0; i < gone.size() && i < gaps_shown_max; ++i)
    log_warning(fmt::format("gone with all below it: {}/{} {}", gone[i].stream, gone[i].key,
                            printable(gone[i].title)));
  if (gone.size() > gaps_shown_max)
    log_warning(fmt::format("and {} more", format_count(gone.size() - gaps_shown_max)));
  if (!gone.empty())
    log_warning(
        "deleted in the app, hidden from these credentials, or left out by a setting? Earlier "
        "snapshots hold it as long as you keep them");
}

// What the app's limits left for the next run.
void warn_of_pause(const BackupReport& report) {
  if (report.paused_until)
    log_warning(fmt::format(
        "paused: {}; go on after {} with the same command: it reads what this run did not come to",
        printable(report.paused_why), format_rfc3339_seconds(*report.paused_until)));
  if (!report.unread.empty()) log_warning("not read through yet: " + join(report.unread, ", "));
}

void print(Output& out, const BackupReport& report) {
  if (out.json()) {
    for (const auto& gap : report.gaps) {
      nlohmann::ordered_json event = {{"type", "gap"}};
      event.update(gap_to_json(gap));
      out.event(event);
    }
    return out.event(to_json(report));
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& stream : report.streams)
    rows.push_back({stream.name, format_count(stream.records), format_count(stream.added),
                    format_count(stream.changed), format_count(stream.removed),
                    stream.read ? format_count(stream.requests) : "-",
                    stream.complete ? "" : "incomplete"});
  out.table({"STREAM", "RECORDS", "NEW", "CHANGED", "GONE", "CALLS", ""}, rows,
            {false, true, true, true, true, true, false});
  out.line(fmt::format("snapshot {} of {}: {} records, {} new files, {} stored, {} calls, {}",
                       report.snapshot.short_hex(), report.source.text(),
                       format_count(report.count(&StreamReport::records)),
                       format_count(report.files_added),
                       format_size(report.stored.bytes_added_stored), format_count(report.requests),
                       format_duration(report.ended - report.started)));
  for (const auto& alarm : report.suspicious)
    log_warning(fmt::format(
        "suspicious: {}; the earlier snapshots are kept, compare: probackup diff", alarm));
  warn_of_gone_containers(report);
  warn_of_pause(report);
  if (report.gaps.empty()) return;
  log_warning(fmt::format(
      "{} could not be read (probackup list gaps shows all):",
      report.gaps.size() == 1 ? "1 thing" : format_count(report.gaps.size()) + " things"));
  for (std::size_t i = 0; i < report.gaps.size() && i < gaps_shown_max; ++i) {
    const auto& gap = report.gaps[i];
    std::string where = gap.stream + (gap.key.empty() ? "" : "/" + gap.key);
    log_warning(fmt::format("  {}{}", where.empty() ? "" : where + ": ", gap.reason));
  }
}

std::string format_left(double seconds) {
  return format_duration(std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9)));
}

std::string progress_line(const SourceRef& source, const EngineProgress& progress, double seconds) {
  std::string line = fmt::format("{} {}  {} records, {} calls", source.text(), progress.stream,
                                 format_count(progress.records), format_count(progress.requests));
  if (progress.files)
    line += fmt::format(", {} files ({})", progress.files, format_size(progress.bytes));
  if (seconds > 1)
    line += fmt::format(", {:.1f} calls/s", static_cast<double>(progress.requests) / seconds);
  if (progress.expected_requests > progress.requests && progress.requests > 0) {
    double left = seconds * static_cast<double>(progress.expected_requests - progress.requests) /
                  static_cast<double>(progress.requests);
    line += ", about " + format_left(left) + " left";
  }
  if (progress.paused.count() > 0)
    line +=
        fmt::format("  (waiting {} for the app's rate limit)", format_duration(progress.paused));
  return line;
}

std::string progress_line(const SourceRef& source, const TapProgress& progress, double seconds) {
  double rate = static_cast<double>(progress.bytes) / std::max(seconds, 0.001);
  std::string line =
      fmt::format("{}  {} lines, {}, {}/s", source.text(), format_count(progress.lines),
                  format_size(progress.bytes), format_size(static_cast<std::uint64_t>(rate)));
  if (progress.bytes_expected > progress.bytes && progress.bytes > 0) {
    double left = static_cast<double>(progress.bytes_expected - progress.bytes) / rate;
    line += ", about " + format_left(left) + " left";
  }
  return line;
}

int dry_run(Session& session, ConnectorSource& source, const ConnectorSource::Choice& choice) {
  source.check(session.stop());
  auto estimates = source.estimate(choice, session.stop());
  std::uint64_t sum = 0;
  bool exact = true;
  for (const auto& estimate : estimates) {
    sum += estimate.requests;
    exact = exact && estimate.exact;
  }
  if (session.out().json()) {
    nlohmann::ordered_json document = {{"type", "estimate"},
                                       {"source", source.source().text()},
                                       {"requests", sum},
                                       {"exact", exact},
                                       {"streams", nlohmann::ordered_json::array()}};
    for (const auto& estimate : estimates)
      document["streams"].push_back({{"stream", estimate.stream},
                                     {"requests", estimate.requests},
                                     {"exact", estimate.exact}});
    session.out().event(document);
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& estimate : estimates)
    rows.push_back(
        {estimate.stream, (estimate.exact ? "" : "at least ") + format_count(estimate.requests)});
  session.out().table({"STREAM", "CALLS"}, rows, {false, true});
  session.out().line(fmt::format("a run of {} takes {}{} API calls", source.source().text(),
                                 exact ? "" : "at least ", format_count(sum)));
  return 0;
}

// Parts of the snapshot may have been stored by earlier runs, whose locks end earlier.
void lock_snapshot(Session& session, const BackupReport& report) {
  if (!session.retention()) return;
  auto& repository = session.repository();
  RepositoryLock lock(repository, false, session.clock());
  auto locked = lock_objects(session, repository, {repository.load_snapshot(report.snapshot)},
                             report.started);
  if (!session.out().json()) return print(session.out(), *locked);
  nlohmann::ordered_json event = {{"type", "object_lock"}};
  event.update(to_json(*locked));
  session.out().event(event);
}

int finish(Session& session, const BackupReport& report) {
  session.out().clear_progress();
  print(session.out(), report);
  lock_snapshot(session, report);
  const bool is_clean = report.gaps.empty() && report.suspicious.empty() &&
                        report.gone_containers.empty() && !report.partial;
  return is_clean ? 0 : exit_gaps;
}

BackupOptions backup_options(Session& session) {
  BackupOptions options;
  options.max_delete = session.options().max_delete_percent / 100;
  options.partial = [&out = session.out()](const BackupReport& report) {
    out.clear_progress();
    print(out, report);
  };
  return options;
}

// A regular file that cannot be run is a tap's output; anything else is a command.
bool is_tap_output(const std::string& tap) {
  if (tap == "-") return true;
  std::error_code error;
  bool there = std::filesystem::exists(tap, error) && !std::filesystem::is_directory(tap, error);
  return there && ::access(tap.c_str(), X_OK) != 0;
}

TapCommand tap_command(Session& session, const SourceRef& source) {
  const auto& options = session.options();
  TapCommand tap;
  tap.words = split_command(options.tap);
  if (tap.words.empty()) throw Error(ErrorKind::usage, "--tap is empty");
  tap.config = options.tap_config;
  tap.catalog = options.tap_catalog;
  tap.full = options.full;
  for (const auto& file : {tap.config, tap.catalog, options.tap_state})
    if (!file.empty()) read_file(file);  // a wrong name is told before anything is begun
  if (options.full) return tap;
  tap.state = options.tap_state.empty() ? last_tap_state(session.repository(), source.account)
                                        : read_file(options.tap_state);
  return tap;
}

int backup_singer(Session& session, const SourceRef& source) {
  const auto& options = session.options();
  if (options.tap.empty())
    throw Error(ErrorKind::usage, source.text() + " needs a tap",
                "give it by --tap COMMAND; a file with its output, or - for standard input, will "
                "do as well");
  if (options.dry_run || !options.only.empty() || !options.exclude.empty() || !options.set.empty())
    throw Error(ErrorKind::usage,
                "--dry-run, --only, --exclude and --set do not apply to a Singer tap",
                "what a tap reads is the tap's own choice");
  bool for_commands = options.full || !options.tap_config.empty() || !options.tap_catalog.empty() ||
                      !options.tap_state.empty();
  bool output = is_tap_output(options.tap);
  if (output && for_commands)
    throw Error(ErrorKind::usage,
                fmt::format("{} is the output of a tap and no command: --full, --tap-config, "
                            "--tap-catalog and --tap-state do not apply",
                            options.tap));
  PlainDescriber describer;
  auto started = session.clock().steady();
  auto show = [&](const TapProgress& progress) {
    double seconds = std::chrono::duration<double>(session.clock().steady() - started).count();
    session.out().progress(progress_line(source, progress, seconds));
  };
  auto from = output ? singer_source(source.account, options.tap, describer, show)
                     : singer_tap(source.account, tap_command(session, source), describer, show);
  return finish(session, backup(session.context(), from, backup_options(session), session.stop()));
}

// A run that ends before it begins, as with a token that expired, counts as failed all the same:
// forget asks for it. Which account it was about only the catalog can tell then.
void note_failed_run(Session& session, const SourceRef& source, const Error& error) {
  if (error.kind() != ErrorKind::failed) return;
  Time now = session.clock().now();
  for (const SourceRef& known : session.catalog().sources()) {
    bool same = known == source || (source.account.empty() && known.app == source.app);
    if (!same) continue;
    auto run = session.catalog().begin_run(known, now);
    const bool paused = dynamic_cast<const QuotaUsedUp*>(&error) != nullptr;
    session.catalog().end_run(run, now, paused ? "paused" : "failed", redact(error.what()),
                              std::nullopt);
  }
}

// A sign-in that has ended is a failed run like any other refused credentials.
std::unique_ptr<ConnectorSource> open_source(Session& session, const SourceRef& wanted) {
  try {
    return session.connector_source(wanted);
  } catch (const SignInEnded& error) {
    if (!session.options().dry_run) note_failed_run(session, wanted, error);
    throw;
  }
}

std::chrono::nanoseconds max_wait(const Options& options) {
  if (auto wait = parse_duration(options.max_wait)) return *wait;
  throw Error(ErrorKind::usage, fmt::format("--max-wait {}: not a duration", options.max_wait),
              "write 65m, 10s or 1h30m");
}

int backup_app(Session& session, const SourceRef& wanted) {
  auto& out = session.out();
  const Connector connector = session.connectors().get(wanted.app);
  if (auto of = connector.account_for(); !of.empty())
    throw Error(ErrorKind::usage, fmt::format("{} has nothing to back up", wanted.app),
                fmt::format("its account is for {}", of));
  select_streams(connector.model(), session.options().only, session.options().exclude);
  auto source = open_source(session, wanted);
  ConnectorSource::Choice choice{session.options().only, session.options().exclude,
                                 session.options().full, session.options().concurrency,
                                 max_wait(session.options())};
  if (session.options().dry_run) return dry_run(session, *source, choice);
  // Opened before the app is asked: a wrong password must not cost API calls.
  session.catalog();
  try {
    source->check(session.stop());
  } catch (const Error& error) {
    note_failed_run(session, source->source(), error);
    throw;
  }
  auto started = session.clock().steady();
  auto from = source->backup_source(choice, [&](const EngineProgress& progress) {
    double seconds = std::chrono::duration<double>(session.clock().steady() - started).count();
    out.progress(progress_line(source->source(), progress, seconds));
  });
  from.git_cache = (cache_folder() / "git" / session.repository().id().substr(0, 16)).string();
  return finish(session, backup(session.context(), from, backup_options(session), session.stop()));
}

}  // namespace

// One source that fails does not keep the others from being backed up.
int run_backup(Session& session) {
  std::vector<SourceRef> sources;
  for (const auto& text : session.options().sources) sources.push_back(session.parse_source(text));
  int worst = 0;
  for (const auto& source : sources) {
    try {
      int code =
          source.app == "singer" ? backup_singer(session, source) : backup_app(session, source);
      if (worst == 0) worst = code;
    } catch (const Error& error) {
      bool next = sources.size() > 1 && error.kind() == ErrorKind::failed;
      if (!next) throw;
      worst = 1;
      session.out().clear_progress();
      log(LogLevel::error, fmt::format("{}: {}", source.text(), error.what()));
      if (!error.hint().empty()) log(LogLevel::error, "  " + error.hint());
      if (session.out().json())
        session.out().event({{"type", "error"},
                             {"source", source.text()},
                             {"code", 1},
                             {"message", redact(error.what())}});
    }
  }
  return worst;
}

}  // namespace probackup
