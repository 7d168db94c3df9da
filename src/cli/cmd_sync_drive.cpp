// sync-drive: the readable copy in Google Drive or in a local folder.
#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/google_token.h"
#include "job/layout.h"
#include "probackup/drive_job.h"
#include "util/log.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

constexpr std::size_t failures_shown_max = 5;

DriveOptions drive_options(const Options& options) {
  DriveOptions out;
  if (options.attachments == "none") out.attachments = DriveOptions::Attachments::none;
  if (options.attachments == "new") out.attachments = DriveOptions::Attachments::only_new;
  out.recreate_missing = options.on_missing != "skip";
  out.dry_run = options.dry_run;
  return out;
}

// The connector's own folders; without any, those that the streams' places in the tree suggest.
std::set<std::string> folders_of(Session& session, const SourceRef& source,
                                 const Snapshot& snapshot) {
  auto apps = session.connectors().apps();
  if (std::find(apps.begin(), apps.end(), source.app) != apps.end())
    if (auto named = session.connectors().get(source.app).folders(); !named.empty())
      return {named.begin(), named.end()};
  return folder_streams(export_source(session.repository(), snapshot, nullptr)->streams());
}

std::unique_ptr<DriveTarget> open_target(Session& session) {
  const auto& options = session.options();
  if (!options.local.empty()) {
    if (!options.drive_folder.empty())
      throw Error(ErrorKind::usage, "--folder does not go with --local", "give one of them");
    return local_drive(options.local);
  }
  GoogleDriveOptions google;
  google.folder = options.drive_folder;
  google.repository = session.repository().id();
  google.base_url = google_address();
  google.token = google_token(session);
  google.stop = session.stop();
  google.waits = [&session](std::chrono::nanoseconds wait) {
    session.out().progress(fmt::format("waiting {} for Google", format_duration(wait)));
  };
  return google_drive(session.http(), session.clock(), std::move(google));
}

std::vector<SourceRef> wanted_sources(Session& session) {
  auto& catalog = session.current_catalog();
  if (session.options().sources.empty()) {
    std::vector<SourceRef> out;
    for (const auto& source : catalog.sources())
      if (!catalog.snapshots(source).empty()) out.push_back(source);
    if (out.empty())
      throw Error("the repository holds no snapshot yet", "run: probackup backup SOURCE");
    return out;
  }
  std::vector<SourceRef> out;
  for (const auto& name : session.options().sources) out.push_back(session.known_source(name));
  return out;
}

// A copy must not lose what only seems to be gone.
Snapshot newest_good(Session& session, const SourceRef& source) {
  auto all = source_snapshots(session.repository(), source);
  if (all.empty()) throw Error(fmt::format("there is no snapshot of {}", source.text()));
  auto good = std::find_if(all.rbegin(), all.rend(), [](const Snapshot& snapshot) {
    return !has_tag(snapshot, tag_suspicious) && !has_tag(snapshot, tag_partial);
  });
  if (good == all.rbegin() || good == all.rend()) return all.back();
  log_warning(fmt::format("the newest snapshot of {} is {}: {} is copied instead", source.text(),
                          has_tag(all.back(), tag_partial) ? "partial" : "suspicious",
                          good->id.short_hex()));
  log_warning(fmt::format("  to copy it all the same: --snapshot {}", all.back().id.short_hex()));
  return *good;
}

std::vector<Snapshot> wanted_snapshots(Session& session) {
  const auto& options = session.options();
  if (!options.snapshot.empty()) {
    if (!options.sources.empty())
      throw Error(ErrorKind::usage, "--snapshot names the source already", "leave SOURCE out");
    session.current_catalog();
    return {find_snapshot(session.repository(), options.snapshot)};
  }
  std::vector<Snapshot> out;
  for (const auto& source : wanted_sources(session)) out.push_back(newest_good(session, source));
  return out;
}

void show_progress(Output& out, const SourceRef& source, const DriveProgress& progress) {
  std::string line =
      fmt::format("{}  {} {}", source.text(), progress.what, format_count(progress.done));
  if (progress.expected) line += fmt::format(" of {}", format_count(progress.expected));
  out.progress(line);
}

void print(Output& out, const SourceRef& source, const Snapshot& snapshot,
           const DriveReport& report, std::uint64_t requests, bool dry_run) {
  if (out.json())
    return out.event({{"type", dry_run ? "plan" : "summary"},
                      {"source", source.text()},
                      {"snapshot", snapshot.id.hex()},
                      {"created", report.created},
                      {"updated", report.updated},
                      {"renamed", report.renamed},
                      {"moved", report.moved},
                      {"removed", report.removed},
                      {"unchanged", report.unchanged},
                      {"skipped", report.skipped},
                      {"folders", report.folders},
                      {"sheets", report.sheets},
                      {"files", report.files},
                      {"items", report.items},
                      {"deleted_items", report.deleted},
                      {"failed", report.failed},
                      {"requests", requests},
                      {"url", report.url}});
  std::string line =
      fmt::format("{}: {}{} new, {} updated, {} renamed or moved, {} removed, {} unchanged",
                  source.text(), dry_run ? "would be " : "", format_count(report.created),
                  format_count(report.updated), format_count(report.renamed + report.moved),
                  format_count(report.removed), format_count(report.unchanged));
  if (report.skipped) line += fmt::format(", {} left away", format_count(report.skipped));
  if (requests) line += fmt::format("; {} calls", format_count(requests));
  out.line(line);
  if (!dry_run && !report.url.empty()) out.line("  " + report.url);
  for (std::size_t i = 0; i < report.failed.size() && i < failures_shown_max; ++i)
    log_warning("not copied: " + report.failed[i]);
  if (report.failed.size() > failures_shown_max)
    log_warning(fmt::format("and {} more", report.failed.size() - failures_shown_max));
}

// A copy in Google Drive is remembered in the repository as well, also where the sync broke off.
void save(Session& session, const DriveTarget& target) {
  if (session.options().dry_run || !session.options().local.empty()) return;
  try {
    save_drive_files(session.context(), target.name());
  } catch (const Error& error) {
    log_warning(
        fmt::format("the addresses in Drive are not saved into the repository: {}", error.what()));
  }
}

}  // namespace

int run_sync_drive(Session& session) {
  const auto& options = session.options();
  auto snapshots = wanted_snapshots(session);
  auto target = open_target(session);
  if (options.local.empty()) import_drive_files(session.context());
  int code = 0;
  std::uint64_t requests = 0;
  try {
    for (const auto& snapshot : snapshots) {
      SourceRef source = *source_of(snapshot);
      DriveOptions wanted = drive_options(options);
      wanted.folders = folders_of(session, source, snapshot);
      auto report = sync_source(session.context(), snapshot, session.describer_of(source), *target,
                                wanted, session.stop(), [&](const DriveProgress& progress) {
                                  show_progress(session.out(), source, progress);
                                });
      session.out().clear_progress();
      print(session.out(), source, snapshot, report, target->requests() - requests,
            options.dry_run);
      requests = target->requests();
      if (!report.failed.empty()) code = exit_gaps;
    }
  } catch (...) {
    session.out().clear_progress();
    save(session, *target);
    throw;
  }
  save(session, *target);
  return code;
}

}  // namespace probackup
