#include "http/transfer.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/network_error.h"
#include "http/url.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::size_t pending_bytes_max = 1 << 20;
constexpr std::size_t header_bytes_max = 1 << 20;
constexpr long connect_ms_max = 30'000;
// libcurl's own are smaller: attachments and packs would pass threads in many small pieces.
constexpr long receive_buffer_bytes = 128 << 10, send_buffer_bytes = 256 << 10;

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    constexpr std::string_view separators = "()<>@,;:\\\"/[]?={}";
    return c > ' ' && c < 0x7f && separators.find(c) == std::string_view::npos;
  });
}

bool is_header_value(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace

Transfer::Transfer(const HttpRequest& request, const HttpOptions& options)
    : request_(request), ca_file_(options.ca_file) {
  if (!is_token(request.method))
    throw NetworkError("not an HTTP method: " + request.method.substr(0, 100), false);
  if (request.upload && !request.body.empty())
    throw NetworkError("a request has one body, not two", false);
  build_headers(options);
  response_.url = request.url;
}

void Transfer::build_headers(const HttpOptions& options) {
  curl_slist* list = nullptr;
  auto add = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(list, line.c_str());
    if (!longer) throw std::bad_alloc();
    list = longer;
    static_cast<void>(header_list_.release());
    header_list_.reset(list);
  };
  for (const auto& [name, value] : request_.headers) {
    if (!is_token(name) || !is_header_value(value))
      throw NetworkError("not an HTTP header: " + name.substr(0, 100), false);
    add(value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
  }
  // libcurl would add these by itself.
  if (!header(request_.headers, "expect")) add("Expect:");
  if (!header(request_.headers, "content-type")) add("Content-Type:");
  if (!header(request_.headers, "user-agent")) add("User-Agent: " + options.user_agent);
}

CURL* Transfer::open(CURLSH* share) {
  handle_.reset(curl_easy_init());
  if (!handle_) throw std::bad_alloc();
  CURL* handle = handle_.get();
  curl_easy_setopt(handle, CURLOPT_URL, request_.url.c_str());
  curl_easy_setopt(handle, CURLOPT_SHARE, share);
  curl_easy_setopt(handle, CURLOPT_PRIVATE, this);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, detail_);
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(handle, CURLOPT_PIPEWAIT, 1L);
  curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);  // the URL may be signed
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, header_list_.get());
  if (!ca_file_.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, ca_file_.c_str());
  curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, receive_buffer_bytes);
  if (request_.body.size() > static_cast<std::size_t>(send_buffer_bytes))
    curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, send_buffer_bytes);
  if (!request_.sink) curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
#if LIBCURL_VERSION_NUM >= 0x075700
  curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);  // do not wait for DNS when stopped
#endif
  if (request_.once) {
    curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, &Transfer::on_begin);
    curl_easy_setopt(handle, CURLOPT_PREREQDATA, this);
  }
  set_method();
  set_limits();
  return handle;
}

void Transfer::set_method() {
  CURL* handle = handle_.get();
  const std::string& method = request_.method;
  if (method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    return;
  }
  std::uint64_t upload = request_.upload ? request_.upload->size() : 0;
  bool carries_body = !request_.body.empty() || upload > 0 || method == "POST" || method == "PUT" ||
                      method == "PATCH";
  if (upload > 0) {
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(upload));
    curl_easy_setopt(handle, CURLOPT_UPLOAD_BUFFERSIZE, send_buffer_bytes);
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, &Transfer::on_upload);
    curl_easy_setopt(handle, CURLOPT_READDATA, this);
    curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, &Transfer::on_rewind);
    curl_easy_setopt(handle, CURLOPT_SEEKDATA, this);
  } else if (carries_body) {
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request_.body.data());
  }
  if (method != "GET" || carries_body)
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, method.c_str());
}

void Transfer::set_limits() {
  CURL* handle = handle_.get();
  auto milliseconds = static_cast<long>(request_.timeout.count());
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, std::min(milliseconds, connect_ms_max));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, std::max(1L, (milliseconds + 999) / 1000));
}

std::size_t Transfer::on_body(char* bytes, std::size_t, std::size_t count, void* self) {
  try {
    return static_cast<Transfer*>(self)->take_body({bytes, count});
  } catch (const std::bad_alloc&) {
    static_cast<Transfer*>(self)->refused_ = "no memory for the answer";
    return 0;
  }
}

std::size_t Transfer::on_upload(char* to, std::size_t, std::size_t max, void* self) {
  return static_cast<Transfer*>(self)->give_upload(to, max);
}

int Transfer::on_rewind(void* self, curl_off_t offset, int origin) {
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Transfer*>(self)->uploaded_ = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

// libcurl sends a request anew when a connection that it had kept ends without a word, whatever the
// method: the server may have done what was asked all the same.
int Transfer::on_begin(void* self, char*, char*, int, int) {
  auto* transfer = static_cast<Transfer*>(self);
  transfer->kept_back_ = std::exchange(transfer->begun_, true);
  return transfer->kept_back_ ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

std::size_t Transfer::on_header(char* bytes, std::size_t, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->take_header({bytes, count}) ? count : 0;
}

bool Transfer::to_sink() const {
  return request_.sink && response_.status >= 200 && response_.status < 300;
}

std::size_t Transfer::take_body(std::string_view bytes) {
  if (to_sink()) {
    std::lock_guard lock(mutex_);
    if (pending_.size() >= pending_bytes_max) {
      paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    }
    pending_ += bytes;
    changed_.notify_all();
    return bytes.size();
  }
  if (response_.body.size() + bytes.size() > request_.body_bytes_max) {
    refused_ = "the answer is larger than " + format_size(request_.body_bytes_max);
    return bytes.size() + 1;
  }
  response_.body += bytes;
  return bytes.size();
}

std::size_t Transfer::give_upload(char* to, std::size_t max) {
  try {
    std::uint64_t size = request_.upload->size();
    if (uploaded_ >= size) return 0;
    std::uint64_t left = size - uploaded_;
    auto most = static_cast<std::size_t>(std::min<std::uint64_t>(max, left));
    std::size_t count = request_.upload->read(uploaded_, to, most);
    if (count == 0 || count > most) throw Error("a request's body is shorter than it said");
    uploaded_ += count;
    return count;
  } catch (...) {
    upload_failure_ = std::current_exception();
    return CURL_READFUNC_ABORT;
  }
}

bool Transfer::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > header_bytes_max) {
    refused_ = "the answer's headers are larger than " + format_size(header_bytes_max);
    return false;
  }
  line = trim(line);
  if (line.starts_with("HTTP/")) {
    response_.headers.clear();
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
  } else if (auto colon = line.find(':'); colon != std::string_view::npos) {
    response_.headers.emplace_back(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
  }
  return true;
}

void Transfer::resume() {
  if (handle_) curl_easy_pause(handle_.get(), CURLPAUSE_CONT);
}

void Transfer::finish(CURLcode code) {
  if (code != CURLE_OK) curl_easy_getinfo(handle_.get(), CURLINFO_HTTP_CONNECTCODE, &proxy_status_);
  handle_.reset();
  std::lock_guard lock(mutex_);
  done_ = true;
  code_ = code;
  changed_.notify_all();
}

void Transfer::wait(const std::function<void()>& resume) {
  std::string bytes;
  for (;;) {
    bool was_paused = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return done_ || !pending_.empty(); });
      if (pending_.empty()) return;
      bytes.clear();
      bytes.swap(pending_);
      was_paused = std::exchange(paused_, false);
    }
    if (was_paused) resume();
    request_.sink(bytes);
  }
}

void Transfer::wait_for_end() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return done_; });
}

HttpResponse Transfer::response() {
  std::string what = fmt::format("{} {}", request_.method, safe_url(request_.url));
  if (!refused_.empty()) throw NetworkError(fmt::format("{}: {}", what, refused_), false);
  if (upload_failure_) std::rethrow_exception(upload_failure_);
  if (kept_back_) code_ = CURLE_GOT_NOTHING;
  if (code_ == CURLE_ABORTED_BY_CALLBACK) throw Error(ErrorKind::interrupted, "interrupted");
  if (code_ != CURLE_OK) {
    auto url = parse_url(request_.url);
    throw network_error({code_, detail_, proxy_status_}, what, url ? url->host : "the server");
  }
  return std::move(response_);
}

}  // namespace probackup
