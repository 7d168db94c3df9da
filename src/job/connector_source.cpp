#include "job/connector_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "connector/model.h"
#include "engine/context.h"
#include "engine/records.h"
#include "job/settings.h"
#include "util/hash.h"
#include "util/log.h"
#include "util/raw_json.h"
#include "util/text.h"

namespace probackup {
namespace {

class ConnectorDescriber final : public RecordDescriber {
 public:
  explicit ConnectorDescriber(const Connector& connector) : connector_(connector) {
    for (const auto& stream : connector_.model().streams) readers_.emplace(stream.name, stream);
    // Titles and links are made from the record alone; what a run knows besides is not known here.
    for (const char* name : {"config", "parent", "body", "item", "account"})
      names_.set(name, nullptr);
  }

  void describe(Record& record) override {
    auto reader = readers_.find(record.stream);
    if (reader == readers_.end()) return describe_plainly(record);
    try {
      ListingPlace place{record.scope, record.parent_stream, record.parent};
      ListedRecord listed = reader->second.look(json_, record.raw, names_.scope());
      Record made = reader->second.make(json_, record.raw, listed, place, names_.scope());
      record.compare = std::move(made.compare);
      record.mark = std::move(made.mark);
      record.title = std::move(made.title);
      record.url = std::move(made.url);
      record.text = std::move(made.text);
      record.webhook = made.webhook;
    } catch (const Error&) {
      describe_plainly(record);  // written by another version of the connector
    }
  }

 private:
  static void describe_plainly(Record& record) {
    Id hash = sha256(record.raw);
    record.compare.assign(reinterpret_cast<const char*>(hash.bytes.data()), 16);
  }

  Connector connector_;
  std::map<std::string, RecordReader> readers_;
  Names names_;
  RawJson json_;
};

}  // namespace

std::unique_ptr<RecordDescriber> connector_describer(const Connector& connector) {
  return std::make_unique<ConnectorDescriber>(connector);
}

ConnectorSource::ConnectorSource(Connector connector, SourceRef source, nlohmann::json settings,
                                 Http& http, Clock& clock, AccessTokens* tokens,
                                 std::vector<Token> more)
    : connector_(std::move(connector)),
      source_(std::move(source)),
      settings_(std::move(settings)),
      http_(http),
      clock_(clock),
      tokens_(tokens),
      more_(std::move(more)),
      describer_(connector_describer(connector_)) {}

ConnectorSource::~ConnectorSource() = default;

std::unique_ptr<Engine> ConnectorSource::engine(const Choice& choice) {
  EngineOptions options;
  options.account = source_.account;
  options.settings = &settings_;
  options.only = choice.only;
  options.exclude = choice.exclude;
  options.full = choice.full;
  options.concurrency = choice.concurrency;
  options.wait_max = choice.wait_max;
  options.tokens = tokens_;
  for (const auto& token : more_) options.more.push_back({token.name, &token.settings});
  return std::make_unique<Engine>(connector_, options, http_, clock_);
}

ConnectorSource::Checked ConnectorSource::check_token(const std::string& name,
                                                      const nlohmann::json& settings,
                                                      AccessTokens* tokens, std::stop_token stop) {
  EngineOptions options;
  options.account = source_.account;
  options.settings = &settings;
  options.tokens = tokens;
  Checked out{name, {}, {}, {}};
  try {
    out.result = Engine(connector_, options, http_, clock_).check(stop);
  } catch (const QuotaUsedUp& pause) {
    out.problem = pause.what();
    out.resting_until = pause.until();
  } catch (const NetworkError&) {
    throw;
  } catch (const Error& error) {
    // The first token's trouble is the run's.
    if (name.empty() || error.kind() != ErrorKind::failed) throw;
    out.problem = error.what();
  }
  return out;
}

CheckResult ConnectorSource::check(std::stop_token stop) {
  checked_ = {check_token("", settings_, tokens_, stop)};
  for (const auto& token : more_)
    checked_.push_back(check_token(token.name, token.settings, nullptr, stop));
  const Checked& first = checked_.front();
  // While the first one rests, the account's own name is all that the others can be held against.
  const std::string account = first.problem.empty() ? first.result.account : source_.account;
  const Checked* good = nullptr;
  for (auto& one : checked_) {
    if (one.problem.empty() && one.result.account != account)
      one.problem =
          fmt::format("it is of the account {}, and not of {}", one.result.account, account);
    if (one.problem.empty() && !good) good = &one;
    if (one.problem.empty() || &one == &first) continue;
    std::erase_if(more_, [&](const Token& token) { return token.name == one.name; });
    if (!one.resting_until)
      log_warning(
          fmt::format("{}: the token {} is left out: {}", source_.text(), one.name, one.problem));
  }
  if (!good) {
    Time now = clock_.now(), until = *first.resting_until;
    for (const auto& one : checked_) until = std::min(until, one.resting_until.value_or(until));
    throw QuotaUsedUp(first.problem, now, until - now);
  }
  if (source_.account.empty())
    source_.account = good->result.account.empty() ? "default" : good->result.account;
  return good->result;
}

BackupSource ConnectorSource::backup_source(const Choice& choice,
                                            std::function<void(const EngineProgress&)> progress) {
  BackupSource out;
  out.source = source_;
  out.title = connector_.title();
  out.version = connector_.version();
  out.settings = public_settings(connector_, settings_).dump();
  out.describer = describer_.get();
  for (const auto& stream : connector_.model().streams) {
    BackupSource::Stream described;
    described.name = stream.name;
    described.has_files = !stream.files.empty();
    described.is_container = stream.folder;
    described.title = stream.title.empty() ? stream.name : stream.title;
    described.parents = connector_.parents(stream.name);
    for (const auto& from : stream.sources)
      for (const auto& above : from.each) described.listed_below.push_back(above);
    out.streams.push_back(std::move(described));
  }
  std::shared_ptr<Engine> engine = this->engine(choice);
  engine->on_progress(std::move(progress));
  out.feed = [engine](BackupSink& sink, std::stop_token stop) { engine->run(sink, stop); };
  return out;
}

std::vector<Engine::Visible> ConnectorSource::visible(std::stop_token stop) {
  return engine({})->visible(stop);
}

std::vector<Engine::Estimate> ConnectorSource::estimate(const Choice& choice,
                                                        std::stop_token stop) {
  return engine(choice)->estimate(stop);
}

}  // namespace probackup
