// Mistakes in a restore section give their message at their place.
#include <algorithm>

#include "catch.h"
#include "connector/model.h"
#include "rig.h"

using namespace probackup;
using namespace probackup::test;
using nlohmann::json;

namespace {

// One change to the good file ("-" takes the value away), and the problem that it must bring.
struct Mistake {
  std::string at, value, path, message;
};

void check(const std::vector<Mistake>& mistakes) {
  for (const auto& mistake : mistakes) {
    json file = notes_file();
    if (mistake.value == "-")
      file = file.patch({{{"op", "remove"}, {"path", mistake.at}}});
    else
      file[json::json_pointer(mistake.at)] = json::parse(mistake.value);
    auto problems = Connector::lint(file.dump(), "notes.json");
    std::string all;
    for (const auto& problem : problems) all += problem.text() + "\n";
    CAPTURE(mistake.at, mistake.value, all);
    bool found = std::any_of(problems.begin(), problems.end(), [&](const LintProblem& problem) {
      return problem.path == mistake.path &&
             problem.message.find(mistake.message) != std::string::npos;
    });
    CHECK(found);
  }
}

}  // namespace

TEST_CASE("The example has no mistakes") {
  for (const auto& problem : Connector::lint(notes_file().dump(), "notes.json"))
    FAIL_CHECK(problem.text());
}

TEST_CASE("Mistakes in the section are found") {
  const std::string top = "/restore", step = top + "/steps/1";
  check({{top + "/lossy", "-", top, "\"lossy\" is missing"},
         {top + "/steps", "[]", top + "/steps", "must hold a step"},
         {top + "/stepz", "1", top + "/stepz", "did you mean steps"},
         {top + "/people/stream", "\"peple\"", top + "/people/stream", "did you mean people"},
         {top + "/people/match", "[]", top + "/people", "must name a path"},
         {top + "/target", R"({"token":{"help":"x"}})", top + "/target/token", "/config as well"},
         {top + "/limits", R"([{"rate":"fast"}])", top + "/limits/0/rate", "COUNT/DURATION"},
         {step + "/make", "\"boards\"", step + "/make", "made by an earlier step"},
         {step + "/from", "\"cads\"", step, "did you mean cards"},
         {step + "/post", "\"/x/${key | ref('bords')}\"", step + "/post", "did you mean boards"},
         {step + "/parents/0/of", "\"bords\"", step + "/parents/0/of", "no step makes"},
         {step + "/put", "\"/x\"", step, "only one of"},
         {step + "/claim", R"({"get":"/x","where":"${true}"})", step + "/claim",
          "gives it its values"},
         {step + "/post", "-", step, "is missing"},
         {step + "/form", R"({"a":"b"})", step, "one content"},
         {step + "/new_id", "-", step + "/relink", "needs \"new_id\""},
         {step + "/missing", "\"no\"", step + "/missing", "needs \"find\""},
         {step + "/confirm/where", "-", step + "/confirm", "\"where\" is missing"},
         {step + "/body/text", "\"${item.id}\"", step + "/body/text", "'item' is not known here"},
         {step + "/finish/0/if", "\"closed\"", step + "/finish/0/if", "expected an expression"},
         {step + "/finish/0/iff", "1", step + "/finish/0/iff", "did you mean if"},
         {step + "/query", R"({"t":"${config.token}"})", step + "/query/t", "must not be in a URL"},
         {step + "/compare/ignore", R"(["a..b"])", step + "/compare/ignore/0", "empty name"},
         {step + "/compare/skip", R"({"a": "${record.b}"})", step + "/compare/skip/a",
          "'record' is not known here"},
         {step + "/update", R"({"put":"/x"})", step + "/update", "needs \"exists\""},
         {step + "/beside", R"({"b":{"stream":"bords","id":"x"}})", step + "/beside/b",
          "did you mean boards"},
         {step + "/beside", R"({"key":{"stream":"boards","id":"x"}})", step + "/beside/key",
          "root already"},
         {step + "/instead", R"([{"if":"${status == 1}"}])", step + "/instead/0",
          "\"say\" is missing"},
         {step + "/leftover", R"({"get":"/x","where":"${true}"})", step + "/leftover",
          "\"remove\" is missing"},
         {top + "/steps/0/sequence", "\"n\"", top + "/steps/0/sequence", "needs \"order\""},
         {step + "/kinds", "[]", step + "/kinds", "must name a kind"},
         {step + "/kinds", R"(["a", "b"])", step + "/make", "made by an earlier step"},
         {step + "/git", R"([{"id":"${key}","url":"https://x","force":true}])",
          step + "/git/0/force", "unknown"}});
}

TEST_CASE("A step with kinds stands for a step of each") {
  json file = notes_file();
  file["restore"]["steps"].push_back(json::parse(R"({
    "kinds": ["boards", "cards"], "make": "$kind_stars", "from": "$kind",
    "parents": [{"of": "$kind", "id": "${key}"}], "put": "/$kind/${key | ref('$kind')}/star"})"));
  const Connector connector = Connector::parse(file.dump(), "notes.json");
  const auto& steps = connector.model().restore->steps;
  REQUIRE(steps.size() == 4);
  CHECK(steps[2].make == "boards_stars");
  CHECK(steps[3].make == "cards_stars");
  CHECK(steps[3].from == "cards");
  CHECK(steps[3].parents.at(0).of == std::vector<std::string>{"cards"});
}

TEST_CASE("The functions of a restore belong into the restore section") {
  json file = notes_file();
  file["streams"]["cards"]["name"] = "${record.id | ref('boards')}";
  auto problems = Connector::lint(file.dump(), "notes.json");
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].path == "/streams/cards/name");
  CHECK(problems[0].message.find("belongs to the restore section") != std::string::npos);
}

TEST_CASE("An app without a restore section says so") {
  json file = notes_file();
  file["restore"] = json::object();
  RestoreRig rig(file);
  CHECK_THROWS_WITH(rig.engine(), ContainsSubstring("takes nothing back"));
}
