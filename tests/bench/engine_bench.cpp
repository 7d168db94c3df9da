// How near the engine comes to the ideal of (requests / concurrency) x latency, over real
// connections to a loopback server that answers slowly. Usage: engine_bench [RECORDS] [LATENCY_MS]
// [CONCURRENCY]
#include <fmt/format.h>
#include <httplib.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "engine/passing_sink.h"
#include "probackup/connector.h"

using namespace probackup;

namespace {

constexpr int page_size = 100;

class CountingSink final : public PassingSink {
 public:
  Change record(Record) override {
    ++records;
    return Change::added;
  }
  void gap(const Gap& gap) override { fmt::print(stderr, "gap: {} {}\n", gap.url, gap.reason); }

  std::atomic<std::uint64_t> records{0};
};

std::string connector_text(const std::string& base) {
  return R"({"connector": 1, "app": "bench", "title": "Bench", "version": "1", "auth": {"kind": "none"},
    "http": {"base": ")" +
         base + R"("}, "streams": {"issues": {"get": "/issues", "id": "id", "records": "data",
      "page": {"by": "number", "into": "query.page", "size": "limit=100", "total": "${body.total}"},
      "detail": {"get": "/issues/${record.id}"}}}})";
}

}  // namespace

int main(int argc, char** argv) {
  int records = argc > 1 ? std::stoi(argv[1]) : 10'000;
  auto latency = std::chrono::milliseconds(argc > 2 ? std::stoi(argv[2]) : 50);
  unsigned concurrency = argc > 3 ? static_cast<unsigned>(std::stoi(argv[3])) : 8;

  httplib::Server server;
  server.new_task_queue = [&] { return new httplib::ThreadPool(concurrency * 2 + 8); };
  server.set_keep_alive_max_count(1'000'000);
  server.set_tcp_nodelay(true);
  server.Get("/issues", [&](const httplib::Request& request, httplib::Response& response) {
    std::this_thread::sleep_for(latency);
    int from = (std::stoi(request.get_param_value("page")) - 1) * page_size;
    auto list = nlohmann::json::array();
    for (int i = from; i < std::min(records, from + page_size); ++i) list.push_back({{"id", i}});
    response.set_content(nlohmann::json{{"data", list}, {"total", records}}.dump(),
                         "application/json");
  });
  server.Get(R"(/issues/(\d+))", [&](const httplib::Request& request, httplib::Response& response) {
    std::this_thread::sleep_for(latency);
    response.set_content(R"({"id":)" + std::string(request.matches[1]) + R"(,"body":")" +
                             std::string(1200, 'x') + "\"}",
                         "application/json");
  });
  int port = server.bind_to_any_port("127.0.0.1");
  std::thread serving([&] { server.listen_after_bind(); });

  Connector connector =
      Connector::parse(connector_text(fmt::format("http://127.0.0.1:{}", port)), "bench.json");
  nlohmann::json settings = nlohmann::json::object();
  EngineOptions options;
  options.settings = &settings;
  options.concurrency = concurrency;
  auto http = curl_http();
  CountingSink sink;
  Engine engine(connector, options, *http, system_clock());
  auto start = system_clock().steady();
  engine.run(sink, {});
  double took = std::chrono::duration<double>(system_clock().steady() - start).count();
  double ideal = static_cast<double>(engine.requests()) / concurrency *
                 std::chrono::duration<double>(latency).count();
  fmt::print("{} requests, {} records, concurrency {}: {:.2f} s, ideal {:.2f} s, ratio {:.3f}\n",
             engine.requests(), sink.records.load(), concurrency, took, ideal, took / ideal);
  server.stop();
  serving.join();
  return sink.records == static_cast<std::uint64_t>(records) ? 0 : 1;
}
