// prune.
#include <fmt/format.h>

#include <charconv>

#include "cli/care.h"
#include "cli/commands.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

std::uint64_t size_option(const char* option, const std::string& text) {
  auto size = parse_size(text);
  if (!size)
    throw Error(ErrorKind::usage, fmt::format("{} {}: no size", option, text),
                "give bytes, or a number with K, M, G or T");
  return *size;
}

// "5%"; nothing for a text that does not end so.
std::optional<double> parse_percent(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  double percent = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size() - 1, percent);
  if (error != std::errc{} || end != text.data() + text.size() - 1 || !(percent >= 0) ||
      percent > 100)
    throw Error(ErrorKind::usage, fmt::format("--max-unused {}: no percentage", text),
                "give 0% to 100%");
  return percent;
}

}  // namespace

PruneOptions prune_options(const Options& options) {
  PruneOptions out;
  out.dry_run = options.dry_run;
  out.repack_trees_only = options.repack_cacheable_only;
  if (!options.max_repack_size.empty())
    out.repack_bytes_max = size_option("--max-repack-size", options.max_repack_size);
  out.unused_percent_max.reset();
  if (options.max_unused == "unlimited") return out;
  out.unused_percent_max = parse_percent(options.max_unused);
  if (!out.unused_percent_max)
    out.unused_bytes_max = size_option("--max-unused", options.max_unused);
  return out;
}

PruneReport prune(Session& session, RepositoryLock& lock, const PruneOptions& options) {
  auto& out = session.out();
  auto report = prune(
      session.repository(), lock, options, session.clock(), session.stop(),
      [&](const char* stage, std::uint64_t done, std::uint64_t total) {
        out.progress(fmt::format("{}: {} of {}", stage, format_count(done), format_count(total)));
      });
  out.clear_progress();
  return report;
}

nlohmann::ordered_json to_json(const PruneReport& report, const PruneOptions& options) {
  return {{"dry_run", options.dry_run},
          {"snapshots", report.snapshots},
          {"blobs_used", report.blobs_used},
          {"blobs_unused", report.blobs_unused},
          {"blobs_duplicate", report.blobs_duplicate},
          {"bytes_used", report.bytes_used},
          {"bytes_unused", report.bytes_unused},
          {"packs", report.packs},
          {"packs_removed", report.packs_removed},
          {"packs_repacked", report.packs_repacked},
          {"packs_unindexed", report.packs_unindexed},
          {"bytes_repacked", report.bytes_repacked},
          {"bytes_freed", report.bytes_freed},
          {"bytes_unused_left", report.bytes_unused_left},
          {"index_files_replaced", report.index_files_replaced},
          {"no_room", report.no_room},
          {"packs_locked", report.packs_locked},
          {"locked_until", report.locked_until ? nlohmann::ordered_json(
                                                     format_rfc3339_seconds(*report.locked_until))
                                               : nullptr}};
}

void print(Output& out, const PruneReport& report, const PruneOptions& options) {
  if (report.locked_until)
    out.line(fmt::format("{} packs stay as they are because they are locked, the last until {}",
                         format_count(report.packs_locked),
                         format_rfc3339_seconds(*report.locked_until)));
  if (report.no_room)
    out.message("warning: the store had no room for packs that are made anew; run prune again");
  if (report.nothing_to_do()) {
    out.line(fmt::format("nothing to do: {} in use, {} unused", format_size(report.bytes_used),
                         format_size(report.bytes_unused)));
    return;
  }
  out.line(
      fmt::format("{} {} packs, {} anew ({} copied at most): {} freed, {} in use, {} unused left",
                  options.dry_run ? "would remove" : "removed",
                  format_count(report.packs_removed + report.packs_unindexed),
                  (options.dry_run ? "make " : "made ") + format_count(report.packs_repacked),
                  format_size(report.bytes_repacked), format_size(report.bytes_freed),
                  format_size(report.bytes_used), format_size(report.bytes_unused_left)));
}

int run_prune(Session& session) {
  PruneOptions options = prune_options(session.options());
  RepositoryLock lock(session.repository(), !options.dry_run, session.clock());
  auto report = prune(session, lock, options);
  if (session.out().json())
    session.out().document(to_json(report, options));
  else
    print(session.out(), report, options);
  return 0;
}

}  // namespace probackup
