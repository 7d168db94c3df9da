#include "storage/s3_url.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/url.h"
#include "probackup/http.h"
#include "util/text.h"

namespace probackup {
namespace {

constexpr std::string_view amazon_domains[] = {".amazonaws.com", ".amazonaws.com.cn"};
constexpr std::size_t key_bytes_max = 1024 - 128;  // S3's limit, less the longest path below it

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  // A URL with user info would show a password.
  throw Error(ErrorKind::usage,
              fmt::format("the repository {} {}", safe_url(text.substr(text.find(':') + 1)), why),
              "write s3:https://HOST[:PORT]/BUCKET[/PREFIX], for example "
              "s3:https://s3.eu-central-1.amazonaws.com/my-bucket/backup");
}

bool is_bucket_name(std::string_view name) {
  // Looser than Amazon's rule: other stores know upper case and underscores.
  return name.size() >= 3 && name.size() <= 255 && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.' || c == '_';
         });
}

std::string_view without_port(std::string_view host) {
  auto colon = host.rfind(':');
  return colon == std::string_view::npos || host.ends_with(']') ? host : host.substr(0, colon);
}

}  // namespace

std::string S3Url::text() const {
  std::string out = fmt::format("s3:{}://{}/{}", scheme, host, bucket);
  if (!prefix.empty())
    for (const auto& part : split(prefix, '/')) out += "/" + url_encode(part);
  return out;
}

std::string S3Url::key(const std::string& path) const {
  return prefix.empty() ? path : prefix + "/" + path;
}

S3Url parse_s3_url(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("s3:")) rest.remove_prefix(3);
  bool has_scheme = rest.starts_with("https://") || rest.starts_with("http://");
  std::string full(rest);
  if (!has_scheme) full = (rest.starts_with("//") ? "https:" : "https://") + full;
  auto url = parse_url(full);
  if (!url || url->host.empty()) refuse(text, "names no server");
  if (!url->user_info.empty())
    refuse(text, "holds a user or password, which belong into the environment");
  if (url->query || url->fragment) refuse(text, "has a part behind ? or #");
  S3Url out;
  std::string origin = url_origin(full);
  auto end = origin.find("://");
  out.scheme = origin.substr(0, end);
  out.host = origin.substr(end + 3);
  // What stands behind a scheme is a URL with its escapes; without one it is taken as it is.
  std::string path = has_scheme ? url_decode(url->path) : url->path;
  std::vector<std::string> parts;
  for (auto& part : split(path, '/')) {
    if (part.empty()) continue;
    if (part == "." || part == "..") refuse(text, "has a part that is . or ..");
    parts.push_back(std::move(part));
  }
  if (parts.empty()) refuse(text, "names no bucket");
  out.bucket = parts.front();
  if (!is_bucket_name(out.bucket))
    refuse(text, fmt::format("names the bucket \"{}\", which no bucket can be called", out.bucket));
  parts.erase(parts.begin());
  out.prefix = join(parts, "/");
  if (out.prefix.size() > key_bytes_max) refuse(text, "has too long a prefix");
  if (valid_utf8(out.prefix) != out.prefix) refuse(text, "has a prefix that is not UTF-8");
  return out;
}

bool is_amazon(const S3Url& url) {
  auto host = without_port(url.host);
  return std::any_of(std::begin(amazon_domains), std::end(amazon_domains),
                     [&](std::string_view domain) { return host.ends_with(domain); });
}

std::string region_of_host(const S3Url& url) {
  if (!is_amazon(url)) return {};
  auto labels = split(url.host, '.');
  // "s3.REGION", "s3.dualstack.REGION", and the older "s3-REGION".
  if (labels[0].starts_with("s3-") && !labels[0].starts_with("s3-fips")) return labels[0].substr(3);
  std::size_t at = labels.size() > 1 && labels[1] == "dualstack" ? 2 : 1;
  return labels.size() > at && labels[at] != "amazonaws" ? labels[at] : "";
}

bool uses_virtual_host(const S3Url& url, S3Options::Style style) {
  if (style != S3Options::Style::by_host) return style == S3Options::Style::virtual_host;
  // Dots would leave the wildcard of the server's certificate.
  return is_amazon(url) && url.bucket.find('.') == std::string::npos;
}

}  // namespace probackup
