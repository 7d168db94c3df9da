// What each wrapper adds.
#include <atomic>
#include <thread>

#include "catch.h"
#include "probackup/http.h"
#include "s3_server.h"
#include "s3_test.h"
#include "storage/memory.h"
#include "storage/wrapper.h"
#include "unit/http/fake_clock.h"
#include "util/file.h"

using namespace probackup;
using namespace std::chrono_literals;

namespace {

const ObjectName pack{ObjectKind::data, std::string(64, 'a')};

// Throws what the test says before each call to save, size or remove gets through.
class Failing final : public StorageWrapper {
 public:
  explicit Failing(std::function<void()> before)
      : StorageWrapper(std::make_unique<MemoryStorage>()), before_(std::move(before)) {}
  void save(const ObjectName& name, std::string_view bytes) override {
    before_();
    inner().save(name, bytes);
  }
  void remove(const ObjectName& name) override {
    inner().remove(name);
    before_();  // it is done, but the answer is lost
  }

 private:
  std::function<void()> before_;
};

// A retrying storage whose calls fail `failures` times, and what it cost.
struct Retries {
  Retries(int failures, std::function<void()> raise, RetryPolicy policy = {},
          std::stop_token stop = {})
      : left(failures) {
    auto inner = std::make_unique<Failing>([this, raise] {
      ++calls;
      if (left-- > 0) raise();
    });
    storage = retrying_storage(
        std::move(inner), policy, clock, [this] { return random; }, stop);
  }
  FakeClock clock;
  double random = 0;
  int left, calls = 0;
  std::unique_ptr<Storage> storage;
};

void busy() {
  throw TemporaryError("busy", "");
}

}  // namespace

TEST_CASE("what may pass is tried again, with waits that grow") {
  Retries retries(4, busy);
  retries.storage->save(pack, "x");
  CHECK(retries.calls == 5);
  CHECK(retries.clock.seconds() == Approx(0.25 + 0.5 + 1 + 2));
  Retries later(4, busy);
  later.random = 1;
  later.storage->save(pack, "x");
  CHECK(later.clock.seconds() == Approx(0.5 + 1 + 2 + 4));
}

TEST_CASE("the server's wish to wait is honoured") {
  Retries retries(1, [] { throw TemporaryError("busy", "", 30s); });
  retries.storage->save(pack, "x");
  CHECK(retries.clock.seconds() == Approx(30));
}

TEST_CASE("a cut connection is tried again, an unknown host is not") {
  Retries cut(2, [] { throw NetworkError("cut", true); });
  cut.storage->save(pack, "x");
  CHECK(cut.calls == 3);
  Retries unknown(2, [] { throw NetworkError("no such host", false); });
  CHECK_THROWS_WITH(unknown.storage->save(pack, "x"), "no such host");
  CHECK(unknown.calls == 1);
}

TEST_CASE("other errors pass at once") {
  Retries retries(1, [] { throw Error("denied"); });
  CHECK_THROWS_WITH(retries.storage->save(pack, "x"), "denied");
  CHECK(retries.calls == 1);
  CHECK(retries.clock.seconds() == 0);
}

TEST_CASE("tries end with the time for all of them") {
  Retries retries(1'000'000, busy);
  CHECK_THROWS_WITH(retries.storage->save(pack, "x"), "busy");
  CHECK(retries.clock.seconds() > 800);
  CHECK(retries.clock.seconds() <= 900);
  CHECK(retries.calls < 60);
}

TEST_CASE("a stop ends the tries, not the calls") {
  std::stop_source stop;
  stop.request_stop();
  Retries retries(1, busy, {}, stop.get_token());
  CHECK_THROWS_WITH(retries.storage->save(pack, "x"), "busy");
  retries.storage->save(pack, "x");
  CHECK(retries.storage->load(pack) == "x");
}

TEST_CASE("a removal whose answer was lost is done") {
  Retries retries(0, [] { throw NetworkError("cut", true); });
  retries.storage->save(pack, "x");
  retries.left = 1;
  retries.storage->remove(pack);
  CHECK_FALSE(retries.storage->size(pack));
  CHECK_THROWS_AS(retries.storage->remove(pack), NotFound);
}

TEST_CASE("an overloaded server gets its time") {
  FakeClock clock;
  S3ServerOptions server_options;
  server_options.clock = &clock;
  S3Server server(server_options);
  server.add_bucket("bucket");
  auto options = s3_test_options(server);
  options.retry = {};
  auto storage = open_storage(server.repository("bucket"), options);
  server.add_faults(2, [](const httplib::Request&, httplib::Response& response) {
    response.set_header("Retry-After", "17");
    s3_refuse(response, 503, "SlowDown");
    return true;
  });
  storage->save(pack, "x");
  CHECK(clock.seconds() == Approx(34));
}

TEST_CASE("transfers keep below the rates") {
  FakeClock clock;
  auto storage = limited_storage(std::make_unique<MemoryStorage>(), {1000, 500, 0}, clock);
  for (int i = 0; i < 4; ++i) storage->save(pack, std::string(1000, 'x'));
  CHECK(clock.seconds() == Approx(3));  // the fourth begins when three are through
  clock.advance(10s);
  double before = clock.seconds();
  storage->load(pack);
  CHECK(clock.seconds() == Approx(before));
  storage->load(pack, 0, 500);
  CHECK(clock.seconds() == Approx(before + 2));
  storage->load(pack);
  CHECK(clock.seconds() == Approx(before + 3));
}

TEST_CASE("no more calls than allowed are under way") {
  class Counting final : public StorageWrapper {
   public:
    Counting(std::atomic<int>& now, std::atomic<int>& most)
        : StorageWrapper(std::make_unique<MemoryStorage>()), now_(now), most_(most) {}
    void save(const ObjectName&, std::string_view) override {
      int count = ++now_;
      for (int seen = most_; count > seen && !most_.compare_exchange_weak(seen, count);) {
      }
      std::this_thread::sleep_for(2ms);
      --now_;
    }

   private:
    std::atomic<int>&now_, &most_;
  };
  std::atomic<int> now{0}, most{0};
  FakeClock clock;
  auto storage = limited_storage(std::make_unique<Counting>(now, most), {0, 0, 3}, clock);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 5; ++k) storage->save(pack, "x");
    });
  threads.clear();
  CHECK(most <= 3);
  CHECK(most >= 2);
}

TEST_CASE("a limited upload takes its time on the wire") {
  S3Server server;
  server.add_bucket("bucket");
  auto options = s3_test_options(server);
  options.upload_rate = 400'000;
  auto storage = open_storage(server.repository("bucket"), options);
  auto begin = std::chrono::steady_clock::now();
  storage->save(pack, std::string(600'000, 'x'));
  CHECK(std::chrono::steady_clock::now() - begin > 700ms);
  CHECK(storage->size(pack) == 600'000u);
}

TEST_CASE("a dry run changes nothing and looks as if it did") {
  TempFolder folder;
  auto real = local_storage(folder.path().string());
  const ObjectName other{ObjectKind::data, std::string(64, 'b')};
  real->save(pack, "old");
  auto dry = dry_run_storage(local_storage(folder.path().string()));
  dry->save(other, "new");
  dry->remove(pack);
  CHECK(dry->load(other, 1, 2) == "ew");
  CHECK_THROWS_AS(dry->load(pack), NotFound);
  CHECK_FALSE(dry->size(pack));
  REQUIRE(dry->list(ObjectKind::data).size() == 1);
  CHECK(dry->list(ObjectKind::data)[0].name == other.name);
  dry->save(pack, "newer");
  CHECK(dry->load(pack) == "newer");
  CHECK(real->load(pack) == "old");
  CHECK_FALSE(real->size(other));
}
