// list: what the repository holds, from the catalog.
#include <fmt/format.h>

#include "cli/commands.h"
#include "job/layout.h"
#include "job/manifest.h"
#include "probackup/restore_job.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

using Json = nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

// What --source, --snapshot and --stream narrow a listing to.
ItemQuery query_of(Session& session) {
  const auto& options = session.options();
  ItemQuery query;
  if (!options.source.empty()) query.source = session.known_source(options.source);
  if (!options.snapshot.empty()) {
    auto snapshot = find_snapshot(session.repository(), options.snapshot);
    auto row = session.catalog().snapshot(snapshot.id);
    if (!row)
      throw Error(fmt::format("the catalog does not know snapshot {}", snapshot.id.short_hex()),
                  "run: probackup catalog rebuild");
    query.source = row->source;
    query.snapshot = row->row;
  }
  query.stream = options.stream;
  query.deleted = options.deleted;
  query.webhooks = options.webhooks;
  query.limit = options.limit;
  return query;
}

// A misspelt stream must not look like an empty one.
void check_stream(Session& session, const ItemQuery& query) {
  if (query.stream.empty()) return;
  std::vector<std::string> names;
  for (const auto& stream : session.catalog().streams(query.source, std::nullopt)) {
    if (stream.stream == query.stream) return;
    names.push_back(stream.stream);
  }
  throw Error(
      fmt::format("there is no stream {}{}", query.stream, did_you_mean(query.stream, names)),
      "streams: " + join(names, ", "));
}

std::string notes_of(const Snapshot& snapshot) {
  std::vector<std::string> notes;
  for (auto tag : {tag_gaps, tag_suspicious, tag_partial})
    if (has_tag(snapshot, tag)) notes.emplace_back(tag);
  return join(notes, ", ");
}

// Snapshots come from the repository itself: other machines write there too.
void list_snapshots(Session& session) {
  auto& out = session.out();
  auto all = source_snapshots(session.repository());
  if (!session.options().source.empty())
    std::erase_if(all, [&](const Snapshot& snapshot) {
      auto source = *source_of(snapshot);
      return source.text() != session.options().source && source.app != session.options().source;
    });
  std::size_t limit = session.options().limit;
  if (limit && all.size() > limit)
    all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(limit));
  Json document = Json::array();
  Rows rows;
  for (const auto& snapshot : all) {
    auto source = *source_of(snapshot);
    document.push_back({{"id", snapshot.id.hex()},
                        {"time", format_rfc3339(snapshot.time)},
                        {"app", source.app},
                        {"account", source.account},
                        {"records", snapshot.summary.total_files_processed},
                        {"bytes_stored", snapshot.summary.data_added_packed},
                        {"hostname", snapshot.hostname},
                        {"gaps", has_tag(snapshot, tag_gaps)},
                        {"suspicious", has_tag(snapshot, tag_suspicious)},
                        {"partial", has_tag(snapshot, tag_partial)}});
    rows.push_back({snapshot.id.short_hex(), format_time(snapshot.time, "%Y-%m-%d %H:%M:%S"),
                    source.text(), format_count(snapshot.summary.total_files_processed),
                    format_size(snapshot.summary.data_added_packed), notes_of(snapshot)});
  }
  if (out.json()) return out.document(document);
  if (rows.empty()) return out.message("No snapshots yet. Make one: probackup backup SOURCE");
  out.table({"ID", "TIME (UTC)", "SOURCE", "RECORDS", "ADDED", ""}, rows,
            {false, false, false, true, true, false});
}

void list_sources(Session& session) {
  auto& out = session.out();
  Json document = Json::array();
  Rows rows;
  for (const auto& source : session.catalog().sources()) {
    auto snapshots = session.catalog().snapshots(source);
    auto runs = session.catalog().runs(source, 1);
    std::string last =
        snapshots.empty() ? "" : format_time(snapshots.back().time, "%Y-%m-%d %H:%M:%S");
    std::uint64_t items = snapshots.empty() ? 0 : snapshots.back().items;
    std::string status = runs.empty() ? "" : runs[0].status;
    document.push_back(
        {{"source", source.text()},
         {"app", source.app},
         {"account", source.account},
         {"snapshots", snapshots.size()},
         {"last", snapshots.empty() ? Json() : Json(format_rfc3339(snapshots.back().time))},
         {"records", items},
         {"last_run", status}});
    rows.push_back(
        {source.text(), format_count(snapshots.size()), last, format_count(items), status});
  }
  if (out.json()) return out.document(document);
  out.table({"SOURCE", "SNAPSHOTS", "NEWEST (UTC)", "RECORDS", "LAST RUN"}, rows,
            {false, true, false, true, false});
}

void list_streams(Session& session) {
  auto query = query_of(session);
  auto& out = session.out();
  Json document = Json::array();
  Rows rows;
  for (const auto& stream : session.catalog().streams(query.source, query.snapshot)) {
    document.push_back({{"source", stream.source.text()},
                        {"stream", stream.stream},
                        {"records", stream.items},
                        {"files", stream.files}});
    rows.push_back({stream.source.text(), stream.stream, format_count(stream.items),
                    format_count(stream.files)});
  }
  if (out.json()) return out.document(document);
  out.table({"SOURCE", "STREAM", "RECORDS", "FILES"}, rows, {false, false, true, true});
}

// Long listings are printed as they come: a JSON array record by record, a table in chunks.
class LongList {
 public:
  LongList(Output& out, std::vector<std::string> header) : out_(out), header_(std::move(header)) {}
  void add(const Json& json, std::vector<std::string> row) {
    if (out_.json()) {
      out_.raw((count_++ == 0 ? "[\n" : ",\n") + dump(json));
      return;
    }
    row.resize(header_.size());
    rows_.push_back(std::move(row));
    if (rows_.size() == chunk_rows) print_rows();
  }
  void end() {
    if (out_.json()) return out_.raw(count_ == 0 ? "[]\n" : "\n]\n");
    if (!rows_.empty() || !printed_) print_rows();
  }

 private:
  static constexpr std::size_t chunk_rows = 500;
  void print_rows() {
    out_.table(printed_ ? std::vector<std::string>{} : header_, rows_);
    rows_.clear();
    printed_ = true;
  }

  Output& out_;
  std::vector<std::string> header_;
  Rows rows_;
  std::size_t count_ = 0;
  bool printed_ = false;
};

void list_items(Session& session) {
  auto query = query_of(session);
  check_stream(session, query);
  std::map<std::int64_t, std::string> snapshots;
  for (const auto& row : session.catalog().snapshots(query.source))
    snapshots[row.row] = row.id.short_hex();
  std::vector<std::string> header = {"SOURCE", "STREAM", "ID", "PARENT", "TITLE"};
  if (query.deleted) header.emplace_back("LAST IN");
  const bool urls = session.options().urls;
  if (urls) header.emplace_back("COPY");
  LongList list(session.out(), header);
  session.catalog().items(query, [&](const CatalogItem& item) {
    Json json = {{"source", item.source.text()},
                 {"stream", item.stream},
                 {"id", item.key},
                 {"parent_stream", item.parent_stream},
                 {"parent", item.parent},
                 {"title", item.title},
                 {"url", item.url},
                 {"since", snapshots[item.first]}};
    std::vector<std::string> row = {
        item.source.text(), item.stream, item.key,
        item.parent.empty() ? "" : item.parent_stream + "/" + item.parent, item.title};
    if (item.last) {
      json["last"] = snapshots[*item.last];
      if (query.deleted) row.push_back(snapshots[*item.last]);
    }
    if (urls) {
      std::string copy = session.catalog().drive_item_url(item.source, item.stream, item.key);
      json["drive_url"] = copy;
      row.resize(header.size() - 1);
      row.push_back(copy);
    }
    list.add(json, row);
    return true;
  });
  list.end();
}

void list_files(Session& session) {
  auto query = query_of(session);
  check_stream(session, query);
  std::vector<std::string> header = {"SOURCE", "STREAM", "ITEM", "ID", "SIZE", "NAME"};
  const bool urls = session.options().urls;
  if (urls) header.emplace_back("COPY");
  LongList list(session.out(), header);
  session.catalog().files(query, [&](const CatalogFile& file) {
    Json json = {
        {"source", file.source.text()},
        {"stream", file.stream},
        {"item", file.key},
        {"id", file.id},
        {"name", file.name},
        {"size", file.size},
        {"hash", file.hash},
        {"path", source_path(file.source) + "/" + file_path(file.stream, file.id, file.name)}};
    std::vector<std::string> row = {file.source.text(),     file.stream, file.key, file.id,
                                    format_size(file.size), file.name};
    if (urls) {
      json["drive_url"] = file.drive_url;
      row.push_back(file.drive_url);
    }
    list.add(json, row);
    return true;
  });
  list.end();
}

void list_gaps(Session& session) {
  auto query = query_of(session);
  auto& out = session.out();
  Json document = Json::array();
  Rows rows;
  for (const auto& gap : session.catalog().gaps(query.source, query.snapshot)) {
    if (!query.stream.empty() && gap.gap.stream != query.stream) continue;
    Json json = {{"source", gap.source.text()}};
    json.update(gap_to_json(gap.gap));
    document.push_back(json);
    std::string what = gap.gap.key.empty() ? gap.gap.scope : gap.gap.key;
    if (!gap.gap.file.empty()) what += " file " + gap.gap.file;
    rows.push_back({gap.source.text(), gap.gap.stream, what,
                    gap.gap.status ? std::to_string(gap.gap.status) : "", gap.gap.reason,
                    gap.gap.url});
  }
  if (out.json()) return out.document(document);
  if (rows.empty())
    return out.message("No gaps: the newest snapshots hold all that the connectors read.");
  out.table({"SOURCE", "STREAM", "ITEM", "STATUS", "WHY", "URL"}, rows);
}

void list_runs(Session& session) {
  auto query = query_of(session);
  auto& out = session.out();
  Json document = Json::array();
  Rows rows;
  for (const auto& run : session.catalog().runs(query.source, query.limit ? query.limit : 50)) {
    document.push_back({{"source", run.source.text()},
                        {"started", format_rfc3339(run.started)},
                        {"ended", run.ended ? Json(format_rfc3339(*run.ended)) : Json()},
                        {"status", run.status},
                        {"message", run.message},
                        {"snapshot", run.snapshot ? Json(run.snapshot->hex()) : Json()}});
    rows.push_back({format_time(run.started, "%Y-%m-%d %H:%M:%S"), run.source.text(),
                    run.ended ? format_duration(*run.ended - run.started) : "", run.status,
                    run.snapshot ? run.snapshot->short_hex() : "", run.message});
  }
  if (out.json()) return out.document(document);
  out.table({"STARTED (UTC)", "SOURCE", "TOOK", "STATUS", "SNAPSHOT", ""}, rows);
}

void list_restores(Session& session) {
  auto& out = session.out();
  import_restores(session.context());
  Json document = Json::array();
  Rows rows;
  for (const auto& restore : session.catalog().restores(session.options().limit)) {
    document.push_back(
        {{"restore", restore.id},
         {"snapshot", restore.snapshot.hex()},
         {"source", restore.source.text()},
         {"target", restore.target.text()},
         {"state", restore.state},
         {"message", restore.message},
         {"started", format_rfc3339(restore.started)},
         {"ended", restore.ended ? Json(format_rfc3339(*restore.ended)) : Json()},
         {"paused_until",
          restore.paused_until ? Json(format_rfc3339(*restore.paused_until)) : Json()},
         {"requests", restore.requests}});
    rows.push_back({restore.id, format_time(restore.started, "%Y-%m-%d %H:%M:%S"),
                    restore.snapshot.short_hex(), restore.source.text(), restore.target.text(),
                    restore.state, format_count(restore.requests), restore.message});
  }
  if (out.json()) return out.document(document);
  if (rows.empty()) return out.message("No restores into apps yet.");
  out.table({"RESTORE", "STARTED (UTC)", "SNAPSHOT", "FROM", "INTO", "STATE", "CALLS", ""}, rows,
            {false, false, false, false, false, false, true, false});
}

}  // namespace

int run_list(Session& session) {
  const auto& what = session.options().what;
  if (what == "apps") return run_connector_list(session);
  if (!what.empty() && what != "snapshots") session.current_catalog();
  if (what == "sources")
    list_sources(session);
  else if (what == "streams")
    list_streams(session);
  else if (what == "items")
    list_items(session);
  else if (what == "files")
    list_files(session);
  else if (what == "gaps")
    list_gaps(session);
  else if (what == "runs")
    list_runs(session);
  else if (what == "restores")
    list_restores(session);
  else
    list_snapshots(session);
  return 0;
}

}  // namespace probackup
