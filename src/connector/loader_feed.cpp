// `feed` of a source: what an app tells of changes by itself.
#include "connector/loader_parts.h"

namespace probackup {
namespace {

// Expressions over an answer.
Roots answer_roots(Roots roots) {
  for (const char* root : {"body", "status", "headers"}) roots.emplace_back(root);
  return roots;
}

void read_start(ObjectReader& feed_reader, const Lets& lets, const Roots& roots, FeedModel& feed) {
  Found found = feed_reader.require("start");
  if (!found) return;
  ObjectReader reader(feed_reader.context(), found);
  feed.start = read_request(reader, lets, roots);
  reader.require("token");
  feed.start_token = reader.expression("token", answer_roots(roots));
  feed.start_status = static_cast<int>(reader.number("status", 400, 599, 0));
  reader.finish();
}

void read_detail(ObjectReader& feed_reader, const Lets& lets, const Roots& roots, FeedModel& feed) {
  Found found = feed_reader.find("detail");
  if (!found) return;
  feed_reader.refuse("record", "\"record\" goes into \"detail\", over its answer");
  ObjectReader reader(feed_reader.context(), found);
  feed.detail = read_request(reader, lets, roots);
  feed.detail_record = reader.path("record", true);
  reader.finish();
}

}  // namespace

std::optional<FeedModel> read_feed(ObjectReader& source, const Lets& lets, const Roots& roots) {
  Found found = source.find("feed");
  if (!found) return std::nullopt;
  ObjectReader reader(source.context(), found);
  FeedModel feed;
  read_start(reader, lets, roots, feed);
  Roots with_feed = roots;
  with_feed.emplace_back("feed");
  feed.request = read_request(reader, lets, with_feed);
  feed.records = read_records(reader);
  feed.page = read_page(reader, feed.request, with_feed);
  Roots of_change = with_feed;
  of_change.emplace_back("record");
  if (reader.require("id"))
    if (auto id = reader.path_or_template("id", of_change)) feed.id = std::move(*id);
  feed.gone = reader.expression("gone", of_change);
  feed.record = reader.path("record", true);
  read_detail(reader, lets, of_change, feed);
  feed.elsewhere = reader.expression("elsewhere", of_change);
  feed.whole = reader.expression("whole", answer_roots(with_feed));
  feed.at_most = reader.number("at_most", 1, feed_changes_max, feed_changes_max);
  reader.require("next");
  feed.next = reader.expression("next", answer_roots(with_feed));
  feed.full_every = reader.duration("full_every");
  reader.finish();
  return feed;
}

}  // namespace probackup
