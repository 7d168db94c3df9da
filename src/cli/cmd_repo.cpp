// init, check, unlock, catalog rebuild.
#include <fmt/format.h>

#include <charconv>

#include "cli/commands.h"
#include "probackup/repair_snapshots.h"
#include "util/text.h"

namespace probackup {

int run_init(Session& session) {
  auto& storage = session.storage();
  // Before the password is asked for: a repository that is there needs none.
  if (storage.size({ObjectKind::config, ""}))
    throw Error(fmt::format("there is a repository at {} already", storage.location()),
                "nothing was changed; use another folder, or back up into this one");
  Repository::init(storage, session.password(true), session.clock());
  auto& out = session.out();
  if (out.json())
    out.document({{"repository", storage.location()}, {"id", session.repository().id()}});
  else
    out.line(fmt::format("made repository {} at {}", session.repository().id().substr(0, 10),
                         storage.location()));
  out.message("Keep the password safe: without it nothing in the repository can ever be read.");
  return 0;
}

namespace {

constexpr std::size_t keys_shown_max = 10;

// "5%", "3/10" or "2G".
CheckOptions check_options(const Options& options) {
  CheckOptions out;
  const std::string& subset = options.read_data_subset;
  out.read_data = options.read_data || !subset.empty();
  if (subset.empty()) return out;
  auto number = [](std::string_view text, auto& to) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
    return !text.empty() && error == std::errc{} && end == text.data() + text.size();
  };
  auto slash = subset.find('/');
  bool good = false;
  if (subset.ends_with('%')) {
    good = number(std::string_view(subset).substr(0, subset.size() - 1), out.percent) &&
           out.percent > 0 && out.percent <= 100;
  } else if (slash != std::string::npos) {
    good = number(std::string_view(subset).substr(0, slash), out.part) &&
           number(std::string_view(subset).substr(slash + 1), out.parts) && out.part >= 1 &&
           out.part <= out.parts && out.parts <= 256;
  } else if (auto size = parse_size(subset)) {
    out.bytes = *size;
    good = *size > 0;
  }
  if (!good)
    throw Error(ErrorKind::usage, fmt::format("--read-data-subset {}: no subset", subset),
                "give a share such as 5%, a part such as 3/10, or a size such as 2G");
  return out;
}

// The records that a damaged blob held, where the index beside it tells.
std::vector<std::string> keys_of(Repository& repository, const CheckProblem& problem) {
  if (!problem.tree) return {};
  return keys_of_segment(repository, *problem.tree, problem.path, problem.position);
}

}  // namespace

int run_check(Session& session) {
  auto& out = session.out();
  const CheckOptions options = check_options(session.options());
  const bool read_data = options.read_data;
  RepositoryLock lock(session.repository(), true, session.clock());
  auto report = session.repository().check(
      options, session.stop(), [&](std::uint64_t done, std::uint64_t total) {
        out.progress(fmt::format("checked {} of {}",
                                 read_data ? format_size(done) : format_count(done),
                                 read_data ? format_size(total) : format_count(total)));
      });
  out.clear_progress();
  if (out.json()) {
    nlohmann::ordered_json document = {
        {"healthy", report.healthy()},     {"snapshots", report.snapshots},
        {"packs", report.packs},           {"blobs", report.blobs},
        {"bytes_read", report.bytes_read}, {"problems", nlohmann::ordered_json::array()}};
    for (const auto& problem : report.problems) {
      nlohmann::ordered_json one = {{"fatal", problem.fatal}, {"what", problem.what}};
      auto keys = keys_of(session.repository(), problem);
      if (!keys.empty()) one["keys"] = keys;
      document["problems"].push_back(one);
    }
    out.document(document);
    return report.healthy() ? 0 : 1;
  }
  for (const auto& problem : report.problems) {
    auto keys = keys_of(session.repository(), problem);
    bool more = keys.size() > keys_shown_max;
    if (more) keys.resize(keys_shown_max);
    out.line(fmt::format("{}: {}{}{}{}", problem.fatal ? "damaged" : "note", problem.what,
                         keys.empty() ? "" : "; records ", join(keys, ", "), more ? "…" : ""));
  }
  out.line(fmt::format("{} snapshots, {} blobs in {} packs{}: {}", format_count(report.snapshots),
                       format_count(report.blobs), format_count(report.packs),
                       read_data ? ", " + format_size(report.bytes_read) + " read" : "",
                       report.healthy() ? "no errors" : "errors found"));
  if (!report.healthy())
    out.message("docs/errors.md says what to do: first a copy of the repository, then `repair`.");
  return report.healthy() ? 0 : 1;
}

int run_unlock(Session& session) {
  auto removed = unlock(session.repository(), session.options().all, session.clock());
  if (session.out().json())
    session.out().document({{"removed", removed}});
  else
    session.out().line(fmt::format("removed {} lock{}", removed, removed == 1 ? "" : "s"));
  return 0;
}

int run_catalog_rebuild(Session& session) {
  std::optional<SourceRef> source;
  RepositoryLock lock(session.repository(), false, session.clock());
  if (!session.options().source.empty()) {
    for (const auto& snapshot : source_snapshots(session.repository())) {
      SnapshotReader reader(session.repository(), snapshot);
      auto of = reader.source();
      if (of.text() == session.options().source || of.app == session.options().source) source = of;
    }
    if (!source)
      throw Error(fmt::format("there is no snapshot of {}", session.options().source),
                  "see: probackup list");
  }
  auto report = rebuild_catalog(
      session.context(), source, [&](const SourceRef& of) { return session.describer_of(of); },
      session.stop());
  if (session.out().json())
    session.out().document({{"sources", report.sources},
                            {"snapshots", report.snapshots},
                            {"unreadable", report.unreadable.size()}});
  else
    session.out().line(fmt::format("read {} snapshots of {} sources into {}", report.snapshots,
                                   report.sources, session.catalog().location()));
  if (report.unreadable.empty()) return 0;
  session.out().message("Run probackup check to see what is damaged.");
  return 1;
}

}  // namespace probackup
