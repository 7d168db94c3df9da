// Faults of calls that change something: what the client saw, and what the server did.
#include <atomic>
#include <set>

#include "trello_client.h"

using namespace probackup;
using nlohmann::json;
using probackup::test::TrelloClient;

namespace {

struct Writer {
  TrelloAccount account{34, {0, 0, 1, 0, 0, 0}};
  TrelloClient client{account};
  std::string list = [this] {
    const std::string board = client.post("/boards?name=Board").at("id");
    return client.post("/lists?name=List&idBoard=" + board).at("id").get<std::string>();
  }();

  void plan(const std::vector<FaultRule>& rules, std::uint64_t seed = 1) {
    FaultPlan plan;
    plan.seed = seed;
    plan.rules = rules;
    account.server().set_faults(plan);
  }
  httplib::Result post(const std::string& name) {
    return client.http().Post("/1/cards", json{{"idList", list}, {"name", name}}.dump(),
                              "application/json");
  }
  std::size_t cards() { return account.truth("cards").size(); }
};

FaultRule on_writes(Fault fault, std::uint64_t nth) {
  FaultRule rule;
  rule.fault = fault;
  rule.methods = "POST,PUT,DELETE";
  rule.nth = nth;
  return rule;
}

}  // namespace

TEST_CASE("an answer lost to an error leaves what was created") {
  Writer writer;
  std::set<int> statuses;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    writer.plan({on_writes(Fault::lost_to_error, 1)}, seed);
    const auto before = writer.cards();
    statuses.insert(writer.post("lost")->status);
    CHECK(writer.cards() == before + 1);
    CHECK(writer.post("sent")->status == 200);
  }
  CHECK(statuses == std::set<int>{500, 502, 504});
}

TEST_CASE("an answer lost to a cut connection leaves what was created") {
  Writer writer;
  writer.plan({on_writes(Fault::lost_to_cut, 1)});
  CHECK_FALSE(writer.post("lost"));
  CHECK(writer.cards() == 1);
  CHECK(writer.post("sent")->status == 200);
  CHECK(writer.account.server().fault_counts() ==
        std::map<Fault, std::uint64_t>{{Fault::lost_to_cut, 1}});
}

TEST_CASE("an answer without a body is lost to a cut connection like any other") {
  ApiServer server;
  std::atomic<int> deleted{0};
  server.route("DELETE", "/things/:id", [&](const ApiRequest&) {
    ++deleted;
    return ApiAnswer{204, "", "", {}};
  });
  FaultPlan plan;
  plan.rules.push_back(on_writes(Fault::lost_to_cut, 1));
  server.set_faults(plan);
  httplib::Client client("127.0.0.1", server.port());
  CHECK_FALSE(client.Delete("/things/1"));
  CHECK(deleted == 1);
  CHECK(client.Delete("/things/2")->status == 204);
}

TEST_CASE("a limit on writes leaves nothing behind, and reads go on") {
  Writer writer;
  writer.plan({on_writes(Fault::limit_429, 1)});
  CHECK(writer.client.get("/members/me").at("username") == "member1");
  const auto limited = writer.post("limited");
  CHECK(limited->status == 429);
  CHECK(limited->get_header_value("Retry-After") == "1");
  CHECK(writer.cards() == 0);
}

TEST_CASE("creates with different bodies are different requests to a fault plan") {
  Writer writer;
  FaultRule rule = on_writes(Fault::error_500, 0);
  rule.probability = 1;
  rule.times_max = 1;
  writer.plan({rule});
  for (const auto* name : {"one", "two", "three"}) {
    CHECK(writer.post(name)->status == 500);
    CHECK(writer.post(name)->status == 200);
  }
  CHECK(writer.cards() == 3);
}

TEST_CASE("after the n-th request a server can be gone for good, with or without its last answer") {
  const auto last_answer = GENERATE(Fault::none, Fault::lost_to_cut);
  for (std::uint64_t n = 1; n <= 4; ++n) {
    Writer writer;
    FaultRule dead;
    dead.fault = Fault::dropped;
    std::vector<FaultRule> rules;
    if (last_answer == Fault::none) {
      dead.from = n;  // n - 1 requests are served
    } else {
      rules.push_back(on_writes(last_answer, n));
      dead.from = n;  // the n-th is not counted here
    }
    rules.push_back(dead);
    writer.plan(rules);
    std::size_t answered = 0;
    for (int i = 0; i < 8; ++i) {
      if (writer.post(std::to_string(i))) ++answered;
    }
    INFO("n = " << n);
    CHECK(answered == n - 1);
    CHECK(writer.cards() == (last_answer == Fault::none ? n - 1 : n));
    writer.account.server().set_faults({});
    CHECK(writer.post("again")->status == 200);
  }
}

TEST_CASE("a request that announces no body is answered at once") {
  // What curl sends for a DELETE; a server that waited for a body would let it time out.
  Writer writer;
  httplib::Client plain("127.0.0.1", writer.account.server().port());
  plain.set_read_timeout(2);
  httplib::Request request;
  request.method = "DELETE";
  request.path = "/1/cards/nonsense";
  request.headers = {{"Authorization", test::trello_authorization(writer.account.settings())}};
  const auto answer = plain.send(request);
  REQUIRE(answer);
  CHECK(answer->status == 400);
  CHECK(answer->body == "invalid id");
}
