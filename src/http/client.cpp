// The HTTP client: one thread runs libcurl's multi interface for all callers.
#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "http/transfer.h"
#include "http/url.h"
#include "probackup/http.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr int poll_ms_max = 1000;

// What `make` gives; an address that is none is this request's fault alone.
template <typename Make>
std::string usable_url(Make make) {
  try {
    return make();
  } catch (const Error& error) {
    throw NetworkError(error.what(), false);
  }
}

class CurlHttp final : public Http {
 public:
  explicit CurlHttp(const HttpOptions& options) : options_(options) {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    multi_ = ready == CURLE_OK ? curl_multi_init() : nullptr;
    share_ = curl_share_init();
    if (!multi_ || !share_) throw Error("libcurl cannot be started");
    // Only the network thread uses the handles, so the share needs no locks.
    curl_share_setopt(share_, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS,
                      static_cast<long>(options.connections_per_host));
    thread_ = std::thread([this] { run(); });
  }

  ~CurlHttp() override {
    post({Command::quit, nullptr});
    thread_.join();
    curl_multi_cleanup(multi_);
    curl_share_cleanup(share_);
  }

  HttpResponse send(const HttpRequest& request, std::stop_token stop) override;

 private:
  struct Command {
    enum Kind { start, resume, abort, quit } kind;
    std::shared_ptr<Transfer> transfer;
  };

  void post(Command command) {
    {
      std::lock_guard lock(mutex_);
      commands_.push_back(std::move(command));
    }
    curl_multi_wakeup(multi_);
  }

  HttpResponse exchange(const HttpRequest& request, std::stop_token stop);
  void check_url(const HttpRequest& request) const;
  void run();
  bool take_commands();
  void begin(const std::shared_ptr<Transfer>& transfer);
  void end(CURL* handle, CURLcode code);
  void share_rates();

  const HttpOptions options_;
  CURLM* multi_ = nullptr;
  CURLSH* share_ = nullptr;
  std::thread thread_;
  std::mutex mutex_;  // guards commands_
  std::deque<Command> commands_;
  // The network thread's own.
  std::unordered_map<Transfer*, CURL*> handles_;
  std::unordered_map<CURL*, std::shared_ptr<Transfer>> running_;
};

void CurlHttp::run() {
  while (take_commands()) {
    int active = 0, left = 0;
    curl_multi_perform(multi_, &active);
    while (CURLMsg* message = curl_multi_info_read(multi_, &left))
      if (message->msg == CURLMSG_DONE) end(message->easy_handle, message->data.result);
    curl_multi_poll(multi_, nullptr, 0, poll_ms_max, nullptr);
  }
  while (!running_.empty()) end(running_.begin()->first, CURLE_ABORTED_BY_CALLBACK);
}

bool CurlHttp::take_commands() {
  std::deque<Command> commands;
  {
    std::lock_guard lock(mutex_);
    commands.swap(commands_);
  }
  bool go_on = true;
  for (const auto& command : commands) {
    auto at = handles_.find(command.transfer.get());
    if (command.kind == Command::quit) go_on = false;
    if (command.kind == Command::start) begin(command.transfer);
    if (at == handles_.end()) continue;
    if (command.kind == Command::resume) command.transfer->resume();
    if (command.kind == Command::abort) end(at->second, CURLE_ABORTED_BY_CALLBACK);
  }
  return go_on;
}

void CurlHttp::begin(const std::shared_ptr<Transfer>& transfer) {
  CURL* handle = nullptr;
  try {
    handle = transfer->open(share_);
  } catch (const std::bad_alloc&) {
    return transfer->finish(CURLE_OUT_OF_MEMORY);
  }
  if (curl_multi_add_handle(multi_, handle) != CURLM_OK) return transfer->finish(CURLE_FAILED_INIT);
  handles_[transfer.get()] = handle;
  running_[handle] = transfer;
  share_rates();
}

void CurlHttp::end(CURL* handle, CURLcode code) {
  auto at = running_.find(handle);
  auto transfer = at->second;
  running_.erase(at);
  handles_.erase(transfer.get());
  curl_multi_remove_handle(multi_, handle);
  transfer->finish(code);
  share_rates();
}

void CurlHttp::share_rates() {
  if ((options_.upload_rate == 0 && options_.download_rate == 0) || running_.empty()) return;
  // 0 would be no limit for libcurl.
  auto share = [&](std::uint64_t rate) {
    return rate == 0 ? curl_off_t{0}
                     : static_cast<curl_off_t>(std::max<std::uint64_t>(1, rate / running_.size()));
  };
  for (const auto& [handle, transfer] : running_) {
    curl_easy_setopt(handle, CURLOPT_MAX_SEND_SPEED_LARGE, share(options_.upload_rate));
    curl_easy_setopt(handle, CURLOPT_MAX_RECV_SPEED_LARGE, share(options_.download_rate));
  }
}

void CurlHttp::check_url(const HttpRequest& request) const {
  std::string origin = usable_url([&] { return url_origin(request.url); });
  if (origin.starts_with("https:") || options_.allow_plain_http || request.allow_plain_http ||
      is_loopback(request.url))
    return;
  throw NetworkError(fmt::format("{} {}: refused, because http sends everything readable",
                                 request.method, safe_url(request.url)),
                     false, "use https, or --insecure-http where the network can be trusted");
}

HttpResponse CurlHttp::exchange(const HttpRequest& request, std::stop_token stop) {
  check_url(request);
  auto transfer = std::make_shared<Transfer>(request, options_);
  post({Command::start, transfer});
  {
    std::stop_callback abort(stop, [&] { post({Command::abort, transfer}); });
    try {
      transfer->wait([&] { post({Command::resume, transfer}); });
    } catch (...) {
      post({Command::abort, transfer});
      transfer->wait_for_end();
      throw;
    }
  }
  return transfer->response();
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Turns the request into the one that the redirect asks for (RFC 9110, section 15.4).
void follow(HttpRequest& request, const HttpResponse& response, const std::string& location) {
  std::string to = usable_url([&] { return resolve_url(request.url, location); });
  auto refuse = [&](std::string_view why) {
    throw NetworkError(fmt::format("{} {}: the server redirects to {}, {}", request.method,
                                   safe_url(request.url), safe_url(to), why),
                       false);
  };
  std::string from_origin = url_origin(request.url);
  std::string to_origin = usable_url([&] { return url_origin(to); });
  bool get = response.status == 303 || (response.status < 303 && request.method == "POST");
  if (get && request.method != "HEAD") {
    request.method = "GET";
    request.body.clear();
    request.upload.reset();
    std::erase_if(request.headers,
                  [](const auto& pair) { return to_lower(pair.first).starts_with("content-"); });
  }
  if (from_origin != to_origin) {
    if (from_origin.starts_with("https:") && to_origin.starts_with("http:"))
      refuse("which is not encrypted");
    if (is_loopback(to) && !is_loopback(request.url)) refuse("which is this machine");
    if (!request.body.empty() || request.upload) refuse("which is not to get the data sent");
    std::erase_if(request.headers, [&](const auto& pair) {
      return std::any_of(
          request.secret_headers.begin(), request.secret_headers.end(),
          [&](const std::string& name) { return to_lower(name) == to_lower(pair.first); });
    });
  }
  request.url = to;
}

HttpResponse CurlHttp::send(const HttpRequest& original, std::stop_token stop) {
  HttpResponse response = exchange(original, stop);
  if (!is_redirect(response.status) || original.redirects_max == 0) return response;
  HttpRequest request = original;
  for (unsigned hops = 0; is_redirect(response.status); ++hops) {
    auto location = header(response.headers, "location");
    if (!location) break;
    if (hops == original.redirects_max)
      throw NetworkError(fmt::format("{} {}: more than {} redirects", original.method,
                                     safe_url(original.url), original.redirects_max),
                         false);
    follow(request, response, *location);
    response = exchange(request, stop);
  }
  return response;
}

}  // namespace

std::unique_ptr<Http> curl_http(const HttpOptions& options) {
  return std::make_unique<CurlHttp>(options);
}

}  // namespace probackup
