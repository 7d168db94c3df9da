// Several tokens of one account.
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>

#include "catch.h"
#include "rig.h"

using namespace probackup;
using namespace std::chrono_literals;

namespace {

const std::string notes_below = R"({"books": {"get": "/books", "id": "id"},
                                    "notes": {"each": "books", "get": "/books/${parent.id}/notes", "id": "id"}})";

// An app that knows two tokens, each with calls of its own.
struct TwoTokens {
  std::map<std::string, unsigned> left = {{"first-token", 1000}, {"second-token", 1000}};
  std::map<std::string, unsigned> asked;
  std::map<std::string, std::set<std::string>> pages;  // cursors by token
  bool tells = false;                                  // in headers, what is left
  std::mutex mutex;

  Rig rig{
      notes_below, [this](const Asked& request) { return answer(request); },
      R"({"http": {"quota": {"remaining": "${headers['left']}", "reset": "${headers['reset']}"}}})"};
  nlohmann::json second = {{"token", "second-token"}};

  TwoTokens() {
    rig.settings = {{"token", "first-token"}};
    rig.base_options.more = {{"second", &second}};
    rig.base_options.concurrency = 1;
  }
  HttpResponse answer(const Asked& request) {
    std::lock_guard lock(mutex);
    const std::string token = header(request.request.headers, "authorization")->substr(7);
    ++asked[token];
    if (left.at(token) == 0)
      return reply("used up", 429, {{"Retry-After", token == "first-token" ? "30000" : "40000"}});
    --left[token];
    Headers headers;
    if (tells) headers = {{"Left", std::to_string(left[token])}, {"Reset", "3600"}};
    if (request.path == "/v1/books") {
      std::string body = "[";
      for (int i = 0; i < 20; ++i)
        body += (i ? "," : "") + (R"({"id": "b)" + std::to_string(i) + "\"}");
      return reply(body + "]", 200, headers);
    }
    const std::string book = request.path.substr(10, request.path.find("/notes") - 10);
    return reply(R"([{"id": "n)" + book + "\"}]", 200, headers);
  }
};

}  // namespace

TEST_CASE("Requests are shared by the tokens of an account") {
  TwoTokens app;
  app.rig.run();
  CHECK(app.rig.sink.keys("notes").size() == 20);
  CHECK(app.asked["first-token"] >= 9);
  CHECK(app.asked["second-token"] >= 9);
}

TEST_CASE("The token with most left is asked") {
  TwoTokens app;
  app.tells = true;
  app.left = {{"first-token", 100}, {"second-token", 110}};
  app.rig.run();
  CHECK(app.asked["second-token"] > app.asked["first-token"]);
  CHECK(app.left["second-token"] - app.left["first-token"] + 1 <= 2);  // until both are even
}

TEST_CASE("A token that is used up rests, and the other goes on") {
  TwoTokens app;
  app.left["first-token"] = 3;
  app.rig.run();
  CHECK(app.rig.sink.gaps().empty());
  CHECK(app.rig.sink.keys("notes").size() == 20);
  CHECK(app.asked["first-token"] < 7);
  CHECK(app.rig.clock.steady() < 1min);
}

TEST_CASE("When every token is used up, the run pauses until the first one is not") {
  TwoTokens app;
  app.left = {{"first-token", 3}, {"second-token", 5}};
  const Time before = app.rig.clock.now();
  try {
    app.rig.run();
    FAIL("the run did not pause");
  } catch (const QuotaUsedUp& pause) {
    CHECK(pause.until() - before >= 30000s);
    CHECK(pause.until() - before < 40000s);
  }
  // What was under way when a token was used up is answered, too.
  CHECK(app.asked["first-token"] + app.asked["second-token"] < 15);
}

// Whoever waits while another request is held waits until a second one does, too.
class MeetingClock final : public Clock {
 public:
  Time now() override { return clock_.now(); }
  std::chrono::nanoseconds steady() override { return clock_.steady(); }
  bool sleep(std::chrono::nanoseconds duration, std::stop_token stop) override {
    {
      std::unique_lock lock(mutex_);
      if (held_) {
        ++waiting_;
        changed_.notify_all();
        REQUIRE(changed_.wait_for(lock, 30s, [&] { return waiting_ >= 2; }));
      }
    }
    return clock_.sleep(duration, stop);
  }
  // Returns when somebody waits.
  void hold() {
    std::unique_lock lock(mutex_);
    held_ = true;
    REQUIRE(changed_.wait_for(lock, 30s, [&] { return waiting_ >= 1; }));
  }

 private:
  FakeClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  unsigned waiting_ = 0;
};

TEST_CASE("A token that is used up while a request waits for it leaves that request to the other") {
  MeetingClock clock;
  std::atomic<unsigned> refused{0};
  nlohmann::json second = {{"token", "second-token"}};
  Rig rig(
      notes_below,
      [&](const Asked& asked) {
        if (asked.path == "/v1/books")
          return reply(R"([{"id": 1}, {"id": 2}, {"id": 3}, {"id": 4}, {"id": 5}, {"id": 6}])");
        if (*header(asked.request.headers, "authorization") == "Bearer s3cret-token") {
          // The first one is refused while another request waits for its turn.
          if (++refused == 1) clock.hold();
          return reply("used up", 429, {{"Retry-After", "30000"}});
        }
        return reply("[{\"id\": \"" + asked.path + "\"}]");
      },
      R"({"http": {"limits": [{"rate": "1/10s"}]}})");
  rig.base_options.more = {{"second", &second}};
  rig.base_options.concurrency = 2;
  Engine engine(rig.connector, rig.options(), rig.http, clock);
  CHECK_NOTHROW(engine.run(rig.sink, {}));
  CHECK(rig.sink.keys("notes").size() == 6);
}

TEST_CASE("A listing stays with its token while pages follow one another") {
  std::set<std::string> tokens;
  nlohmann::json second = {{"token", "second-token"}};
  std::mutex mutex;
  Rig rig(R"({"notes": {"get": "/notes", "id": "id", "page": {"by": "link"}}})",
          [&](const Asked& asked) {
            std::lock_guard lock(mutex);
            tokens.insert(*header(asked.request.headers, "authorization"));
            const int page = std::atoi(asked.parameter("page").c_str());
            Headers headers;
            if (page < 9)
              headers = {{"Link", "<https://api.notes.example/v1/notes?page=" +
                                      std::to_string(page + 1) + ">; rel=\"next\""}};
            return reply(R"([{"id": "n)" + std::to_string(page) + "\"}]", 200, headers);
          });
  rig.base_options.more = {{"second", &second}};
  rig.run();
  CHECK(rig.sink.keys("notes").size() == 10);
  CHECK(tokens.size() == 1);
}

TEST_CASE("Tokens in the address are exchanged as well") {
  std::set<std::string> tokens;
  std::mutex mutex;
  nlohmann::json second = {{"token", "second&token"}};
  Rig rig(
      notes_below,
      [&](const Asked& asked) {
        std::lock_guard lock(mutex);
        tokens.insert(asked.parameter("key"));
        CHECK(asked.query.size() == 1);
        return reply(R"([{"id": "a"}])");
      },
      R"({"auth": {"kind": "query", "token": null, "query": {"key": "${config.token}"}}})");
  rig.base_options.more = {{"second", &second}};
  rig.run();
  rig.run();
  CHECK(tokens == std::set<std::string>{"s3cret-token", "second&token"});
}

TEST_CASE("Further tokens are of the same server") {
  nlohmann::json second = {{"token", "second-token"}, {"base_url", "https://other.example"}};
  Rig rig(notes_below, [](const Asked&) { return reply("[]"); });
  rig.base_options.more = {{"second", &second}};
  CHECK_THROWS_WITH(rig.run(), ContainsSubstring("for another server"));
}
