#include <chrono>

#include "catch.h"
#include "connector/model.h"
#include "tiny.h"

using namespace probackup;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

Connector load(const json& document) {
  return Connector::parse(document.dump(), "tiny.json");
}

json evaluate(const Template& value, const json& names) {
  Scope scope;
  for (const auto& [name, member] : names.items()) scope.set(name, &member);
  return value.evaluate(scope);
}

}  // namespace

TEST_CASE("A good connector loads without a problem") {
  for (const auto& problem : Connector::lint(tiny_connector, "tiny.json"))
    FAIL_CHECK(problem.text());
  Connector connector = Connector::parse(tiny_connector, "tiny.json");
  CHECK(connector.app() == "tiny");
  CHECK(connector.title() == "Tiny");
  CHECK(connector.version() == "1.0");
  CHECK(connector.docs() == "https://tiny.example/api");
  CHECK(connector.source() == tiny_connector);
  CHECK(connector.model().file == "tiny.json");
  CHECK(connector.model().not_read == std::vector<std::string>{"votes"});
  REQUIRE(connector.model().restore);
  CHECK(connector.model().restore->steps.at(0).make == "boards");
}

TEST_CASE("Streams are read parents first, else in the order of the file") {
  Connector connector = Connector::parse(tiny_connector, "tiny.json");
  CHECK(connector.streams() ==
        std::vector<std::string>{"groups", "boards", "cards", "comments", "lists", "tasks"});
}

TEST_CASE("A record hangs below what it belongs to, or below what its listing hangs on") {
  Connector connector = Connector::parse(tiny_connector, "tiny.json");
  using Names = std::vector<std::string>;
  CHECK(connector.parents("groups").empty());
  CHECK(connector.parents("boards") == Names{"groups"});
  CHECK(connector.parents("cards") == Names{"lists", "boards"});
  CHECK(connector.parents("tasks") == Names{"cards", "tasks"});
  CHECK(connector.parents("unknown").empty());
}

TEST_CASE("Settings keep the file's order and every connector takes base_url") {
  Connector connector = Connector::parse(tiny_connector, "tiny.json");
  const auto& settings = connector.settings();
  REQUIRE(settings.size() == 4);
  CHECK(settings[0].name == "token");
  CHECK(settings[0].secret);
  CHECK_FALSE(settings[0].optional);
  CHECK(settings[1].list);
  CHECK(settings[1].optional);
  CHECK(settings[2].default_value == "all");
  CHECK(settings[3].name == "base_url");
  CHECK(settings[3].optional);

  json own = tiny();
  own["config"]["base_url"] = {{"help", "Address of the server"}};
  CHECK(load(own).settings().size() == 4);
  CHECK_FALSE(load(own).settings().front().optional);
}

TEST_CASE("Ways to sign in are kept in order") {
  Connector connector = Connector::parse(tiny_connector, "tiny.json");
  const auto& auth = connector.model().auth;
  REQUIRE(auth.size() == 2);
  CHECK(auth[0].kind == AuthModel::Kind::bearer);
  CHECK(evaluate(auth[0].token, {{"config", {{"token", "t"}}}}) == "t");
  CHECK(auth[0].when->text() == "config.token");
  CHECK(auth[1].kind == AuthModel::Kind::none);

  json document = tiny();
  document["auth"] = {{"kind", "basic"}, {"user", "${config.token}"}};
  CHECK(load(document).model().auth[0].password.text(Scope()).empty());
  document["auth"] = {{"kind", "query"}, {"query", {{"key", "${config.token}"}}}};
  CHECK(load(document).model().auth[0].pairs.contains("key"));
  document["auth"] = {{"kind", "header"}, {"headers", {{"X-Key", "${config.token}"}}}};
  CHECK(load(document).model().auth[0].kind == AuthModel::Kind::header);
}

TEST_CASE("The server's limits, quota and error rules are read") {
  Connector connector = Connector::parse(tiny_connector, "tiny.json");
  const ConnectorModel& model = connector.model();
  CHECK(model.concurrency == 3);
  REQUIRE(model.limits.size() == 2);
  CHECK(model.limits[0].count == 90);
  CHECK(model.limits[0].window == 10s);
  CHECK(model.limits[1].match == "/members/");
  CHECK(model.limits[1].window == 15min);
  CHECK(model.quota_remaining);
  CHECK(model.quota_reset);
  CHECK(model.quota_floor == 10);
  REQUIRE(model.errors.size() == 2);
  CHECK(model.errors[0].action == ErrorRule::Do::retry);
  CHECK(model.errors[0].tries == 10);
  CHECK(model.errors[0].then == ErrorRule::Do::fail);
  CHECK(model.errors[0].limited);
  CHECK(model.errors[0].wait);
  CHECK(model.errors[1].action == ErrorRule::Do::gap);
  CHECK(model.errors[1].say->uses("body"));
  CHECK(model.check->url.text(Scope()) == "/me");
  CHECK(model.check_account->uses("body"));
  CHECK_FALSE(model.check_scopes);
}

TEST_CASE("Defaults fill what a stream and its sources leave out") {
  Connector connector = Connector::parse(tiny_connector, "tiny.json");
  const StreamModel& boards = *connector.model().stream("boards");
  CHECK(boards.id_path == "id");
  REQUIRE(boards.sources.size() == 2);
  for (const SourceModel& source : boards.sources) {
    CHECK(source.page.by == PageModel::By::link);
    CHECK(source.request.query.contains("limit_fields"));
    CHECK_FALSE(source.request.query.contains("pretty"));  // the stream's null takes it away
  }
  CHECK(connector.model().stream("cards")->sources[0].request.query.size() == 2);
  CHECK(connector.model().stream("groups")->sources[0].page.by == PageModel::By::none);
  CHECK(connector.model().stream("unknown") == nullptr);
}

TEST_CASE("Sources say where records come from") {
  Connector connector = Connector::parse(tiny_connector, "tiny.json");
  const SourceModel& groups = connector.model().stream("groups")->sources[0];
  CHECK(groups.each.empty());
  CHECK(groups.records == std::vector<std::string>{"data[*].groups", "data"});
  CHECK(connector.model().stream("lists")->sources[0].records == std::vector<std::string>{""});

  const StreamModel& tasks = *connector.model().stream("tasks");
  REQUIRE(tasks.sources.size() == 2);
  CHECK(tasks.sources[0].request.graphql == "query($c:ID!){card(id:$c){\ntasks{id name}}}");
  CHECK(tasks.sources[0].request.method == "POST");
  CHECK(tasks.sources[0].page.into == PageModel::Into::vars);
  CHECK(tasks.sources[0].page.size == 50);
  CHECK(tasks.sources[0].page.size_name.empty());
  CHECK(tasks.sources[1].recursive);
  CHECK(tasks.sources[1].depth == 5);
  CHECK(tasks.sources[1].when->uses("parent"));
  CHECK(tasks.id_path.empty());
  CHECK(evaluate(tasks.id, {{"parent", {{"id", 1}}}, {"record", {{"id", 2}}}}) == "1-2");
}

TEST_CASE("Pages and since are read") {
  Connector connector = Connector::parse(tiny_connector, "tiny.json");
  const PageModel& page = connector.model().stream("cards")->sources[0].page;
  CHECK(page.by == PageModel::By::cursor);
  CHECK(page.next->text() == "last.id");
  CHECK(page.into == PageModel::Into::query);
  CHECK(page.into_name == "before");
  CHECK(page.size_name == "limit");
  CHECK(page.size == 1000);
  const StreamModel& comments = *connector.model().stream("comments");
  CHECK(comments.reuse_if_unchanged);
  CHECK(comments.sources[0].since->into_name == "since");
  CHECK(comments.sources[0].since->format == "rfc3339");
  CHECK(comments.sources[0].since->lookback == 5min);
  CHECK(comments.sources[0].since->full_every == 7 * 24h);
}

TEST_CASE("Records have names, places, files and details") {
  Connector connector = Connector::parse(tiny_connector, "tiny.json");
  const StreamModel& cards = *connector.model().stream("cards");
  CHECK(cards.title == "Cards");
  CHECK(connector.model().stream("lists")->title == "lists");
  CHECK(cards.belongs_stream == "lists");
  CHECK(evaluate(*cards.belongs_id, {{"record", {{"idList", "l1"}}}}) == "l1");
  CHECK(cards.volatile_fields == std::vector<std::string>{"views", "attachments[*].link"});
  CHECK(cards.text_fields == std::vector<std::string>{"desc"});
  CHECK(cards.detail->url.uses("record"));
  CHECK(cards.detail_record == "card");
  REQUIRE(cards.files.size() == 1);
  CHECK(cards.files[0].each->text() == "record['attachments']");
  CHECK(cards.files[0].when->uses("item"));
  CHECK(cards.files[0].with_auth);
  const StreamModel& boards = *connector.model().stream("boards");
  CHECK(boards.changed == "dates.changed");
  CHECK(evaluate(*boards.title_of, {{"record", {{"name", "b"}}}}) == "b");
  CHECK(boards.title_of->plain_path("record") == "name");
}

TEST_CASE("The rarer keys reach the model") {
  json document = tiny();
  document["http"]["hosts"] = {"git.tiny.example"};
  json& groups = document["streams"]["groups"];
  groups["cap"] = {{"count", 1000}, {"say", "only the newest"}};
  groups["wrap"] = "name";
  groups["conditional"] = true;
  groups["missing_is_empty"] = true;
  groups["deleted"] = "flag";
  groups["refresh_every"] = "30d";
  groups["webhooks"] = true;
  groups["auth"] = "none";
  groups["files"] = {{{"id", "icon"},
                      {"get", "${record.icon}"},
                      {"auth", "none"},
                      {"size", 5},
                      {"headers", {{"Accept", "image/png"}}}}};
  groups["git"] = {{{"id", "${record.id}"},
                    {"url", "https://git.tiny.example/${record.id}.git"},
                    {"missing_is_empty", true},
                    {"auth", {{"kind", "basic"}, {"user", "x"}, {"password", "${config.token}"}}}}};
  Connector connector = load(document);
  const StreamModel& stream = *connector.model().stream("groups");
  const SourceModel& source = stream.sources[0];
  CHECK(connector.model().hosts == std::vector<std::string>{"git.tiny.example"});
  CHECK(source.cap == 1000);
  CHECK(source.cap_say == "only the newest");
  CHECK(source.wrap == "name");
  CHECK(source.conditional);
  CHECK(source.missing_is_empty);
  CHECK_FALSE(source.request.with_auth);
  CHECK(stream.deleted == StreamModel::Deleted::flag);
  CHECK(stream.refresh_every == 30 * 24h);
  CHECK(stream.webhooks);
  REQUIRE(stream.files.size() == 1);
  CHECK(stream.files[0].name.text(Scope()) == "icon");
  CHECK(stream.files[0].size->evaluate(Scope()) == 5);
  CHECK(stream.files[0].headers.contains("Accept"));
  CHECK_FALSE(stream.files[0].with_auth);
  REQUIRE(stream.git.size() == 1);
  CHECK(stream.git[0].missing_is_empty);
  CHECK(stream.git[0].auth->kind == AuthModel::Kind::basic);
}

TEST_CASE("A post with a body pages in its body") {
  json document = tiny();
  json& groups = document["streams"]["groups"];
  groups.erase("get");
  groups["post"] = "/search";
  groups["body"] = {{"filter", "${config.state}"}};
  groups["page"] = {
      {"by", "offset"}, {"into", "body.page.offset"}, {"size", 100}, {"total", "${body.total}"}};
  Connector connector = load(document);
  const SourceModel& source = connector.model().stream("groups")->sources[0];
  CHECK(source.request.method == "POST");
  CHECK(evaluate(*source.request.body, {{"config", {{"state", "open"}}}}) ==
        json({{"filter", "open"}}));
  CHECK(source.page.into == PageModel::Into::body);
  CHECK(source.page.into_name == "page.offset");
  CHECK(source.page.total);
}

TEST_CASE("A since without into is used by the request itself") {
  json document = tiny();
  json& comments = document["streams"]["comments"];
  comments["since"] = {{"format", "%Y-%m-%d %H:%M"}};
  comments["query"] = {{"q", "${since ? 'updated > ' + since : null}"}};
  Connector connector = load(document);
  const SourceModel& source = connector.model().stream("comments")->sources[0];
  CHECK(source.since->into_name.empty());
  CHECK(source.since->format == "%Y-%m-%d %H:%M");
  CHECK(source.request.query.at("q").uses("since"));
}

TEST_CASE("A stream's let hides the connector's") {
  json document = tiny();
  document["streams"]["tasks"]["let"] = {{"fields", "id"}};
  document["streams"]["tasks"]["name"] = "${fields}: ${record.name}";
  Connector connector = load(document);
  CHECK(connector.model().stream("tasks")->sources[0].request.graphql ==
        "query($c:ID!){card(id:$c){\ntasks{id}}}");
  CHECK(connector.model().stream("tasks")->let.contains("fields"));
}
