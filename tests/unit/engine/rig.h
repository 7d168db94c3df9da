// A connector, a fake network, a fake clock and a sink, put together.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "fake_http.h"
#include "memory_sink.h"
#include "probackup/connector.h"
#include "probackup/engine.h"
#include "unit/http/fake_clock.h"

struct Rig {
  // `streams` and `more`: members of the connector file, as JSON.
  Rig(const std::string& streams, FakeHttp::Handler handler, const std::string& more = "{}")
      : connector(make(streams, more)), http(std::move(handler)) {}

  static probackup::Connector make(const std::string& streams, const std::string& more) {
    nlohmann::json file = {{"connector", 1},
                           {"app", "notes"},
                           {"title", "Notes"},
                           {"version", "1.0"},
                           {"config", {{"token", {{"help", "Token"}, {"secret", true}}}}},
                           {"auth", {{"kind", "bearer"}, {"token", "${config.token}"}}},
                           {"http", {{"base", "https://api.notes.example/v1"}}},
                           {"streams", nlohmann::json::parse(streams)}};
    file.merge_patch(nlohmann::json::parse(more));
    return probackup::Connector::parse(file.dump(), "notes.json");
  }
  probackup::EngineOptions options() {
    probackup::EngineOptions out = base_options;
    out.account = "acme";
    out.settings = &settings;
    return out;
  }
  // One whole run; the sink keeps the runs before it.
  void run() {
    if (runs++ > 0) sink.next_run();
    http.forget();
    probackup::Engine engine(connector, options(), http, clock);
    engine.run(sink, {});
  }
  // The paths and queries that were asked for, without the base.
  std::vector<std::string> asked() const {
    std::vector<std::string> out;
    for (const auto& url : http.urls()) out.push_back(url.substr(url.find("/v1") + 3));
    return out;
  }

  nlohmann::json settings = {{"token", "s3cret-token"}};
  probackup::EngineOptions base_options;
  probackup::Connector connector;
  FakeHttp http;
  FakeClock clock;
  MemorySink sink;
  int runs = 0;
};
