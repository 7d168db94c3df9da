// A network made of functions.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "http/url.h"
#include "probackup/http.h"
#include "util/text.h"

// A request as a handler sees it.
struct Asked {
  probackup::HttpRequest request;
  std::string path;                          // without the base's origin and the query
  std::map<std::string, std::string> query;  // decoded; the last of a name
  unsigned count = 0;                        // how often this URL was asked before

  std::string parameter(const std::string& name) const {
    auto at = query.find(name);
    return at == query.end() ? "" : at->second;
  }
};

class FakeHttp final : public probackup::Http {
 public:
  using Handler = std::function<probackup::HttpResponse(const Asked&)>;
  explicit FakeHttp(Handler handler) : handler_(std::move(handler)) {}

  probackup::HttpResponse send(const probackup::HttpRequest& request,
                               std::stop_token stop) override {
    if (stop.stop_requested())
      throw probackup::Error(probackup::ErrorKind::interrupted, "interrupted");
    Asked asked;
    asked.request = request;
    auto url = probackup::parse_url(request.url);
    asked.path = url->path;
    for (const auto& pair : probackup::split(url->query.value_or(""), '&')) {
      auto equals = pair.find('=');
      if (equals == std::string::npos) continue;
      asked.query[probackup::url_decode(pair.substr(0, equals))] =
          probackup::url_decode(pair.substr(equals + 1));
    }
    {
      std::lock_guard lock(mutex_);
      asked.count = counts_[request.url]++;
      urls_.push_back(request.url);
    }
    probackup::HttpResponse response = handler_(asked);
    response.url = request.url;
    if (request.sink && response.status >= 200 && response.status < 300)
      request.sink(std::exchange(response.body, ""));
    return response;
  }

  // The URLs asked for so far, in the order in which they came.
  std::vector<std::string> urls() const {
    std::lock_guard lock(mutex_);
    return urls_;
  }
  std::size_t requests() const { return urls().size(); }
  void forget() {
    std::lock_guard lock(mutex_);
    urls_.clear();
    counts_.clear();
  }

 private:
  Handler handler_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::string, unsigned> counts_;
  std::vector<std::string> urls_;
};

inline probackup::HttpResponse reply(std::string body, int status = 200,
                                     probackup::Headers headers = {}) {
  return {status, std::move(headers), std::move(body), ""};
}
