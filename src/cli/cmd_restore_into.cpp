// restore --into and drill: records back into the app.
#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/restore_report.h"
#include "util/log.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

constexpr std::size_t problems_max = 20;

Conflict conflict_of(const std::string& text) {
  if (text == "skip") return Conflict::skip;
  return text == "replace" ? Conflict::replace : Conflict::copy;
}

// The part of --set that belongs to the restore's target.
std::map<std::string, std::string> target_settings(const Session& session,
                                                   const Connector& connector) {
  std::map<std::string, std::string> out;
  for (const auto& text : session.options().set)
    for (const auto& setting : connector.restore_settings())
      if (text.starts_with(setting.name + "="))
        out[setting.name] = text.substr(setting.name.size() + 1);
  return out;
}

std::map<std::string, std::string> known_ids(const Options& options) {
  std::map<std::string, std::string> out;
  for (const auto& text : options.known) {
    auto equals = text.rfind('=');
    if (equals == std::string::npos || text.find('/') > equals)
      throw Error(ErrorKind::usage, fmt::format("--map {}: not KIND/OLD=NEW", text),
                  "such as --map lists/5f2b...=60a1...");
    out[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return out;
}

RestoreWishes wishes_of(Session& session, const Connector& connector) {
  const auto& options = session.options();
  RestoreWishes wishes;
  wishes.choice.only = options.only;
  wishes.choice.include = options.include;
  wishes.choice.sample = options.sample;
  if (!options.deleted_since.empty())
    wishes.choice.deleted_since = find_snapshot(session.repository(), options.deleted_since);
  wishes.conflict = conflict_of(options.conflict);
  wishes.notify = options.notify;
  wishes.target = target_settings(session, connector);
  wishes.known = known_ids(options);
  return wishes;
}

void show_progress(Output& out, const RestoreProgress& progress) {
  std::string line =
      fmt::format("{}  {} of {}, {} calls", progress.kind, format_count(progress.items),
                  format_count(progress.items_expected), format_count(progress.requests));
  if (progress.paused.count() > 0)
    line +=
        fmt::format("  (waiting {} for the app's rate limit)", format_duration(progress.paused));
  out.progress(line);
}

// The account that is restored into, and who asks for it.
struct Target {
  std::unique_ptr<ConnectorSource> source;
  RestoreTarget target;
};

Target reach(Session& session, const SourceRef& wanted) {
  auto source = session.connector_source(wanted, Purpose::restore);
  if (!source->connector().can_restore())
    throw Error(ErrorKind::usage,
                fmt::format("nothing can be put back into {}: its API does not take it, or its "
                            "connector does not say how",
                            source->connector().title()),
                "restore to files: probackup restore SNAPSHOT --target DIR");
  source->check(session.stop());
  RestoreTarget target{source->connector(), source->source(), nullptr, session.http()};
  target.settings = &source->settings();
  target.tokens = source->tokens();
  target.progress = [&session](const RestoreProgress& progress) {
    show_progress(session.out(), progress);
  };
  target.partial = [&session](const RestoreReport& report) {
    session.out().clear_progress();
    print_report(session.out(), report, problems_max);
    write_report_file(session.options().report, report);
  };
  return {std::move(source), std::move(target)};
}

int finish(Session& session, const RestoreReport& report) {
  session.out().clear_progress();
  print_report(session.out(), report, problems_max);
  write_report_file(session.options().report, report);
  return report.restore.state == "done" ? 0 : exit_gaps;
}

int resume(Session& session) {
  const auto& options = session.options();
  std::string id = options.resume;
  if (id.empty()) {
    import_restores(session.context());
    for (const auto& restore : session.catalog().restores(0))
      if (id.empty() && restore.state != "done") id = restore.id;
    if (id.empty())
      throw Error(ErrorKind::usage, "there is no restore to go on with",
                  "probackup list restores shows all");
  }
  auto restore = find_restore(session.context(), id);
  if (!options.into.empty() && session.parse_source(options.into).app != restore.target.app)
    throw Error(ErrorKind::usage,
                fmt::format("restore {} goes into {}", restore.id, restore.target.text()),
                "leave --into out");
  Target target = reach(session, restore.target);
  target.target.take_over = options.take_over;
  if (options.dry_run) {
    print_plan(session.out(), plan_restore(session.context(), target.target, restore),
               restore.target.text());
    return 0;
  }
  return finish(session, resume_restore(session.context(), target.target, restore, session.stop()));
}

Snapshot snapshot_to_restore(Session& session) {
  const auto& options = session.options();
  std::optional<Time> at;
  if (!options.at.empty() && !(at = parse_rfc3339(options.at)))
    throw Error(ErrorKind::usage, fmt::format("--at {}: not a time", options.at),
                "write 2024-05-01 or 2024-05-01T18:30:00Z");
  return find_snapshot(session.repository(), options.snapshot, at);
}

}  // namespace

int run_restore_into(Session& session) {
  const auto& options = session.options();
  check_report_file(options.report);
  if (!options.target.empty())
    throw Error(ErrorKind::usage, "--target does not go with --into", "give one of them");
  if (options.resuming) return resume(session);
  auto snapshot = snapshot_to_restore(session);
  SourceRef into = session.parse_source(options.into);
  Target target = reach(session, into);
  RestoreWishes wishes = wishes_of(session, target.source->connector());
  if (options.dry_run) {
    print_plan(session.out(), plan_restore(session.context(), target.target, snapshot, wishes),
               target.target.source.text());
    return 0;
  }
  return finish(session,
                restore_into(session.context(), target.target, snapshot, wishes, session.stop()));
}

int run_drill(Session& session) {
  const auto& options = session.options();
  check_report_file(options.report);
  auto source = session.known_source(options.source);
  auto snapshot =
      find_snapshot(session.repository(),
                    options.snapshot.empty() ? "latest:" + source.text() : options.snapshot);
  Target target = reach(session, session.parse_source(options.into));
  RestoreWishes wishes = wishes_of(session, target.source->connector());
  if (target.target.source == source && wishes.target.empty())
    throw Error(ErrorKind::usage,
                fmt::format("{} is the account that was backed up, no sandbox", source.text()),
                "name another account by --into, or a workspace for drills by --set");
  auto report =
      drill(session.context(), target.target, snapshot, wishes, options.keep, session.stop());
  session.out().clear_progress();
  print_drill(session.out(), report);
  write_report_file(options.report, report.restored);
  return report.good() ? 0 : 1;
}

}  // namespace probackup
