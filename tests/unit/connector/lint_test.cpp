// Each kind of mistake in a connector file gives its message at its place.
#include <algorithm>

#include "catch.h"
#include "probackup/connector.h"
#include "probackup/error.h"
#include "tiny.h"

using namespace probackup;
using nlohmann::json;

namespace {

// One change to the good file, and the problem that it must bring.
struct Mistake {
  std::string at;       // JSON pointer of the value to set
  std::string value;    // JSON, or "-" to take it away
  std::string path;     // of the problem
  std::string message;  // part of it
};

json changed(const Mistake& mistake) {
  json document = tiny();
  json::json_pointer pointer(mistake.at);
  if (mistake.value == "-")
    document = document.patch({{{"op", "remove"}, {"path", mistake.at}}});
  else
    document[pointer] = json::parse(mistake.value);
  return document;
}

std::string all_of(const std::vector<LintProblem>& problems) {
  std::string out;
  for (const auto& problem : problems) out += problem.text() + "\n";
  return out;
}

void check(const std::vector<Mistake>& mistakes) {
  for (const auto& mistake : mistakes) {
    auto problems = Connector::lint(changed(mistake).dump(), "tiny.json");
    CAPTURE(mistake.at, mistake.value, all_of(problems));
    bool found = std::any_of(problems.begin(), problems.end(), [&](const LintProblem& problem) {
      return problem.path == mistake.path &&
             problem.message.find(mistake.message) != std::string::npos;
    });
    CHECK(found);
  }
}

std::string lint_text(std::string_view text) {
  return all_of(Connector::lint(text, "x.json"));
}

}  // namespace

TEST_CASE("Mistakes at the top of the file are found") {
  check({{"/connector", "2", "/connector", "expected 1"},
         {"/connector", "-", "", "\"connector\" is missing"},
         {"/app", "-", "", "\"app\" is missing"},
         {"/app", "\"\"", "/app", "must not be empty"},
         {"/app", "\"Tiny App\"", "/app", "lower-case"},
         {"/app", "5", "/app", "expected a text, found a number"},
         {"/title", "-", "", "\"title\" is missing"},
         {"/version", "-", "", "\"version\" is missing"},
         {"/docs", "\"tiny.example\"", "/docs", "expected a URL"},
         {"/not_read", "\"votes\"", "/not_read", "expected a list of texts"},
         {"/not_read", "[1]", "/not_read/0", "expected a text"},
         {"/steams", "{}", "/steams", "unknown key \"steams\"; did you mean streams?"},
         {"/restore", "[]", "/restore", "expected an object, found a list"},
         {"/auth", "-", "", "\"auth\" is missing"},
         {"/http", "-", "", "\"http\" is missing"},
         {"/streams", "-", "", "\"streams\" is missing"},
         {"/streams", "{}", "/streams", "must hold a stream"},
         {"/streams", "[]", "/streams", "expected an object"},
         {"/streams/groups", "[]", "/streams/groups", "expected an object"},
         {"/streams/my groups", "{\"get\": \"/g\"}", "/streams/my groups", "a stream's name"}});
}

TEST_CASE("Mistakes in settings and let are found") {
  check({{"/config/token/help", "-", "/config/token", "\"help\" is missing"},
         {"/config/token/secrt", "true", "/config/token/secrt", "did you mean secret?"},
         {"/config/token/secret", "\"yes\"", "/config/token/secret", "expected true or false"},
         {"/config/token/default", "\"x\"", "/config/token/default", "a secret has no default"},
         {"/config/Token2", "{\"help\": \"x\"}", "/config/Token2", "lower-case"},
         {"/config/unused", "{\"help\": \"x\"}", "/config/unused", "nothing in the file uses"},
         {"/config", "[]", "/config", "expected an object"},
         {"/streams/boards/keep", "\"${config.bords}\"", "/streams/boards/keep",
          "config.bords is not declared in /config; did you mean boards"},
         {"/let/config", "1", "/let/config", "a meaning of its own"},
         {"/let/a-b", "1", "/let/a-b", "letters, digits and _"},
         {"/let/other", "\"${fields}\"", "/let/other", "'fields' is not known here"},
         {"/let/other", "\"${record.id}\"", "/let/other", "'record' is not known here"},
         {"/let", "[]", "/let", "expected an object"}});
}

TEST_CASE("A setting that only restore uses is no mistake") {
  json document = tiny();
  document["config"]["team"] = {{"help", "Team to restore into"}};
  document["restore"]["steps"][0]["post"] = "/teams/${config.team}";
  CHECK(Connector::lint(document.dump(), "tiny.json").empty());
}

TEST_CASE("Mistakes in auth are found") {
  check({{"/auth", "{}", "/auth", "\"kind\" is missing"},
         {"/auth", "\"bearer\"", "/auth", "expected an object"},
         {"/auth", "{\"kind\": \"baerer\"}", "/auth/kind", "did you mean bearer?"},
         {"/auth", "{\"kind\": \"bearer\"}", "/auth", "\"token\" is missing"},
         {"/auth", "{\"kind\": \"basic\"}", "/auth", "\"user\" is missing"},
         {"/auth", "{\"kind\": \"header\"}", "/auth", "\"headers\" is missing"},
         {"/auth", "{\"kind\": \"query\", \"query\": {}}", "/auth/query", "must not be empty"},
         {"/auth", "{\"kind\": \"none\", \"token\": \"x\"}", "/auth/token", "unknown key"},
         {"/auth", "{\"any\": []}", "/auth/any", "must hold a way"},
         {"/auth", "{\"any\": {}}", "/auth/any", "expected a list"},
         {"/auth/any/0/if", "-", "/auth/any/1", "is never reached"},
         {"/auth/any/0/token", "\"${body.x}\"", "/auth/any/0/token", "'body' is not known here"}});
}

TEST_CASE("Mistakes in http are found") {
  check(
      {{"/http/base", "-", "/http", "\"base\" is missing"},
       {"/http/base", "\"api.tiny.example\"", "/http/base", "begins with https://"},
       {"/http/base", "\"http://api.tiny.example\"", "/http/base", "in the clear"},
       {"/http/base", "\"https://api.tiny.example/\"", "/http/base", "must not end with"},
       {"/http/base", "\"https://x.example/${config.token}\"", "/http/base", "secret config.token"},
       {"/http/base", "5", "/http/base", "expected a text"},
       {"/http/graphql", "\"graphql\"", "/http/graphql", "begins with \"/\""},
       {"/http/graphql", "-", "/streams/tasks/from/0", "needs http.graphql"},
       {"/http/hosts", "[\"https://x.example\"]", "/http/hosts", "no host name"},
       {"/http/headers/User-Agent", "\"${page}\"", "/http/headers/User-Agent", "'page' is not"},
       {"/http/headers", "[]", "/http/headers", "expected an object"},
       {"/http/concurrency", "0", "/http/concurrency", "from 1 to 32"},
       {"/http/concurrency", "1.5", "/http/concurrency", "a whole number"},
       {"/http/concurrency", "18446744073709551615", "/http/concurrency", "from 1 to 32"},
       {"/http/limits", "{}", "/http/limits", "expected a list"},
       {"/http/limits/0/rate", "-", "/http/limits/0", "\"rate\" is missing"},
       {"/http/limits/0/rate", "\"90\"", "/http/limits/0/rate", "COUNT/DURATION"},
       {"/http/limits/0/rate", "\"90/s\"", "/http/limits/0/rate", "COUNT/DURATION"},
       {"/http/limits/0/rate", "\"0/1s\"", "/http/limits/0/rate", "COUNT/DURATION"},
       {"/http/limits/0/rate", "\"-5/1s\"", "/http/limits/0/rate", "COUNT/DURATION"},
       {"/http/limits/0/rate", "\"99999999999/1s\"", "/http/limits/0/rate", "COUNT/DURATION"},
       {"/http/limits/0/per", "\"1s\"", "/http/limits/0/per", "unknown key"},
       {"/http/quota/remaining", "-", "/http/quota", "\"remaining\" is missing"},
       {"/http/quota/remaining", "\"x-remaining\"", "/http/quota/remaining", "an expression"},
       {"/http/quota/floor", "-1", "/http/quota/floor", "a whole number"}});
}

TEST_CASE("A base on loopback may be plain http") {
  for (const char* base : {"http://localhost:80/api", "http://127.0.0.1:8080", "http://[::1]:80"}) {
    json document = tiny();
    document["http"]["base"] = base;
    CAPTURE(base);
    CHECK(Connector::lint(document.dump(), "tiny.json").empty());
  }
  for (const char* base : {"http://localhost.evil.example", "http://[::2]", "http://192.0.2.1"}) {
    json document = tiny();
    document["http"]["base"] = base;
    CAPTURE(base);
    CHECK(Connector::lint(document.dump(), "tiny.json").size() == 1);
  }
}

TEST_CASE("Mistakes in error rules are found") {
  check({{"/errors", "{}", "/errors", "expected a list"},
         {"/errors/0/when", "-", "/errors/0", "\"when\" is missing"},
         {"/errors/0/when", "\"status == 429\"", "/errors/0/when", "expected an expression"},
         {"/errors/0/when", "\"${status = 429}\"", "/errors/0/when", "write '=='"},
         {"/errors/0/when", "\"${record.x}\"", "/errors/0/when", "'record' is not known here"},
         {"/errors/0/do", "-", "/errors/0", "\"do\" is missing"},
         {"/errors/0/do", "\"skip\"", "/errors/0/do", "is none of retry, gap, fail, empty"},
         {"/errors/0/then", "\"retry\"", "/errors/0/then", "is none of gap, fail, empty"},
         {"/errors/0/tries", "0", "/errors/0/tries", "from 1 to 50"},
         {"/errors/0/wait", "\"soon\"", "/errors/0/wait", "expected a duration"},
         {"/errors/0/wait", "[]", "/errors/0/wait", "expected a duration or a number"},
         {"/errors/0/limited", "1", "/errors/0/limited", "expected true or false"},
         {"/errors/1/tries", "3", "/errors/1/tries", "belongs to \"do\": \"retry\""},
         {"/errors/1/say", "\"${body.\"", "/errors/1/say", "'${' without its '}'"}});
}

TEST_CASE("Mistakes in requests are found") {
  check({{"/check/get", "-", "/check", "one of \"get\", \"post\", \"graphql\" is missing"},
         {"/check/post", "\"/me\"", "/check", "only one of"},
         {"/check/get", "\"me\"", "/check/get", "begins with \"/\""},
         {"/check/get", "\"ftp://x\"", "/check/get", "a whole URL"},
         {"/check/get", "{}", "/check/get", "expected a text"},
         {"/check/get", "\"/me?token=${config.token}\"", "/check/get", "must not be in a URL"},
         {"/check/query", "{\"t\": \"${config.token}\"}", "/check/query/t", "must not be in a URL"},
         {"/check/query", "[]", "/check/query", "expected an object"},
         {"/check/body", "{}", "/check/body", "belongs to a post request"},
         {"/check/vars", "{}", "/check/vars", "belong to a graphql request"},
         {"/check/auth", "\"some\"", "/check/auth", "is none of same, none"},
         {"/check/shows", "\"x\"", "/check/shows", "did you mean show?"},
         {"/check/account", "\"${last.x}\"", "/check/account", "'last' is not known here"},
         {"/streams/tasks/from/0/graphql", "\"{x{${field}}}\"", "/streams/tasks/from/0/graphql",
          "did you mean fields"},
         {"/streams/tasks/from/0/graphql", "\"{x{${agent}}}\"", "/streams/tasks/from/0/graphql",
          "only fixed texts from let"},
         {"/streams/tasks/from/0/graphql", "[1]", "/streams/tasks/from/0/graphql/0", "a text"},
         {"/streams/tasks/from/0/graphql", "\"\"", "/streams/tasks/from/0/graphql",
          "must not be empty"}});
}

TEST_CASE("Mistakes in sources are found") {
  check(
      {{"/streams/lists/each", "\"bords\"", "/streams/lists/each",
        "there is no stream \"bords\"; did you mean boards"},
       {"/streams/lists/each", "5", "/streams/lists/each", "expected a text"},
       {"/streams/lists/each", "[]", "/streams/lists/each", "must name a stream"},
       {"/streams/lists/each", "-", "/streams/lists/get", "'parent' is not known here"},
       {"/streams/lists/depth", "2", "/streams/lists/depth", "is the stream itself"},
       {"/streams/tasks/from/1/depth", "51", "/streams/tasks/from/1/depth", "from 1 to 50"},
       {"/streams/tasks/from/1/each", "[\"tasks\", \"cards\"]", "/streams/tasks/from/1/each",
        "stands alone"},
       {"/streams/tasks/from/0", "-", "/streams/tasks", "none can be the first"},
       {"/streams/tasks/from", "[]", "/streams/tasks/from", "must hold a source"},
       {"/streams/tasks/from/1/if", "\"${record.x}\"", "/streams/tasks/from/1/if",
        "'record' is not known here"},
       {"/streams/boards/get", "\"/boards\"", "/streams/boards/get", "belongs into a source"},
       {"/streams/boards/if", "\"${true}\"", "/streams/boards/if", "belongs into a source"},
       {"/streams/boards/from/0/eech", "\"x\"", "/streams/boards/from/0/eech", "did you mean each"},
       {"/streams/groups/records", "\"data..x\"", "/streams/groups/records", "an empty name"},
       {"/streams/groups/records", "\"data.\"", "/streams/groups/records", "an empty name"},
       {"/streams/groups/records", "\"data[0]\"", "/streams/groups/records", "cannot be in a path"},
       {"/streams/groups/records", "\"${body.data}\"", "/streams/groups/records", "without ${…}"},
       {"/streams/groups/records", "[]", "/streams/groups/records", "must hold a path"},
       {"/streams/groups/records", "[1]", "/streams/groups/records/0", "expected a text"},
       {"/streams/groups/wrap", "\"\"", "/streams/groups/wrap", "must not be empty"},
       {"/streams/groups/conditional", "\"x\"", "/streams/groups/conditional",
        "expected true or false"},
       {"/streams/tasks/from/0/conditional", "true", "/streams/tasks/from/0",
        "works with get only"},
       {"/streams/groups/cap", "1000", "/streams/groups/cap", "expected an object"},
       {"/streams/groups/cap", "{}", "/streams/groups/cap", "\"count\" is missing"}});
}

TEST_CASE("Mistakes in pages are found") {
  const std::string page = "/streams/cards/page";
  check({{page, "{}", page, "\"by\" is missing"},
         {page, "\"link\"", page, "expected an object"},
         {page + "/by", "\"curser\"", page + "/by", "did you mean cursor"},
         {page + "/next", "-", page, "\"next\" is missing"},
         {page + "/into", "-", page, "\"into\" is missing"},
         {page + "/next", "\"last.id\"", page + "/next", "expected an expression"},
         {page + "/next", "\"${record.id}\"", page + "/next", "'record' is not known here"},
         {page + "/total", "\"${body.n}\"", page + "/total", "paging by cursor has no \"total\""},
         {page + "/into", "\"before\"", page + "/into", "expected query.NAME"},
         {page + "/into", "\"query.\"", page + "/into", "expected query.NAME"},
         {page + "/into", "\"vars.before\"", page + "/into", "only a graphql request has vars"},
         {page + "/into", "\"body.before\"", page + "/into", "the request has no body"},
         {page + "/size", "\"limit\"", page + "/size", "NAME=NUMBER"},
         {page + "/size", "\"limit=0\"", page + "/size", "NAME=NUMBER"},
         {page + "/size", "\"=5\"", page + "/size", "NAME=NUMBER"},
         {page + "/size", "0", page + "/size", "from 1 to"},
         {page, R"({"by": "url"})", page, "\"next\" is missing"},
         {page, R"({"by": "link", "next": "${body.x}"})", page + "/next", "has no \"next\""},
         {page, R"({"by": "number", "into": "query.p"})", page, "where the pages end"},
         {page, R"({"by": "offset", "into": "query.o", "more": "${body.m}", "total": "${body.t}"})",
          page, "\"total\" needs \"size\""},
         {page, R"({"by": "offset", "into": "query.o", "size": 5, "start": 0})", page + "/start",
          "has no \"start\""},
         {"/streams/tasks/from/0/page/into", "\"query.p\"", "/streams/tasks/from/0/page/into",
          "takes it in vars.NAME"},
         {"/streams/tasks/from/0/page/size", "\"limit=5\"", "/streams/tasks/from/0/page/size",
          "give the number alone"}});
}

TEST_CASE("Mistakes in since are found") {
  const std::string since = "/streams/comments/since";
  check({{since + "/into", "-", since, "does not use ${since}"},
         {since + "/format", "\"unixms\"", since + "/format", "did you mean unix_ms, unix"},
         {since + "/format", "\"\"", since + "/format", "must not be empty"},
         {since + "/lookback", "\"5 minutes\"", since + "/lookback", "expected a duration"},
         {since + "/full", "true", since + "/full", "did you mean full_every"},
         {"/streams/groups/query", "{\"q\": \"${since}\"}", "/streams/groups/query/q",
          "'since' is not known here"}});
}

TEST_CASE("Mistakes in feeds are found") {
  const std::string feed = "/streams/groups/feed";
  check({{feed, "{}", feed, "\"start\" is missing"},
         {feed, R"({"start": {"get": "/a"}})", feed + "/start", "\"token\" is missing"},
         {feed, R"({"start": {"get": "/${feed}", "token": "${body.t}"}})", feed + "/start/get",
          "'feed' is not known here"},
         {feed, R"({"get": "/b", "next": "${record.t}"})", feed + "/next",
          "'record' is not known here"},
         {feed, R"({"get": "/b", "gone": "removed"})", feed + "/gone", "expected an expression"},
         {feed, R"({"record": "r", "detail": {"get": "/b"}})", feed + "/record",
          "goes into \"detail\""},
         {feed, R"({"start": {"get": "/a", "status": 200}})", feed + "/start/status", "400"},
         {"/streams/comments/feed", "{}", "/streams/comments/feed", "not both"}});
}

TEST_CASE("Mistakes in streams are found") {
  const std::string cards = "/streams/cards";
  check({{"/defaults/id", "-", "/streams/groups", "\"id\" is missing"},
         {cards + "/id", "\"key-${config.state}\"", cards + "/id", "all records would have one id"},
         {cards + "/id", "\"a b.\"", cards + "/id", "an empty name"},
         {cards + "/keep", "true", cards + "/keep", "expected a text"},
         {cards + "/keep", "\"${record.x} ${record.y}\"", cards + "/keep", "unexpected character"},
         {cards + "/detail", "{}", cards + "/detail", "is missing"},
         {cards + "/detail/recrod", "\"x\"", cards + "/detail/recrod", "did you mean record?"},
         {cards + "/changed", "\"a[*].b\"", cards + "/changed", "[*] is not possible here"},
         {cards + "/deleted", "\"never\"", cards + "/deleted", "is none of listing, flag, unknown"},
         {cards + "/refresh_every", "7", cards + "/refresh_every", "expected a text"},
         {cards + "/volatile", "\"views\"", cards + "/volatile", "expected a list"},
         {cards + "/volatile", "[\"a..b\"]", cards + "/volatile/0", "an empty name"},
         {cards + "/text", "[\"a[*]\"]", cards + "/text/0", "[*] is not possible here"},
         {cards + "/belongs_to", "\"lists\"", cards + "/belongs_to", "expected an object"},
         {cards + "/belongs_to/stream", "\"list\"", cards + "/belongs_to/stream",
          "did you mean lists"},
         {cards + "/belongs_to/id", "-", cards + "/belongs_to", "\"id\" is missing"},
         {cards + "/name", "\"${item.x}\"", cards + "/name", "'item' is not known here"},
         {"/streams/groups/name", "\"${parent.x}\"", "/streams/groups/name",
          "'parent' is not known here"},
         {"/streams/groups/reuse_if_unchanged", "true", "/streams/groups/reuse_if_unchanged",
          "no parent without \"each\""},
         {cards + "/stream", "{}", cards + "/stream", "unknown key"},
         {"/defaults/get", "\"/x\"", "/defaults/get", "unknown key"},
         {"/defaults", "[]", "/defaults", "expected an object"}});
}

TEST_CASE("Mistakes in files and git are found") {
  const std::string file = "/streams/cards/files/0";
  check(
      {{"/streams/cards/files", "{}", "/streams/cards/files", "expected a list"},
       {file + "/id", "-", file, "\"id\" is missing"},
       {file + "/id", "\"${record.id}\"", file + "/id", "all would have one id"},
       {file + "/get", "-", file, "\"get\" is missing"},
       {file + "/get", "\"${config.token}\"", file + "/get", "must not be in a URL"},
       {file + "/get", "\"files/${item.id}\"", file + "/get", "begins with \"/\""},
       {file + "/each", "\"attachments[*]\"", file + "/each", "[*] is not possible here"},
       {file + "/each", "-", file + "/id", "'item' is not known here"},
       {file + "/nam", "\"x\"", file + "/nam", "did you mean name?"},
       {file + "/renew/get", "-", file + "/renew", "one of \"get\", \"post\""},
       {file + "/renew/url", "-", file + "/renew", "\"url\" is missing"},
       {file + "/renew/url", "\"data[*]..url\"", file + "/renew/url", "an empty name in the path"},
       {file + "/renew/record", "\"data\"", file + "/renew/record", "unknown key"},
       {"/streams/cards/git", R"([{"url": "https://x.example/${record.id}"}])",
        "/streams/cards/git/0", "\"id\" is missing"},
       {"/streams/cards/git", R"([{"id": "x", "url": "https://x.example/y"}])",
        "/streams/cards/git/0/id", "all would have one id"},
       {"/streams/cards/git", R"([{"id": "${record.id}"}])", "/streams/cards/git/0",
        "\"url\" is missing"},
       {"/streams/cards/git", R"([{"id": "${record.id}", "url": "git@x.example:y"}])",
        "/streams/cards/git/0/url", "expected an https clone URL"},
       {"/streams/cards/git",
        R"([{"id": "${record.id}", "url": "https://${config.token}@x.example"}])",
        "/streams/cards/git/0/url", "must not be in a URL"},
       {"/streams/cards/git",
        R"([{"id": "${record.id}", "url": "${record.url}", "auth": {"kind": "query", "query": {"a": "b"}}}])",
        "/streams/cards/git/0/auth", "bearer and basic"}});
}

TEST_CASE("Streams that wait for each other are named") {
  json document = tiny();
  document["streams"]["groups"]["each"] = "tasks";
  std::string problems = lint_text(document.dump());
  CHECK_THAT(problems, ContainsSubstring("boards > groups > tasks > cards > boards"));
  CHECK(std::count(problems.begin(), problems.end(), '\n') == 1);
}

TEST_CASE("All mistakes are reported at once, and each once") {
  json document = tiny();
  document["title"] = 5;
  document["streams"]["groups"]["records"] = "a..b";
  document["defaults"]["page"] = {{"by", "lnk"}};  // used by several streams
  auto problems = Connector::lint(document.dump(), "tiny.json");
  CHECK(problems.size() == 3);
  try {
    Connector::parse(document.dump(), "tiny.json");
    FAIL("expected an error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    CHECK_THAT(error.what(), ContainsSubstring("tiny.json: /title: expected a text"));
    CHECK_THAT(error.what(), ContainsSubstring("\ntiny.json: /defaults/page/by: \"lnk\""));
    CHECK_FALSE(error.hint().empty());
  }
}

TEST_CASE("JSON mistakes have their line and column") {
  CHECK_THAT(lint_text("{\n  \"app\": \"x\",\n  \"title\" 5\n}"),
             ContainsSubstring("x.json: not JSON: line 3, column 11"));
  CHECK_THAT(lint_text(""), ContainsSubstring("not JSON: line 1, column 1"));
  CHECK_THAT(lint_text("{} {}"), ContainsSubstring("line 1, column 4"));
  CHECK_THAT(lint_text("{\"a\": 1e999}"), ContainsSubstring("not JSON"));
  CHECK_THAT(lint_text("{\"a\": \"\xff\"}"), ContainsSubstring("not JSON"));
  CHECK_THAT(lint_text("// comment\n{}"), ContainsSubstring("not JSON"));
  for (const char* other : {"[]", "5", "null", "\"text\""})
    CHECK_THAT(lint_text(other), ContainsSubstring("expected an object"));
}

TEST_CASE("A key that stands twice is reported with its path") {
  CHECK_THAT(lint_text(R"({"a": 1, "b": [{"x/y": 1, "x/y": 2}], "a": 3})"),
             ContainsSubstring("x.json: /b/0/x~1y: this key stands here twice\n"
                               "x.json: /a: this key stands here twice"));
}

TEST_CASE("Hostile files end with a message") {
  CHECK_THAT(lint_text(std::string(100'000, '[')), ContainsSubstring("nested too deeply"));
  CHECK_THAT(lint_text(std::string(3 << 20, ' ')), ContainsSubstring("at most 2097152"));
  json document = tiny();
  for (int i = 0; i < 600; ++i)
    document["streams"]["s" + std::to_string(i)] = {{"get", "/s"}, {"id", "id"}};
  CHECK_THAT(lint_text(document.dump()), ContainsSubstring("more than 500 streams"));
  document = tiny();
  document["title"] = "${" + std::string(100'000, '(') + "}";
  document["streams"]["groups"]["keep"] = document["title"];
  CHECK_THAT(lint_text(document.dump()), ContainsSubstring("at most 8192 are allowed"));
  json chain = tiny();
  chain["streams"]["s0"] = {{"get", "/s"}};
  for (int i = 1; i < 450; ++i)
    chain["streams"]["s" + std::to_string(i)] = {{"get", "/s"},
                                                 {"each", "s" + std::to_string(i - 1)}};
  CHECK(Connector::lint(chain.dump(), "x.json").empty());
}
