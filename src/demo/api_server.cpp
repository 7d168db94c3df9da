#include "demo/api_server.h"

#include <httplib.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "demo/api_transport.h"
#include "probackup/error.h"
#include "util/text.h"

namespace probackup {

namespace {

constexpr std::size_t last_pages_max = 1000;
constexpr auto web_page =
    "<!DOCTYPE html><html><head><title>Maintenance</title></head>"
    "<body><h1>We will be back soon</h1></body></html>";

NameValues without_credentials(NameValues values) {
  for (auto& [name, value] : values) {
    if (is_secret_name(name)) value = "***";
  }
  return values;
}

std::string without(std::string text, const std::vector<std::string>& secrets) {
  for (const auto& secret : secrets) {
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3)) {
      text.replace(at, secret.size(), "***");
    }
  }
  return text;
}

// All that was sent, to tell requests apart.
std::string body_of(const ApiRequest& request) {
  auto body = request.body;
  for (const auto& part : request.parts) body += part.name + part.file_name + part.content;
  return body;
}

// A form with files as the log shows it.
std::string fields_of(const std::vector<ApiPart>& parts) {
  auto fields = nlohmann::json::object();
  for (const auto& part : parts)
    fields[part.name] = part.file_name.empty() ? part.content : part.file_name;
  return fields.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// What a proxy says of a server that did not answer in time, or the server itself.
ApiAnswer lost_answer(ApiAnswer error, std::uint64_t seed) {
  static const std::vector<std::pair<int, std::string>> proxies{{502, "bad gateway"},
                                                                {504, "gateway timeout"}};
  const auto choice = seed % (proxies.size() + 1);
  if (choice == proxies.size()) return error;
  return text_answer(proxies[choice].second, proxies[choice].first);
}

bool is_text(const std::string& body) {
  return valid_utf8(body) == body;
}

nlohmann::json to_json(const ApiLogEntry& entry) {
  return {{"method", entry.method},
          {"path", entry.path},
          {"query", entry.query},
          {"headers", entry.headers},
          {"body", entry.body},
          {"status", entry.status},
          {"answer_type", entry.answer_type},
          {"answer", entry.answer},
          {"answer_bytes", entry.answer_bytes},
          {"fault", fault_name(entry.fault)}};
}

// What all pages of one listing have in common: the path, and the parameters that choose no page.
std::string listing_of(const ApiRequest& request) {
  static const std::set<std::string> choose_pages{"after", "before", "offset", "page"};
  std::string listing = request.path + "?";
  for (const auto& [name, value] : request.query) {
    if (!choose_pages.contains(name)) listing += name + "=" + value + "&";
  }
  return listing;
}

}  // namespace

struct ApiServer::Listener {
  httplib::Server http;
  std::thread thread;
};

ApiServer::ApiServer(const ApiServerOptions& options, Clock& clock)
    : options_(options), clock_(clock), listener_(std::make_unique<Listener>()) {
  fault_answers_ = {{Fault::limit_429, text_answer("too many requests", 429)},
                    {Fault::error_500, text_answer("internal server error", 500)}};
  auto& http = listener_->http;
  http.new_task_queue = [count = options.threads] { return new httplib::ThreadPool(count); };
  http.set_keep_alive_max_count(1'000'000);
  http.set_keep_alive_timeout(1);  // seconds; stopping waits for idle connections
  http.set_tcp_nodelay(true);
  const auto handle = [this](const httplib::Request& from, const httplib::ContentReader* reader,
                             httplib::Response& to) {
    const unsigned in_flight = ++in_flight_;
    unsigned peak = peak_in_flight_;
    while (in_flight > peak && !peak_in_flight_.compare_exchange_weak(peak, in_flight)) {
    }
    const auto request = read_request(from, reader);
    auto decision = decide(request);
    auto reply = answer(request, decision);
    --in_flight_;
    record(request, reply, decision.fault);
    if (decision.fault == Fault::lost_to_cut || decision.fault == Fault::dropped) {
      cut_connection(from);
    }
    send_answer(std::move(reply), decision.fault, to);
  };
  // The library would wait for the body of a request that announces none, such as most DELETEs.
  http.set_pre_routing_handler([handle](const httplib::Request& from, httplib::Response& to) {
    if (from.has_header("Content-Length") || from.has_header("Transfer-Encoding")) {
      return httplib::Server::HandlerResponse::Unhandled;
    }
    handle(from, nullptr, to);
    return httplib::Server::HandlerResponse::Handled;
  });
  const auto with_body = [handle](const httplib::Request& from, httplib::Response& to,
                                  const httplib::ContentReader& reader) {
    handle(from, &reader, to);
  };
  http.Get(".*", [handle](const httplib::Request& from, httplib::Response& to) {
    handle(from, nullptr, to);
  });
  http.Post(".*", with_body).Put(".*", with_body);
  http.Patch(".*", with_body).Delete(".*", with_body);
  port_ = http.bind_to_any_port("127.0.0.1");
  if (port_ <= 0) throw Error("no free port on 127.0.0.1 for the example server");
  listener_->thread = std::thread([&http] { http.listen_after_bind(); });
  while (!http.is_running()) std::this_thread::yield();
}

ApiServer::~ApiServer() {
  stopping_.request_stop();
  listener_->http.stop();
  listener_->thread.join();
}

void ApiServer::route(const std::string& method, const std::string& pattern, ApiHandler handler) {
  routes_.push_back({method, split(pattern, '/'), std::move(handler)});
}

void ApiServer::set_fallback(ApiHandler handler) {
  fallback_ = std::move(handler);
}

void ApiServer::set_gate(std::function<std::optional<ApiAnswer>(const ApiRequest&)> gate) {
  gate_ = std::move(gate);
}

void ApiServer::set_finish(std::function<void(const ApiRequest&, ApiAnswer&)> finish) {
  finish_ = std::move(finish);
}

std::string ApiServer::origin() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

void ApiServer::set_latency(std::chrono::milliseconds latency) {
  latency_ms_ = latency.count();
}

void ApiServer::set_faults(FaultPlan plan) {
  const std::lock_guard lock(mutex_);
  faults_ = FaultDecider(std::move(plan));
  last_pages_.clear();
}

void ApiServer::set_fault_answer(Fault fault, ApiAnswer answer) {
  fault_answers_[fault] = std::move(answer);
}

void ApiServer::set_change_hook(std::function<void(std::uint64_t)> hook) {
  change_hook_ = std::move(hook);
}

std::map<Fault, std::uint64_t> ApiServer::fault_counts() const {
  const std::lock_guard lock(mutex_);
  return faults_.counts();
}

ApiServer::Decision ApiServer::decide(const ApiRequest& request) {
  ++request_count_;
  const std::lock_guard lock(mutex_);
  Decision decision;
  const auto last = last_pages_.find(listing_of(request));
  const bool has_last_page =
      request.method == "GET" && last != last_pages_.end() && last->second.first != request.target;
  decision.fault = faults_.decide(request.method, request.target, body_of(request), has_last_page,
                                  decision.seed);
  decision.retry_after = faults_.plan().retry_after;
  decision.wait = std::chrono::milliseconds(latency_ms_);
  if (decision.fault == Fault::slow) decision.wait += faults_.plan().slow;
  if (decision.fault == Fault::repeated_page) decision.last_page = last->second.second;
  return decision;
}

ApiAnswer ApiServer::answer(const ApiRequest& request, Decision& decision) {
  if (decision.wait.count() > 0) clock_.sleep(decision.wait, stopping_.get_token());
  if (decision.fault == Fault::data_changes && change_hook_) change_hook_(decision.seed);
  if (decision.fault == Fault::dropped) return ApiAnswer{0, "", "", {}};
  if (decision.fault == Fault::error_500) return fault_answers_.at(Fault::error_500);
  if (decision.fault == Fault::limit_429) {
    auto limited = fault_answers_.at(Fault::limit_429);
    if (decision.retry_after.count() > 0) {
      limited.headers.emplace_back("Retry-After", std::to_string(decision.retry_after.count()));
    }
    return limited;
  }
  if (decision.last_page) return *decision.last_page;

  auto reply = dispatch(request);
  if (decision.fault == Fault::lost_to_error) {
    return lost_answer(fault_answers_.at(Fault::error_500), decision.seed);
  }
  remember_page(request, reply);
  const bool is_json = reply.type.starts_with("application/json");
  if (decision.fault == Fault::html && is_json) {
    reply = text_answer(web_page);
    reply.type = "text/html; charset=utf-8";
  } else if (decision.fault == Fault::half_json && is_json) {
    reply.body.resize(reply.body.size() / 2);
  }
  return reply;
}

ApiAnswer ApiServer::dispatch(const ApiRequest& request) const {
  const auto handled = [&]() -> ApiAnswer {
    if (gate_) {
      if (auto refused = gate_(request)) return *refused;
    }
    const auto path = split(request.path, '/');
    for (const auto& route : routes_) {
      if (route.method != request.method) continue;
      if (auto params = match_path(route.segments, path)) {
        auto routed = request;
        routed.params = std::move(*params);
        return route.handler(routed);
      }
    }
    return fallback_ ? fallback_(request) : text_answer("not found", 404);
  };
  ApiAnswer reply;
  try {
    reply = handled();
    if (finish_) finish_(request, reply);
  } catch (const std::exception& error) {
    reply = text_answer(std::string("the server failed: ") + error.what(), 500);
  }
  return reply;
}

void ApiServer::remember_page(const ApiRequest& request, const ApiAnswer& reply) {
  const std::lock_guard lock(mutex_);
  if (!faults_.uses(Fault::repeated_page) || request.method != "GET" || reply.status != 200) return;
  if (last_pages_.size() >= last_pages_max) last_pages_.clear();
  last_pages_[listing_of(request)] = {request.target, reply};
}

void ApiServer::add_secret(const std::string& value) {
  const std::lock_guard lock(mutex_);
  secrets_.push_back(value);
}

void ApiServer::record(const ApiRequest& request, const ApiAnswer& reply, Fault fault) {
  if (options_.log_entries_max == 0) return;
  ApiLogEntry entry;
  const auto kept = [&](const std::string& body) {
    return body.size() <= options_.logged_body_bytes_max && is_text(body) ? body : std::string();
  };
  entry.method = request.method;
  entry.query = without_credentials(request.query);
  entry.headers = without_credentials(request.headers);
  entry.body = kept(request.parts.empty() ? request.body : fields_of(request.parts));
  entry.status = reply.status;
  entry.answer_type = reply.type;
  entry.answer = kept(reply.body);
  entry.answer_bytes = reply.body.size();
  entry.fault = fault;
  const std::lock_guard lock(mutex_);
  entry.path = without(request.path, secrets_);
  entry.body = without(std::move(entry.body), secrets_);
  entry.answer = without(std::move(entry.answer), secrets_);
  log_.push_back(std::move(entry));
  if (log_.size() > options_.log_entries_max) log_.pop_front();
}

std::vector<ApiLogEntry> ApiServer::log() const {
  const std::lock_guard lock(mutex_);
  return {log_.begin(), log_.end()};
}

void ApiServer::clear_log() {
  const std::lock_guard lock(mutex_);
  log_.clear();
}

void ApiServer::write_log(const std::filesystem::path& path, const std::string& app) const {
  std::ofstream file(path, std::ios::app | std::ios::binary);
  for (const auto& entry : log()) {
    auto line = to_json(entry);
    line["app"] = app;
    file << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  }
  file.close();
  if (!file) throw Error("cannot write the request log " + path.string());
}

}  // namespace probackup
