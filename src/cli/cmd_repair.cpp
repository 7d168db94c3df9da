// repair index, repair snapshots.
#include <fmt/format.h>

#include "cli/commands.h"
#include "probackup/repair.h"
#include "probackup/repair_snapshots.h"
#include "util/text.h"

namespace probackup {

int run_repair_index(Session& session) {
  const Options& options = session.options();
  auto& out = session.out();
  RepositoryLock lock(session.repository(), true, session.clock());
  auto report =
      repair_index(session.repository(), lock, {options.read_all_packs, options.dry_run},
                   session.clock(), session.stop(), [&](std::uint64_t done, std::uint64_t total) {
                     out.progress(fmt::format("looked at {} of {} packs", format_count(done),
                                              format_count(total)));
                   });
  out.clear_progress();
  if (out.json()) {
    out.document({{"dry_run", options.dry_run},
                  {"changed", report.changed},
                  {"packs", report.packs},
                  {"packs_found", report.packs_found},
                  {"packs_missing", report.packs_missing},
                  {"packs_damaged", report.packs_damaged},
                  {"blobs_saved", report.blobs_saved},
                  {"blobs_lost", report.blobs_lost},
                  {"index_files_damaged", report.index_files_damaged}});
    return 0;
  }
  if (!report.changed) {
    out.line(fmt::format("nothing to do: the index fits {} packs", format_count(report.packs)));
    return 0;
  }
  out.line(fmt::format(
      "{} the index of {} packs: {} were in none, {} are missing, {} are damaged; {} blobs saved "
      "out of damaged packs, {} lost",
      options.dry_run ? "would make" : "made", format_count(report.packs),
      format_count(report.packs_found), format_count(report.packs_missing),
      format_count(report.packs_damaged), format_count(report.blobs_saved),
      format_count(report.blobs_lost)));
  if (report.blobs_lost > 0)
    out.message("See what suffers, and put it in order: probackup repair snapshots --dry-run");
  return 0;
}

int run_repair_snapshots(Session& session) {
  const Options& options = session.options();
  auto& out = session.out();
  RepositoryLock lock(session.repository(), true, session.clock());
  auto results = repair_snapshots(session.context(), lock,
                                  {options.dry_run, options.forget_damaged}, session.stop());
  if (out.json()) {
    auto document = nlohmann::ordered_json::array();
    for (const RepairedSnapshot& result : results)
      document.push_back(
          {{"snapshot", result.id},
           {"repaired", result.repaired ? nlohmann::ordered_json(result.repaired->hex()) : nullptr},
           {"hopeless", result.hopeless},
           {"note", result.note},
           {"lost", result.lost}});
    out.document(document);
    return 0;
  }
  for (const RepairedSnapshot& result : results) {
    std::string fate = !result.note.empty() ? result.note
                       : result.hopeless    ? "nothing of it can be kept"
                       : result.repaired    ? "repaired as " + result.repaired->short_hex()
                                            : "can be repaired";
    out.line(fmt::format("{}: {}", result.id.substr(0, 8), fate));
    for (const std::string& lost : result.lost) out.line("  lost: " + lost);
  }
  if (results.empty()) out.line("nothing to do: all snapshots are whole");
  return 0;
}

}  // namespace probackup
