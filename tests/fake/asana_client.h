// A plain client of an AsanaAccount, for its tests.
#pragma once

#include <httplib.h>

#include <nlohmann/json.hpp>
#include <string>

#include "fake/asana_account.h"

namespace probackup {

class AsanaClient {
 public:
  explicit AsanaClient(AsanaAccount& account) : client_("127.0.0.1", account.server().port()) {
    client_.set_keep_alive(true);
    client_.set_default_headers({{"Authorization", "Bearer " + account.settings().at("token")}});
  }

  // Paths are those behind /api/1.0. The last answer's status is in `status`.
  nlohmann::json get(const std::string& path) { return take(client_.Get("/api/1.0" + path)); }
  // The "data" of an answer.
  nlohmann::json data(const std::string& path) { return get(path).at("data"); }
  nlohmann::json post(const std::string& path, const nlohmann::json& data) {
    return take(client_.Post("/api/1.0" + path, body(data), "application/json"));
  }
  nlohmann::json put(const std::string& path, const nlohmann::json& data) {
    return take(client_.Put("/api/1.0" + path, body(data), "application/json"));
  }
  nlohmann::json erase(const std::string& path) { return take(client_.Delete("/api/1.0" + path)); }
  nlohmann::json upload(const std::string& path, const httplib::MultipartFormDataItems& items) {
    return take(client_.Post("/api/1.0" + path, items));
  }
  // All pages of a listing. `path` ends so that "&limit=" may follow.
  nlohmann::json get_all(const std::string& path, int limit = 100) {
    auto all = nlohmann::json::array();
    std::string offset;
    for (int pages = 0; pages < 1000; ++pages) {
      const auto page = get(path + "&limit=" + std::to_string(limit) + offset);
      if (status != 200) return all;
      for (const auto& record : page.at("data")) all.push_back(record);
      if (page.at("next_page").is_null()) break;
      offset = "&offset=" + page.at("next_page").at("offset").get<std::string>();
    }
    return all;
  }
  // The gid of what a request made.
  std::string made(const nlohmann::json& answer) const { return answer.at("data").at("gid"); }
  std::string error(const nlohmann::json& answer) const {
    return answer.at("errors").at(0).at("message");
  }

  int status = 0;

 private:
  static std::string body(const nlohmann::json& data) {
    return nlohmann::json{{"data", data}}.dump();
  }
  nlohmann::json take(const httplib::Result& answer) {
    status = answer ? answer->status : 0;
    return answer ? nlohmann::json::parse(answer->body, nullptr, false) : nlohmann::json();
  }

  httplib::Client client_;
};

}  // namespace probackup
