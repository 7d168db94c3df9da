#include "storage/s3_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "storage/s3_xml.h"
#include "util/log.h"

namespace probackup {
namespace {

// Lists of 1,000 keys have half a megabyte.
constexpr std::uint64_t answer_bytes_max = 64 << 20;
constexpr const char* region_default = "us-east-1";

bool is_region(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

// The same server's name in another region; others than Amazon's have one for all.
std::string host_in(const S3Url& url, const std::string& region) {
  if (!is_amazon(url)) return url.host;
  return "s3." + region + (url.host.ends_with(".cn") ? ".amazonaws.com.cn" : ".amazonaws.com");
}

// A HEAD has no body that would say what is wrong; this asks for one byte, or one name, instead.
S3Request with_body(const S3Request& head) {
  S3Request request = head;
  request.method = "GET";
  if (head.key.empty())
    request.query = {{"list-type", "2"}, {"max-keys", "1"}};
  else
    request.headers.emplace_back("Range", "bytes=0-0");
  return request;
}

}  // namespace

S3Client::S3Client(S3Url url, const S3Options& options, Environment environment, Http& http,
                   Clock& clock, std::stop_token stop)
    : url_(std::move(url)),
      options_(options),
      environment_(environment),
      http_(http),
      clock_(clock),
      credentials_(std::move(environment), http, clock, stop) {
  place_.host = url_.host;
}

S3Client::Place S3Client::place() {
  std::lock_guard lock(mutex_);
  auto fall_back = [&](const std::string& region) {
    if (place_.region.empty()) place_.region = region;
  };
  fall_back(options_.region);
  fall_back(region_of_host(url_));
  fall_back(variable(environment_, "AWS_REGION").value_or(""));
  fall_back(variable(environment_, "AWS_DEFAULT_REGION").value_or(""));
  if (place_.region.empty())
    fall_back(load_aws_profile(environment_).setting("region").value_or(""));
  fall_back(region_default);
  return place_;
}

std::string S3Client::region() {
  return place().region;
}

// The body goes along and comes back: it may be a pack, which is not to be held twice.
HttpResponse S3Client::exchange(S3Request& request, const S3Credentials& credentials,
                                const Place& place) {
  bool virtual_host = uses_virtual_host(url_, options_.style);
  S3Unsigned raw;
  raw.method = request.method;
  raw.host = virtual_host ? url_.bucket + "." + place.host : place.host;
  std::string path = virtual_host ? "" : "/" + url_.bucket;
  if (!request.key.empty() || path.empty()) path += "/" + request.key;
  raw.path = canonical_path(path);
  raw.query = canonical_query(request.query);
  raw.headers = request.headers;
  raw.body = request.body;

  HttpRequest out;
  out.method = request.method;
  out.url = fmt::format("{}://{}{}{}{}", url_.scheme, raw.host, raw.path,
                        raw.query.empty() ? "" : "?", raw.query);
  out.headers = sign_s3(raw, credentials, place.region, clock_.now());
  out.body = std::move(request.body);
  out.sink = request.sink;
  out.body_bytes_max = answer_bytes_max;
  out.redirects_max = 0;  // the signature names the host
  try {
    auto answer = http_.send(out, {});
    request.body = std::move(out.body);
    reached_ = true;
    return answer;
  } catch (const NetworkError& error) {
    // A name that was known a moment ago will be known again.
    if (error.retryable() || !reached_) throw;
    throw NetworkError(error.what(), true, error.hint());
  }
}

bool S3Client::follow(const HttpResponse& answer, const Place& from) {
  auto error = parse_s3_error(answer.body);
  std::string code = error ? error->code : "";
  bool elsewhere = code == "AuthorizationHeaderMalformed" || code == "PermanentRedirect" ||
                   answer.status == 301 || answer.status == 307;
  // A HEAD gives no code, but Amazon names the region in a header.
  auto named = header(answer.headers, "x-amz-bucket-region");
  if (!elsewhere && !(answer.status == 400 && named)) return false;
  std::string region = error && !error->region.empty() ? error->region : named.value_or("");
  if (!is_region(region) || region == from.region) return false;
  log_verbose(fmt::format("bucket {} lies in {}, not in {}", url_.bucket, region, from.region));
  std::lock_guard lock(mutex_);
  place_ = {host_in(url_, region), region};
  return true;
}

HttpResponse S3Client::send(S3Request now) {
  bool followed = false, renewed = false, head_refused = false;
  for (;;) {
    S3Credentials credentials = credentials_.get();
    Place from = place();
    HttpResponse answer = exchange(now, credentials, from);
    bool expected =
        std::find(now.expected.begin(), now.expected.end(), answer.status) != now.expected.end();
    auto error = answer.body.empty() ? std::nullopt : parse_s3_error(answer.body);
    // Some operations begin their answer before they know how they end.
    if (answer.status >= 200 && answer.status < 300 && !error) {
      if (!head_refused) return answer;
      throw Error(fmt::format("{} refuses HEAD and allows GET for {}", url_.host, now.subject));
    }
    if (expected && (!error || error->code != "NoSuchBucket")) return answer;
    if (!followed && follow(answer, from)) {
      followed = true;
      continue;
    }
    if (!renewed && error && error->code == "ExpiredToken" && credentials_.refresh(credentials)) {
      renewed = true;
      continue;
    }
    if (now.method == "HEAD" && answer.status < 500) {
      now = with_body(now);
      head_refused = true;
      continue;
    }
    throw_s3_error(answer, {url_, now.operation, now.subject, credentials, clock_.now()});
  }
}

void S3Client::refuse(const S3Request& request, const HttpResponse& answer) {
  throw_not_s3({url_, request.operation, request.subject, {}, clock_.now()}, answer);
}

}  // namespace probackup
