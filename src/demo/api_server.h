// A small HTTP API on loopback: routes, a log of what was asked and answered, faults on demand. The
// example account of `probackup demo` and every test server stand on it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "demo/api_message.h"
#include "demo/fault_plan.h"
#include "probackup/clock.h"

namespace probackup {

// Runs on any of the server's threads; many may run at once. An exception becomes a 500.
using ApiHandler = std::function<ApiAnswer(const ApiRequest&)>;

// One request and its answer, without credentials. The answer is what Fault::lost_to_cut kept from
// the client; Fault::dropped has none, and status 0. The body of a multipart form is shown as a
// JSON object of its parts, with a file's name for its content.
struct ApiLogEntry {
  std::string method, path;
  NameValues query, headers;
  std::string body;
  int status = 0;
  std::string answer_type, answer;
  std::uint64_t answer_bytes = 0;
  Fault fault = Fault::none;
};

struct ApiServerOptions {
  unsigned threads = 32;                  // connections served at once
  std::size_t log_entries_max = 200'000;  // the oldest go first
  std::size_t logged_body_bytes_max =
      4u << 20;  // longer bodies, and those that are no text, are left out
};

// Listens on a free port of 127.0.0.1 from construction to destruction. All methods are safe for
// concurrent calls, but the set-up (routes, gate,
// fallback, finish, fault answers, change hook) must be done before the first request.
class ApiServer {
 public:
  // Throws Error if no port can be had.
  explicit ApiServer(const ApiServerOptions& options = {}, Clock& clock = system_clock());
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  // `pattern` is a path whose segments may be ":name" (one segment) and, at the end, "*name" (all
  // the rest). The route added first wins. An unknown path is answered by `set_fallback`, else 404.
  void route(const std::string& method, const std::string& pattern, ApiHandler handler);
  void set_fallback(ApiHandler handler);
  // Asked before every route; an answer ends the request (missing credentials, a used-up quota).
  void set_gate(std::function<std::optional<ApiAnswer>(const ApiRequest&)> gate);
  // May add headers to, or replace, what the handlers answer (quota headers, ETags).
  void set_finish(std::function<void(const ApiRequest&, ApiAnswer&)> finish);

  std::string origin() const;  // "http://127.0.0.1:PORT"
  int port() const { return port_; }

  // What each request costs before its answer is begun.
  void set_latency(std::chrono::milliseconds latency);
  // Replaces the plan and forgets how often each fault happened.
  void set_faults(FaultPlan plan);
  // How this API words Fault::limit_429 or Fault::error_500 (status included); Retry-After is added
  // to the former.
  void set_fault_answer(Fault fault, ApiAnswer answer);
  // What Fault::data_changes does; gets a number made from the plan's seed and the request.
  void set_change_hook(std::function<void(std::uint64_t)> hook);
  // How often each fault happened under the present plan.
  std::map<Fault, std::uint64_t> fault_counts() const;

  // Replaced by "***" wherever it shows in the log. Authorization, cookies, and headers and query
  // parameters whose name speaks of a key, token, secret or password never get there at all.
  void add_secret(const std::string& value);
  std::vector<ApiLogEntry> log() const;
  void clear_log();
  std::uint64_t request_count() const { return request_count_; }
  unsigned peak_in_flight() const { return peak_in_flight_; }
  // Appends the log as JSON lines: {"app","method","path","query":[[name,value]…],"headers":[…],
  // "body","status","answer_type","answer","answer_bytes","fault"}. Throws Error.
  void write_log(const std::filesystem::path& path, const std::string& app) const;

 private:
  struct Listener;
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    ApiHandler handler;
  };
  struct Decision {
    Fault fault = Fault::none;
    std::uint64_t seed = 0;
    std::chrono::seconds retry_after{};
    std::chrono::milliseconds wait{};
    std::optional<ApiAnswer> last_page;
  };

  Decision decide(const ApiRequest& request);
  ApiAnswer answer(const ApiRequest& request, Decision& decision);
  ApiAnswer dispatch(const ApiRequest& request) const;
  void remember_page(const ApiRequest& request, const ApiAnswer& answer);
  void record(const ApiRequest& request, const ApiAnswer& answer, Fault fault);

  const ApiServerOptions options_;
  Clock& clock_;
  std::vector<Route> routes_;
  ApiHandler fallback_;
  std::function<std::optional<ApiAnswer>(const ApiRequest&)> gate_;
  std::function<void(const ApiRequest&, ApiAnswer&)> finish_;
  std::function<void(std::uint64_t)> change_hook_;
  std::map<Fault, ApiAnswer> fault_answers_;

  mutable std::mutex mutex_;  // over everything from here to the atomics
  std::deque<ApiLogEntry> log_;
  std::vector<std::string> secrets_;
  FaultDecider faults_;
  std::map<std::string, std::pair<std::string, ApiAnswer>>
      last_pages_;  // by listing: target, answer

  std::atomic<std::int64_t> latency_ms_{0};
  std::atomic<std::uint64_t> request_count_{0};
  std::atomic<unsigned> in_flight_{0}, peak_in_flight_{0};
  std::stop_source stopping_;
  int port_ = 0;
  std::unique_ptr<Listener> listener_;  // last: its threads end before the rest goes
};

}  // namespace probackup
