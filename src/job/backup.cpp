// One backup run, from the lock to the catalog.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "job/backup_sink.h"
#include "job/layout.h"
#include "job/manifest.h"
#include "probackup/error.h"
#include "probackup/job.h"
#include "util/log.h"
#include "util/text.h"

namespace probackup {
namespace {

// Streams smaller than this may lose any share of their records without an alarm.
constexpr std::uint64_t alarm_records_min = 10;
// What a run that paused read through is not read again for so long. An account may take days of
// its quota, so this is more than a few.
constexpr auto kept_max = std::chrono::days(7);

// The last snapshot of a source, with what it says about itself.
struct Prior {
  std::optional<Snapshot> snapshot;
  std::optional<Id> folder;  // tree of the source's folder
  std::optional<Manifest> manifest;
  std::optional<Node> manifest_node, gaps_node;
  std::vector<Gap> gaps;
};

Prior load_prior(Repository& repository, const SourceRef& source) {
  Prior prior;
  auto snapshots = source_snapshots(repository, source);
  if (snapshots.empty()) return prior;
  prior.snapshot = snapshots.back();
  std::string path = source_path(source);
  auto folder = find_node(repository, prior.snapshot->tree, path);
  if (!folder || !folder->subtree)
    throw Error(fmt::format("snapshot {} has no folder {}", prior.snapshot->id.short_hex(), path),
                "run: probackup check");
  prior.folder = folder->subtree;
  prior.manifest_node = find_node(repository, *prior.folder, "/manifest.json");
  if (!prior.manifest_node)
    throw Error(fmt::format("snapshot {} has no manifest.json", prior.snapshot->id.short_hex()),
                "run: probackup check");
  prior.manifest = Manifest::parse(read_small_file(repository, *prior.manifest_node));
  prior.gaps_node = find_node(repository, *prior.folder, "/gaps.jsonl");
  if (prior.gaps_node) prior.gaps = parse_gaps(read_small_file(repository, *prior.gaps_node));
  return prior;
}

Node save_text(Repository& repository, std::string text) {
  Node node;
  node.size = text.size();
  node.content.push_back(repository.save_blob(BlobType::data, std::move(text)).get().id);
  return node;
}

std::vector<std::string> find_suspicious(const std::vector<StreamReport>& reports,
                                         double max_delete) {
  std::vector<std::string> out;
  for (const auto& report : reports) {
    std::uint64_t before = report.records + report.removed - report.added;
    if (before < alarm_records_min) continue;
    if (static_cast<double>(report.removed) <= max_delete * static_cast<double>(before)) continue;
    out.push_back(fmt::format("{}: {} of {} records are gone", report.name,
                              format_count(report.removed), format_count(before)));
  }
  return out;
}

// One run's pieces, so that each step below reads as one.
class Run {
 public:
  Run(const JobContext& context, const BackupSource& source, const BackupOptions& options,
      std::stop_token stop)
      : context_(context),
        source_(source),
        options_(options),
        lock_(context.repository, false, context.clock) {
    report_.source = source.source;
    report_.started = context.clock.now();
    prior_ = load_prior(context.repository, source.source);
    sync_catalog();
    run_row_ = context.catalog.begin_run(source.source, report_.started);
    update_ = context.catalog.begin_update(source.source);
    tree_.emplace(context.repository, prior_.folder, report_.started);
    RunSink::Prior prior{prior_.folder,
                         prior_.manifest ? &*prior_.manifest : nullptr,
                         prior_.gaps,
                         {},
                         report_.started};
    if (goes_on()) prior.kept_since = report_.started - kept_max;
    sink_ = std::make_unique<RunSink>(context, source, options.segments, *update_, *tree_,
                                      std::move(prior), stop);
  }

  BackupReport go(std::stop_token stop) {
    std::exception_ptr failure;
    try {
      source_.feed(*sink_, stop);
    } catch (const QuotaUsedUp& pause) {
      failure = std::current_exception();
      report_.paused_until = pause.until();
      report_.paused_why = redact(pause.what());
    } catch (...) {
      failure = std::current_exception();
    }
    try {
      if (failure && sink_->half_done()) std::rethrow_exception(failure);
      if (failure) {
        sink_->abandon_open_streams();
        report_.partial = true;
        status_ = status_of(failure);
      }
      finish();
    } catch (...) {
      end_run("failed", failure ? failure : std::current_exception());
      if (failure) std::rethrow_exception(failure);
      throw;
    }
    if (failure && report_.snapshot.is_null()) end_run(status_of(failure), failure);
    if (report_.paused_until && !report_.snapshot.is_null()) return report_;
    if (failure && !report_.snapshot.is_null()) {
      log_warning(fmt::format("what was read until then is kept in snapshot {}, marked partial",
                              report_.snapshot.short_hex()));
      if (options_.partial) options_.partial(report_);
    }
    if (failure) std::rethrow_exception(failure);
    return report_;
  }

 private:
  // Whether the last run paused, and this one reads what it did not come to. Another connector, or
  // other settings, may read other things.
  bool goes_on() const {
    const auto& last = prior_.manifest;
    return last && last->partial && last->connector == source_.version &&
           last->settings == settings() &&
           std::any_of(last->streams.begin(), last->streams.end(),
                       [](const auto& stream) { return stream.second.read.has_value(); });
  }

  nlohmann::json settings() const {
    return nlohmann::json::parse(source_.settings.empty() ? "{}" : source_.settings);
  }

  // The catalog must describe the last snapshot: another machine may have made it.
  void sync_catalog() {
    auto state = context_.catalog.state_of(source_.source);
    bool current = prior_.snapshot ? state == prior_.snapshot->id : !state;
    if (current) return;
    if (prior_.snapshot)
      log_info(fmt::format("the catalog does not know the newest snapshot of {}; reading it again",
                           source_.source.text()));
    auto report = rebuild_catalog(context_, source_.source,
                                  [&](const SourceRef&) { return source_.describer; }, {});
    for (const auto& [id, why] : report.unreadable)
      if (prior_.snapshot && id == prior_.snapshot->id)
        throw Error(why, "run: probackup check, then probackup repair snapshots --forget");
    if (prior_.snapshot && context_.catalog.state_of(source_.source) != prior_.snapshot->id)
      throw Error(
          fmt::format("the snapshots of {} changed while the run began", source_.source.text()),
          "another run of it may be under way; run the same command again");
  }

  // Their titles are known to the catalog as long as this run is not in it.
  void find_gone_containers() {
    if (options_.max_delete >= 1) return;
    for (const auto& stream : source_.streams) {
      if (!stream.is_container) continue;
      for (const auto& key : sink_->removed(stream.name)) {
        auto versions = context_.catalog.versions(source_.source, stream.name, key);
        report_.gone_containers.push_back(
            {stream.name, key, versions.empty() ? "" : versions.back().title});
      }
    }
    std::sort(report_.gone_containers.begin(), report_.gone_containers.end(),
              [](const auto& a, const auto& b) {
                return std::tie(a.stream, a.title, a.key) < std::tie(b.stream, b.title, b.key);
              });
  }

  void finish() {
    sink_->write_tree();
    report_.streams = sink_->reports();
    report_.gaps = sink_->take_gaps();
    report_.requests = sink_->requests();
    report_.files_added = sink_->files_added();
    report_.suspicious = find_suspicious(report_.streams, options_.max_delete);
    find_gone_containers();
    mark_unread();
    const bool read_on = report_.paused_until && sink_->read_any();
    if (report_.partial && !sink_->changed() && !read_on) {
      // Nothing was won: no snapshot, but what was uploaded stays for the next run.
      context_.repository.flush();
      return;
    }
    put_documents();
    Snapshot snapshot = describe_snapshot();
    lock_.verify();
    snapshot.id = context_.repository.save_snapshot(snapshot);
    report_.snapshot = snapshot.id;
    report_.ended = context_.clock.now();
    report_.stored = context_.repository.stats();
    commit_catalog(snapshot);
  }

  // What a run that paused left unread makes the next snapshot partial as well, until a run has
  // read it; and an alarm over what it did read is not over.
  void mark_unread() {
    if (goes_on() && !sink_->unread().empty()) report_.partial = true;
    if (report_.partial) report_.unread = sink_->unread();
    if (!goes_on()) return;
    for (const auto& alarm : prior_.manifest->suspicious)
      for (const auto& stream : report_.streams)
        if (!stream.read && alarm.starts_with(stream.name + ":"))
          report_.suspicious.push_back(alarm);
  }

  void put_documents() {
    std::string gaps;
    for (const auto& gap : report_.gaps) gaps += print_gap(gap);
    bool same_gaps = true;
    if (gaps.empty()) {
      same_gaps = !prior_.gaps_node;
      tree_->remove("gaps.jsonl");
    } else {
      Node node = save_text(context_.repository, gaps);
      same_gaps = prior_.gaps_node && prior_.gaps_node->content == node.content;
      tree_->put("gaps.jsonl", node);
    }
    if (same_gaps && keeps_manifest()) return;
    Manifest manifest;
    manifest.app = source_.source.app;
    manifest.app_title = source_.title;
    manifest.account = source_.source.account;
    manifest.connector = source_.version;
    manifest.program_version = PROBACKUP_VERSION;
    manifest.started = report_.started;
    manifest.settings = settings();
    manifest.streams = sink_->streams();
    const bool is_to_go_on = report_.partial && (report_.paused_until || goes_on());
    if (!is_to_go_on)
      for (auto& [name, stream] : manifest.streams) stream.read.reset();
    manifest.gaps = report_.gaps.size();
    manifest.suspicious = report_.suspicious;
    manifest.partial = report_.partial;
    if (report_.paused_until)
      manifest.paused = {*report_.paused_until, report_.paused_why, report_.unread};
    tree_->put("manifest.json", save_text(context_.repository, manifest.print()));
  }

  // A run that found nothing new writes nothing new: the older cursors stay good, they only make
  // the next run ask for a longer time. Periodic full reads must be remembered, though.
  bool keeps_manifest() const {
    if (!prior_.manifest || sink_->changed() || report_.partial || prior_.manifest->partial)
      return false;
    if (prior_.manifest->connector != source_.version) return false;
    if (!prior_.manifest->suspicious.empty()) return false;
    for (const auto& [name, stream] : sink_->streams()) {
      auto before = prior_.manifest->streams.find(name);
      if (before == prior_.manifest->streams.end()) return false;
      if (before->second.behind != stream.behind) return false;
      if (before->second.last_full != stream.last_full ||
          before->second.last_refresh != stream.last_refresh)
        return false;
      if (before->second.records != stream.records || before->second.complete != stream.complete ||
          before->second.shared != stream.shared)
        return false;
    }
    return true;
  }

  Snapshot describe_snapshot() {
    auto folder = tree_->save();
    SnapshotTree root(context_.repository,
                      prior_.snapshot ? std::optional<Id>(prior_.snapshot->tree) : std::nullopt,
                      report_.started);
    root.put_folder(source_path(source_.source).substr(1), folder.value());
    Snapshot snapshot;
    snapshot.time = report_.started;
    if (prior_.snapshot) snapshot.parent = report_.parent = prior_.snapshot->id;
    snapshot.tree = root.save().value();
    snapshot.paths = {source_path(source_.source)};
    snapshot.tags = source_tags(source_.source);
    if (!report_.gaps.empty()) snapshot.tags.emplace_back(tag_gaps);
    if (!report_.suspicious.empty()) snapshot.tags.emplace_back(tag_suspicious);
    if (report_.partial) snapshot.tags.emplace_back(tag_partial);
    snapshot.program_version = "probackup " PROBACKUP_VERSION;
    auto stats = context_.repository.stats();
    snapshot.has_summary = true;
    snapshot.summary.backup_start = report_.started;
    snapshot.summary.backup_end = context_.clock.now();
    snapshot.summary.files_new = report_.files_added;
    snapshot.summary.data_blobs = stats.data_blobs_added;
    snapshot.summary.tree_blobs = stats.tree_blobs_added;
    snapshot.summary.data_added = stats.bytes_added;
    snapshot.summary.data_added_packed = stats.bytes_added_stored;
    snapshot.summary.total_files_processed = report_.count(&StreamReport::records);
    return snapshot;
  }

  void commit_catalog(const Snapshot& snapshot) {
    CatalogSnapshot row;
    row.id = snapshot.id;
    row.source = source_.source;
    row.time = snapshot.time;
    row.complete = report_.gaps.empty() && !report_.partial;
    row.suspicious = !report_.suspicious.empty();
    row.items = report_.count(&StreamReport::records);
    row.added = report_.count(&StreamReport::added);
    row.changed = report_.count(&StreamReport::changed);
    row.removed = report_.count(&StreamReport::removed);
    row.files = report_.files_added;
    row.gaps = report_.gaps.size();
    row.requests = report_.requests;
    for (const auto& gap : report_.gaps) update_->put_gap(gap);
    try {
      update_->commit(row);
      context_.catalog.end_run(run_row_, report_.ended,
                               !status_.empty() ? status_
                               : row.complete   ? "done"
                                                : "gaps",
                               "", snapshot.id);
    } catch (const Error& error) {
      // The snapshot is safe; the next run sees that the catalog is behind and reads it again.
      log_warning(fmt::format("snapshot {} is saved, but the catalog is not: {}",
                              snapshot.id.short_hex(), error.what()));
    }
  }

  static std::string status_of(std::exception_ptr failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const QuotaUsedUp&) {
      return "paused";
    } catch (const Error& error) {
      return error.kind() == ErrorKind::interrupted ? "interrupted" : "failed";
    } catch (...) {
      return "failed";
    }
  }

  void end_run(const std::string& status, std::exception_ptr failure) noexcept {
    try {
      update_.reset();
      std::string message;
      try {
        std::rethrow_exception(failure);
      } catch (const std::exception& error) {
        message = redact(error.what());
      }
      context_.catalog.end_run(run_row_, context_.clock.now(), status, message, std::nullopt);
    } catch (...) {
      // The first failure is the one to tell.
    }
  }

  const JobContext& context_;
  const BackupSource& source_;
  BackupOptions options_;
  RepositoryLock lock_;
  BackupReport report_;
  Prior prior_;
  std::int64_t run_row_ = 0;
  std::string status_;  // of a run whose feed threw
  std::unique_ptr<CatalogUpdate> update_;
  std::optional<SnapshotTree> tree_;
  std::unique_ptr<RunSink> sink_;
};

}  // namespace

BackupReport backup(const JobContext& context, const BackupSource& source,
                    const BackupOptions& options, std::stop_token stop) {
  return Run(context, source, options, stop).go(stop);
}

}  // namespace probackup
