#include "engine/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "engine/feed.h"
#include "util/hash.h"

namespace probackup {
namespace {

constexpr int rounds_max = 2;  // a listing that shrank while it was read is read once more
constexpr int restarts_max = 20;

std::uint64_t digest_of(const std::vector<std::string>& records) {
  Sha256 hash;
  for (const auto& raw : records) {
    hash.update(raw);
    hash.update("\n");
  }
  Id id = hash.finish();
  std::uint64_t out = 0;
  std::memcpy(&out, id.bytes.data(), sizeof out);
  return out;
}

bool may_end(const ConnectorModel& model) {
  return std::any_of(model.errors.begin(), model.errors.end(),
                     [](const ErrorRule& rule) { return rule.action == ErrorRule::Do::restart; });
}

}  // namespace

bool KeySet::insert(std::string_view key) {
  Id id = sha256(key);
  std::lock_guard lock(mutex_);
  return digests_.emplace(reinterpret_cast<const char*>(id.bytes.data()), 16).second;
}

std::size_t KeySet::size() const {
  std::lock_guard lock(mutex_);
  return digests_.size();
}

StreamShared::StreamShared(const RunParts& run_parts, const StreamModel& stream,
                           const PriorStream& prior, ReadPlan read_plan)
    : parts(run_parts),
      model(stream),
      plan(std::move(read_plan)),
      names(&run_parts.context.scope()),
      reader(stream),
      files(stream, run_parts.context, run_parts.fetcher, run_parts.sink, counters),
      old_gaps(prior.gaps) {
  counters.stream = stream.name;
  std::map<std::string, nlohmann::json> lets;
  for (const auto& [name, value] : stream.let) lets[name] = value.evaluate(names.scope());
  for (auto& [name, value] : lets) names.set(name, std::move(value));
}

void StreamShared::gap(Gap gap, const std::string& scope) {
  has_gaps = true;
  if (scope.empty()) has_gaps_at_top = true;
  gap.stream = model.name;
  gap.scope = scope;
  parts.sink.gap(gap);
}

void StreamShared::remember_feed(const std::string& scope, std::string token) {
  std::lock_guard lock(mutex_);
  feeds_[scope] = std::move(token);
}

std::map<std::string, std::string> StreamShared::take_feeds() {
  std::lock_guard lock(mutex_);
  return std::move(feeds_);
}

struct Listing::Page {
  PageAsk ask;
  HttpResponse response;
  std::uint64_t count = 0, digest = 0;
  std::string last;

  PageSeen seen() const { return {&response, count, last, digest}; }
};

Listing::Listing(StreamShared& stream, const SourceModel& source, ListingPlace place,
                 const ParentRecord* parent)
    : stream_(stream),
      parts_(stream.parts),
      source_(source),
      place_(std::move(place)),
      names_(&stream.names.scope()),
      distrusted_(stream.plan.distrusts(place_.scope)),
      group_(parts_.workers, parts_.queued_max) {
  names_.set("parent", parent ? parse_json(parent->raw) : nlohmann::json());
  names_.set("parent_key", parent ? nlohmann::json(parent->key) : nlohmann::json());
  choose_since(parent);
  may_feed_ = !parent || parent->change != Change::added;
  if (source.page.total || may_end(parts_.context.model())) keys_.emplace();
}

void Listing::choose_since(const ParentRecord* parent) {
  nlohmann::json since;
  // At the top the last run's time did not move if there was a gap; below, a parent may be newer.
  bool known = !parent || (parent->change != Change::added && !distrusted_);
  if (source_.since && stream_.plan.since && known) {
    since = format_since(*source_.since, since_time(*source_.since, *stream_.plan.since));
    incremental_ = true;
  }
  names_.set("since", std::move(since));
}

Listing::End Listing::read() {
  try {
    if (source_.when && !source_.when->holds(names_.scope())) return End::whole;
    render();
  } catch (const Error& error) {
    broken({.reason = error.what()});
    return End::broken;
  }
  if (source_.feed && read_feed())
    incremental_ = true;
  else
    read_all();
  report_bad_records();
  if (kept_) {
    parts_.sink.keep_scope(stream_.model.name, place_.scope);
    parts_.sink.remember(request_name_, validators_);
    return End::kept;
  }
  remember_validators();
  if (broken_) return End::broken;
  if (next_feed_) stream_.remember_feed(place_.scope, *next_feed_);
  return incremental_ ? End::partial : End::whole;
}

bool Listing::read_feed() {
  Feed feed(parts_, stream_.counters, *source_.feed, names_.scope(), group_);
  auto token = stream_.plan.feeds.find(place_.scope);
  if (may_feed_ && token != stream_.plan.feeds.end()) {
    SettleAtEnd settle{group_};
    if (auto answer = feed.read(token->second)) {
      next_feed_ = std::move(answer->next);
      RawJson json;
      for (auto& change : answer->changes)
        if (change.gone || !take(json, std::move(change.raw)))
          parts_.sink.gone(stream_.model.name, change.key);
      group_.wait();
      return true;
    }
  }
  next_feed_ = feed.start();
  return false;
}

void Listing::render() {
  request_ = render_request(source_.request, parts_.context, names_.scope());
  if (incremental_ && !source_.since->into_name.empty()) {
    const nlohmann::json& since = *names_.scope().find("since");
    nlohmann::json value = source_.since->prefix.empty()
                               ? since
                               : nlohmann::json(source_.since->prefix + json_text(since));
    put_value(request_, source_.since->into, source_.since->into_name, value);
  }
  // A git repository moves without its record; and one source of several does not speak for all.
  bool alone = stream_.model.sources.size() == 1 && stream_.model.git.empty();
  if (source_.conditional && alone && !incremental_ && request_.method == "GET" &&
      !stream_.on_parent)
    request_name_ = request_name(request_);
}

void Listing::add_validators(HttpRequest& request) {
  auto known = parts_.sink.validators(request_name_);
  if (!known) return;
  validators_ = *known;
  if (!known->etag.empty()) request.headers.emplace_back("If-None-Match", known->etag);
  if (!known->last_modified.empty())
    request.headers.emplace_back("If-Modified-Since", known->last_modified);
}

std::optional<Listing::Page> Listing::read_page(Pager& pager, const PageAsk& ask,
                                                std::optional<std::size_t>* token) {
  Page page;
  page.ask = ask;
  Ask question;
  std::vector<std::string> records;
  RawJson json;
  try {
    RequestParts request = request_;
    pager.apply(ask, request);
    question.request = finish_request(request, parts_.context);
  } catch (const Error& error) {
    broken({.reason = error.what()});
    return std::nullopt;
  }
  if (ask.number == 1 && !request_name_.empty() && !distrusted_) {
    add_validators(question.request);
    question.allowed.not_modified = !validators_.etag.empty() || !validators_.last_modified.empty();
  }
  question.allowed.missing_is_empty = source_.missing_is_empty;
  question.stream = &stream_.counters;
  question.token = token;
  question.check = [&](const HttpResponse& response) -> std::optional<std::string> {
    if (response.status == 204 || response.status == 205) return std::nullopt;
    try {
      records = select_records(json, response.body, source_.records, source_.wrap,
                               source_.missing_is_empty);
      return std::nullopt;
    } catch (const Error& error) {
      return error.what();
    }
  };
  Fetched fetched = parts_.fetcher.fetch(std::move(question), parts_.stop);
  switch (fetched.kind) {
    case Fetched::Kind::not_modified:
      kept_ = true;
      return std::nullopt;
    case Fetched::Kind::empty:
      return std::nullopt;
    case Fetched::Kind::failed:
      if (fetched.restart && ask.number > 1 && may_restart()) {
        restart_ = true;
        return std::nullopt;
      }
      broken({.url = fetched.url, .status = fetched.status, .reason = fetched.reason});
      return std::nullopt;
    case Fetched::Kind::good:
      break;
  }
  page.response = std::move(fetched.response);
  page.count = records.size();
  page.digest = digest_of(records);
  if (!records.empty()) page.last = records.back();
  try {
    pager.saw(page.seen());
  } catch (const PagingError& error) {
    broken({.url = fetched.url, .status = fetched.status, .reason = error.what()});
    return std::nullopt;
  }
  records_ += page.count;
  for (auto& raw : records) take(json, std::move(raw));
  return page;
}

// Reads the pages between the first and the last at once; `last` becomes the last one, so that the
// listing can go on behind it.
void Listing::read_side_by_side(Pager& pager, const Pager::Spread& spread,
                                std::optional<Page>& last) {
  parts_.fetcher.totals().planned += spread.last - 1;
  last.reset();
  for (std::uint64_t number = 2; number <= spread.last; ++number) {
    group_.run([this, &pager, &last, number, ask = spread.page(number), end = spread.last] {
      auto page = read_page(pager, ask, nullptr);
      if (number == end) last = std::move(page);
    });
  }
  group_.wait();
  pages_ += spread.last - 1;
}

std::optional<Pager::Spread> Listing::look_at_first(Pager& pager, const Page& page) {
  try {
    pager.note_total(page.seen());
    return pager.spread(page.seen());
  } catch (const Error& error) {
    broken({.url = safe_url(page.response.url), .reason = error.what()});
    return std::nullopt;
  }
}

std::optional<PageAsk> Listing::look_for_next(Pager& pager, const Page& page) {
  try {
    if (page.ask.number > 1) pager.note_total(page.seen());
    return pager.next(page.ask, page.seen());
  } catch (const Error& error) {
    broken({.url = safe_url(page.response.url), .reason = error.what()});
    return std::nullopt;
  }
}

void Listing::read_round(Pager& pager) {
  pages_ = 1;
  records_ = 0;
  std::optional<std::size_t> token;
  auto page = read_page(pager, pager.first(), &token);
  if (!page) return;
  validators_ = {header(page->response.headers, "etag").value_or(""),
                 header(page->response.headers, "last-modified").value_or("")};
  if (auto spread = look_at_first(pager, *page)) read_side_by_side(pager, *spread, page);
  while (page) {
    auto next = look_for_next(pager, *page);
    if (!next) return;
    ++parts_.fetcher.totals().planned;
    page = read_page(pager, *next, &token);
    ++pages_;
  }
}

// What came already is not delivered again, so that each round gets further than the one before;
// one that does not is the last.
bool Listing::may_restart() {
  const std::size_t seen = keys_->size();
  std::lock_guard lock(mutex_);
  if (seen == keys_before_ || restarts_ == restarts_max) return false;
  keys_before_ = seen;
  ++restarts_;
  return true;
}

bool Listing::looks_skipped(const Pager& pager) const {
  return pager.shrank() || (pager.total() && keys_ && keys_->size() < *pager.total());
}

void Listing::read_all() {
  for (int round = 1; round <= rounds_max; ++round) {
    Pager pager(source_.page, parts_.context, names_.scope());
    SettleAtEnd settle{group_};
    read_round(pager);
    group_.wait();
    if (restart_.exchange(false) && !broken_) {
      --round;
      continue;
    }
    if (broken_ || kept_ || !looks_skipped(pager)) break;
    if (round < rounds_max) continue;
    broken({.url = safe_url(request_.url),
            .reason = pager.shrank()
                          ? std::string("records were deleted while the listing was read")
                          : fmt::format("the API says there are {} records and gave {}",
                                        *pager.total(), keys_->size())});
  }
  check_cap();
}

void Listing::check_cap() {
  if (!source_.cap || records_ < static_cast<std::uint64_t>(*source_.cap)) return;
  std::string say = source_.cap_say;
  if (say.empty()) say = fmt::format("the API gives no more than {} records", *source_.cap);
  broken({.url = safe_url(request_.url), .reason = say});
}

bool Listing::take(RawJson& json, std::string raw) {
  ListedRecord listed;
  try {
    listed = stream_.reader.look(json, raw, names_.scope());
  } catch (const Error& error) {
    if (keys_) keys_->insert(raw);
    bad_record(error.what());
    return true;
  }
  if (keys_ && !keys_->insert(listed.key.empty() ? raw : listed.key)) return true;
  if (!listed.keep) return false;
  if (listed.key.empty()) {
    bad_record("a record without an id");
    return true;
  }
  stream_.old_gaps.saw(listed.key);
  if (stream_.seen && !stream_.seen->insert(listed.key))
    parts_.sink.named(stream_.model.name, listed.key, place_.scope);
  else if (!stream_.model.detail)
    deliver(json, std::move(raw), listed);
  else if (!keep_unchanged(raw, listed))
    ask_detail(std::move(raw), listed);
  return true;
}

void Listing::ask_detail(std::string raw, const ListedRecord& listed) {
  ++parts_.fetcher.totals().planned;
  group_.run(
      [this, raw = std::move(raw), listed]() mutable { read_detail(std::move(raw), listed); });
}

bool Listing::keep_unchanged(const std::string& raw, const ListedRecord& listed) {
  const auto& plan = stream_.plan;
  // A git repository moves without its record.
  if (!plan.trust || listed.mark.empty() || !stream_.model.git.empty() ||
      plan.gap_keys.contains(listed.key))
    return false;
  const std::string& name = stream_.model.name;
  if (parts_.sink.prior_mark(name, listed.key) != listed.mark) return false;
  if (!parts_.sink.keep(name, listed.key)) return false;
  parts_.sink.named(name, listed.key, place_.scope);
  ++stream_.counters.records;
  ++parts_.fetcher.totals().records;
  if (stream_.on_parent) stream_.on_parent(listed.key, raw, Change::unchanged);
  return true;
}

void Listing::read_detail(std::string raw, const ListedRecord& listed) {
  Ask question;
  std::vector<std::string> found;
  RawJson json;
  try {
    Names with_record(&names_.scope());
    with_record.set("record", parse_json(raw));
    question.request = finish_request(
        render_request(*stream_.model.detail, parts_.context, with_record.scope()), parts_.context);
  } catch (const Error& error) {
    return broken({.key = listed.key, .reason = error.what()});
  }
  question.stream = &stream_.counters;
  question.check = [&](const HttpResponse& response) -> std::optional<std::string> {
    try {
      found = select_records(json, response.body, {stream_.model.detail_record}, std::nullopt);
      if (found.size() != 1) return "the answer is no single record";
      if (stream_.reader.key(json, found[0], names_.scope()) == listed.key) return std::nullopt;
      return "the answer is another record";
    } catch (const Error& error) {
      return error.what();
    }
  };
  Fetched fetched = parts_.fetcher.fetch(std::move(question), parts_.stop);
  if (fetched.kind == Fetched::Kind::good) return deliver(json, std::move(found[0]), listed);
  if (fetched.kind == Fetched::Kind::empty) return deliver(json, std::move(raw), listed);
  parts_.sink.keep(stream_.model.name, listed.key);
  if (stream_.on_parent) stream_.on_parent(listed.key, raw, Change::changed);
  broken(
      {.key = listed.key, .url = fetched.url, .status = fetched.status, .reason = fetched.reason});
}

void Listing::deliver(RawJson& json, std::string raw, const ListedRecord& listed) {
  Record record;
  try {
    record = stream_.reader.make(json, raw, listed, place_, names_.scope());
  } catch (const Error& error) {
    return bad_record(fmt::format("{}: {}", listed.key, error.what()));
  }
  Change change = parts_.sink.record(std::move(record));
  ++stream_.counters.records;
  ++parts_.fetcher.totals().records;
  if (stream_.on_parent) stream_.on_parent(listed.key, raw, change);
  if (!stream_.files.has_any()) return;
  // A run that is stopped on the way throws, or skips this task: the record is not done then.
  group_.run([this, raw = std::move(raw), key = listed.key] {
    stream_.files.read(
        key, raw, names_.scope(),
        [this](Gap gap) {
          file_gap_ = true;
          stream_.gap(std::move(gap), place_.scope);
        },
        parts_.stop);
    if (!parts_.stop.stop_requested()) parts_.sink.record_done(stream_.model.name, key);
  });
}

void Listing::broken(Gap gap) {
  broken_ = true;
  stream_.gap(std::move(gap), place_.scope);
}

void Listing::bad_record(const std::string& why) {
  std::lock_guard lock(mutex_);
  if (bad_records_++ == 0) first_bad_ = why;
}

void Listing::report_bad_records() {
  if (bad_records_ == 0) return;
  broken({.url = safe_url(request_.url),
          .reason = bad_records_ == 1 ? "unreadable record: " + first_bad_
                                      : fmt::format("{} unreadable records, the first: {}",
                                                    bad_records_, first_bad_)});
}

void Listing::remember_validators() {
  if (request_name_.empty() || pages_ != 1 || broken_ || file_gap_) return;
  if (validators_.etag.empty() && validators_.last_modified.empty()) return;
  parts_.sink.remember(request_name_, validators_);
}

}  // namespace probackup
