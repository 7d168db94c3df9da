// A client of a GitHub test account, as the tests of its writes use it.
#pragma once

#include <httplib.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"
#include "fake/github_account.h"
#include "util/time.h"

namespace probackup::github_test {

using nlohmann::json;

struct Answer {
  int status = 0;
  json body;
  httplib::Headers headers;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
  // "FIELD CODE" of the first entry of "errors".
  std::string error() const {
    const auto& first = body.at("errors").at(0);
    return first.at("field").get<std::string>() + " " + first.at("code").get<std::string>();
  }
};

class Client {
 public:
  explicit Client(GithubAccount& account) : Client(account, account.server().port()) {}
  Client(GithubAccount& account, int port) : http_("127.0.0.1", port) {
    http_.set_keep_alive(true);
    http_.set_tcp_nodelay(true);
    http_.set_default_headers(
        {{"Authorization", "Bearer " + account.settings().at("token")}, {"User-Agent", "test"}});
  }

  Answer get(const std::string& path) { return answer(http_.Get(path)); }
  Answer post(const std::string& path, const json& body) {
    return answer(http_.Post(path, body.dump(), "application/json"));
  }
  Answer patch(const std::string& path, const json& body) {
    return answer(http_.Patch(path, body.dump(), "application/json"));
  }
  Answer put(const std::string& path, const json& body) {
    return answer(http_.Put(path, body.dump(), "application/json"));
  }
  Answer remove(const std::string& path) { return answer(http_.Delete(path)); }
  Answer graphql(const std::string& query, const json& variables) {
    return post("/graphql", {{"query", query}, {"variables", variables}});
  }
  // A new repository of the token's user; its path.
  std::string make_repository(const std::string& name, json settings = json::object()) {
    settings["name"] = name;
    const auto made = post("/user/repos", settings);
    REQUIRE(made.status == 201);
    return "/repos/" + made.body.at("full_name").get<std::string>();
  }
  // One member of each record of a listing.
  std::vector<json> list(const std::string& path, const std::string& member) {
    std::vector<json> values;
    const auto listed = get(path);
    REQUIRE(listed.status == 200);
    for (const auto& record : listed.body) values.push_back(record.at(member));
    return values;
  }
  httplib::Client& http() { return http_; }

 private:
  static Answer answer(const httplib::Result& result) {
    REQUIRE(result);
    return {result->status, json::parse(result->body, nullptr, false), result->headers};
  }

  httplib::Client http_;
};

}  // namespace probackup::github_test
