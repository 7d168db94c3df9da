// show, history, find, diff: single records.
#include <fmt/format.h>

#include "cli/commands.h"
#include "job/layout.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

using Json = nlohmann::ordered_json;

std::optional<Time> time_option(const std::string& text) {
  if (text.empty()) return std::nullopt;
  auto time = parse_rfc3339(text);
  if (!time)
    throw Error(ErrorKind::usage, fmt::format("--at {}: not a time", text),
                "write 2024-05-01 or 2024-05-01T18:30:00Z");
  return time;
}

// The stream file that held the record at that snapshot, if the catalog knows.
std::optional<std::uint32_t> file_at(Session& session, const SourceRef& source,
                                     const Id& snapshot) {
  auto row = session.catalog().snapshot(snapshot);
  if (!row) return std::nullopt;
  for (const auto& version :
       session.catalog().versions(source, session.options().stream, session.options().id))
    if (version.first <= row->row && (!version.last || *version.last >= row->row))
      return version.file;
  return std::nullopt;
}

[[noreturn]] void no_record(Session& session, const SourceRef& source, const std::string& where) {
  const auto& options = session.options();
  ItemQuery query;
  query.source = source;
  query.stream = options.stream;
  std::vector<std::string> near;
  for (const auto& hit : session.catalog().find(options.id, query))
    if (near.size() < 3) near.push_back(hit.item.key);
  throw Error(fmt::format("{} has no {} with the id {}", where, options.stream, options.id),
              near.empty() ? fmt::format("see: probackup list items --stream {}", options.stream)
                           : "found by that text: " + join(near, ", "));
}

}  // namespace

int run_show(Session& session) {
  const auto& options = session.options();
  auto snapshot = find_snapshot(session.repository(), options.snapshot, time_option(options.at));
  SnapshotReader reader(session.repository(), snapshot);
  auto raw =
      reader.record(options.stream, options.id, file_at(session, reader.source(), snapshot.id));
  // The catalog is only a guide: without its help all files of the stream are searched.
  if (!raw) raw = reader.record(options.stream, options.id);
  if (!raw) no_record(session, reader.source(), "snapshot " + snapshot.id.short_hex());
  session.out().raw(*raw + "\n");
  return 0;
}

int run_history(Session& session) {
  const auto& options = session.options();
  auto& catalog = session.current_catalog();
  std::vector<SourceRef> sources = catalog.sources();
  if (!options.source.empty()) sources = {session.known_source(options.source)};
  Json document = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const auto& source : sources) {
    auto snapshots = catalog.snapshots(source);
    std::map<std::int64_t, CatalogSnapshot> by_row;
    for (const auto& snapshot : snapshots) by_row[snapshot.row] = snapshot;
    for (const auto& version : catalog.versions(source, options.stream, options.id)) {
      auto first = by_row.lower_bound(version.first);
      auto end = version.last ? by_row.upper_bound(*version.last) : by_row.end();
      if (first == end) continue;  // its snapshots were forgotten
      const auto& from = first->second;
      const auto& to = std::prev(end)->second;
      std::string state = version.last ? "" : "current";
      document.push_back({{"source", source.text()},
                          {"first_snapshot", from.id.hex()},
                          {"first_time", format_rfc3339(from.time)},
                          {"last_snapshot", to.id.hex()},
                          {"last_time", format_rfc3339(to.time)},
                          {"current", !version.last},
                          {"title", version.title}});
      rows.push_back({source.text(), from.id.short_hex(),
                      format_time(from.time, "%Y-%m-%d %H:%M:%S"), to.id.short_hex(),
                      format_time(to.time, "%Y-%m-%d %H:%M:%S"), state, version.title});
    }
  }
  if (rows.empty())
    throw Error(fmt::format("no snapshot has {}/{}", options.stream, options.id),
                "see: probackup find TEXT, or probackup list items --deleted");
  if (session.out().json())
    session.out().document(document);
  else
    session.out().table({"SOURCE", "FROM", "TIME (UTC)", "TO", "TIME (UTC)", "", "TITLE"}, rows);
  return 0;
}

int run_find(Session& session) {
  const auto& options = session.options();
  ItemQuery query;
  if (!options.source.empty()) query.source = session.known_source(options.source);
  query.stream = options.stream;
  query.deleted = options.deleted;
  query.limit = options.limit ? options.limit : 50;
  auto hits = session.current_catalog().find(options.text, query);
  if (session.out().json()) {
    Json document = Json::array();
    for (const auto& hit : hits)
      document.push_back({{"source", hit.item.source.text()},
                          {"stream", hit.item.stream},
                          {"id", hit.item.key},
                          {"title", hit.item.title},
                          {"url", hit.item.url},
                          {"snippet", hit.snippet}});
    session.out().document(document);
    return 0;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& hit : hits)
    rows.push_back(
        {hit.item.source.text(), hit.item.stream, hit.item.key, hit.item.title, hit.snippet});
  if (rows.empty())
    session.out().message("Nothing found.");
  else
    session.out().table({"SOURCE", "STREAM", "ID", "TITLE", "TEXT"}, rows);
  return 0;
}

int run_diff(Session& session) {
  const auto& options = session.options();
  auto& out = session.out();
  auto before = find_snapshot(session.repository(), options.snapshot);
  auto after = find_snapshot(session.repository(), options.other_snapshot);
  std::map<std::string, std::uint64_t> counts;
  auto describer = session.describer_of(source_of(after).value());
  diff_snapshots(session.repository(), before, after, [&](const DiffEntry& entry) {
    if (!options.stream.empty() && entry.stream != options.stream) return true;
    ++counts[entry.kind];
    Record record;
    record.stream = entry.stream;
    record.key = entry.key;
    record.raw = entry.after.empty() ? entry.before : entry.after;
    describer->describe(record);
    if (out.json()) {
      // The records go in as they are: parsed and printed they would lose digits.
      std::string event = dump({{"type", entry.kind},
                                {"stream", entry.stream},
                                {"id", entry.key},
                                {"title", record.title}});
      event.pop_back();
      if (!entry.before.empty()) event += ",\"before\":" + entry.before;
      if (!entry.after.empty()) event += ",\"after\":" + entry.after;
      out.raw(event + "}\n");
    } else {
      char mark = entry.kind == "added" ? '+' : entry.kind == "removed" ? '-' : 'M';
      out.line(fmt::format("{} {}/{}  {}", mark, entry.stream, entry.key, record.title));
    }
    return true;
  });
  if (out.json())
    out.event({{"type", "summary"},
               {"added", counts["added"]},
               {"changed", counts["changed"]},
               {"removed", counts["removed"]}});
  else
    out.line(fmt::format("{} added, {} changed, {} removed", format_count(counts["added"]),
                         format_count(counts["changed"]), format_count(counts["removed"])));
  return 0;
}

}  // namespace probackup
