#include "storage/s3_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "probackup/storage.h"
#include "storage/s3_xml.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

bool one_of(std::string_view code, std::initializer_list<std::string_view> codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

std::string permission(const std::string& operation) {
  if (operation == "HeadObject") return "s3:GetObject";
  if (operation == "ListObjectsV2" || operation == "HeadBucket") return "s3:ListBucket";
  if (operation == "DeleteObjects") return "s3:DeleteObject";
  if (operation == "GetObjectLockConfiguration") return "s3:GetBucketObjectLockConfiguration";
  return "s3:" + operation;
}

class Explanation {
 public:
  Explanation(const HttpResponse& answer, const S3Context& context)
      : answer_(answer), context_(context) {
    if (auto found = parse_s3_error(answer.body)) error_ = *found;
    what_ = fmt::format("{} {} at {}{}{}", context.operation, bucket(), context.url.host,
                        context.subject.empty() ? "" : ", ", context.subject);
  }

  [[noreturn]] void raise() const {
    raise_missing();
    raise_credentials();
    raise_region();
    raise_full();
    raise_temporary();
    if (error_.code == "InvalidObjectState")
      throw Error(fmt::format("{}: it is in an archive and cannot be read at once", what_),
                  "have the store bring it back first (RestoreObject), and keep archive classes "
                  "off this bucket");
    if (answer_.status == 501 || one_of(error_.code, {"NotImplemented", "MethodNotAllowed"}))
      throw Error(fmt::format("{}: the server cannot do that{}", what_, said()));
    if (error_.code.empty() && (answer_.status < 400 || !answer_.body.empty()))
      throw_not_s3(context_, answer_);
    throw Error(fmt::format("{}: {}", what_, answered()));
  }

 private:
  std::string bucket() const { return "bucket " + context_.url.bucket; }

  // "403 AccessDenied: Access Denied", as far as there is such.
  std::string answered() const {
    return fmt::format("the server answered {}{}{}", answer_.status, error_.code.empty() ? "" : " ",
                       error_.code) +
           said();
  }
  std::string said() const { return error_.message.empty() ? "" : ": " + error_.message; }

  void raise_missing() const {
    if (error_.code == "NoSuchBucket")
      throw Error(ErrorKind::no_repository,
                  fmt::format("there is no {} at {}", bucket(), context_.url.host),
                  "check the name, or make bucket and repository with: probackup init");
    if (error_.code == "NoSuchKey" || (error_.code.empty() && answer_.status == 404 &&
                                       answer_.body.empty() && !context_.subject.empty()))
      throw NotFound(fmt::format("{} is not in {}", context_.subject, context_.url.text()));
  }

  // 507 as WebDAV has it; the codes are those of Ceph and MinIO.
  void raise_full() const {
    if (answer_.status == 507 ||
        one_of(error_.code, {"QuotaExceeded", "XMinioStorageFull", "InsufficientStorage"}))
      throw NoSpace(fmt::format("{}: the store is full: {}", what_, answered()),
                    "make room there or raise the quota (`probackup prune` makes room, once "
                    "snapshots are forgotten), then run the same command again");
  }

  void raise_credentials() const {
    const auto& keys = context_.credentials;
    std::string whose = fmt::format("{} (from {})", keys.access_key, keys.source);
    if (error_.code == "RequestTimeTooSkewed") {
      auto theirs = parse_rfc3339(error_.server_time);
      if (!theirs) theirs = parse_http_date(header(answer_.headers, "date").value_or(""));
      throw Error(fmt::format("{} refuses the request because the clocks differ: it is {} here{}",
                              context_.url.host, format_rfc3339_seconds(context_.now),
                              theirs ? " and " + format_rfc3339_seconds(*theirs) + " there" : ""),
                  "set this machine's clock, for example by NTP");
    }
    if (error_.code == "InvalidAccessKeyId")
      throw Error(fmt::format("{} does not know the access key {}", context_.url.host, whose),
                  "check AWS_ACCESS_KEY_ID or the profile, and that it is meant for this server");
    if (error_.code == "SignatureDoesNotMatch")
      throw Error(fmt::format("{} says that the secret key does not fit the access key {}",
                              context_.url.host, whose),
                  "check AWS_SECRET_ACCESS_KEY or the profile; if it is right, a proxy on the way "
                  "changes requests");
    if (one_of(error_.code, {"ExpiredToken", "InvalidToken", "TokenRefreshRequired"}))
      throw Error(fmt::format("{} refuses the session token of {}: {}", context_.url.host, whose,
                              error_.code),
                  "sign in again and set AWS_SESSION_TOKEN with its two keys, or unset it for keys "
                  "that last");
    if (one_of(error_.code, {"AccessDenied", "AllAccessDisabled", "AccountProblem"}) ||
        (error_.code.empty() && answer_.status == 403 && answer_.body.empty()))
      throw Error(
          fmt::format("the access key {} may not do {} on {}{}{} at {}{}", whose,
                      context_.operation, context_.subject, context_.subject.empty() ? "" : " in ",
                      bucket(), context_.url.host, said()),
          fmt::format("give it the permission {}; docs/storage.md lists all that are needed",
                      permission(context_.operation)));
  }

  void raise_region() const {
    auto named = header(answer_.headers, "x-amz-bucket-region");
    bool redirect = answer_.status >= 300 && answer_.status < 400;
    if (!one_of(error_.code,
                {"AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect",
                 "IllegalLocationConstraintException", "InvalidLocationConstraint"}) &&
        !(redirect && named))
      return;
    std::string region = !error_.region.empty() ? error_.region : named.value_or("");
    throw Error(fmt::format("{}: {}{}", what_, answered(),
                            region.empty() ? "" : fmt::format(" (region {})", region)),
                "name the bucket's region with AWS_REGION or -o s3.region=…, and its server in the "
                "repository's URL");
  }

  void raise_temporary() const {
    bool damaged =
        one_of(error_.code, {"BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody"});
    bool busy = one_of(error_.code, {"SlowDown", "RequestTimeout", "InternalError", "Throttling",
                                     "ServiceUnavailable", "OperationAborted", "TooManyRequests",
                                     "RequestLimitExceeded", "BandwidthLimitExceeded"});
    if (damaged)
      throw TemporaryError(fmt::format("{}: the upload arrived damaged ({})", what_, error_.code),
                           "something between here and the server changes data: the network, a "
                           "proxy, or this machine's memory");
    if (busy || answer_.status == 429 || (answer_.status >= 500 && answer_.status != 501))
      throw TemporaryError(fmt::format("{}: {}", what_, answered()),
                           "the server is overloaded or broken; try again later", retry_after());
  }

  std::optional<std::chrono::nanoseconds> retry_after() const {
    auto value = header(answer_.headers, "retry-after");
    if (!value) return std::nullopt;
    unsigned seconds = 0;
    auto [end, failure] = std::from_chars(value->data(), value->data() + value->size(), seconds);
    if (failure == std::errc() && end == value->data() + value->size())
      return std::chrono::seconds(seconds);
    auto time = parse_http_date(*value);
    if (!time || *time <= context_.now) return std::nullopt;
    return time_between(context_.now, *time);
  }

  const HttpResponse& answer_;
  const S3Context& context_;
  S3ErrorText error_;
  std::string what_;
};

}  // namespace

void throw_s3_error(const HttpResponse& answer, const S3Context& context) {
  Explanation(answer, context).raise();
}

void throw_not_s3(const S3Context& context, const HttpResponse& answer) {
  bool page =
      to_lower(std::string_view(answer.body).substr(0, 1000)).find("<html") != std::string::npos;
  throw Error(
      fmt::format("{} does not answer as an S3 server: {} to {}{}", context.url.host, answer.status,
                  context.operation, page ? ", with a web page" : ", and not with what S3 sends"),
      "check host and port of the repository's URL (an S3 server's API, not its web "
      "console), and whether a proxy or a network's sign-in page stands between");
}

}  // namespace probackup
