// What the tests of the Redmine account's writes have in common.
#pragma once

#include <httplib.h>

#include <nlohmann/json.hpp>
#include <string>

#include "catch.h"
#include "fake/redmine_server.h"

namespace probackup::test {

// An account that holds its administrator and what no call can make, and a client of it.
class RedmineSite {
 public:
  using Json = nlohmann::ordered_json;

  explicit RedmineSite(const RedmineOptions& options = {})
      : account(41, {0, 1, 0, 0}, options), http(account.server().origin()) {
    http.set_default_headers({{"X-Redmine-API-Key", account.settings().at("key")}});
    http.set_keep_alive(true);
  }

  Json get(const std::string& path) {
    auto answer = http.Get(path);
    INFO(path);
    REQUIRE(answer);
    REQUIRE(answer->status == 200);
    return Json::parse(answer->body);
  }
  // The record that a POST or a PUT of something new answers with.
  Json create(const std::string& path, const std::string& root, const Json& attributes,
              const std::string& method = "POST") {
    auto answer = send(method, path, Json{{root, attributes}});
    INFO(path << " " << answer->body);
    REQUIRE(answer->status == 201);
    return Json::parse(answer->body).at(root);
  }
  int id_of_new(const std::string& path, const std::string& root, const Json& attributes) {
    return create(path, root, attributes).at("id");
  }
  // "204", or a refusal: "422 Subject cannot be blank; …".
  std::string result(const std::string& method, const std::string& path, const Json& body = nullptr,
                     const std::string& login = {}) {
    auto answer = send(method, path, body, login);
    auto out = std::to_string(answer->status);
    if (answer->status != 422 || answer->body.empty()) return out;
    const auto parsed = Json::parse(answer->body);
    for (const auto& error : parsed.at("errors"))
      out += (out.size() == 3 ? " " : "; ") + error.get<std::string>();
    return out;
  }
  std::string upload(const std::string& name, const std::string& bytes) {
    auto answer = http.Post("/uploads.json?filename=" + name, bytes, "application/octet-stream");
    REQUIRE(answer->status == 201);
    return Json::parse(answer->body).at("upload").at("token");
  }
  httplib::Result send(const std::string& method, const std::string& path, const Json& body,
                       const std::string& login = {}) {
    const auto text = body.is_null() ? std::string() : body.dump();
    const char* type = body.is_null() ? "" : "application/json";
    httplib::Headers headers;
    if (!login.empty()) headers.emplace("X-Redmine-Switch-User", login);
    auto answer = method == "POST"    ? http.Post(path, headers, text, type)
                  : method == "PUT"   ? http.Put(path, headers, text, type)
                  : method == "PATCH" ? http.Patch(path, headers, text, type)
                                      : http.Delete(path, headers, text, type);
    REQUIRE(answer);
    return answer;
  }

  RedmineAccount account;
  httplib::Client http;
};

}  // namespace probackup::test
