// The server's side of Signature Version 4.
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "s3_server.h"
#include "util/time.h"

namespace probackup {
namespace {

using Bytes = std::basic_string<unsigned char>;

std::string hex_of(const unsigned char* bytes, std::size_t count) {
  std::string out;
  char pair[3];
  for (std::size_t i = 0; i < count; ++i) {
    std::snprintf(pair, sizeof pair, "%02x", bytes[i]);
    out += pair;
  }
  return out;
}

std::string digest_of(const std::string& text) {
  unsigned char out[32];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), out);
  return hex_of(out, sizeof out);
}

Bytes mac(const Bytes& key, const std::string& text) {
  unsigned char out[32];
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), out, &length);
  return {out, length};
}

// Decodes what was sent and writes it in the one form that is signed.
std::string normal(const std::string& sent, bool slashes) {
  std::string out;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    auto c = static_cast<unsigned char>(sent[i]);
    if (c == '%' && i + 2 < sent.size()) {
      c = static_cast<unsigned char>(std::stoi(sent.substr(i + 1, 2), nullptr, 16));
      i += 2;
    }
    bool plain = std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~';
    char escape[4];
    std::snprintf(escape, sizeof escape, "%%%02X", c);
    if (plain || (slashes && c == '/'))
      out += static_cast<char>(c);
    else
      out += escape;
  }
  return out;
}

std::vector<std::string> parts_of(const std::string& text, char separator) {
  std::vector<std::string> out(1);
  for (char c : text)
    if (c == separator)
      out.emplace_back();
    else
      out.back() += c;
  return out;
}

std::string between(const std::string& text, const std::string& begin) {
  auto at = text.find(begin);
  if (at == std::string::npos) return {};
  at += begin.size();
  return text.substr(at, text.find_first_of(", ", at) - at);
}

std::string query_of(const std::string& target) {
  auto mark = target.find('?');
  if (mark == std::string::npos || mark + 1 == target.size()) return {};
  std::multiset<std::string> pairs;
  for (const auto& pair : parts_of(target.substr(mark + 1), '&')) {
    auto equals = pair.find('=');
    pairs.insert(normal(pair.substr(0, equals), false) + "=" +
                 (equals == std::string::npos ? "" : normal(pair.substr(equals + 1), false)));
  }
  std::string out;
  for (const auto& pair : pairs) out += (out.empty() ? "" : "&") + pair;
  return out;
}

}  // namespace

std::optional<S3Refusal> check_s3_signature(const httplib::Request& request,
                                            const S3ServerOptions& options) {
  std::string sent = request.get_header_value("Authorization");
  if (!sent.starts_with("AWS4-HMAC-SHA256 ")) return S3Refusal{403, "AccessDenied", ""};
  auto scope = parts_of(between(sent, "Credential="), '/');
  std::string names = between(sent, "SignedHeaders="), signature = between(sent, "Signature=");
  std::string time = request.get_header_value("x-amz-date");
  if (scope.size() != 5 || time.size() != 16 || scope[1] != time.substr(0, 8) || scope[3] != "s3" ||
      scope[4] != "aws4_request")
    return S3Refusal{400, "AuthorizationHeaderMalformed", ""};
  if (scope[0] != options.access_key) return S3Refusal{403, "InvalidAccessKeyId", ""};
  if (scope[2] != options.region)
    return S3Refusal{400, "AuthorizationHeaderMalformed",
                     "<Region>" + options.region + "</Region>"};
  if (request.get_header_value("x-amz-security-token") != options.session_token)
    return S3Refusal{400, "InvalidToken", ""};
  auto claimed =
      parse_rfc3339(time.substr(0, 4) + "-" + time.substr(4, 2) + "-" + time.substr(6, 5) + ":" +
                    time.substr(11, 2) + ":" + time.substr(13));
  Time now = options.clock->now();
  if (!claimed || std::max(now, *claimed) - std::min(now, *claimed) > std::chrono::minutes(15))
    return S3Refusal{403, "RequestTimeTooSkewed",
                     "<RequestTime>" + time + "</RequestTime><ServerTime>" +
                         format_rfc3339_seconds(now) + "</ServerTime>"};

  auto listed = parts_of(names, ';');
  std::set<std::string> all(listed.begin(), listed.end());
  if (!all.contains("host") || !all.contains("x-amz-content-sha256") ||
      !std::is_sorted(listed.begin(), listed.end()))
    return S3Refusal{400, "AuthorizationHeaderMalformed", ""};
  for (const auto& [name, value] : request.headers) {
    std::string lower;
    for (char c : name) lower += static_cast<char>(std::tolower(c));
    if (lower.starts_with("x-amz-") && !all.contains(lower))
      return S3Refusal{403, "AccessDenied", ""};
  }
  std::string lines;
  for (const auto& name : listed) lines += name + ":" + request.get_header_value(name) + "\n";
  std::string digest = request.get_header_value("x-amz-content-sha256");
  std::string canonical = request.method + "\n" +
                          normal(request.target.substr(0, request.target.find('?')), true) + "\n" +
                          query_of(request.target) + "\n" + lines + "\n" + names + "\n" + digest;
  std::string to_sign = "AWS4-HMAC-SHA256\n" + time + "\n" + scope[1] + "/" + scope[2] +
                        "/s3/aws4_request\n" + digest_of(canonical);
  std::string first = "AWS4" + options.secret_key;
  Bytes key(reinterpret_cast<const unsigned char*>(first.data()), first.size());
  for (std::size_t i = 1; i < scope.size(); ++i) key = mac(key, scope[i]);
  Bytes right = mac(key, to_sign);
  if (hex_of(right.data(), right.size()) != signature)
    return S3Refusal{403, "SignatureDoesNotMatch", ""};
  return std::nullopt;
}

}  // namespace probackup
