// A plain client of a MondayAccount, for its tests.
#pragma once

#include <httplib.h>

#include <nlohmann/json.hpp>
#include <string>

#include "fake/monday_account.h"

namespace probackup {

class MondayClient {
 public:
  explicit MondayClient(MondayAccount& account) : client_("127.0.0.1", account.server().port()) {
    client_.set_keep_alive(true);
    client_.set_default_headers(
        {{"Authorization", account.settings().at("token")}, {"API-Version", "2026-10"}});
  }

  // The whole answer; its status is in `status`.
  nlohmann::json ask(const std::string& document,
                     const nlohmann::json& variables = nlohmann::json::object()) {
    const nlohmann::json body{{"query", document}, {"variables", variables}};
    return take(client_.Post("/v2", body.dump(), "application/json"));
  }
  // The field of that name in the answer's data.
  nlohmann::json get(const std::string& field, const std::string& document,
                     const nlohmann::json& variables = nlohmann::json::object()) {
    return ask(document, variables).at("data").at(field);
  }
  nlohmann::json upload(const std::string& document, const std::string& name,
                        const std::string& content) {
    return take(client_.Post("/v2/file", {{"query", document, "", ""},
                                          {"variables[file]", content, name, "text/plain"}}));
  }
  static std::string code(const nlohmann::json& answer) {
    return answer.at("errors").at(0).at("extensions").at("code");
  }

  int status = 0;

 private:
  nlohmann::json take(const httplib::Result& answer) {
    status = answer ? answer->status : 0;
    return answer ? nlohmann::json::parse(answer->body, nullptr, false) : nlohmann::json();
  }

  httplib::Client client_;
};

}  // namespace probackup
