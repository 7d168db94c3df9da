// restore --target: a snapshot as files.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/commands.h"
#include "git/backup.h"
#include "util/file.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

std::set<ExportFormat> formats_of(const Options& options) {
  std::set<ExportFormat> out;
  for (const auto& name : options.formats) {
    if (name == "jsonl") out.insert(ExportFormat::jsonl);
    if (name == "json") out.insert(ExportFormat::json);
    if (name == "csv") out.insert(ExportFormat::csv);
    if (name == "html") out.insert(ExportFormat::html);
    if (name == "all") out.clear();
    if (name == "all") break;
  }
  if (out.empty())
    out = {ExportFormat::jsonl, ExportFormat::json, ExportFormat::csv, ExportFormat::html};
  return out;
}

// Bare repositories below TARGET/git/, each with the refs of the snapshot.
std::size_t restore_git_data(Session& session, const Snapshot& snapshot,
                             const std::filesystem::path& target) {
  SnapshotReader reader(session.repository(), snapshot);
  std::set<std::string> folders;
  reader.git([&](const std::string& path, const Node&) {
    folders.insert(path.substr(0, path.find('/')));
    return true;
  });
  for (const auto& folder : folders) {
    auto place = target / "git" / (folder + ".git");
    if (std::filesystem::exists(place) && !std::filesystem::is_empty(place)) {
      if (!session.options().overwrite)
        throw Error(fmt::format("{} exists already", place.string()),
                    "use another folder, or --overwrite");
      std::filesystem::remove_all(place);
    }
    make_folders(place.parent_path());
    auto tree = reader.git_tree(folder);
    SnapshotGitFiles files(session.repository(), tree);
    restore_git(load_git(session.repository(), tree), files, place, session.stop());
  }
  return folders.size();
}

}  // namespace

int run_restore(Session& session) {
  const auto& options = session.options();
  if (options.resuming || !options.into.empty()) return run_restore_into(session);
  auto& out = session.out();
  std::optional<Time> at;
  if (!options.at.empty() && !(at = parse_rfc3339(options.at)))
    throw Error(ErrorKind::usage, fmt::format("--at {}: not a time", options.at),
                "write 2024-05-01 or 2024-05-01T18:30:00Z");
  auto snapshot = find_snapshot(session.repository(), options.snapshot, at);
  RepositoryLock lock(session.repository(), false, session.clock());
  SnapshotReader reader(session.repository(), snapshot);
  auto source =
      export_source(session.repository(), snapshot, session.describer_of(reader.source()));
  ExportOptions wanted;
  wanted.formats = formats_of(options);
  wanted.attachments = !options.no_attachments;
  auto result = export_snapshot(
      *source, options.target, wanted, options.overwrite, session.stop(),
      [&](const ExportResult& done) {
        out.progress(fmt::format("{} records, {} files, {}", format_count(done.records),
                                 format_count(done.files), format_size(done.bytes)));
      });
  std::size_t repositories =
      options.no_attachments ? 0 : restore_git_data(session, snapshot, options.target);
  out.clear_progress();
  if (out.json()) {
    out.document({{"snapshot", snapshot.id.hex()},
                  {"target", options.target},
                  {"records", result.records},
                  {"files", result.files},
                  {"git_repositories", repositories},
                  {"bytes", result.bytes}});
    return 0;
  }
  out.line(fmt::format("wrote {} records, {} files{} ({}) to {}", format_count(result.records),
                       format_count(result.files),
                       repositories ? fmt::format(", {} git repositories", repositories) : "",
                       format_size(result.bytes), options.target));
  if (wanted.formats.contains(ExportFormat::html))
    out.message("Open " + (std::filesystem::path(options.target) / "index.html").string() +
                " in a browser.");
  return 0;
}

}  // namespace probackup
