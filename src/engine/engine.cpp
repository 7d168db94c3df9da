#include "probackup/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>

#include "engine/answer.h"
#include "engine/estimate.h"
#include "engine/request.h"
#include "engine/schedule.h"
#include "engine/selection.h"
#include "engine/visible.h"
#include "engine/walk.h"
#include "probackup/signin.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr unsigned concurrency_max = 64;

unsigned concurrency_of(const ConnectorModel& model, const EngineOptions& options) {
  unsigned wanted = options.concurrency > 0 ? options.concurrency : model.concurrency;
  return std::clamp(wanted, 1u, concurrency_max);
}

std::vector<std::string> split_scopes(const std::string& text) {
  std::vector<std::string> out;
  for (const auto& part : split(text, ','))
    if (auto name = trim(part); !name.empty()) out.emplace_back(name);
  return out;
}

// What the token lacks; nothing where the app does not say what it may do.
std::vector<ScopeNeed> missing_scopes(const ConnectorModel& model,
                                      const std::vector<std::string>& granted) {
  std::vector<ScopeNeed> out;
  if (granted.empty()) return out;
  auto has = [&](const std::string& scope) {
    return std::find(granted.begin(), granted.end(), scope) != granted.end();
  };
  for (const auto& [scopes, purpose] : model.check_needs) {
    auto any = split(scopes, '|');
    if (std::none_of(any.begin(), any.end(), has)) out.push_back({any.front(), purpose});
  }
  return out;
}

bool is_below(const SourceModel& source) {
  return !source.each.empty();
}

// The streams with their sources that need no parent; those without any are left out.
std::vector<StreamModel> top_listings(const std::vector<const StreamModel*>& streams) {
  std::vector<StreamModel> tops;
  for (const StreamModel* stream : streams) {
    std::erase_if(tops.emplace_back(*stream).sources, is_below);
    tops.back().detail.reset();
    for (auto& source : tops.back().sources) source.feed.reset();
    if (tops.back().sources.empty()) tops.pop_back();
  }
  return tops;
}

}  // namespace

struct Engine::State {
  State(const Connector& connector, const EngineOptions& engine_options, Http& network,
        Clock& used_clock)
      : model(connector.model()),
        options(engine_options),
        http(network),
        clock(used_clock),
        concurrency(concurrency_of(model, engine_options)) {}

  std::vector<const StreamModel*> chosen_streams() const {
    return select_streams(model, options.only, options.exclude);
  }

  // Everything that one call of a public method needs.
  struct Run {
    Run(State& state, bool full)
        : context(state.model, with_full(state.options, full), state.clock.now()),
          more(more_contexts(state, context)),
          fetcher(
              context, state.http, state.clock, state.concurrency,
              [&state, this](const Counters* stream) { state.report(fetcher, stream); },
              pointers(more)) {}
    static EngineOptions with_full(EngineOptions options, bool full) {
      options.full |= full;
      return options;
    }
    using Contexts = std::vector<std::unique_ptr<RunContext>>;
    static Contexts more_contexts(State& state, const RunContext& first) {
      Contexts out;
      for (const auto& token : state.options.more) {
        EngineOptions options = state.options;
        options.settings = token.settings;
        options.tokens = nullptr;
        out.push_back(std::make_unique<RunContext>(state.model, options, state.clock.now()));
        if (out.back()->base() != first.base())
          throw Error(ErrorKind::usage, fmt::format("the token {} is for another server: {}",
                                                    token.name, safe_url(out.back()->base())));
      }
      return out;
    }
    static std::vector<const RunContext*> pointers(const Contexts& contexts) {
      std::vector<const RunContext*> out;
      for (const auto& context : contexts) out.push_back(context.get());
      return out;
    }
    RunContext context;
    Contexts more;
    Fetcher fetcher;
  };

  void report(Fetcher& fetcher, const Counters* stream);
  void read(Run& run, const std::vector<const StreamModel*>& streams, BackupSink& sink,
            std::stop_token stop);

  const ConnectorModel& model;
  const EngineOptions options;
  Http& http;
  Clock& clock;
  const unsigned concurrency;
  std::atomic<std::uint64_t> requests{0};
  std::mutex mutex;  // guards progress, which is called under it
  std::function<void(const EngineProgress&)> progress;
};

void Engine::State::report(Fetcher& fetcher, const Counters* stream) {
  ++requests;
  std::lock_guard lock(mutex);
  if (!progress) return;
  const Counters& totals = fetcher.totals();
  EngineProgress now;
  if (stream) now.stream = stream->stream;
  now.requests = totals.requests;
  now.records = totals.records;
  now.files = totals.files;
  now.bytes = totals.bytes;
  if (totals.planned > totals.requests) now.expected_requests = totals.planned;
  now.paused = fetcher.pause();
  progress(now);
}

void Engine::State::read(Run& run, const std::vector<const StreamModel*>& streams, BackupSink& sink,
                         std::stop_token stop) {
  std::stop_source all;
  std::stop_callback link(stop, [&] { all.request_stop(); });
  // Threads that wait for each other hold no slot of the network, so more of them keep it busy.
  Workers workers(2 * concurrency);
  RunParts parts{run.context, run.fetcher, sink, workers, 2 * concurrency, all.get_token()};
  Time now = clock.now();
  run_streams(
      streams,
      [&](const StreamModel& stream, bool parents_complete) {
        return read_stream(parts, stream, parents_complete, now).complete;
      },
      [&] { all.request_stop(); });
  if (stop.stop_requested()) throw Error(ErrorKind::interrupted, "interrupted");
}

Engine::Engine(const Connector& connector, const EngineOptions& options, Http& http, Clock& clock)
    : state_(std::make_unique<State>(connector, options, http, clock)) {}

Engine::~Engine() = default;

CheckResult Engine::check(std::stop_token stop) {
  State::Run run(*state_, false);
  CheckResult result;
  const ConnectorModel& model = state_->model;
  if (!model.check) return result;
  Ask ask;
  ask.request =
      finish_request(render_request(*model.check, run.context, run.context.scope()), run.context);
  ask.check = [&](const HttpResponse& response) -> std::optional<std::string> {
    AnswerNames names(run.context.scope(), response, true);
    if (names.scope().find("body")->is_structured()) return std::nullopt;
    return "the answer is no JSON";
  };
  Fetched fetched = run.fetcher.fetch(std::move(ask), stop);
  if (fetched.kind != Fetched::Kind::good)
    throw Error(
        fmt::format("{}: {}: {}", model.title, fetched.reason, fetched.url),
        fmt::format("check the address and the credentials: probackup auth list {}", model.app));
  AnswerNames names(run.context.scope(), fetched.response, true);
  if (model.check_account) result.account = model.check_account->text(names.scope());
  if (model.check_show) result.who = model.check_show->text(names.scope());
  if (model.check_scopes) result.scopes = split_scopes(model.check_scopes->text(names.scope()));
  bool by_app = false;  // it has permissions, which are named otherwise
  if (AccessTokens* tokens = state_->options.tokens) {
    SignIn sign_in = tokens->state();
    if (result.scopes.empty()) result.scopes = sign_in.scopes;
    by_app = sign_in.way == SignIn::Way::app;
  }
  if (!by_app) result.missing = missing_scopes(model, result.scopes);
  return result;
}

void Engine::run(BackupSink& sink, std::stop_token stop) {
  auto streams = state_->chosen_streams();
  State::Run run(*state_, false);
  state_->read(run, streams, sink, stop);
}

std::vector<Engine::Estimate> Engine::estimate(std::stop_token stop) {
  auto streams = state_->chosen_streams();
  State::Run run(*state_, true);
  auto tops = top_listings(streams);
  std::vector<const StreamModel*> readable;
  for (const auto& stream : tops) readable.push_back(&stream);

  EstimateSink sink(run.context, streams);
  state_->read(run, readable, sink, stop);
  auto asked = sink.asked(), caused = sink.caused();
  std::vector<Estimate> out;
  for (const StreamModel* stream : streams) {
    bool exact = parents_of(*stream).empty() &&
                 std::none_of(stream->sources.begin(), stream->sources.end(),
                              [](const SourceModel& source) { return !source.each.empty(); });
    out.push_back({stream->name, asked[stream->name] + caused[stream->name], exact});
  }
  return out;
}

std::vector<Engine::Visible> Engine::visible(std::stop_token stop) {
  State::Run run(*state_, true);
  auto tops = top_listings(state_->chosen_streams());
  std::vector<const StreamModel*> readable;
  for (auto& stream : tops) {
    stream.files.clear();
    stream.git.clear();
    readable.push_back(&stream);
  }
  VisibleSink sink;
  state_->read(run, readable, sink, stop);
  auto out = sink.take();
  for (auto& seen : out) {
    const auto& sources = state_->model.stream(seen.stream)->sources;
    seen.whole = std::none_of(sources.begin(), sources.end(), is_below);
  }
  return out;
}

void Engine::on_progress(std::function<void(const EngineProgress&)> callback) {
  std::lock_guard lock(state_->mutex);
  state_->progress = std::move(callback);
}

std::uint64_t Engine::requests() const {
  return state_->requests;
}

}  // namespace probackup
