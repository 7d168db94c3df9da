#include "storage/s3_sign.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "util/bytes.h"
#include "util/hash.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

// White space at the ends goes, and inside it becomes one blank.
std::string canonical_value(std::string_view value) {
  std::string out;
  for (char c : trim(value)) {
    bool blank = c == ' ' || c == '\t';
    if (blank && out.ends_with(' ')) continue;
    out += blank ? ' ' : c;
  }
  return out;
}

}  // namespace

std::string canonical_query(const S3Query& query) {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [name, value] : query) encoded.emplace_back(url_encode(name), url_encode(value));
  std::sort(encoded.begin(), encoded.end());
  std::vector<std::string> parts;
  for (const auto& [name, value] : encoded) parts.push_back(name + "=" + value);
  return join(parts, "&");
}

std::string canonical_path(std::string_view path) {
  auto parts = split(path, '/');
  for (auto& part : parts) part = url_encode(part);
  return join(parts, "/");
}

Headers sign_s3(const S3Unsigned& request, const S3Credentials& credentials,
                const std::string& region, Time now) {
  std::string date = format_time(now, "%Y%m%d"), time = format_time(now, "%Y%m%dT%H%M%SZ");
  std::string digest = sha256(request.body).hex();
  Headers headers = request.headers;
  headers.emplace_back("x-amz-content-sha256", digest);
  headers.emplace_back("x-amz-date", time);
  if (!credentials.session_token.empty())
    headers.emplace_back("x-amz-security-token", credentials.session_token);

  std::map<std::string, std::string> signed_headers{{"host", request.host}};
  for (const auto& [name, value] : headers) signed_headers[to_lower(name)] = canonical_value(value);
  std::string lines;
  std::vector<std::string> names;
  for (const auto& [name, value] : signed_headers) {
    lines += fmt::format("{}:{}\n", name, value);
    names.push_back(name);
  }
  std::string list = join(names, ";");
  std::string canonical = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path,
                                      request.query, lines, list, digest);

  std::string scope = fmt::format("{}/{}/s3/aws4_request", date, region);
  std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", algorithm, time, scope, sha256(canonical).hex());
  std::string key = hmac_sha256("AWS4" + credentials.secret_key, date);
  for (std::string_view step :
       {std::string_view(region), std::string_view("s3"), std::string_view("aws4_request")})
    key = hmac_sha256(key, step);
  headers.emplace_back(
      "Authorization",
      fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", algorithm,
                  credentials.access_key, scope, list, to_hex(hmac_sha256(key, to_sign))));
  return headers;
}

}  // namespace probackup
