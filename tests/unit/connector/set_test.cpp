#include <algorithm>

#include "catch.h"
#include "probackup/connector.h"
#include "tiny.h"
#include "util/file.h"

using namespace probackup;
using nlohmann::json;

namespace {

std::string error_of(const ConnectorSet& set, const std::string& app) {
  try {
    set.get(app);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("Every built-in connector is free of mistakes") {
  ConnectorSet set;
  for (const auto& app : set.apps()) {
    CAPTURE(app);
    auto file = set.file(app);
    CHECK(file.name == "built-in " + app + ".json");
    for (const auto& problem : Connector::lint(file.text, file.name)) FAIL_CHECK(problem.text());
    CHECK(set.get(app).app() == app);
  }
  auto apps = set.apps();
  CHECK(std::is_sorted(apps.begin(), apps.end()));
}

TEST_CASE("A folder adds connectors and wins over built-in ones") {
  TempFolder folder;
  write_file_atomic(folder.path() / "tiny.json", tiny_connector);
  write_file_atomic(folder.path() / "github.json", "{broken");
  write_file_atomic(folder.path() / "connector.schema.json", "{}");
  write_file_atomic(folder.path() / "notes.md", "text");
  ConnectorSet set(folder.path());
  auto apps = set.apps();
  CHECK(std::find(apps.begin(), apps.end(), "tiny") != apps.end());
  CHECK(std::find(apps.begin(), apps.end(), "notes") == apps.end());
  CHECK(std::find(apps.begin(), apps.end(), "connector.schema") == apps.end());
  CHECK(set.get("tiny").title() == "Tiny");
  CHECK(set.file("github").text == "{broken");
  CHECK_THAT(error_of(set, "github"), ContainsSubstring("github.json: not JSON: line 1"));
}

TEST_CASE("An unknown app brings suggestions") {
  TempFolder folder;
  write_file_atomic(folder.path() / "tiny.json", tiny_connector);
  ConnectorSet set(folder.path());
  CHECK_THAT(error_of(set, "tinny"),
             ContainsSubstring("no connector for \"tinny\"; did you mean tiny"));
}

TEST_CASE("A file that is named for another app is refused") {
  TempFolder folder;
  write_file_atomic(folder.path() / "other.json", tiny_connector);
  ConnectorSet set(folder.path());
  CHECK_THAT(error_of(set, "other"), ContainsSubstring("named for \"other\", but says \"tiny\""));
}

TEST_CASE("A folder that is not there is an error of usage") {
  CHECK_THROWS_AS(ConnectorSet("/nonexistent/connectors"), Error);
}

TEST_CASE("A file that is too large is refused before it is read") {
  TempFolder folder;
  write_file_atomic(folder.path() / "large.json", std::string(3 << 20, ' '));
  CHECK_THROWS_AS(ConnectorSet(folder.path()), Error);
}
