#include "demo/api_server.h"

#include <httplib.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "catch.h"
#include "util/file.h"

using namespace probackup;

namespace {

// /pages?page=N serves three pages of numbers; the answer names the next page.
void add_pages(ApiServer& server) {
  server.route("GET", "/pages", [](const ApiRequest& request) {
    const auto page = request.query_number("page", 1);
    nlohmann::json body{{"items", {page * 10, page * 10 + 1}}};
    if (page < 3) body["next"] = page + 1;
    return json_answer(body.dump());
  });
}

FaultPlan plan_of(FaultRule rule, std::uint64_t seed = 7) {
  FaultPlan plan;
  plan.seed = seed;
  plan.rules.push_back(std::move(rule));
  return plan;
}

httplib::Client client_of(const ApiServer& server) {
  httplib::Client client("127.0.0.1", server.port());
  client.set_keep_alive(true);
  return client;
}

}  // namespace

TEST_CASE("routes match segment by segment and decode their parameters") {
  ApiServer server;
  server.route("GET", "/1/boards/:id", [](const ApiRequest& request) {
    return text_answer("board " + request.param("id"));
  });
  server.route("GET", "/files/*rest", [](const ApiRequest& request) {
    return text_answer("file " + request.param("rest"));
  });
  auto client = client_of(server);
  CHECK(client.Get("/1/boards/a%2Fb")->body == "board a/b");
  CHECK(client.Get("/files/x/y%20z")->body == "file x/y z");
  CHECK(client.Get("/1/boards")->status == 404);
  CHECK(client.Get("/1/boards/")->status == 404);
  CHECK(client.Get("/1/boards/a/b")->status == 404);
  CHECK(client.Post("/1/boards/a", "", "text/plain")->status == 404);
}

TEST_CASE("a handler's exception is a 500, not the end of the server") {
  ApiServer server;
  server.route("GET", "/bad",
               [](const ApiRequest& request) { return text_answer(request.param("missing")); });
  auto client = client_of(server);
  CHECK(client.Get("/bad")->status == 500);
  CHECK(client.Get("/bad")->status == 500);
}

TEST_CASE("the log keeps requests and answers, and never a credential") {
  ApiServer server;
  server.add_secret("s3cr3t-token");
  server.route("POST", "/tokens/:token", [](const ApiRequest& request) {
    return json_answer("{\"echo\":\"" + request.param("token") + "\"}");
  });
  auto client = client_of(server);
  client.Post("/tokens/s3cr3t-token?key=abc&token=def&limit=5",
              {{"Authorization", "Bearer s3cr3t-token"}, {"X-Api-Key", "abc"}, {"Accept", "x/y"}},
              "{\"t\":\"s3cr3t-token\"}", "application/json");
  const TempFolder folder;
  server.write_log(folder.path() / "log.jsonl", "trello");
  const auto text = read_file(folder.path() / "log.jsonl");
  CHECK(text.find("s3cr3t") == std::string::npos);
  CHECK(text.find("abc") == std::string::npos);
  CHECK(text.find("def") == std::string::npos);
  const auto line = nlohmann::json::parse(text);
  CHECK(line["app"] == "trello");
  CHECK(line["path"] == "/tokens/***");
  CHECK(line["query"][2] == nlohmann::json({"limit", "5"}));
  CHECK(line["status"] == 200);
  CHECK(line["answer"] == "{\"echo\":\"***\"}");
}

TEST_CASE("faults of the n-th request happen as configured") {
  ApiServer server;
  add_pages(server);
  auto client = client_of(server);
  FaultRule rule;
  rule.match = "/pages";
  rule.nth = 2;

  SECTION("429 carries Retry-After") {
    rule.fault = Fault::limit_429;
    server.set_faults(plan_of(rule));
    CHECK(client.Get("/pages")->status == 200);
    const auto limited = client.Get("/pages");
    CHECK(limited->status == 429);
    CHECK(limited->get_header_value("Retry-After") == "1");
    CHECK(client.Get("/pages")->status == 200);
  }
  SECTION("500") {
    rule.fault = Fault::error_500;
    server.set_faults(plan_of(rule));
    client.Get("/pages");
    CHECK(client.Get("/pages")->status == 500);
  }
  SECTION("a cut body is an error for the client") {
    rule.fault = Fault::cut_body;
    server.set_faults(plan_of(rule));
    CHECK(client.Get("/pages"));
    CHECK_FALSE(client.Get("/pages"));
    CHECK(client.Get("/pages")->status == 200);
  }
  SECTION("HTML instead of JSON") {
    rule.fault = Fault::html;
    server.set_faults(plan_of(rule));
    client.Get("/pages");
    const auto page = client.Get("/pages");
    CHECK(page->status == 200);
    CHECK_THAT(page->body, ContainsSubstring("<html>"));
  }
  SECTION("half a JSON text") {
    rule.fault = Fault::half_json;
    server.set_faults(plan_of(rule));
    const auto whole = client.Get("/pages")->body;
    const auto half = client.Get("/pages")->body;
    CHECK(half == whole.substr(0, whole.size() / 2));
    CHECK_FALSE(nlohmann::json::accept(half));
  }
  CHECK(server.fault_counts().at(rule.fault) == 1);
}

TEST_CASE("a repeated page is the page before, with its token") {
  ApiServer server;
  add_pages(server);
  FaultRule rule;
  rule.fault = Fault::repeated_page;
  rule.nth = 1;  // of the requests that have a page before them
  server.set_faults(plan_of(rule));
  auto client = client_of(server);
  const auto first = client.Get("/pages?page=1")->body;
  CHECK(client.Get("/pages?page=2")->body == first);
  CHECK(client.Get("/pages?page=2")->body != first);
}

TEST_CASE("data can change right before an answer") {
  ApiServer server;
  add_pages(server);
  std::atomic<int> changes{0};
  server.set_change_hook([&](std::uint64_t) { ++changes; });
  FaultRule rule;
  rule.fault = Fault::data_changes;
  rule.probability = 1;
  rule.times_max = 3;
  server.set_faults(plan_of(rule));
  auto client = client_of(server);
  for (int i = 0; i < 5; ++i) CHECK(client.Get("/pages")->status == 200);
  CHECK(changes == 3);
}

TEST_CASE("the same seed gives the same faults, another seed others") {
  ApiServer server;
  add_pages(server);
  auto client = client_of(server);
  FaultRule rule;
  rule.fault = Fault::error_500;
  rule.probability = 0.5;
  rule.times_max = 1000;
  const auto run = [&](std::uint64_t seed, bool backwards) {
    server.set_faults(plan_of(rule, seed));
    std::map<int, int> statuses;
    for (int i = 0; i < 40; ++i) {
      const int page = backwards ? 39 - i : i;
      statuses[page] = client.Get("/pages?page=" + std::to_string(page))->status;
    }
    return statuses;
  };
  const auto first = run(1, false);
  CHECK(run(1, false) == first);
  CHECK(run(1, true) == first);  // whatever the order of the requests
  CHECK(run(2, false) != first);
}

TEST_CASE("a request fails at most as often as its rule says") {
  ApiServer server;
  add_pages(server);
  FaultRule rule;
  rule.fault = Fault::error_500;
  rule.probability = 1;
  server.set_faults(plan_of(rule));
  auto client = client_of(server);
  CHECK(client.Get("/pages")->status == 500);
  CHECK(client.Get("/pages")->status == 500);
  CHECK(client.Get("/pages")->status == 200);
}

TEST_CASE("latency delays every answer") {
  ApiServer server;
  add_pages(server);
  server.set_latency(std::chrono::milliseconds(30));
  auto client = client_of(server);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) client.Get("/pages");
  CHECK(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(90));
}
