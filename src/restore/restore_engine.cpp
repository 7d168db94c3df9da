// Runs the steps of a restore, one thing after the other.
#include <fmt/format.h>

#include <list>
#include <set>
#include <span>

#include "connector/model.h"
#include "restore/compare.h"
#include "restore/make.h"
#include "restore/plan.h"
#include "util/text.h"

namespace probackup {
namespace {

using nlohmann::json;
using State = JournalEntry::State;

constexpr unsigned failures_in_row_max = 20;

const RestoreModel& model_of(const Connector& connector) {
  if (connector.model().restore) return *connector.model().restore;
  throw Error(
      ErrorKind::usage,
      fmt::format("{} takes nothing back: its API cannot, or its connector does not say how",
                  connector.title()),
      fmt::format("probackup connector show {} says why; restore to files instead: "
                  "probackup restore SNAPSHOT --target DIR",
                  connector.app()));
}

EngineOptions engine_options(const RestoreOptions& options) {
  EngineOptions out;
  out.account = options.account;
  out.settings = options.settings;
  out.tokens = options.tokens;
  out.wait_max = options.wait_max;
  return out;
}

json target_settings(const Connector& connector, const RestoreOptions& options) {
  const auto& declared = model_of(connector).target;
  json out = json::object();
  std::vector<std::string> names;
  for (const auto& setting : declared) {
    names.push_back(setting.name);
    auto given = options.target.find(setting.name);
    json& value = out[setting.name];
    if (given != options.target.end())
      value = setting.list ? json(split(given->second, ',')) : json(given->second);
    else if (!setting.default_value.empty())
      value = setting.default_value;
    else if (!setting.optional)
      throw Error(ErrorKind::usage,
                  fmt::format("{}: {} is not set", connector.title(), setting.name),
                  fmt::format("{}: --set {}=VALUE", setting.help, setting.name));
  }
  for (const auto& [name, value] : options.target)
    if (!out.contains(name))
      throw Error(ErrorKind::usage,
                  fmt::format("a restore into {} has no setting {}{}", connector.title(), name,
                              did_you_mean(name, names)),
                  names.empty() ? "it takes none" : "settings: " + join(names, ", "));
  return out;
}

std::vector<RateRule> write_rules(const RestoreModel& model) {
  std::vector<RateRule> rules;
  for (const auto& limit : model.limits)
    rules.push_back({limit.match, {limit.count, limit.window}});
  return rules;
}

void check_known(const RestoreModel& model, const RestoreOptions& options) {
  std::vector<std::string> kinds;
  for (const auto& step : model.steps) {
    kinds.push_back(step.make);
    for (const auto& also : step.also) kinds.push_back(also.map);
  }
  for (const auto& [name, id] : options.known) {
    std::string kind = name.substr(0, name.find('/'));
    bool good = kind.size() < name.size() && !id.empty() &&
                std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    if (!good)
      throw Error(ErrorKind::usage,
                  fmt::format("{}={}: no kind and id{}", name, id, did_you_mean(kind, kinds)),
                  "write KIND/OLD-ID=NEW-ID with a kind of " + join(kinds, ", "));
  }
}

// Not refused: it waits for another thing, or for its turn.
bool is_waiting(const JournalEntry& entry) {
  return entry.state == State::failed && entry.notes.empty();
}

// Whether the next run may find it made, or make it.
bool is_open(const JournalEntry& entry) {
  return entry.state == State::sent || is_waiting(entry);
}

// What waited for another thing that turned out to bring it along is not to be made any more.
void forget_needless(RestoreJournal& journal, const StepModel& step, const StepItems& items) {
  std::set<std::string> needless;
  journal.each(step.make, [&](const JournalEntry& entry) {
    if (is_waiting(entry)) needless.insert(entry.old_id);
    return true;
  });
  for (std::size_t i = 0; !needless.empty() && i < items.size(); ++i)
    needless.erase(items.old_id_at(i));
  for (const auto& old_id : needless) journal.remove(step.make, old_id);
}

// How many steps from this one on share a sequence.
std::size_t together(const std::vector<StepModel>& steps, std::size_t i) {
  std::size_t count = 1;
  while (!steps[i].sequence.empty() && i + count < steps.size() &&
         steps[i + count].sequence == steps[i].sequence)
    ++count;
  return count;
}

}  // namespace

struct RestoreEngine::State {
  State(const Connector& made_from, const RestoreOptions& wanted, RestoreSource& from,
        RestoreJournal& written, Http& network, Clock& time)
      : connector(made_from),
        options(wanted),
        context(connector.model(), engine_options(wanted), time.now()),
        names(&context.scope()),
        fetcher(context, network, time, 1, [this](const Counters*) { report(); }),
        writes(rate_limiter(write_rules(model_of(connector)), 0, time)),
        parts{model_of(connector),
              options,
              context,
              names.scope(),
              fetcher,
              *writes,
              from,
              written,
              time} {
    check_known(parts.model, options);
    names.set("target", target_settings(connector, options));
    nlohmann::json seen = *context.scope().find("options");
    seen.update({{"notify", options.notify},
                 {"same_account", options.same_account},
                 {"restore", options.id}});
    names.set("options", std::move(seen));
  }

  const StreamModel* stream(const StepModel& step) const {
    return connector.model().stream(step.from);
  }
  void report();
  void choose(RestoreRefs& refs);
  // Steps that share a sequence, or one alone.
  void run_steps(std::span<const StepModel> steps, RestoreMaker& maker, const Scope& scope,
                 std::stop_token stop);
  // False when something of it is left to be done.
  bool finish_step(const StepModel& step, RestoreMaker& maker, const Scope& scope,
                   std::stop_token stop);
  bool is_any_open() const;
  void count(const JournalEntry& entry, const std::string& trouble);
  std::string remove(const StepModel& step, const JournalEntry& entry, RestoreSender& sender,
                     std::stop_token stop);

  const Connector connector;
  const RestoreOptions options;
  RunContext context;
  Names names;
  Fetcher fetcher;
  std::unique_ptr<RateLimiter> writes;
  RestoreParts parts;
  RestoreProgress progress;
  unsigned failures_in_row = 0;
  std::function<void(const RestoreProgress&)> on_progress;
};

void RestoreEngine::State::report() {
  progress.requests = fetcher.totals().requests;
  progress.paused = std::max(fetcher.pause(), writes->pause());
  if (on_progress) on_progress(progress);
}

// What is to be made, before the first of it is: `ref` must know it, and links may lead to it.
void RestoreEngine::State::choose(RestoreRefs& refs) {
  PlanReferences guess;
  Names planning(&names.scope());
  planning.set_references(&guess);
  progress.items_expected = progress.items = 0;
  for (const auto& step : parts.model.steps) {
    StepItems items(step, stream(step), planning.scope(), parts.source);
    items.each([&](RestoreItem& item) {
      refs.choose(step.make, item.old_id(), item.old_url());
      ++progress.items_expected;
      return true;
    });
  }
}

void RestoreEngine::State::count(const JournalEntry& entry, const std::string& trouble) {
  using Entry = JournalEntry::State;
  ++progress.items;
  bool failed = entry.state == Entry::failed || entry.state == Entry::sent;
  if (!failed && entry.state != Entry::lost) failures_in_row = 0;
  if (failed && ++failures_in_row >= failures_in_row_max)
    throw Error(fmt::format("{}: {} things in a row could not be made; the last one, {} {}: {}",
                            connector.title(), failures_in_row, entry.kind, entry.old_id, trouble),
                "the cause is likely the same for all: mend it, then go on with "
                "probackup restore --resume");
}

void RestoreEngine::State::run_steps(std::span<const StepModel> steps, RestoreMaker& maker,
                                     const Scope& scope, std::stop_token stop) {
  struct Line {
    Line(const StepModel& made, const StreamModel* stream, const Scope& scope,
         RestoreSource& source)
        : step(made), items(step, stream, scope, source) {}
    const StepModel& step;
    StepItems items;
    std::size_t next = 0;
  };
  std::list<Line> lines;
  for (const auto& step : steps) {
    lines.emplace_back(step, stream(step), scope, parts.source);
    const StepItems& items = lines.back().items;
    forget_needless(parts.journal, step, items);
    for (const auto& broken : items.broken()) maker.note_broken(step, broken);
  }
  for (;;) {
    Line* first = nullptr;
    for (auto& line : lines) {
      if (line.next == line.items.size()) continue;
      if (!first || comes_first(line.items.order_at(line.next), first->items.order_at(first->next)))
        first = &line;
    }
    if (!first) return;
    progress.kind = first->step.make;
    first->items.at(first->next++, [&](RestoreItem& item) {
      if (stop.stop_requested()) throw Error(ErrorKind::interrupted, "interrupted");
      const JournalEntry entry = maker.make(first->step, item, stop);
      count(entry, maker.last_trouble());
      // What comes after it would take its place.
      if (!first->step.sequence.empty() && is_open(entry))
        throw Error(fmt::format("{}: whether {} {} was made is not known, and what comes after it "
                                "must wait",
                                connector.title(), entry.kind, entry.old_id),
                    "go on with probackup restore --resume");
      return true;
    });
  }
}

bool RestoreEngine::State::is_any_open() const {
  bool out = false;
  parts.journal.each("", [&](const JournalEntry& entry) {
    out = is_open(entry) || entry.state == JournalEntry::State::made;
    return !out;
  });
  return out;
}

bool RestoreEngine::State::finish_step(const StepModel& step, RestoreMaker& maker,
                                       const Scope& scope, std::stop_token stop) {
  if (step.finish.empty() && !step.relink) return true;
  progress.kind = step.make;
  bool is_whole = true;
  StepItems items(step, stream(step), scope, parts.source);
  items.each([&](RestoreItem& item) {
    if (stop.stop_requested()) throw Error(ErrorKind::interrupted, "interrupted");
    is_whole = maker.finish(step, item, stop) && is_whole;
    return true;
  });
  return is_whole;
}

// Why the thing could not be removed; "" when it is gone.
std::string RestoreEngine::State::remove(const StepModel& step, const JournalEntry& entry,
                                         RestoreSender& sender, std::stop_token stop) {
  Names with_new(&names.scope());
  with_new.set("new", {{"id", entry.new_id}, {"url", entry.new_url}});
  with_new.set("old_id", entry.old_id);
  const std::string none;
  try {
    WriteAnswer answer = sender.send(*step.remove, with_new.scope(), {none, none}, false, {}, stop);
    bool gone = answer.kind == WriteAnswer::Kind::good || answer.response.status == 404 ||
                answer.response.status == 410;
    return gone ? "" : answer.reason;
  } catch (const ItemError& error) {
    return error.what();
  } catch (const QuotaUsedUp& pause) {
    return pause.what();
  }
}

RestoreEngine::RestoreEngine(const Connector& connector, const RestoreOptions& options,
                             RestoreSource& source, RestoreJournal& journal, Http& http,
                             Clock& clock)
    : state_(std::make_unique<State>(connector, options, source, journal, http, clock)) {}

RestoreEngine::~RestoreEngine() = default;

RestorePlan RestoreEngine::plan() {
  return plan_restore(state_->connector, state_->parts);
}

RestoreOutcome RestoreEngine::run(std::stop_token stop) {
  LookUps look_ups(state_->parts);
  RestoreRefs refs(state_->parts, look_ups, stop);
  RestoreMaker maker(state_->parts, look_ups, refs);
  Names running(&state_->names.scope());
  running.set_references(&refs);
  RestoreOutcome outcome;
  try {
    state_->choose(refs);
    const auto& steps = state_->parts.model.steps;
    for (std::size_t i = 0, count = 0; i < steps.size(); i += count)
      state_->run_steps(std::span(steps).subspan(i, count = together(steps, i)), maker,
                        running.scope(), stop);
    // What is inside of others first: nothing can be put into what is closed, so nothing is closed
    // while a later run has something to put in.
    bool is_whole = !state_->is_any_open();
    for (auto step = steps.rbegin(); is_whole && step != steps.rend(); ++step)
      is_whole = state_->finish_step(*step, maker, running.scope(), stop);
  } catch (const QuotaUsedUp& pause) {
    outcome.paused_until = pause.until();
    outcome.paused_why = pause.what();
  }
  outcome.requests = state_->fetcher.totals().requests;
  return outcome;
}

RestoreEngine::Comparison RestoreEngine::compare(
    RestoreSource& restored, const std::function<void(const RestoreDifference&)>& each) {
  LookUps look_ups(state_->parts);
  RestoreRefs refs(state_->parts, look_ups, {});
  state_->choose(refs);
  Names comparing(&state_->names.scope());
  comparing.set_references(&refs);
  return compare_restored(state_->connector, state_->parts, comparing.scope(), refs, restored,
                          each);
}

std::vector<std::string> RestoreEngine::remove_made(std::stop_token stop) {
  std::vector<std::string> left;
  RestoreSender sender(state_->parts);
  const auto& steps = state_->parts.model.steps;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if (!step->remove) continue;
    std::vector<JournalEntry> made;
    state_->parts.journal.each(step->make, [&](const JournalEntry& entry) {
      if (!entry.adopted && !entry.new_id.empty()) made.push_back(entry);
      return true;
    });
    for (auto entry = made.rbegin(); entry != made.rend(); ++entry)
      if (auto why = state_->remove(*step, *entry, sender, stop); !why.empty())
        left.push_back(fmt::format("{} {}: {}", entry->kind, entry->new_id, why));
  }
  return left;
}

void RestoreEngine::on_progress(std::function<void(const RestoreProgress&)> callback) {
  state_->on_progress = std::move(callback);
}

}  // namespace probackup
