#include "fake/monday_account.h"

#include <fmt/format.h>

#include <algorithm>

#include "probackup/error.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {

namespace {

constexpr unsigned history_days = 100;
constexpr std::int64_t write_cost = 10'000;

const std::map<std::string, std::string>& types_of_streams() {
  static const std::map<std::string, std::string> types{{"users", "User"},
                                                        {"teams", "Team"},
                                                        {"departments", "Department"},
                                                        {"roles", "AccountRole"},
                                                        {"workspaces", "Workspace"},
                                                        {"folders", "Folder"},
                                                        {"tags", "Tag"},
                                                        {"managed_columns", "ManagedColumn"},
                                                        {"boards", "Board"},
                                                        {"items", "Item"},
                                                        {"updates", "Update"},
                                                        {"replies", "Reply"},
                                                        {"assets", "Asset"},
                                                        {"activity_logs", "ActivityLogType"},
                                                        {"webhooks", "Webhook"},
                                                        {"automations", "BoardAutomation"},
                                                        {"docs", "Document"},
                                                        {"doc_blocks", "DocumentBlock"},
                                                        {"favorites", "GraphqlHierarchyObjectItem"},
                                                        {"custom_activities", "CustomActivity"},
                                                        {"timeline_items", "TimelineItem"}};
  return types;
}

std::int64_t seconds_of(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string printed(const JsonRecord& value) {
  return value.dump(-1, ' ', false, JsonRecord::error_handler_t::replace);
}

JsonRecord error_of(const std::string& message, const std::string& code, int status) {
  return {{"message", message},
          {"extensions",
           {{"code", code}, {"status_code", status}, {"error_data", JsonRecord::object()}}}};
}

JsonRecord errors_of(const JsonRecord& error) {
  return {{"errors", JsonRecord::array({error})},
          {"account_id", 9000001},
          {"extensions", {{"request_id", "5f1c2d3e-0000-4000-8000-000000000001"}}}};
}

ApiAnswer limited(const std::string& code, const std::string& message, std::int64_t wait,
                  int status) {
  auto error = error_of(message, code, 429);
  error["extensions"]["retry_in_seconds"] = wait;
  auto out = json_answer(printed(errors_of(error)), status);
  out.headers.emplace_back("Retry-After", std::to_string(wait));
  return out;
}

}  // namespace

MondayAccount::MondayAccount(const MondayOptions& options, Clock& clock)
    : MondayAccount(0, {2, 0, 0, 0}, options, clock) {}

MondayAccount::MondayAccount(std::uint64_t seed, const MondaySize& size,
                             const MondayOptions& options, Clock& clock)
    : options_(options),
      token_("eyJ" + Seeded(mix_seed(seed, "token")).hex(40)),
      secret_(mix_seed(seed, "secret")),
      clock_(clock),
      data_(seed, clock, history_days),
      graph_(data_, clock, options.cursor_life,
             [this](const std::string& asset) { return file_url(asset, clock_.now()); }),
      calls_a_day_(options.calls_a_day),
      file_server_(options.server, clock),
      server_(options.server, clock) {
  server_.add_secret(token_);
  file_server_.add_secret(token_);
  server_.set_fault_answer(
      Fault::limit_429,
      json_answer(printed(errors_of(error_of("Rate Limit Exceeded", "RATE_LIMIT_EXCEEDED", 429))),
                  429));
  server_.set_fault_answer(
      Fault::error_500,
      json_answer(
          printed(errors_of(error_of("Internal server error", "INTERNAL_SERVER_ERROR", 500))),
          500));
  server_.set_gate([this](const ApiRequest& request) { return refuse(request); });
  server_.set_change_hook([this](std::uint64_t change_seed) { mutate(change_seed, 1); });
  file_server_.route("GET", "/files/:asset",
                     [this](const ApiRequest& request) { return get_file(request); });
  server_.route("POST", "/v2", [this](const ApiRequest& request) {
    const auto body = JsonRecord::parse(request.body, nullptr, false);
    if (!body.is_object()) return text_answer("Bad Request", 400);
    const auto variables = body.contains("variables") && body.at("variables").is_object()
                               ? body.at("variables")
                               : JsonRecord::object();
    return post(body.value("query", ""), variables, nullptr);
  });
  server_.route("POST", "/v2/file", [this](const ApiRequest& request) {
    const auto* query = request.part("query");
    const auto* file = request.part("variables[file]");
    if (!query || !file) return text_answer("Bad Request", 400);
    return post(query->content, JsonRecord::object(), file);
  });
  add_mutations();
  fill_randomly(data_, seed, size);
}

std::map<std::string, std::string> MondayAccount::settings() const {
  return {{"base_url", server_.origin()}, {"token", token_}};
}

// Every call counts for the day, refused ones too.
std::optional<ApiAnswer> MondayAccount::refuse(const ApiRequest& request) {
  if (request.header("authorization") != token_)
    return json_answer(R"({"errors":["Not Authenticated"]})", 401);
  const std::lock_guard lock(mutex_);
  const auto now = clock_.now();
  const auto today = format_time(now, "%Y-%m-%d");
  if (day_ != today) calls_ = 0;
  day_ = today;
  if (++calls_ <= calls_a_day_) return std::nullopt;
  const auto left = 86'400 - seconds_of(now) % 86'400;
  return limited("DAILY_LIMIT_EXCEEDED", "Daily limit exceeded", left, 429);
}

ApiAnswer MondayAccount::post(const std::string& document, const JsonRecord& variables,
                              const ApiPart* file) {
  const std::lock_guard lock(mutex_);
  const auto now = clock_.now();
  if (now - budget_since_ >= std::chrono::minutes(1)) {
    budget_since_ = now;
    spent_ = 0;
  }
  if (spent_ >= options_.complexity_a_minute) {
    const auto left = 60 - (seconds_of(now) - seconds_of(budget_since_));
    return limited("COMPLEXITY_BUDGET_EXHAUSTED", "Complexity budget exhausted", left, 200);
  }
  try {
    file_ = file;
    return answer(parse_graphql_operation(document, variables));
  } catch (const MondayError& error) {
    auto out = errors_of(error_of(error.what(), error.code(), error.status()));
    out["data"] = nullptr;
    return json_answer(printed(out));
  } catch (const GraphqlError& error) {
    return json_answer(printed(errors_of(error_of(error.what(), "GRAPHQL_PARSE_FAILED", 400))));
  }
}

ApiAnswer MondayAccount::answer(const GraphqlOperation& operation) {
  auto data = JsonRecord::object();
  for (const auto& field : operation.fields) {
    if (field.name == "complexity") {
      data[field.alias] = nullptr;
    } else if (!operation.is_mutation) {
      data[field.alias] = graph_.query(field);
    } else {
      const auto known = mutations_.find(field.name);
      if (known == mutations_.end())
        throw MondayError("GRAPHQL_VALIDATION_FAILED", 400, "there is no mutation " + field.name);
      data[field.alias] = graph_.shown(known->second(field), field);
    }
  }
  const auto cost =
      operation.is_mutation ? write_cost : 10 + static_cast<std::int64_t>(printed(data).size() / 4);
  spend(cost);
  for (const auto& field : operation.fields)
    if (field.name == "complexity") data[field.alias] = graph_.pick(complexity(cost), field.fields);
  return json_answer(
      printed({{"data", std::move(data)},
               {"extensions", {{"request_id", "5f1c2d3e-0000-4000-8000-000000000002"}}}}));
}

void MondayAccount::spend(std::int64_t cost) {
  spent_ += cost;
}

JsonRecord MondayAccount::complexity(std::int64_t cost) const {
  const auto after = std::max<std::int64_t>(0, options_.complexity_a_minute - spent_);
  return {{"__typename", "Complexity"},
          {"before", after + cost},
          {"after", after},
          {"query", cost},
          {"reset_in_x_seconds", 60 - (seconds_of(clock_.now()) - seconds_of(budget_since_))}};
}

std::string MondayAccount::file_signature(const std::string& asset, std::int64_t issued) const {
  return Seeded(mix_seed(secret_, asset + "@" + std::to_string(issued))).hex(32);
}

std::string MondayAccount::file_url(const std::string& asset, Time issued) const {
  const auto seconds = seconds_of(issued);
  return file_server_.origin() + "/files/" + asset + "?issued=" + std::to_string(seconds) +
         "&signature=" + file_signature(asset, seconds);
}

// The signature is the only sign-in there may be, and it ends.
ApiAnswer MondayAccount::get_file(const ApiRequest& request) const {
  if (request.header("authorization"))
    return text_answer("<Error><Code>InvalidArgument</Code></Error>", 400);
  const auto asset = request.param("asset");
  const auto issued = request.query_number("issued", 0);
  const std::lock_guard lock(mutex_);
  const bool is_expired = seconds_of(clock_.now()) - issued > options_.file_url_life.count();
  if (is_expired || request.query_value("signature") != file_signature(asset, issued))
    return text_answer("<Error><Code>AccessDenied</Code></Error>", 403);
  const auto found = data_.bytes.find(asset);
  if (found == data_.bytes.end() || !data_.table("Asset").find(asset))
    return text_answer("<Error><Code>NoSuchKey</Code></Error>", 404);
  ApiAnswer answer;
  answer.body = found->second;
  answer.type = "binary/octet-stream";
  return answer;
}

std::vector<std::string> MondayAccount::streams() const {
  std::vector<std::string> out;
  for (const auto& [stream, type] : types_of_streams()) out.push_back(stream);
  return out;
}

TestAccount::Truth MondayAccount::truth(const std::string& stream, const std::string& query) const {
  return selected(stream,
                  parse_graphql("{" + (query.empty() ? "id" : query) + "}", JsonRecord::object()));
}

TestAccount::Truth MondayAccount::selected(const std::string& stream,
                                           const std::vector<GraphqlField>& fields) const {
  const auto type = types_of_streams().find(stream);
  if (type == types_of_streams().end())
    throw Error("the monday.com account has no stream " + stream);
  const std::lock_guard lock(mutex_);
  Truth records;
  for (const auto& [key, record] : data_.table(type->second).all())
    records[key] = printed(graph_.pick(record, fields));
  return records;
}

TestAccount::Truth MondayAccount::files() const {
  const std::lock_guard lock(mutex_);
  Truth files;
  const auto& assets = data_.table("Asset");
  for (const auto& [key, asset] : assets.all())
    files[assets.owner_of(key) + "/" + key] = data_.bytes.at(key);
  return files;
}

void MondayAccount::mutate(std::uint64_t seed, unsigned changes) {
  const std::lock_guard lock(mutex_);
  data_.catch_up();
  for (unsigned i = 0; i < changes; ++i)
    change_randomly(data_, mix_seed(seed, std::to_string(i)), options_.only_dated_changes);
}

void MondayAccount::allow_calls(unsigned a_day) {
  const std::lock_guard lock(mutex_);
  calls_a_day_ = a_day;
}

const JsonRecord& MondayAccount::named(const std::string& type, const GraphqlField& field,
                                       const std::string& argument) const {
  const auto id = monday_text(field, argument);
  const auto* record = data_.table(type).find(id);
  if (!record)
    throw MondayError("ResourceNotFoundException", 404, fmt::format("{} {} not found", type, id));
  return *record;
}

}  // namespace probackup
