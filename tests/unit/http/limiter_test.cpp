#include "catch.h"
#include "fake_clock.h"
#include "probackup/http.h"

using namespace probackup;
using namespace std::chrono_literals;

namespace {

RateLimiter::Feedback refused() {
  RateLimiter::Feedback feedback;
  feedback.limited = true;
  return feedback;
}

}  // namespace

TEST_CASE("no window ever holds more requests than its rule allows") {
  FakeClock clock;
  auto limiter = rate_limiter({{"", {10, 10s}}}, 0, clock);
  std::vector<double> starts;
  for (int i = 0; i < 35; ++i) {
    limiter->acquire("/x", {});
    starts.push_back(clock.seconds());
    clock.advance(100ms);
  }
  for (std::size_t i = 10; i < starts.size(); ++i) CHECK(starts[i] - starts[i - 10] > 9.999);
  CHECK(clock.seconds() < 35);  // three windows waited for, not one request at a time
}

TEST_CASE("a rule for some paths does not slow down the others") {
  FakeClock clock;
  auto limiter = rate_limiter({{"", {1000, 1s}}, {"/members/", {1, 100s}}}, 0, clock);
  limiter->acquire("/1/members/me", {});
  for (int i = 0; i < 50; ++i) limiter->acquire("/1/boards", {});
  CHECK(clock.seconds() == 0);
  limiter->acquire("/1/members/me", {});
  CHECK(clock.seconds() == 100);
}

TEST_CASE("Retry-After holds everything back, and an absurd one has a limit") {
  FakeClock clock;
  auto limiter = rate_limiter({}, 0, clock);
  auto feedback = refused();
  feedback.retry_after = 30s;
  limiter->feedback("/x", feedback);
  CHECK(limiter->pause() == 30s);
  limiter->acquire("/y", {});
  CHECK(clock.seconds() == 30);
  feedback.retry_after = 24h * 365;
  limiter->feedback("/x", feedback);
  CHECK(limiter->pause() <= 2h);
}

TEST_CASE("a quota is left alone at its floor until it is filled up again") {
  FakeClock clock;
  auto limiter = rate_limiter({}, 50, clock);
  RateLimiter::Feedback feedback;
  feedback.remaining = 51;
  feedback.reset = clock.now() + 60s;
  limiter->feedback("/x", feedback);
  CHECK(limiter->pause() == 0s);
  feedback.remaining = 50;
  limiter->feedback("/x", feedback);
  limiter->acquire("/x", {});
  CHECK(clock.seconds() == 60);
}

TEST_CASE("a refusal halves the rate, and answers raise it again until it is free") {
  FakeClock clock;
  auto limiter = rate_limiter({}, 0, clock);
  for (int i = 0; i < 100; ++i) {  // ten requests a second
    limiter->acquire("/x", {});
    clock.advance(100ms);
  }
  limiter->feedback("/x", refused());
  limiter->feedback("/x", refused());  // was under way at the same time: counts once
  double before = clock.seconds();
  limiter->acquire("/x", {});
  limiter->acquire("/x", {});
  CHECK(clock.seconds() - before == Catch::Detail::Approx(0.2).margin(0.02));

  for (int i = 0; i < 1000; ++i) {
    limiter->acquire("/x", {});
    clock.advance(10ms);
    limiter->feedback("/x", {});
  }
  before = clock.seconds();
  for (int i = 0; i < 50; ++i) limiter->acquire("/x", {});
  CHECK(clock.seconds() - before < 0.01);
}

TEST_CASE("even an API that refuses everything is asked once a minute") {
  FakeClock clock;
  auto limiter = rate_limiter({}, 0, clock);
  for (int i = 0; i < 40; ++i) {
    limiter->acquire("/x", {});
    limiter->feedback("/x", refused());
    clock.advance(2s);
  }
  double before = clock.seconds();
  limiter->acquire("/x", {});
  CHECK(clock.seconds() - before <= 60);
}

TEST_CASE("a stopped run does not wait for its turn") {
  FakeClock clock;
  auto limiter = rate_limiter({{"", {1, 1h}}}, 0, clock);
  limiter->acquire("/x", {});
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS(limiter->acquire("/x", stop.get_token()), Error);
}
