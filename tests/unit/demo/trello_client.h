// What the tests of the Trello account have in common: a client that signs as Trello documents it.
#pragma once

#include <httplib.h>

#include <nlohmann/json.hpp>
#include <string>

#include "catch.h"
#include "demo/trello_account.h"

namespace probackup::test {

inline std::string trello_authorization(const std::map<std::string, std::string>& settings) {
  return "OAuth oauth_consumer_key=\"" + settings.at("key") + "\", oauth_token=\"" +
         settings.at("token") + "\"";
}

// Parameters go where a test asks for: the query, a form or a JSON body.
class TrelloClient {
 public:
  explicit TrelloClient(TrelloAccount& account)
      : http_("127.0.0.1", account.server().port()), origin_(account.server().origin()) {
    http_.set_keep_alive(true);
    http_.set_default_headers({{"Authorization", trello_authorization(account.settings())}});
  }
  nlohmann::json get(const std::string& path) { return checked(http_.Get("/1" + path), path); }
  nlohmann::json post(const std::string& path, const nlohmann::json& body = nullptr) {
    return checked(send("POST", path, body), path);
  }
  nlohmann::json put(const std::string& path, const nlohmann::json& body = nullptr) {
    return checked(send("PUT", path, body), path);
  }
  nlohmann::json remove(const std::string& path) {
    return checked(http_.Delete("/1" + path), path);
  }
  // Status and text of a refusal: "400 invalid value for name".
  std::string refusal(const std::string& method, const std::string& path,
                      const nlohmann::json& body = nullptr) {
    const auto answer = send(method, path, body);
    REQUIRE(answer);
    return std::to_string(answer->status) + " " + answer->body;
  }
  // The bytes behind a link to this server.
  std::string download(const std::string& url) {
    return http_.Get(url.substr(origin_.size()))->body;
  }
  httplib::Client& http() { return http_; }

 private:
  httplib::Result send(const std::string& method, const std::string& path,
                       const nlohmann::json& body) {
    const auto text = body.is_null() ? std::string() : body.dump();
    const auto* type = body.is_null() ? "" : "application/json";
    if (method == "POST") return http_.Post("/1" + path, text, type);
    if (method == "PUT") return http_.Put("/1" + path, text, type);
    return http_.Delete("/1" + path, text, type);
  }
  static nlohmann::json checked(const httplib::Result& answer, const std::string& path) {
    INFO(path);
    REQUIRE(answer);
    INFO(answer->body);
    REQUIRE(answer->status == 200);
    return nlohmann::json::parse(answer->body);
  }

  httplib::Client http_;
  std::string origin_;
};

}  // namespace probackup::test
