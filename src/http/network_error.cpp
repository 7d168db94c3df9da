#include "http/network_error.h"

#include <fmt/format.h>

#include "util/log.h"

namespace probackup {
namespace {

struct Meaning {
  std::string why;
  bool retryable = true;
  std::string hint = {};
};

Meaning meaning_of(CURLcode code, const std::string& host, const std::string& detail) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {fmt::format("no such host: {}", host), false,
              "check the name, your network connection and DNS"};
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {"the proxy's name is unknown", false, "check https_proxy and http_proxy"};
    case CURLE_COULDNT_CONNECT:
      return {fmt::format("{} does not accept connections", host), true,
              "check that the server runs, the port is right and no firewall is between"};
    case CURLE_OPERATION_TIMEDOUT:
      return {fmt::format("{} stopped answering", host), true,
              "the server or the network is slow; try again later"};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return {fmt::format("the TLS certificate of {} cannot be trusted: {}", host, detail), false,
              "if the server uses a private authority, give its certificate as CA file"};
    case CURLE_SSL_CONNECT_ERROR:
      return {fmt::format("no TLS connection to {}: {}", host, detail), true,
              "check that the port speaks TLS (https, not http)"};
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2_STREAM:
    case CURLE_HTTP2:
    case CURLE_RECV_ERROR:
      return {fmt::format("{} cut the answer short", host), true};
    case CURLE_GOT_NOTHING:
      return {fmt::format("{} closed the connection unanswered", host)};
    case CURLE_SEND_ERROR:
      return {fmt::format("{} closed the connection early", host)};
    case CURLE_BAD_CONTENT_ENCODING:
      return {"the compressed answer is damaged"};
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return {fmt::format("{} does not speak HTTP", host), false};
    default:
      return {detail.empty() ? curl_easy_strerror(code) : detail};
  }
}

}  // namespace

NetworkError network_error(CURLcode code, const std::string& what, const std::string& host,
                           const std::string& detail) {
  Meaning meaning =
      meaning_of(code, host, detail.empty() ? curl_easy_strerror(code) : redact(detail));
  return NetworkError(fmt::format("{}: {}", what, meaning.why), meaning.retryable, meaning.hint);
}

}  // namespace probackup
