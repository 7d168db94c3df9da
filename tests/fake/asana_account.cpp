#include "fake/asana_account.h"

#include <algorithm>

#include "probackup/error.h"
#include "util/text.h"

namespace probackup {

namespace {

constexpr unsigned history_days = 200;
constexpr const char* all_types[] = {"workspace",
                                     "user",
                                     "workspace_membership",
                                     "team",
                                     "team_membership",
                                     "project",
                                     "section",
                                     "task",
                                     "story",
                                     "attachment",
                                     "tag",
                                     "custom_field",
                                     "status_update",
                                     "portfolio",
                                     "goal",
                                     "goal_relationship",
                                     "membership",
                                     "time_period",
                                     "time_tracking_entry",
                                     "time_tracking_category",
                                     "project_brief",
                                     "task_template",
                                     "project_template",
                                     "custom_type",
                                     "webhook",
                                     "allocation",
                                     "budget",
                                     "rate",
                                     "timesheet_approval_status",
                                     "ooo_entry",
                                     "role",
                                     "agent",
                                     "favorite",
                                     "custom_field_setting",
                                     "enum_option",
                                     "project_portfolio_setting",
                                     "user_task_list"};

std::int64_t seconds_of(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

ApiAnswer asana_data(const JsonRecord& data, const std::string& key, int status) {
  return json_answer("{\"data\":" + record_text(data, key) + "}", status);
}

ApiAnswer asana_refusal(int status, const std::string& message) {
  JsonRecord error{{"message", message},
                   {"help",
                    "For more information on API status codes and how to handle them, "
                    "read the docs on errors: https://developers.asana.com/docs/errors"}};
  if (status >= 500) error["phrase"] = "6 sad squid snuggle softly";
  return json_answer(JsonRecord{{"errors", JsonRecord::array({error})}}.dump(), status);
}

AsanaAccount::AsanaAccount(const AsanaOptions& options, Clock& clock)
    : AsanaAccount(0, {0, 0, 0, 0, 0, 1}, options, clock) {}

AsanaAccount::AsanaAccount(std::uint64_t seed, const AsanaSize& size, const AsanaOptions& options,
                           Clock& clock)
    : options_(options),
      token_("2/" + Seeded(mix_seed(seed, "token")).hex(16) + "/" +
             Seeded(mix_seed(seed, "token 2")).hex(32)),
      secret_(mix_seed(seed, "secret")),
      clock_(clock),
      data_(seed, clock, history_days),
      views_(data_, [this](const std::string& gid) { return file_url(gid, clock_.now()); }),
      file_server_(options.server, clock),
      server_(options.server, clock) {
  server_.add_secret(token_);
  file_server_.add_secret(token_);
  server_.set_fault_answer(
      Fault::limit_429,
      asana_refusal(429, "You have made too many requests recently. Please, be chill."));
  server_.set_fault_answer(Fault::error_500, asana_refusal(500, "Server Error"));
  server_.set_gate([this](const ApiRequest& request) { return refuse(request); });
  server_.set_fallback(
      [](const ApiRequest&) { return asana_refusal(404, "No matching route for request"); });
  server_.set_change_hook([this](std::uint64_t change_seed) { mutate(change_seed, 1); });
  file_server_.route("GET", "/files/:gid",
                     [this](const ApiRequest& request) { return get_file(request); });
  add_reads();
  add_writes();
  fill_randomly(data_, seed, size);
}

std::map<std::string, std::string> AsanaAccount::settings() const {
  return {{"base_url", server_.origin() + "/api/1.0"}, {"token", token_}};
}

void AsanaAccount::on(const std::string& method, const std::string& path, Handler handler) {
  const bool writes = method != "GET";
  server_.route(method, "/api/1.0" + path, [this, handler, writes](const ApiRequest& request) {
    const std::lock_guard lock(mutex_);
    if (writes) {
      data_.catch_up();
      data_.step();
    }
    try {
      return handler(request);
    } catch (const AsanaError& error) {
      return asana_refusal(error.status(), error.what());
    } catch (const JsonRecord::exception& error) {
      return asana_refusal(400, error.what());
    }
  });
}

// Refused requests count against the limit, too.
std::optional<ApiAnswer> AsanaAccount::refuse(const ApiRequest& request) {
  if (request.header("authorization") != "Bearer " + token_)
    return asana_refusal(401, "Not Authorized");
  const std::lock_guard lock(mutex_);
  const auto now = clock_.now();
  while (!recent_.empty() && now - recent_.front() >= std::chrono::minutes(1)) recent_.pop_front();
  recent_.push_back(now);
  if (recent_.size() <= options_.requests_a_minute) return std::nullopt;
  auto limited = asana_refusal(429, "You have made too many requests and hit a rate limit.");
  limited.headers.emplace_back("Retry-After", "30");
  return limited;
}

std::string AsanaAccount::file_signature(const std::string& gid, std::int64_t issued) const {
  return Seeded(mix_seed(secret_, gid + "@" + std::to_string(issued))).hex(32);
}

std::string AsanaAccount::file_url(const std::string& gid, Time issued) const {
  const auto seconds = seconds_of(issued);
  return file_server_.origin() + "/files/" + gid + "?issued=" + std::to_string(seconds) +
         "&signature=" + file_signature(gid, seconds);
}

// As S3 does: the signature is the only sign-in there may be, and it ends.
ApiAnswer AsanaAccount::get_file(const ApiRequest& request) const {
  if (request.header("authorization"))
    return text_answer("<Error><Code>InvalidArgument</Code></Error>", 400);
  const auto gid = request.param("gid");
  const auto issued = request.query_number("issued", 0);
  const std::lock_guard lock(mutex_);
  const bool is_expired = seconds_of(clock_.now()) - issued > options_.file_url_life.count();
  if (is_expired || request.query_value("signature") != file_signature(gid, issued))
    return text_answer("<Error><Code>AccessDenied</Code></Error>", 403);
  const auto found = data_.bytes.find(gid);
  if (found == data_.bytes.end()) return text_answer("<Error><Code>NoSuchKey</Code></Error>", 404);
  ApiAnswer answer;
  answer.body = found->second;
  answer.type = "binary/octet-stream";
  return answer;
}

std::vector<std::string> AsanaAccount::streams() const {
  std::vector<std::string> out(std::begin(all_types), std::end(all_types));
  out.emplace_back("portfolio_item");
  return out;
}

TestAccount::Truth AsanaAccount::truth(const std::string& stream, const std::string& query) const {
  std::optional<std::string> opt_fields;
  for (const auto& [name, value] : parse_form(query))
    if (name == "opt_fields") opt_fields = value;
  const std::lock_guard lock(mutex_);
  Truth records;
  if (stream == "portfolio_item") {
    for (const auto& [portfolio, record] : data_.table("portfolio").all())
      for (const auto& key : data_.order("items", portfolio))
        records[portfolio + "/" + key] = record_text(view(named_any(key), opt_fields, true), key);
    return records;
  }
  const auto known = streams();
  if (std::find(known.begin(), known.end(), stream) == known.end())
    throw Error("the Asana account has no stream " + stream);
  for (const auto& [key, record] : data_.table(stream).all())
    records[key] = record_text(view(record, opt_fields, true), key);
  return records;
}

TestAccount::Truth AsanaAccount::files() const {
  const std::lock_guard lock(mutex_);
  Truth files;
  for (const auto& [gid, content] : data_.bytes) files[gid + "/" + gid] = content;
  return files;
}

void AsanaAccount::mutate(std::uint64_t seed, unsigned changes) {
  const std::lock_guard lock(mutex_);
  data_.catch_up();
  for (unsigned i = 0; i < changes; ++i)
    change_randomly(data_, mix_seed(seed, std::to_string(i)), options_.only_dated_changes);
}

const JsonRecord& AsanaAccount::named(const std::string& type, const std::string& gid) const {
  const auto* record = data_.table(type).find(gid);
  if (!record) throw AsanaError(404, type + ": Unknown object: " + gid);
  return *record;
}

const JsonRecord& AsanaAccount::named_any(const std::string& gid) const {
  for (const auto* type : all_types)
    if (const auto* record = data_.table(type).find(gid)) return *record;
  throw AsanaError(404, "Unknown object: " + gid);
}

std::string AsanaAccount::user_of(const std::string& name) const {
  if (name == "me") return data_.me();
  for (const auto& [gid, user] : data_.table("user").all())
    if (user.at("email") == name) return gid;
  return named("user", name).at("gid");
}

JsonRecord AsanaAccount::view(const JsonRecord& record,
                              const std::optional<std::string>& opt_fields, bool is_listed) const {
  if (opt_fields) return views_.chosen(record, AsanaFields::parse(*opt_fields));
  return is_listed ? views_.compact(record) : views_.whole(record);
}

ApiAnswer AsanaAccount::answer_record(const ApiRequest& request, const std::string& type,
                                      const std::string& gid, int status) const {
  auto opt_fields = request.query_value("opt_fields");
  const auto body = JsonRecord::parse(request.body, nullptr, false);
  if (body.is_object() && body.contains("options") && body["options"].contains("fields")) {
    std::vector<std::string> names;
    for (const auto& name : body["options"]["fields"]) names.push_back(name);
    opt_fields = join(names, ",");
  }
  return asana_data(view(named(type, gid), opt_fields, false), gid, status);
}

}  // namespace probackup
