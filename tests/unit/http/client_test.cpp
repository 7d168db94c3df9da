#include <httplib.h>

#include <atomic>
#include <future>
#include <thread>

#include "catch.h"
#include "loopback_server.h"
#include "probackup/http.h"

using namespace probackup;
using namespace std::chrono_literals;

namespace {

// A well-behaved server that keeps connections open.
class GoodServer {
 public:
  GoodServer() {
    server_.Get("/slow", [this](const httplib::Request&, httplib::Response& response) {
      int now = ++active_, best = most_active_;
      while (now > best && !most_active_.compare_exchange_weak(best, now)) {
      }
      std::this_thread::sleep_for(50ms);
      --active_;
      response.set_content("{}", "application/json");
    });
    server_.Get("/port", [](const httplib::Request& request, httplib::Response& response) {
      response.set_content(std::to_string(request.remote_port), "text/plain");
    });
    server_.Get("/big", [](const httplib::Request&, httplib::Response& response) {
      response.set_content(std::string(1'000'000, 'a'), "text/plain");
    });
    auto echo = [](const httplib::Request& request, httplib::Response& response) {
      response.set_content(
          request.method + "|" + request.get_header_value("Content-Type") + "|" + request.body,
          "text/plain");
    };
    server_.Post("/echo", echo);
    server_.Put("/echo", echo);
    server_.Delete("/echo", echo);
    server_.Patch("/echo", echo);
    server_.new_task_queue = [] { return new httplib::ThreadPool(16); };
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
  }
  ~GoodServer() {
    server_.stop();
    thread_.join();
  }
  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  int most_active() const { return most_active_; }

 private:
  httplib::Server server_;
  std::atomic<int> active_{0}, most_active_{0};
  int port_ = 0;
  std::thread thread_;
};

HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  return request;
}

std::string answer(const std::string& head, const std::string& body) {
  return "HTTP/1.1 " + head + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

std::string error_of(Http& http, const HttpRequest& request) {
  try {
    http.send(request, {});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("connections are used again") {
  GoodServer server;
  auto http = curl_http();
  std::string first = http->send(get(server.url("/port")), {}).body;
  CHECK_FALSE(first.empty());
  CHECK(http->send(get(server.url("/port")), {}).body == first);
}

TEST_CASE("requests of many threads run side by side") {
  GoodServer server;
  auto http = curl_http();
  std::vector<std::future<int>> answers;
  for (int i = 0; i < 8; ++i)
    answers.push_back(std::async(std::launch::async,
                                 [&] { return http->send(get(server.url("/slow")), {}).status; }));
  for (auto& one : answers) CHECK(one.get() == 200);
  CHECK(server.most_active() > 1);
}

TEST_CASE("methods, bodies and content types arrive as given") {
  GoodServer server;
  auto http = curl_http();
  for (const char* method : {"POST", "PUT", "PATCH", "DELETE"}) {
    HttpRequest request = get(server.url("/echo"));
    request.method = method;
    request.body = "{\"a\":1}";
    request.headers = {{"Content-Type", "application/json"}};
    CHECK(http->send(request, {}).body == std::string(method) + "|application/json|{\"a\":1}");
  }
  HttpRequest empty = get(server.url("/echo"));
  empty.method = "POST";
  CHECK(http->send(empty, {}).body == "POST||");
}

TEST_CASE("any status is an answer, with its headers and body") {
  LoopbackServer server([](const std::string&, const auto& send) {
    send(answer("429 Too Many Requests\r\nRetry-After: 7\r\nX-Two: 1\r\nx-two: 2", "slow down"));
  });
  auto http = curl_http();
  auto response = http->send(get(server.url("/x?y")), {});
  CHECK(response.status == 429);
  CHECK(response.body == "slow down");
  CHECK(header(response.headers, "retry-after") == "7");
  CHECK(header(response.headers, "X-Two") == "2");
  CHECK(response.url == server.url("/x?y"));
  CHECK_THAT(server.requests().at(0), ContainsSubstring("User-Agent: probackup/"));
}

TEST_CASE("a redirect to the same server keeps the secrets, one to another drops them") {
  LoopbackServer target(
      [](const std::string&, const auto& send) { send(answer("200 OK", "there")); });
  LoopbackServer origin([&](const std::string& request, const auto& send) {
    if (request.starts_with("GET /away"))
      send(answer("302 Found\r\nLocation: " + target.url("/file"), ""));
    else if (request.starts_with("GET /near"))
      send(answer("301 Moved\r\nLocation: here?a=b", ""));
    else
      send(answer("200 OK", "here"));
  });
  auto http = curl_http();
  HttpRequest request = get(origin.url("/near"));
  request.headers = {{"authorization", "Bearer s3cret"}, {"X-Other", "kept"}};
  request.secret_headers = {"Authorization"};
  CHECK(http->send(request, {}).body == "here");
  CHECK_THAT(origin.requests().at(1), ContainsSubstring("GET /here?a=b"));
  CHECK_THAT(origin.requests().at(1), ContainsSubstring("s3cret"));

  request.url = origin.url("/away");
  auto response = http->send(request, {});
  CHECK(response.body == "there");
  CHECK(response.url == target.url("/file"));
  CHECK_THAT(target.requests().at(0), ContainsSubstring("X-Other: kept"));
  CHECK_THAT(target.requests().at(0), !ContainsSubstring("s3cret"));
}

TEST_CASE("a POST follows 303 as GET and 307 as POST, but its body goes to no other server") {
  LoopbackServer target([](const std::string&, const auto& send) { send(answer("200 OK", "")); });
  LoopbackServer origin([&](const std::string& request, const auto& send) {
    if (request.starts_with("POST /see-other"))
      send(answer("303 See Other\r\nLocation: /done", ""));
    else if (request.starts_with("POST /same"))
      send(answer("307 Temporary Redirect\r\nLocation: /done", ""));
    else if (request.starts_with("POST /away"))
      send(answer("307 Temporary Redirect\r\nLocation: " + target.url(), ""));
    else
      send(answer("200 OK", request.substr(0, request.find(' '))));
  });
  auto http = curl_http();
  HttpRequest request = get(origin.url("/see-other"));
  request.method = "POST";
  request.body = "secret data";
  CHECK(http->send(request, {}).body == "GET");
  request.url = origin.url("/same");
  CHECK(http->send(request, {}).body == "POST");
  request.url = origin.url("/away");
  CHECK_THAT(error_of(*http, request), ContainsSubstring("redirects to"));
  CHECK(target.requests().empty());
}

TEST_CASE("a circle of redirects ends") {
  LoopbackServer server([](const std::string&, const auto& send) {
    send(answer("302 Found\r\nLocation: /again", ""));
  });
  auto http = curl_http();
  CHECK_THAT(error_of(*http, get(server.url())), ContainsSubstring("more than 5 redirects"));
  CHECK(server.requests().size() == 6);
}

TEST_CASE("plain http is refused for other machines unless allowed") {
  auto http = curl_http();
  CHECK_THAT(error_of(*http, get("http://server.invalid/?token=abc")),
             ContainsSubstring("GET http://server.invalid/?token=***: refused"));
  HttpOptions allowed;
  allowed.allow_plain_http = true;
  CHECK_THAT(error_of(*curl_http(allowed), get("http://server.invalid/")),
             ContainsSubstring("no such host: server.invalid"));
}

TEST_CASE("compressed answers are unpacked, and a bomb is stopped at the limit") {
  GoodServer server;
  auto http = curl_http();
  HttpRequest request = get(server.url("/big"));
  auto response = http->send(request, {});
  CHECK(header(response.headers, "Content-Encoding") == "gzip");
  CHECK(response.body == std::string(1'000'000, 'a'));
  request.body_bytes_max = 100'000;
  CHECK_THAT(error_of(*http, request), ContainsSubstring("larger than 97.7 KiB"));
}

TEST_CASE("a request cannot be split by line breaks in its headers") {
  auto http = curl_http();
  HttpRequest request = get("http://127.0.0.1:1/");
  request.headers = {{"X-Name", "a\r\nX-Injected: b"}};
  CHECK_THAT(error_of(*http, request), ContainsSubstring("not an HTTP header: X-Name"));
}
