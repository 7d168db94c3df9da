#include <future>
#include <thread>

#include "catch.h"
#include "loopback_server.h"
#include "probackup/http.h"

using namespace probackup;
using namespace std::chrono_literals;

namespace {

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return request;
}

// The NetworkError that the request ends with.
NetworkError failure(const HttpRequest& request) {
  try {
    curl_http()->send(request, {});
  } catch (const NetworkError& error) {
    return error;
  }
  return NetworkError("it did not fail", false);
}

NetworkError failure_with(const std::string& bytes) {
  LoopbackServer server([&](const std::string&, const auto& send) { send(bytes); });
  return failure(get(server.url("/data?token=abc")));
}

}  // namespace

TEST_CASE("a body shorter than its Content-Length is no answer") {
  auto error = failure_with("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":");
  CHECK(error.retryable());
  CHECK_THAT(error.what(), ContainsSubstring("cut the answer short"));
  CHECK_THAT(error.what(), ContainsSubstring("/data?token=***"));
}

TEST_CASE("a chunked body without its end is no answer") {
  CHECK(failure_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            .retryable());
  CHECK(failure_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n")
            .retryable());
}

TEST_CASE("a connection closed without a word is no answer") {
  auto error = failure_with("");
  CHECK(error.retryable());
  CHECK_THAT(error.what(), ContainsSubstring("closed the connection"));
}

TEST_CASE("a server that speaks something else is named as such") {
  auto error = failure_with("SSH-2.0-OpenSSH\r\n");
  CHECK_THAT(error.what(), ContainsSubstring("GET http://127.0.0.1"));
}

TEST_CASE("headers without end are cut off") {
  LoopbackServer server([&](const std::string&, const auto& send) {
    send("HTTP/1.1 200 OK\r\n");
    std::string line = "X-Filler: " + std::string(8000, 'x') + "\r\n";
    for (int i = 0; i < 1000 && send(line); ++i) {
    }
  });
  CHECK_FALSE(std::string(failure(get(server.url())).what()).empty());
}

TEST_CASE("a server that stops sending runs into the timeout") {
  std::promise<void> finish;
  auto until = finish.get_future().share();
  LoopbackServer server([&](const std::string&, const auto& send) {
    send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    until.wait();
  });
  HttpRequest request = get(server.url());
  request.timeout = 1000ms;
  auto error = failure(request);
  finish.set_value();
  CHECK(error.retryable());
  CHECK_THAT(error.what(), ContainsSubstring("stopped answering"));
}

TEST_CASE("a refused connection and an unknown host say what to check") {
  int closed_port = 0;
  {
    LoopbackServer server([](const std::string&, const auto&) {});
    closed_port = server.port();
  }
  auto refused = failure(get("http://127.0.0.1:" + std::to_string(closed_port) + "/"));
  CHECK(refused.retryable());
  CHECK_THAT(refused.what(), ContainsSubstring("does not accept connections"));
  CHECK_FALSE(refused.hint().empty());

  auto unknown = failure(get("https://no-such-host.invalid/"));
  CHECK_FALSE(unknown.retryable());
  CHECK_THAT(unknown.what(), ContainsSubstring("no such host: no-such-host.invalid"));
  CHECK_FALSE(unknown.hint().empty());
}

TEST_CASE("TLS against a server without TLS is explained") {
  LoopbackServer server(
      [](const std::string&, const auto& send) { send("HTTP/1.1 400 Bad\r\n\r\n"); });
  auto error = failure(get("https://127.0.0.1:" + std::to_string(server.port()) + "/"));
  CHECK_THAT(error.what(), ContainsSubstring("no TLS connection"));
}

TEST_CASE("a large body passes through the sink in pieces, however slow the sink is") {
  constexpr std::size_t piece = 1 << 20, pieces = 24;
  std::atomic<std::size_t> sent{0};
  LoopbackServer server([&](const std::string&, const auto& send) {
    send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(piece * pieces) + "\r\n\r\n");
    for (std::size_t i = 0; i < pieces; ++i) {
      if (!send(std::string(piece, static_cast<char>('a' + i)))) return;
      sent += piece;
    }
  });
  std::size_t received = 0, ahead_max = 0, wrong = 0;
  HttpRequest request = get(server.url());
  request.body_bytes_max = 1;  // does not apply to a sink
  request.sink = [&](std::string_view bytes) {
    for (char c : bytes) wrong += c != static_cast<char>('a' + received++ / piece);
    std::this_thread::sleep_for(2ms);
    ahead_max = std::max(ahead_max, sent - received);
  };
  auto response = curl_http()->send(request, {});
  CHECK(response.body.empty());
  CHECK(received == piece * pieces);
  CHECK(wrong == 0);
  // What is under way: our megabyte, and what the system's socket buffers hold.
  CHECK(ahead_max < 12 * piece);
}

TEST_CASE("an error answer does not reach the sink") {
  LoopbackServer server([&](const std::string&, const auto& send) {
    send("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone");
  });
  HttpRequest request = get(server.url());
  std::string got;
  request.sink = [&](std::string_view bytes) { got += bytes; };
  CHECK(curl_http()->send(request, {}).body == "gone");
  CHECK(got.empty());
}

TEST_CASE("what the sink throws ends the transfer and reaches the caller") {
  LoopbackServer server([&](const std::string&, const auto& send) {
    send("HTTP/1.1 200 OK\r\n\r\n");
    while (send(std::string(65536, 'x'))) {
    }
  });
  HttpRequest request = get(server.url());
  request.sink = [&](std::string_view) { throw Error("the disk is full"); };
  auto http = curl_http();
  CHECK_THROWS_WITH(http->send(request, {}), "the disk is full");
}

TEST_CASE("stopping ends a request that waits for its answer") {
  std::promise<void> asked, finish;
  auto until = finish.get_future().share();
  LoopbackServer server([&](const std::string&, const auto&) {
    asked.set_value();
    until.wait();
  });
  auto http = curl_http();
  std::stop_source stop;
  auto result = std::async(std::launch::async, [&] {
    try {
      http->send(get(server.url()), stop.get_token());
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::failed;
  });
  asked.get_future().wait();
  auto before = std::chrono::steady_clock::now();
  stop.request_stop();
  CHECK(result.get() == ErrorKind::interrupted);
  CHECK(std::chrono::steady_clock::now() - before < 1s);
  finish.set_value();
}
