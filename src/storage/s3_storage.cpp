#include "storage/s3_storage.h"

#include <fmt/format.h>

#include <limits>
#include <set>

#include "storage/object_name.h"
#include "storage/s3_client.h"
#include "storage/s3_xml.h"
#include "util/bytes.h"
#include "util/hash.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

// As for a local folder: a pack of a full target and one blob of the largest size stays below it.
constexpr std::uint64_t load_bytes_max = 2ull << 30;
constexpr std::size_t delete_names_max = 1000;  // S3's own limit
constexpr std::size_t pages_max = 100'000;      // a hundred million objects

// Stores keep whole seconds.
bool keeps(const std::optional<Retention>& got, const Retention& wanted) {
  return got && got->mode == wanted.mode && got->until >= wanted.until - std::chrono::seconds(1);
}

class S3Storage final : public Storage {
 public:
  S3Storage(const S3Url& url, const StorageOptions& options, Http& http)
      : options_(options),
        client_(url, options.s3, options.environment, http, *options.clock, options.stop) {}

  std::string location() const override { return client_.url().text(); }
  void create() override;
  void save(const ObjectName& name, std::string_view bytes) override;
  std::string load(const ObjectName& name, std::uint64_t offset, std::uint64_t length) override;
  std::vector<ObjectInfo> list(ObjectKind kind) override;
  std::optional<std::uint64_t> size(const ObjectName& name) override;
  void remove(const ObjectName& name) override;
  std::optional<std::string> stranger() override;
  std::optional<Retention> active_lock(const ObjectName& name) override;
  void hide(const ObjectName& name) override;
  std::vector<RemoveFailure> remove_many(ObjectKind kind,
                                         const std::vector<std::string>& names) override;
  std::optional<Retention> retention(const ObjectName& name) override;
  void set_retention(const ObjectName& name, const Retention& retention) override;

 private:
  S3Request request(const char* method, const char* operation) const {
    return {method, operation, "", ""};
  }
  S3Request request(const char* method, const char* operation, const ObjectName& name) const {
    return {method, operation, describe(name), client_.url().key(name.path())};
  }
  std::optional<HttpResponse> head(const ObjectName& name);
  void list_page(ObjectKind kind, S3Listing& page, std::vector<ObjectInfo>& out);
  void remove_batch(ObjectKind kind, const std::vector<std::string>& names,
                    std::vector<RemoveFailure>& failures);
  void set_upload_headers(const ObjectName& name, std::string_view bytes, Headers& headers) const;
  HttpResponse send_locked(S3Request request);
  void check_retention(const ObjectName& name, const Retention& wanted);
  std::optional<Retention> lock_in(const HttpResponse& answer) const;
  Error still_locked(const ObjectName& name, const Retention& retention) const;
  bool bucket_locks();

  const StorageOptions options_;
  S3Client client_;
  std::mutex mutex_;  // guards what follows
  std::optional<bool> bucket_locks_;
};

// The lock that an object's headers tell.
std::optional<Retention> retention_of(const HttpResponse& answer) {
  return parse_s3_retention(
      header(answer.headers, "x-amz-object-lock-mode").value_or(""),
      header(answer.headers, "x-amz-object-lock-retain-until-date").value_or(""));
}

Retention from_now(const RetentionRule& rule, Clock& clock) {
  return {rule.mode,
          std::chrono::floor<std::chrono::seconds>(clock.now()) + std::chrono::days(rule.days)};
}

void S3Storage::create() {
  auto ask = request("HEAD", "HeadBucket");
  // Without the right to look at the bucket one may still have that to write into it.
  ask.expected = {403, 404};
  if (client_.send(ask).status != 404) return;
  auto make = request("PUT", "CreateBucket");
  if (std::string region = client_.region(); region != "us-east-1")
    make.body = print_s3_location(region);
  if (options_.retention) make.headers = {{"x-amz-bucket-object-lock-enabled", "true"}};
  make.expected = {409};
  auto answer = client_.send(make);
  if (answer.status != 409) return;
  auto error = parse_s3_error(answer.body);
  if (!error || error->code != "BucketAlreadyOwnedByYou")
    throw Error(fmt::format("the bucket {} cannot be made at {}: {}", client_.url().bucket,
                            client_.url().host, error ? error->code : "409"),
                "somebody else has a bucket of that name; use another one");
}

void S3Storage::set_upload_headers(const ObjectName& name, std::string_view bytes,
                                   Headers& headers) const {
  headers.emplace_back("Content-MD5", to_base64(md5(bytes)));
  const auto& s3 = options_.s3;
  if (!s3.storage_class.empty() && name.kind == ObjectKind::data)
    headers.emplace_back("x-amz-storage-class", s3.storage_class);
  if (!s3.encryption.empty()) headers.emplace_back("x-amz-server-side-encryption", s3.encryption);
  if (!s3.kms_key.empty())
    headers.emplace_back("x-amz-server-side-encryption-aws-kms-key-id", s3.kms_key);
}

void S3Storage::save(const ObjectName& name, std::string_view bytes) {
  auto put = request("PUT", "PutObject", name);
  put.body = bytes;
  set_upload_headers(name, bytes, put.headers);
  std::optional<Retention> wanted;
  if (options_.retention && name.kind != ObjectKind::lock) {
    wanted = from_now(*options_.retention, *options_.clock);
    put.headers.emplace_back("x-amz-object-lock-mode", s3_mode(wanted->mode));
    put.headers.emplace_back("x-amz-object-lock-retain-until-date",
                             format_rfc3339_seconds(wanted->until));
  }
  const S3Request asked{put.method, put.operation, put.subject, put.key};
  auto answer = wanted ? send_locked(std::move(put)) : client_.send(std::move(put));
  if (!header(answer.headers, "etag")) client_.refuse(asked, answer);
  if (wanted) check_retention(name, *wanted);
}

HttpResponse S3Storage::send_locked(S3Request request) {
  try {
    return client_.send(std::move(request));
  } catch (const TemporaryError&) {
    throw;
  } catch (const NetworkError&) {
    throw;
  } catch (const Error& error) {
    // Servers only say that the request is invalid.
    if (error.kind() != ErrorKind::failed || bucket_locks()) throw;
    throw Error(
        fmt::format("the bucket {} has no object lock: {}", client_.url().bucket, error.what()),
        "use a bucket that was made with object lock, or leave object lock out");
  }
}

std::string S3Storage::load(const ObjectName& name, std::uint64_t offset, std::uint64_t length) {
  auto too_short = [&](std::uint64_t has) {
    return Error(fmt::format("{} in {} is too short: {} bytes, not those asked for from {} on",
                             describe(name), location(), has, offset));
  };
  auto get = request("GET", "GetObject", name);
  std::string out;
  get.sink = [&](std::string_view piece) {
    if (out.size() + piece.size() > load_bytes_max)
      throw Error(fmt::format("{} in {} is larger than any object", describe(name), location()));
    out += piece;
  };
  get.expected = {416};
  constexpr auto last = std::numeric_limits<std::uint64_t>::max();
  bool bounded = length > 0 && length - 1 <= last - offset;
  if (bounded)
    get.headers.emplace_back("Range", fmt::format("bytes={}-{}", offset, offset + length - 1));
  else if (offset > 0)
    get.headers.emplace_back("Range", fmt::format("bytes={}-", offset));
  auto answer = client_.send(get);
  if (answer.status == 416) {
    auto has = size(name).value_or(0);
    if (offset != has || length > 0) throw too_short(has);
    return {};
  }
  if (!header(answer.headers, "etag")) client_.refuse(get, answer);
  if (answer.status == 200 && (offset > 0 || length > 0)) {
    // This server sends the whole object whatever was asked for.
    if (offset > out.size()) throw too_short(out.size());
    out.erase(0, offset);
    if (bounded && out.size() > length) out.resize(length);
  }
  if (length > 0 && out.size() < length) throw too_short(offset + out.size());
  return out;
}

void S3Storage::list_page(ObjectKind kind, S3Listing& page, std::vector<ObjectInfo>& out) {
  auto get = request("GET", "ListObjectsV2");
  get.subject = fmt::format("the {}s", object_word(kind));
  get.query = {{"list-type", "2"},
               {"encoding-type", "url"},
               {"prefix", client_.url().key(std::string(object_folder(kind)) + "/")}};
  if (!page.next.empty()) get.query.emplace_back("continuation-token", page.next);
  auto answer = client_.send(get);
  auto listing = parse_s3_listing(answer.body);
  if (!listing) client_.refuse(get, answer);
  for (const auto& object : listing->objects) {
    std::string name = object.key.substr(object.key.rfind('/') + 1);
    if (is_object_name(name) && client_.url().key(ObjectName{kind, name}.path()) == object.key)
      out.push_back({std::move(name), object.size});
  }
  page = std::move(*listing);
}

std::vector<ObjectInfo> S3Storage::list(ObjectKind kind) {
  std::vector<ObjectInfo> out;
  if (kind == ObjectKind::config) {
    if (auto bytes = size({kind, {}})) out.push_back({"", *bytes});
    return out;
  }
  S3Listing page;
  for (std::size_t pages = 0;; ++pages) {
    std::string before = page.next;
    list_page(kind, page, out);
    if (page.next.empty()) return out;
    if (page.next == before || pages == pages_max)
      throw Error(fmt::format("{} lists {}s without end", location(), object_word(kind)),
                  "this is a fault of the server");
  }
}

std::optional<HttpResponse> S3Storage::head(const ObjectName& name) {
  auto ask = request("HEAD", "HeadObject", name);
  ask.expected = {404};
  auto answer = client_.send(ask);
  if (answer.status == 404) return std::nullopt;
  if (!header(answer.headers, "etag")) client_.refuse(ask, answer);
  return answer;
}

std::optional<std::uint64_t> S3Storage::size(const ObjectName& name) {
  auto answer = head(name);
  if (!answer) return std::nullopt;
  std::string length = header(answer->headers, "content-length").value_or("");
  if (length.empty() || length.size() > 18 ||
      length.find_first_not_of("0123456789") != std::string::npos)
    throw Error(fmt::format("{} does not say how large {} is", location(), describe(name)));
  return std::stoull(length);
}

std::optional<Retention> S3Storage::lock_in(const HttpResponse& answer) const {
  auto found = retention_of(answer);
  return found && found->until > client_.clock().now() ? found : std::nullopt;
}

Error S3Storage::still_locked(const ObjectName& name, const Retention& retention) const {
  return Error(
      fmt::format("{} in {} is locked ({}) until {}", describe(name), location(),
                  to_lower(s3_mode(retention.mode)), format_rfc3339_seconds(retention.until)),
      "it can be removed after that time");
}

// The server says "removed" of what was never there, and hides what is locked; both matter here.
void S3Storage::remove(const ObjectName& name) {
  auto answer = head(name);
  if (!answer) throw NotFound(fmt::format("{} is not in {}", describe(name), location()));
  if (auto locked = lock_in(*answer)) throw still_locked(name, *locked);
  client_.send(request("DELETE", "DeleteObject", name));
}

void S3Storage::hide(const ObjectName& name) {
  if (!head(name)) throw NotFound(fmt::format("{} is not in {}", describe(name), location()));
  client_.send(request("DELETE", "DeleteObject", name));
}

std::optional<Retention> S3Storage::active_lock(const ObjectName& name) {
  if (!bucket_locks()) return std::nullopt;
  auto answer = head(name);
  return answer ? lock_in(*answer) : std::nullopt;
}

// One page is enough: in a place for a new repository there is nothing, or soon something else.
std::optional<std::string> S3Storage::stranger() {
  auto get = request("GET", "ListObjectsV2");
  std::string prefix = client_.url().key("");
  get.query = {{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", prefix}};
  HttpResponse answer;
  try {
    answer = client_.send(get);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::no_repository) return std::nullopt;  // no bucket yet
    throw;
  }
  auto listing = parse_s3_listing(answer.body);
  if (!listing) client_.refuse(get, answer);
  for (const auto& object : listing->objects) {
    std::string_view path = object.key;
    if (!path.starts_with(prefix)) continue;
    path.remove_prefix(prefix.size());
    if (!path.empty() && !is_in_layout(path)) return std::string(path);
  }
  return std::nullopt;
}

bool S3Storage::bucket_locks() {
  {
    std::lock_guard lock(mutex_);
    if (bucket_locks_) return *bucket_locks_;
  }
  auto ask = request("GET", "GetObjectLockConfiguration");
  ask.query = {{"object-lock", ""}};
  // No configuration, no right to see it, or no such feature.
  ask.expected = {400, 403, 404, 405, 501};
  bool locks = parse_s3_lock_enabled(client_.send(ask).body);
  std::lock_guard lock(mutex_);
  bucket_locks_ = locks;
  return locks;
}

void S3Storage::remove_batch(ObjectKind kind, const std::vector<std::string>& names,
                             std::vector<RemoveFailure>& failures) {
  std::vector<std::string> keys;
  for (const auto& name : names) keys.push_back(client_.url().key(ObjectName{kind, name}.path()));
  auto post = request("POST", "DeleteObjects");
  post.subject = fmt::format("{} {}s", names.size(), object_word(kind));
  post.query = {{"delete", ""}};
  post.body = print_s3_delete(keys);
  post.headers = {{"Content-MD5", to_base64(md5(post.body))}, {"Content-Type", "application/xml"}};
  auto answer = client_.send(post);
  auto failed = parse_s3_delete_result(answer.body);
  if (!failed) client_.refuse(post, answer);
  for (const auto& error : *failed)
    if (error.code != "NoSuchKey")
      failures.push_back(
          {error.key.substr(error.key.rfind('/') + 1),
           fmt::format("{}{}{}", error.code, error.message.empty() ? "" : ": ", error.message)});
}

std::vector<RemoveFailure> S3Storage::remove_many(ObjectKind kind,
                                                  const std::vector<std::string>& names) {
  // Locks must be looked at one by one.
  if (kind == ObjectKind::config || (!names.empty() && bucket_locks()))
    return Storage::remove_many(kind, names);
  std::vector<RemoveFailure> failures;
  for (std::size_t at = 0; at < names.size(); at += delete_names_max) {
    auto end =
        names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), at + delete_names_max));
    remove_batch(kind, {names.begin() + static_cast<std::ptrdiff_t>(at), end}, failures);
  }
  return failures;
}

std::optional<Retention> S3Storage::retention(const ObjectName& name) {
  auto get = request("GET", "GetObjectRetention", name);
  get.query = {{"retention", ""}};
  get.expected = {400, 404};
  auto answer = client_.send(get);
  if (answer.status == 200) {
    auto found = parse_s3_retention(answer.body);
    if (!found) client_.refuse(get, answer);
    return found;
  }
  auto error = parse_s3_error(answer.body);
  std::string code = error ? error->code : "";
  if (code == "NoSuchObjectLockConfiguration" || code == "ObjectLockConfigurationNotFoundError")
    return std::nullopt;
  if (code == "NoSuchKey")
    throw NotFound(fmt::format("{} is not in {}", describe(name), location()));
  throw Error(fmt::format("{} cannot tell how long {} is locked: {}", location(), describe(name),
                          code.empty() ? std::to_string(answer.status) : code),
              "object lock must be switched on when a bucket is made; this one may lack it");
}

void S3Storage::check_retention(const ObjectName& name, const Retention& wanted) {
  auto got = retention(name);
  if (keeps(got, wanted)) return;
  throw Error(
      fmt::format("{} in {} was to be locked ({}) until {}, but the server has {}", describe(name),
                  location(), to_lower(s3_mode(wanted.mode)), format_rfc3339_seconds(wanted.until),
                  got ? fmt::format("{} until {}", to_lower(s3_mode(got->mode)),
                                    format_rfc3339_seconds(got->until))
                      : "no lock on it"),
      "use a bucket that was made with object lock, or leave object lock out");
}

void S3Storage::set_retention(const ObjectName& name, const Retention& retention) {
  if (name.kind == ObjectKind::lock)
    throw Error(fmt::format("{} must stay removable", describe(name)));
  auto put = request("PUT", "PutObjectRetention", name);
  put.query = {{"retention", ""}};
  put.body = print_s3_retention(retention);
  put.headers = {{"Content-MD5", to_base64(md5(put.body))}, {"Content-Type", "application/xml"}};
  client_.send(put);
  check_retention(name, retention);
}

void check_options(const StorageOptions& options) {
  const auto& s3 = options.s3;
  auto refuse = [](const std::string& why, const std::string& hint) {
    throw Error(ErrorKind::usage, why, hint);
  };
  if (!s3.encryption.empty() && s3.encryption != "AES256" && s3.encryption != "aws:kms")
    refuse(fmt::format("s3.encryption is \"{}\"", s3.encryption), "it is AES256 or aws:kms");
  if (!s3.kms_key.empty() && s3.encryption != "aws:kms")
    refuse("s3.kms-key is given without s3.encryption=aws:kms", "add -o s3.encryption=aws:kms");
  if (s3.storage_class == "GLACIER" || s3.storage_class == "DEEP_ARCHIVE")
    refuse(fmt::format("objects of the class {} cannot be read at once", s3.storage_class),
           "GLACIER_IR can, and so can STANDARD_IA and INTELLIGENT_TIERING");
  if (s3.connections == 0) refuse("s3.connections is 0", "give 1 or more");
  if (options.retention && options.retention->days == 0)
    refuse("object lock is asked for 0 days", "give 1 or more");
}

}  // namespace

std::unique_ptr<Storage> s3_storage(const S3Url& url, const StorageOptions& options, Http& http) {
  check_options(options);
  return std::make_unique<S3Storage>(url, options, http);
}

}  // namespace probackup
