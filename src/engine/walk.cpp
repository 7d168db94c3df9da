#include "engine/walk.h"

#include <fmt/format.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "engine/level.h"
#include "engine/listing.h"

namespace probackup {
namespace {

class StreamWalk {
 public:
  StreamWalk(const RunParts& parts, const StreamModel& stream, const PriorStream& prior,
             bool parents_complete, Time now)
      : parts_(parts),
        stream_(stream),
        parents_complete_(parents_complete),
        shared_(parts, stream, prior,
                plan_stream(stream, prior, parts.context.full(), parents_complete, now)) {
    std::set<std::string> parent_streams;
    for (const auto& source : stream.sources) {
      parent_streams.insert(source.each.begin(), source.each.end());
      recursive_ |= source.recursive;
    }
    scopes_name_stream_ = parent_streams.size() > 1;
    shares_scopes_ = stream.sources.size() > 1;
    if (shares_scopes_ || recursive_) shared_.seen.emplace();
  }

  StreamResult read() {
    parts_.sink.begin_stream(stream_.name, shared_.plan.full);
    auto below = std::make_unique<Level>();
    if (recursive_)
      shared_.on_parent = [&below](const std::string& key, const std::string& raw, Change change) {
        below->add(key, raw, change);
      };
    for (const auto& source : stream_.sources)
      if (!source.recursive) read_source(source);
    for (unsigned level = 1; recursive_ && !below->empty(); ++level) {
      std::unique_ptr<Level> now = std::exchange(below, std::make_unique<Level>());
      if (!read_level(*now, level)) break;
    }
    if (shares_scopes_) end_shared_scopes();
    for (auto& gap : shared_.old_gaps.open(parents_complete_ && !any_broken_))
      shared_.gap(gap, gap.scope);
    return finish();
  }

 private:
  std::string scope_of(const std::string& parent_stream, const std::string& key) const {
    return scopes_name_stream_ ? parent_stream + "/" + key : key;
  }

  void read_source(const SourceModel& source) {
    Workers::Group group(parts_.workers, parts_.queued_max);
    if (source.each.empty()) read_listing(source, {}, nullptr);
    for (const auto& parent_stream : source.each) read_below(source, parent_stream, group);
    group.wait();
  }

  // First what the last run could not read, then the rest.
  void read_below(const SourceModel& source, const std::string& parent_stream,
                  Workers::Group& group) {
    const auto& gaps = shared_.plan.gap_scopes;
    bool gaps_first =
        shared_.plan.trust && (gaps.size() > 1 || !gaps.contains("")) && !gaps.empty();
    auto visit = [&](ParentRecord parent) {
      ++parts_.fetcher.totals().planned;
      group.run([this, &source, parent_stream, parent = std::move(parent)] {
        read_listing(source, {scope_of(parent_stream, parent.key), parent_stream, parent.key},
                     &parent);
      });
    };
    auto had_gap = [&](const ParentRecord& parent) {
      return gaps_first && gaps.contains(scope_of(parent_stream, parent.key));
    };
    if (gaps_first)
      parts_.sink.parents(parent_stream, false, [&](ParentRecord parent) {
        if (had_gap(parent)) visit(std::move(parent));
        return !parts_.stop.stop_requested();
      });
    parts_.sink.parents(parent_stream, shared_.plan.reuse, [&](ParentRecord parent) {
      if (!had_gap(parent)) visit(std::move(parent));
      return !parts_.stop.stop_requested();
    });
  }

  // False when the recursion ends here.
  bool read_level(Level& parents, unsigned level) {
    bool asked = false;
    for (const auto& source : stream_.sources) {
      if (!source.recursive) continue;
      if (level > source.depth) {
        report_depth(source, parents);
        continue;
      }
      asked = true;
      Workers::Group group(parts_.workers, parts_.queued_max);
      parents.for_each([&](ParentRecord parent) {
        if (shared_.plan.reuse && parent.change == Change::unchanged) return;
        group.run([this, &source, parent = std::move(parent)] {
          read_listing(source, {scope_of(stream_.name, parent.key), stream_.name, parent.key},
                       &parent);
        });
      });
      group.wait();
    }
    return asked;
  }

  void report_depth(const SourceModel& source, Level& parents) {
    parents.for_each([&](ParentRecord parent) {
      std::string scope = scope_of(stream_.name, parent.key);
      try {
        Names names(&shared_.names.scope());
        names.set("parent", parse_json(parent.raw));
        names.set("parent_key", parent.key);
        names.set("since", nullptr);
        if (source.when && !source.when->holds(names.scope())) return;
      } catch (const Error&) {
        // It cannot be told, so it counts as not read.
      }
      shared_.gap({.reason = fmt::format("deeper than {} levels", source.depth)}, scope);
      end_listing(scope, Listing::End::broken);
    });
  }

  void read_listing(const SourceModel& source, ListingPlace place, const ParentRecord* parent) {
    if (parts_.stop.stop_requested()) throw Error(ErrorKind::interrupted, "interrupted");
    std::string scope = place.scope;
    Listing listing(shared_, source, std::move(place), parent);
    end_listing(scope, listing.read());
  }

  void end_listing(const std::string& scope, Listing::End end) {
    shared_.old_gaps.ended(scope, end == Listing::End::whole);
    if (end == Listing::End::broken) any_broken_ = true;
    bool whole = end == Listing::End::whole && stream_.deleted == StreamModel::Deleted::listing;
    if (shares_scopes_) {
      std::lock_guard lock(mutex_);
      auto [at, is_new] = scopes_.try_emplace(scope, whole);
      at->second = at->second && whole;
    } else if (end != Listing::End::kept) {
      parts_.sink.listed(stream_.name, scope, whole);
    }
  }

  // A record may have moved from one source's listing to another's, so all must have ended well.
  void end_shared_scopes() {
    for (const auto& [scope, whole] : scopes_)
      parts_.sink.listed(stream_.name, scope, whole && !any_broken_);
  }

  StreamResult finish() {
    StreamResult result;
    result.stream = stream_.name;
    result.complete = !shared_.has_gaps;
    result.full = shared_.plan.lists_all;
    result.refreshed = shared_.plan.reads_all;
    result.requests = shared_.counters.requests;
    // Streams that are always read whole need no cursor, and one that moved would be a change.
    if (!shared_.has_gaps_at_top && uses_times(stream_))
      result.since = parts_.fetcher.server_start();
    result.feeds = shared_.take_feeds();
    parts_.sink.end_stream(result);
    return result;
  }

  const RunParts& parts_;
  const StreamModel& stream_;
  const bool parents_complete_;
  StreamShared shared_;
  bool recursive_ = false, scopes_name_stream_ = false, shares_scopes_ = false;
  std::atomic<bool> any_broken_{false};
  std::mutex mutex_;                    // guards scopes_
  std::map<std::string, bool> scopes_;  // whole or not
};

}  // namespace

StreamResult read_stream(const RunParts& parts, const StreamModel& stream, bool parents_complete,
                         Time now) {
  const PriorStream prior = parts.sink.prior(stream.name);
  if (!prior.kept || parts.context.full())
    return StreamWalk(parts, stream, prior, parents_complete, now).read();
  StreamResult kept;
  kept.stream = stream.name;
  kept.complete = prior.complete;
  kept.kept = true;
  parts.sink.begin_stream(stream.name, false);
  parts.sink.end_stream(kept);
  return kept;
}

}  // namespace probackup
