#include "engine/feed.h"

#include <fmt/format.h>

#include <atomic>
#include <cstring>
#include <unordered_map>

#include "engine/answer.h"
#include "engine/pages.h"
#include "engine/records.h"
#include "util/hash.h"
#include "util/log.h"

namespace probackup {
namespace {

// As the expression finds it in the answer; nothing for null and "".
std::optional<std::string> token_in(const HttpResponse& response, const Expression& expression,
                                    const Scope& names) {
  AnswerNames answer(names, response, true);
  auto token = expression.evaluate(answer.scope());
  if (token.is_null() || token.is_structured() || token == "") return std::nullopt;
  return json_text(token);
}

std::uint64_t digest_of(const std::string& body) {
  Id id = sha256(body);
  std::uint64_t out = 0;
  std::memcpy(&out, id.bytes.data(), sizeof out);
  return out;
}

// The changes so far; what comes last of a record counts.
class Collected {
 public:
  Collected(const FeedModel& model, const Scope& names) : model_(model), names_(names) {}

  void add(RawJson& json, std::string raw) {
    Names names(&names_);
    names.set("record", parse_json(raw));
    FeedChange change;
    change.key = model_.id.text(names.scope());
    if (change.key.empty()) return;  // of something else
    change.gone = model_.gone && model_.gone->holds(names.scope());
    if (!change.gone && model_.detail) {
      change.raw = std::move(raw);
    } else if (!change.gone) {
      auto found = select_records(json, raw, {model_.record}, std::nullopt);
      if (found.size() != 1) throw Error("a change without its record");
      change.raw = std::move(found[0]);
    }
    auto [at, is_new] = places_.try_emplace(change.key, changes_.size());
    if (is_new)
      changes_.push_back(std::move(change));
    else
      changes_[at->second] = std::move(change);
    if (changes_.size() > static_cast<std::size_t>(model_.at_most))
      throw Error("too many changes");
  }
  std::vector<FeedChange> take() { return std::move(changes_); }

 private:
  const FeedModel& model_;
  const Scope& names_;
  std::vector<FeedChange> changes_;
  std::unordered_map<std::string, std::size_t> places_;  // by key
};

}  // namespace

Feed::Feed(const RunParts& parts, Counters& counters, const FeedModel& model, const Scope& names,
           Workers::Group& group)
    : parts_(parts), counters_(counters), model_(model), names_(names), group_(group) {}

// Nothing for what is not as it should be; throws what ends the run.
std::optional<Feed::Page> Feed::ask(const RequestModel& model, const Scope& names,
                                    const std::vector<std::string>& selectors, int status,
                                    Pager* pager, const PageAsk& page) {
  Page out;
  RawJson json;
  Ask question;
  try {
    RequestParts request = render_request(model, parts_.context, names);
    if (pager) pager->apply(page, request);
    question.request = finish_request(std::move(request), parts_.context);
  } catch (const Error& error) {
    give_up(error.what());
    return std::nullopt;
  }
  question.allowed.status = status;
  question.stream = &counters_;
  question.check = [&](const HttpResponse& response) -> std::optional<std::string> {
    try {
      out.records = select_records(json, response.body, selectors, std::nullopt);
      return std::nullopt;
    } catch (const Error& error) {
      return error.what();
    }
  };
  Fetched fetched = parts_.fetcher.fetch(std::move(question), parts_.stop);
  if (fetched.kind != Fetched::Kind::good) {
    give_up(fetched.reason);
    return std::nullopt;
  }
  out.response = std::move(fetched.response);
  return out;
}

void Feed::give_up(const std::string& why) const {
  log_verbose(fmt::format("{}: the app does not say what changed ({}): the whole listing is read",
                          counters_.stream, why));
}

std::optional<std::string> Feed::start() {
  auto page = ask(model_.start, names_, {""}, model_.start_status);
  if (!page) return std::nullopt;
  try {
    return token_in(page->response, *model_.start_token, names_);
  } catch (const Error& error) {
    give_up(error.what());
    return std::nullopt;
  }
}

bool Feed::read_details(std::vector<FeedChange>& changes) {
  std::atomic<bool> all = true;
  SettleAtEnd settle{group_};
  for (FeedChange& change : changes) {
    if (change.gone) continue;
    ++parts_.fetcher.totals().planned;
    group_.run([this, &change, &all] {
      if (!all) return;
      Names names(&names_);
      names.set("record", parse_json(change.raw));
      auto page = ask(*model_.detail, names.scope(), {model_.detail_record});
      if (page && page->records.size() == 1)
        change.raw = std::move(page->records[0]);
      else
        all = false;
    });
  }
  group_.wait();
  return all;
}

void Feed::drop_others(std::vector<FeedChange>& changes) const {
  std::erase_if(changes, [&](const FeedChange& change) {
    if (change.gone) return false;
    Names names(&names_);
    names.set("record", parse_json(change.raw));
    return model_.elsewhere->holds(names.scope());
  });
}

std::optional<Feed::Answer> Feed::read(const std::string& token) {
  Names names(&names_);
  names.set("feed", token);
  Pager pager(model_.page, parts_.context, names.scope());
  Collected collected(model_, names.scope());
  RawJson json;
  Answer out;
  std::optional<PageAsk> next = pager.first();
  while (next) {
    auto page = ask(model_.request, names.scope(), model_.records, 0, &pager, *next);
    if (!page) return std::nullopt;
    try {
      if (model_.whole) {
        AnswerNames answer(names.scope(), page->response, true);
        if (model_.whole->holds(answer.scope())) throw Error("it answers with everything");
      }
      PageSeen seen{&page->response, page->records.size(),
                    page->records.empty() ? "" : page->records.back(),
                    digest_of(page->response.body)};
      pager.saw(seen);
      for (auto& raw : page->records) collected.add(json, std::move(raw));
      next = pager.next(*next, seen);
      if (next) continue;
      auto last = token_in(page->response, *model_.next, names.scope());
      if (!last) throw Error("the last page has no token");
      out.next = *last;
    } catch (const Error& error) {
      give_up(error.what());
      return std::nullopt;
    }
  }
  out.changes = collected.take();
  if (model_.detail && !read_details(out.changes)) return std::nullopt;
  if (model_.elsewhere) drop_others(out.changes);
  return out;
}

}  // namespace probackup
