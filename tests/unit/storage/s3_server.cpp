#include "s3_server.h"

#include <fmt/format.h>

#include <pugixml.hpp>

#include "util/bytes.h"
#include "util/hash.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

std::string etag_of(const std::string& bytes) {
  return "\"" + to_hex(md5(bytes)) + "\"";
}

bool is_locked(const S3Server::Object& object, Clock& clock) {
  auto until = parse_rfc3339(object.lock_until);
  return until && *until > clock.now();
}

std::string child(const std::string& body, const char* root, const char* name) {
  pugi::xml_document document;
  document.load_string(body.c_str());
  return document.child(root).child_value(name);
}

}  // namespace

void s3_refuse(httplib::Response& response, int status, const std::string& code,
               const std::string& more) {
  response.status = status;
  response.set_content(fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}"
                                   "</Code><Message>said by the test</Message>{}"
                                   "<RequestId>1</RequestId></Error>",
                                   code, more),
                       "application/xml");
}

S3Server::S3Server(S3ServerOptions options) : options_(std::move(options)) {
  server_.new_task_queue = [] { return new httplib::ThreadPool(32); };
  server_.set_keep_alive_max_count(10'000);
  server_.set_tcp_nodelay(true);
  auto handler = [this](const httplib::Request& request, httplib::Response& response) {
    answer(request, response);
  };
  server_.Get(".*", handler);  // and HEAD
  server_.Put(".*", handler);
  server_.Post(".*", handler);
  server_.Delete(".*", handler);
  port_ = server_.bind_to_any_port("127.0.0.1");
  thread_ = std::thread([this] { server_.listen_after_bind(); });
  while (!server_.is_running()) std::this_thread::yield();
}

S3Server::~S3Server() {
  server_.stop();
  thread_.join();
}

std::string S3Server::origin() const {
  return fmt::format("http://127.0.0.1:{}", port_);
}

std::string S3Server::repository(const std::string& bucket_and_prefix) const {
  return fmt::format("s3:{}/{}", origin(), bucket_and_prefix);
}

void S3Server::add_bucket(const std::string& name, bool object_lock) {
  std::lock_guard lock(mutex_);
  buckets_[name].object_lock = object_lock;
}

void S3Server::drop_bucket(const std::string& name) {
  std::lock_guard lock(mutex_);
  buckets_.erase(name);
}

std::map<std::string, S3Server::Object> S3Server::objects(const std::string& bucket) {
  std::lock_guard lock(mutex_);
  return buckets_[bucket].objects;
}

std::vector<std::string> S3Server::requests() {
  std::lock_guard lock(mutex_);
  return requests_;
}

void S3Server::add_fault(Fault fault) {
  add_faults(1, std::move(fault));
}

void S3Server::add_faults(unsigned count, Fault fault) {
  std::lock_guard lock(mutex_);
  faults_.insert(faults_.end(), count, std::move(fault));
}

void S3Server::set_damage(std::function<void(std::string&)> damage) {
  std::lock_guard lock(mutex_);
  damage_ = std::move(damage);
}

void S3Server::set_options(const std::function<void(S3ServerOptions&)>& change) {
  std::lock_guard lock(mutex_);
  change(options_);
}

void S3Server::answer(const httplib::Request& sent, httplib::Response& response) {
  std::lock_guard lock(mutex_);
  requests_.push_back(sent.method + " " + sent.target);
  const_cast<httplib::Request&>(sent).ranges.clear();  // or the library would cut once more
  while (!faults_.empty()) {
    auto fault = std::move(faults_.front());
    faults_.pop_front();
    if (fault(sent, response)) return;
  }
  httplib::Request request = sent;
  if (damage_ && !request.body.empty()) damage_(request.body);
  auto refuse = [&](const S3Refusal& why) { s3_refuse(response, why.status, why.code, why.more); };
  if (auto wrong = check_s3_signature(request, options_)) return refuse(*wrong);
  if (request.has_header("Transfer-Encoding")) return refuse({501, "NotImplemented", ""});
  if (request.has_header("Content-MD5") &&
      request.get_header_value("Content-MD5") != to_base64(md5(request.body)))
    return refuse({400, "BadDigest", ""});
  if (options_.checks_digest &&
      request.get_header_value("x-amz-content-sha256") != sha256(request.body).hex())
    return refuse({400, "XAmzContentSHA256Mismatch", ""});

  std::string path = request.path.substr(1);  // decoded
  auto slash = path.find('/');
  std::string name = path.substr(0, slash);
  std::string key = slash == std::string::npos ? "" : path.substr(slash + 1);
  auto at = buckets_.find(name);
  if (key.empty() && (request.method == "PUT" || request.method == "HEAD"))
    return answer_bucket(request, response, name);
  if (at == buckets_.end()) return refuse({404, "NoSuchBucket", ""});
  Bucket& bucket = at->second;
  if (!key.empty()) return answer_object(request, response, bucket, key);
  if (request.has_param("object-lock")) {
    if (!bucket.object_lock) return refuse({404, "ObjectLockConfigurationNotFoundError", ""});
    return response.set_content(
        "<ObjectLockConfiguration><ObjectLockEnabled>Enabled"
        "</ObjectLockEnabled></ObjectLockConfiguration>",
        "application/xml");
  }
  if (request.has_param("delete")) return remove_many(request, response, bucket, request.body);
  list(request, response, bucket);
}

void S3Server::answer_bucket(const httplib::Request& request, httplib::Response& response,
                             const std::string& name) {
  if (request.method == "HEAD") {
    response.status = buckets_.contains(name) ? 200 : 404;
    return;
  }
  if (buckets_.contains(name)) return s3_refuse(response, 409, "BucketAlreadyOwnedByYou");
  std::string wanted = child(request.body, "CreateBucketConfiguration", "LocationConstraint");
  if (wanted != (options_.region == "us-east-1" ? "" : options_.region))
    return s3_refuse(response, 400, "IllegalLocationConstraintException");
  buckets_[name].object_lock =
      request.get_header_value("x-amz-bucket-object-lock-enabled") == "true";
}

void S3Server::list(const httplib::Request& request, httplib::Response& response,
                    const Bucket& bucket) {
  if (request.get_param_value("list-type") != "2")
    return s3_refuse(response, 501, "NotImplemented");
  bool encode = request.get_param_value("encoding-type") == "url";
  std::string prefix = request.get_param_value("prefix"), entries, next;
  // The token is the last key of the page before, in a form that needs escapes.
  std::string after = from_base64(request.get_param_value("continuation-token")).value_or("");
  std::size_t count = 0;
  for (const auto& [key, object] : bucket.objects) {
    if (!key.starts_with(prefix) || (!after.empty() && key <= after)) continue;
    if (count++ == options_.page_keys) break;
    next = key;
    entries += fmt::format(
        "<Contents><Key>{}</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified>"
        "<ETag>&quot;x&quot;</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
        encode ? url_encode(key) : key, object.bytes.size());
  }
  bool more = count > options_.page_keys;
  response.set_content(
      fmt::format(
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://"
          "s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>{}<IsTruncated>{}"
          "</IsTruncated>{}{}</ListBucketResult>",
          encode ? "<EncodingType>url</EncodingType>" : "", more, entries,
          more ? "<NextContinuationToken>" + to_base64(next) + "</NextContinuationToken>" : ""),
      "application/xml");
}

void S3Server::remove_many(const httplib::Request& request, httplib::Response& response,
                           Bucket& bucket, const std::string& body) {
  if (!request.has_header("Content-MD5")) return s3_refuse(response, 400, "MissingContentMD5");
  pugi::xml_document document;
  document.load_string(body.c_str());
  std::string out = "<DeleteResult>";
  std::size_t count = 0;
  for (const auto& node : document.child("Delete").children("Object")) {
    if (++count > 1000) return s3_refuse(response, 400, "MalformedXML");
    std::string key = node.child_value("Key");
    auto at = bucket.objects.find(key);
    if (at != bucket.objects.end() && at->second.headers.contains("x-amz-storage-class") &&
        at->second.headers["x-amz-storage-class"] == "STUBBORN")
      out += "<Error><Key>" + key +
             "</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    else if (at != bucket.objects.end())
      bucket.objects.erase(at);
  }
  response.set_content(out + "</DeleteResult>", "application/xml");
}

void S3Server::put(const httplib::Request& request, httplib::Response& response, Bucket& bucket,
                   const std::string& key) {
  Object object{request.body, "", "", {}};
  for (const auto& [name, value] : request.headers)
    if (to_lower(name).starts_with("x-amz-")) object.headers[to_lower(name)] = value;
  if (object.headers.contains("x-amz-object-lock-mode")) {
    if (!request.has_header("Content-MD5")) return s3_refuse(response, 400, "InvalidRequest");
    if (!bucket.object_lock && options_.takes_locks)
      return s3_refuse(response, 400, "InvalidRequest");
    if (options_.takes_locks) {
      object.lock_mode = object.headers["x-amz-object-lock-mode"];
      object.lock_until = object.headers["x-amz-object-lock-retain-until-date"];
    }
  }
  response.set_header("ETag", etag_of(object.bytes));
  bucket.objects[key] = std::move(object);
}

void S3Server::retention(const httplib::Request& request, httplib::Response& response,
                         Bucket& bucket, const std::string& key) {
  auto at = bucket.objects.find(key);
  if (at == bucket.objects.end()) return s3_refuse(response, 404, "NoSuchKey");
  if (!bucket.object_lock) return s3_refuse(response, 400, "InvalidRequest");
  Object& object = at->second;
  if (request.method == "PUT") {
    std::string mode = child(request.body, "Retention", "Mode");
    std::string until = child(request.body, "Retention", "RetainUntilDate");
    bool weaker = object.lock_mode == "COMPLIANCE" && is_locked(object, *options_.clock) &&
                  (mode != "COMPLIANCE" || until < object.lock_until);
    if (weaker) return s3_refuse(response, 403, "AccessDenied");
    object.lock_mode = mode;
    object.lock_until = until;
    return;
  }
  if (object.lock_mode.empty()) return s3_refuse(response, 404, "NoSuchObjectLockConfiguration");
  response.set_content(fmt::format("<Retention><Mode>{}</Mode><RetainUntilDate>{}"
                                   "</RetainUntilDate></Retention>",
                                   object.lock_mode, object.lock_until),
                       "application/xml");
}

void S3Server::answer_object(const httplib::Request& request, httplib::Response& response,
                             Bucket& bucket, const std::string& key) {
  if (request.has_param("retention")) return retention(request, response, bucket, key);
  if (request.method == "PUT") return put(request, response, bucket, key);
  auto at = bucket.objects.find(key);
  if (request.method == "DELETE") {
    if (at != bucket.objects.end()) bucket.objects.erase(at);
    response.status = 204;
    return;
  }
  if (at == bucket.objects.end()) {
    if (request.method == "HEAD")
      response.status = 404;
    else
      s3_refuse(response, 404, "NoSuchKey");
    return;
  }
  const Object& object = at->second;
  response.set_header("ETag", etag_of(object.bytes));
  if (!object.lock_mode.empty()) {
    response.set_header("x-amz-object-lock-mode", object.lock_mode);
    response.set_header("x-amz-object-lock-retain-until-date", object.lock_until);
  }
  std::string range = request.get_header_value("Range");
  if (range.empty() || !options_.honours_ranges)
    return response.set_content(object.bytes, "application/octet-stream");
  std::size_t size = object.bytes.size(), begin = std::stoull(range.substr(6));
  std::string last = range.substr(range.find('-') + 1);
  std::size_t end = last.empty() ? size : std::min<std::size_t>(size, std::stoull(last) + 1);
  if (begin >= size) return s3_refuse(response, 416, "InvalidRange");
  response.status = 206;
  response.set_header("Content-Range", fmt::format("bytes {}-{}/{}", begin, end - 1, size));
  response.set_content(object.bytes.substr(begin, end - begin), "application/octet-stream");
}

}  // namespace probackup
