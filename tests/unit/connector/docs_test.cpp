// What docs/connectors/README.md shows is what the program does.
#include <nlohmann/json.hpp>

#include "catch.h"
#include "connector/model.h"
#include "expr/functions.h"
#include "util/file.h"

using namespace probackup;

namespace {

std::string read_docs() {
  return read_file(PB_SOURCE_DIR "/docs/connectors/README.md");
}

std::string read_restore_docs() {
  return read_file(PB_SOURCE_DIR "/docs/connectors/restore.md");
}

}  // namespace

TEST_CASE("The example of the documentation is a good connector") {
  std::string docs = read_docs();
  auto start = docs.find("{\n  \"connector\": 1");
  REQUIRE(start != std::string::npos);
  std::string example = docs.substr(start, docs.find("```", start) - start);
  for (const auto& problem : Connector::lint(example, "README.md")) FAIL_CHECK(problem.text());
}

TEST_CASE("The documentation describes every function") {
  for (const auto& function : all_functions()) {
    std::string docs = function.run_restore ? read_restore_docs() : read_docs();
    std::string call = "`" + std::string(function.name) + "(";
    CAPTURE(call);
    CHECK(docs.find(call) != std::string::npos);
  }
}

TEST_CASE("The documentation's examples of expressions are accepted") {
  const std::vector<std::string> roots{"config", "record", "parent",  "item", "body",   "headers",
                                       "last",   "since",  "status",  "name", "fields", "list",
                                       "x",      "page",   "account", "now",  "options", "feed"};
  std::string docs = read_docs();
  std::size_t count = 0;
  for (std::size_t at = 0; (at = docs.find("${", at)) != std::string::npos; at += 2) {
    if (at > 0 && docs[at - 1] == '$') continue;  // the literal one
    std::string text = docs.substr(at + 2, docs.find_first_of("}`\n", at) - at - 2);
    if (docs[at + 2 + text.size()] != '}' || text.find("…") != std::string::npos) continue;
    CAPTURE(text);
    CHECK_NOTHROW(Expression::parse(text, roots));
    ++count;
  }
  CHECK(count > 30);
}

TEST_CASE("The example of a restore section is a good one") {
  using nlohmann::json;
  std::string docs = read_restore_docs();
  auto start = docs.find("```json\n\"restore\": ");
  REQUIRE(start != std::string::npos);
  start += std::string("```json\n\"restore\": ").size();
  json file = json::parse(R"({"connector": 1, "app": "notes", "title": "Notes", "version": "1.0",
    "auth": {"kind": "none"}, "http": {"base": "https://api.notes.example/v1"},
    "streams": {"members": {"get": "/members", "id": "id"}, "boards": {"get": "/boards", "id": "id"},
                "cards": {"each": "boards", "get": "/boards/${parent.id}/cards", "id": "id"},
                "comments": {"each": "cards", "get": "/cards/${parent.id}/comments", "id": "id"}}})");
  file["restore"] = json::parse(docs.substr(start, docs.find("```", start) - start));
  for (const auto& problem : Connector::lint(file.dump(), "restore.md")) FAIL_CHECK(problem.text());
}
