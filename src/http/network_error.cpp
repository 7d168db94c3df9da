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

constexpr const char* proxy_hint = "check https_proxy, http_proxy and no_proxy";

Meaning meaning_of(const TransferFailure& failure, const std::string& host,
                   const std::string& detail) {
  if (failure.proxy_status == 407)
    return {"the proxy asks for a password (407)", false,
            "https_proxy takes them as http://USER:PASSWORD@HOST:PORT"};
  if (failure.proxy_status >= 300)
    return {fmt::format("the proxy refused the connection ({})", failure.proxy_status),
            failure.proxy_status >= 500, proxy_hint};
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {fmt::format("no such host: {}", host), false,
              "check the name, your network connection and DNS"};
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {"the proxy's name is unknown", false, proxy_hint};
    case CURLE_COULDNT_CONNECT:
      // libcurl names whom it tried to reach.
      if (detail.find("connect to ") != std::string::npos && detail.find(host) == std::string::npos)
        return {fmt::format("the proxy does not accept connections: {}", detail), true, proxy_hint};
      return {fmt::format("{} does not accept connections", host), true,
              "check that the server runs, the port is right and no firewall is between"};
    case CURLE_OPERATION_TIMEDOUT:
      return {fmt::format("{} stopped answering", host), true,
              "the server or the network is slow; try again later"};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return {fmt::format("the TLS certificate of {} cannot be trusted: {}", host, detail), false,
              "if the server uses a private authority, give its certificate by --cacert FILE"};
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
      return {detail};
  }
}

// There was no connection over which a request could have gone.
bool is_unsent(const TransferFailure& failure) {
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return true;
    default:
      return failure.proxy_status >= 300;
  }
}

}  // namespace

NetworkError network_error(const TransferFailure& failure, const std::string& what,
                           const std::string& host) {
  std::string detail =
      failure.detail.empty() ? curl_easy_strerror(failure.code) : redact(failure.detail);
  Meaning meaning = meaning_of(failure, host, detail);
  return NetworkError(fmt::format("{}: {}", what, meaning.why), meaning.retryable, meaning.hint,
                      is_unsent(failure));
}

}  // namespace probackup
