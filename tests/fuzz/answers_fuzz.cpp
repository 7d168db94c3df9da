// An app's answers as the engine sees them: pages of every kind, errors, waits, quotas, files. A
// run over them ends after few requests; it hands on only records that an answer held, tells a gap
// where something is missing, and shows its token to no other host. The first byte chooses the
// connector.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "answers.h"
#include "fuzz.h"
#include "http/url.h"
#include "probackup/connector.h"
#include "probackup/engine.h"
#include "unit/engine/memory_sink.h"
#include "util/raw_json.h"
#include "util/text.h"

using namespace probackup;
using fuzz::accepts;
using fuzz::require;

namespace {

constexpr const char* token = "s3cret-token-of-the-account";
constexpr const char* host = "https://api.notes.example";

// One listing of each kind, and one connector that uses everything else.
const char* const stream_texts[] = {
    R"({"items":{"get":"/items","records":"data","page":{"by":"cursor","next":"${body.next}",
        "into":"query.after","size":"limit=2"}}})",
    R"({"items":{"get":"/items","records":"data","page":{"by":"url","next":"${body.links.next}"}}})",
    R"({"items":{"get":"/items","page":{"by":"link"}}})",
    R"({"items":{"get":"/items","records":["data[*].notes","data"],
        "page":{"by":"number","into":"query.page","size":"limit=2","total":"${body.total}"}}})",
    R"({"items":{"get":"/items","records":"data","page":{"by":"offset","into":"query.offset",
        "size":"limit=2","more":"${body.more}","total":"${headers['x-total'] | number}"}}})",
    R"({"items":{"graphql":["query($a:String){items(after:$a){nodes{id} next}}"],
        "records":"data.items.nodes","page":{"by":"cursor","next":"${body.data.items.next}",
        "into":"vars.a"}}})",
    R"json({"boards":{"get":"/boards","records":"data","page":{"by":"link"},"changed":"updated","name":"name",
         "url":"${record.html_url}"},
        "cards":{"each":"boards","get":"/boards/${parent.id}/cards","records":"data","missing_is_empty":true,
         "page":{"by":"cursor","next":"${last.id}","into":"query.before","size":"limit=2"},
         "volatile":["views","list[*].x"],"text":["desc"],
         "detail":{"get":"/cards/${record.id}","record":"card"},
         "files":[{"each":"attachments","id":"${item.id}","name":"${item.name}",
           "size":"${item.bytes}","get":"${item.url}"}],
         "git":[{"id":"${record.repo}","url":"${record.clone_url}","if":"${record.repo}"}]}})json",
    R"({"items":{"get":"/items","records":"data","conditional":true,"wrap":"name","id":"name",
        "since":{"into":"query.since","full_every":"7d"}},
        "notes":{"each":"items","get":"/items/${parent.name | url}/notes","reuse_if_unchanged":true,
        "page":{"by":"cursor","next":"${body.next}","into":"header.X-After"}}})",
};

Connector make(const char* streams) {
  nlohmann::json file = {{"connector", 1},
                         {"app", "notes"},
                         {"title", "Notes"},
                         {"version", "1.0"},
                         {"config", {{"token", {{"help", "Token"}, {"secret", true}}}}},
                         {"auth", {{"kind", "bearer"}, {"token", "${config.token}"}}},
                         {"http",
                          {{"base", std::string(host) + "/v1"},
                           {"concurrency", 1},
                           {"quota",
                            {{"remaining", "${headers['x-remaining'] | number}"},
                             {"reset", "${headers['x-reset']}"},
                             {"floor", 1}}}}},
                         {"errors",
                          {{{"when", "${status == 402}"},
                            {"do", "retry"},
                            {"wait", "${body.wait ?: headers['x-wait']}"},
                            {"tries", 2},
                            {"say", "pay: ${body.message}"}},
                           {{"when", "${status == 200 && body.error}"},
                            {"do", "gap"},
                            {"say", "${body.error.text}"}}}},
                         {"defaults", {{"id", "id"}}},
                         {"streams", nlohmann::json::parse(streams)}};
  file["http"]["graphql"] = "/graphql";
  return Connector::parse(file.dump(), "notes.json");
}

const Connector& connector(std::size_t number) {
  static const std::vector<Connector> all = [] {
    std::vector<Connector> out;
    for (const char* streams : stream_texts) out.push_back(make(streams));
    return out;
  }();
  return all[number % all.size()];
}

// Sleeping moves it, and it never waits.
class SkippingClock final : public Clock {
 public:
  Time now() override { return Time{std::chrono::seconds{1'700'000'000}} + steady(); }
  std::chrono::nanoseconds steady() override { return std::chrono::nanoseconds{passed_}; }
  bool sleep(std::chrono::nanoseconds duration, std::stop_token stop) override {
    require(duration >= std::chrono::nanoseconds{0} && duration <= std::chrono::hours(3),
            "a wait without sense");
    passed_ += duration.count();
    return !stop.stop_requested();
  }

 private:
  std::atomic<std::int64_t> passed_{0};
};

// An app that says it has a billion records is asked for many pages: such a run is stopped here.
constexpr std::size_t requests_max = 3000;

// Gives the answers of the script in turn, then an empty one for ever.
class ScriptedHttp final : public Http {
 public:
  std::stop_source stop;
  explicit ScriptedHttp(std::vector<HttpResponse> answers) : answers_(std::move(answers)) {}

  HttpResponse send(const HttpRequest& request, std::stop_token) override {
    std::lock_guard lock(mutex_);
    look_at(request);
    HttpResponse response{200, {}, R"({"data":[]})", ""};
    if (turn_ < answers_.size()) response = answers_[turn_];
    if (++turn_ == requests_max) stop.request_stop();
    require(turn_ < requests_max + 100, "a run that does not end when it is stopped");
    if (response.status == 0) throw NetworkError("the connection was cut", turn_ % 2 == 0);
    response.url = request.url;
    if (request.sink && response.status >= 200 && response.status < 300)
      request.sink(std::exchange(response.body, ""));
    return response;
  }

 private:
  void look_at(const HttpRequest& request) const {
    auto url = parse_url(request.url);
    require(url && !url->host.empty(), "a request that goes nowhere: " + request.url);
    require(request.url.find_first_of(std::string_view(" \r\n\t\0", 5)) == std::string::npos,
            "a URL that cuts its request");
    bool own = url_origin(request.url) == host;
    bool with_token = request.url.find(token) != std::string::npos ||
                      request.body.find(token) != std::string::npos;
    for (const auto& [name, value] : request.headers) {
      with_token |= value.find(token) != std::string::npos;
      require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos ||
                  !request.secret_headers.empty(),
              "a header of several lines");
    }
    require(own || !with_token, "the token goes to " + request.url);
  }

  std::mutex mutex_;
  const std::vector<HttpResponse> answers_;
  std::size_t turn_ = 0;
};

// What the answers can hold at most: each as one line, so that records are found in it.
std::vector<std::string> lines_of(const std::vector<HttpResponse>& answers) {
  std::vector<std::string> out;
  RawJson parser;
  for (const auto& answer : answers)
    accepts([&] { out.emplace_back(parser.prepare(answer.body)); });
  return out;
}

void look_at_records(const Connector& connector, const MemorySink& sink,
                     const std::vector<std::string>& lines) {
  for (const auto& name : connector.streams())
    for (const auto& [key, raw] : sink.raws(name)) {
      require(!key.empty() && key.size() <= 1024, "a record without a proper key");
      require(raw.find('\n') == std::string::npos, "a record of several lines");
      // What is no object is wrapped into one: {"name":"bug"}.
      std::string_view inside(raw);
      bool wrapped = inside.starts_with("{\"name\":");
      if (wrapped) inside = inside.substr(8, inside.size() - 9);
      bool held = std::ranges::any_of(
          lines, [&](const std::string& line) { return line.find(inside) != std::string::npos; });
      require(held, "a record that no answer held: " + raw);
    }
}

// Every record that the run wrote is of use to the next one, and what could not be read is told.
// `lines`: of this run's answers and those of the runs before.
void run(const Connector& connector, MemorySink& sink, std::vector<HttpResponse> answers,
         const std::vector<std::string>& lines) {
  nlohmann::json settings = {{"token", token}};
  EngineOptions options;
  options.account = "acme";
  options.settings = &settings;
  SkippingClock clock;
  ScriptedHttp http(std::move(answers));
  Engine engine(connector, options, http, clock);
  bool done = accepts([&] {
    try {
      engine.run(sink, http.stop.get_token());
    } catch (const Error& error) {
      require(!std::string_view(error.what()).starts_with("listed twice"), error.what());
      throw;
    }
  });
  look_at_records(connector, sink, lines);
  for (const auto& gap : sink.gaps()) {
    require(!gap.reason.empty() && !gap.stream.empty(), "a gap that says nothing");
    require((gap.url + gap.reason).find(token) == std::string::npos, "the token is in a gap");
  }
  if (!done) return;
  for (const auto& name : connector.streams()) {
    const auto& result = sink.stream(name).result;
    bool has_gap =
        std::ranges::any_of(sink.gaps(), [&](const Gap& gap) { return gap.stream == name; });
    require(result.complete == !has_gap, "complete is who has no gap: " + name);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const Connector& chosen = connector(input.byte());
  auto answers = fuzz::parse_answers(input);
  // The same script twice: a first run, and one that knows what the first one left.
  MemorySink sink;
  auto lines = lines_of(answers);
  run(chosen, sink, answers, lines);
  sink.next_run();
  auto half = answers.begin() + static_cast<std::ptrdiff_t>(answers.size() / 2);
  run(chosen, sink, {half, answers.end()}, lines);
  return 0;
}
