// Request bodies that are read while they are sent, and requests that must not go out twice.
#include <httplib.h>

#include <atomic>
#include <thread>

#include "catch.h"
#include "http/spool_body.h"
#include "loopback_server.h"
#include "probackup/http.h"

using namespace probackup;

namespace {

char byte_at(std::uint64_t offset) {
  return static_cast<char>('a' + offset / 1000 % 26);
}

// A body that is nowhere: its bytes follow from their places.
class MadeBody : public HttpBody {
 public:
  explicit MadeBody(std::uint64_t size) : size_(size) {}
  std::uint64_t size() const override { return size_; }
  std::size_t read(std::uint64_t offset, char* to, std::size_t max) override {
    for (std::size_t i = 0; i < max; ++i) to[i] = byte_at(offset + i);
    given = offset + max;
    return max;
  }
  std::atomic<std::uint64_t> given{0};

 private:
  std::uint64_t size_;
};

HttpRequest post(const std::string& url, std::shared_ptr<HttpBody> body) {
  HttpRequest request;
  request.method = "POST";
  request.url = url;
  request.headers = {{"Content-Type", "application/octet-stream"}};
  request.upload = std::move(body);
  return request;
}

std::string answer(const std::string& head, const std::string& body) {
  return "HTTP/1.1 " + head + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

std::string body_of(const std::string& request) {
  return request.substr(request.find("\r\n\r\n") + 4);
}

std::shared_ptr<HttpBody> spooled(const std::string& text) {
  auto file = std::make_shared<SpoolFile>();
  file->append(text);
  return spool_body(file);
}

// The NetworkError that the request ends with.
NetworkError failure(Http& http, const HttpRequest& request) {
  try {
    http.send(request, {});
  } catch (const NetworkError& error) {
    return error;
  }
  return NetworkError("it did not fail", false);
}

}  // namespace

TEST_CASE("a large upload is read no faster than it is sent") {
  constexpr std::uint64_t size = 96 << 20;
  auto body = std::make_shared<MadeBody>(size);
  std::uint64_t received = 0, wrong = 0, ahead_max = 0;
  std::string length;
  httplib::Server server;
  server.Post("/", [&](const httplib::Request& request, httplib::Response& response,
                       const httplib::ContentReader& read) {
    length = request.get_header_value("Content-Length");
    read([&](const char* bytes, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i) wrong += bytes[i] != byte_at(received + i);
      received += count;
      ahead_max = std::max(ahead_max, body->given - received);
      return true;
    });
    response.set_content("thanks", "text/plain");
  });
  int port = server.bind_to_any_port("127.0.0.1");
  std::thread thread([&] { server.listen_after_bind(); });
  auto response =
      curl_http()->send(post("http://127.0.0.1:" + std::to_string(port) + "/", body), {});
  server.stop();
  thread.join();
  CHECK(response.status == 200);
  CHECK(response.body == "thanks");
  CHECK(length == std::to_string(size));
  CHECK(received == size);
  CHECK(wrong == 0);
  // What is under way: a buffer of libcurl and those of the system's sockets.
  CHECK(ahead_max < 16 << 20);
}

TEST_CASE("what lies in a temporary file is sent as it is, by any method") {
  LoopbackServer server([](const std::string&, const auto& send) { send(answer("200 OK", "")); });
  auto http = curl_http();
  std::string text = std::string("a\0b", 3) + std::string(300'000, 'x') + "end";
  for (const char* method : {"POST", "PUT", "PATCH"}) {
    HttpRequest request = post(server.url(), spooled(text));
    request.method = method;
    CHECK(http->send(request, {}).status == 200);
    std::string sent = server.requests().back();
    CHECK(sent.starts_with(std::string(method) + " / "));
    CHECK(body_of(sent) == text);
    CHECK_THAT(sent, ContainsSubstring("Content-Type: application/octet-stream"));
    CHECK_THAT(sent, !ContainsSubstring("Transfer-Encoding"));
  }
}

TEST_CASE("an empty upload says that it has no byte") {
  LoopbackServer server([](const std::string&, const auto& send) { send(answer("200 OK", "")); });
  CHECK(curl_http()->send(post(server.url(), spooled("")), {}).status == 200);
  CHECK_THAT(server.requests().at(0), ContainsSubstring("Content-Length: 0\r\n"));
  CHECK(body_of(server.requests().at(0)).empty());
}

TEST_CASE("a server that hangs up in the middle of an upload gives no answer") {
  LoopbackServer server([](const std::string&, const auto&) {}, {1, 100'000});
  auto error = failure(*curl_http(), post(server.url(), std::make_shared<MadeBody>(64 << 20)));
  CHECK(error.retryable());
  CHECK_THAT(error.what(), ContainsSubstring("POST http://127.0.0.1"));
}

TEST_CASE("an upload follows a redirect to the same server from its first byte, and to no other") {
  LoopbackServer other([](const std::string&, const auto& send) { send(answer("200 OK", "")); });
  LoopbackServer server([&](const std::string& request, const auto& send) {
    if (request.starts_with("POST /same"))
      send(answer("307 Temporary Redirect\r\nLocation: /here", ""));
    else if (request.starts_with("POST /away"))
      send(answer("308 Permanent Redirect\r\nLocation: " + other.url(), ""));
    else if (request.starts_with("POST /done"))
      send(answer("303 See Other\r\nLocation: /there", ""));
    else
      send(answer("200 OK", ""));
  });
  auto http = curl_http();
  std::string text(100'000, 'y');
  CHECK(http->send(post(server.url("/same"), spooled(text)), {}).url == server.url("/here"));
  CHECK(body_of(server.requests().back()) == text);
  CHECK_THAT(failure(*http, post(server.url("/away"), spooled(text))).what(),
             ContainsSubstring("redirects to"));
  CHECK(other.requests().empty());
  http->send(post(server.url("/done"), spooled(text)), {});
  CHECK(server.requests().back().starts_with("GET /there "));
  CHECK(body_of(server.requests().back()).empty());
}

TEST_CASE("a refusal that comes before the end of an upload is the answer") {
  LoopbackServer server(
      [](const std::string&, const auto& send) {
        send(answer("413 Payload Too Large\r\nConnection: close", "too large"));
        std::this_thread::sleep_for(std::chrono::milliseconds(200));  // reset by the close else
      },
      {1, 1000});
  auto response = curl_http()->send(post(server.url(), std::make_shared<MadeBody>(64 << 20)), {});
  CHECK(response.status == 413);
  CHECK(response.body == "too large");
}

TEST_CASE("what the body throws ends the transfer and reaches the caller") {
  struct Broken : MadeBody {
    using MadeBody::MadeBody;
    std::size_t read(std::uint64_t offset, char* to, std::size_t max) override {
      if (offset > 0) throw Error("the disk cannot be read");
      return MadeBody::read(offset, to, std::min<std::size_t>(max, 1000));
    }
  };
  LoopbackServer server([](const std::string&, const auto& send) { send(answer("200 OK", "")); });
  auto http = curl_http();
  CHECK_THROWS_WITH(http->send(post(server.url(), std::make_shared<Broken>(5000)), {}),
                    "the disk cannot be read");
  HttpRequest two = post(server.url(), spooled("one"));
  two.body = "two";
  CHECK_THROWS_AS(http->send(two, {}), NetworkError);
}

TEST_CASE("a request that may go out once only is not sent again where a kept connection breaks") {
  // The first request of a connection is answered, the second one is read and the line goes dead.
  auto work = [](const std::string& request, const auto& send) {
    if (request.starts_with("GET ")) send(answer("200 OK", ""));
  };
  struct Case {
    std::shared_ptr<HttpBody> upload;
    std::string body;
  };
  for (const auto& [upload, body] :
       {Case{nullptr, ""}, Case{nullptr, "text"}, Case{spooled("file"), ""}}) {
    LoopbackServer server(work, {2});
    auto http = curl_http();
    HttpRequest warm_up;
    warm_up.url = server.url();
    http->send(warm_up, {});
    HttpRequest request = post(server.url("/create"), upload);
    request.body = body;
    request.once = true;
    auto error = failure(*http, request);
    CHECK(error.retryable());
    CHECK_THAT(error.what(), ContainsSubstring("closed the connection unanswered"));
    CHECK(server.requests().size() == 2);
    // Later requests are not harmed.
    CHECK(http->send(warm_up, {}).status == 200);
  }
}
