#include "demo/trello_account.h"

#include <httplib.h>

#include <nlohmann/json.hpp>
#include <set>

#include "catch.h"
#include "demo/example_account.h"
#include "trello_client.h"

using namespace probackup;
using nlohmann::json;

namespace {

// A client that signs its requests as Trello's documentation says.
httplib::Client client_of(TrelloAccount& account) {
  httplib::Client client("127.0.0.1", account.server().port());
  client.set_keep_alive(true);
  client.set_default_headers(
      {{"Authorization", probackup::test::trello_authorization(account.settings())}});
  return client;
}

// The texts of an answer's records, by id.
TestAccount::Truth records_of(const std::string& body) {
  TestAccount::Truth records;
  for (const auto& record : nlohmann::ordered_json::parse(body)) {
    const std::string id = record.at("id");
    REQUIRE(records.emplace(id, record.dump()).second);
  }
  return records;
}

// Truth in one spelling, so that escapes do not count.
TestAccount::Truth plain(const TestAccount::Truth& truth) {
  TestAccount::Truth records;
  for (const auto& [id, text] : truth) records[id] = nlohmann::ordered_json::parse(text).dump();
  return records;
}

// All pages of a listing that is paged by `before`, with the oldest id of a page as the next
// cursor.
TestAccount::Truth walk(httplib::Client& client, const std::string& path, std::size_t limit) {
  TestAccount::Truth all;
  std::string before;
  for (int page = 0; page < 1000; ++page) {
    const auto answer = client.Get(path + "&limit=" + std::to_string(limit) + before);
    REQUIRE(answer);
    REQUIRE(answer->status == 200);
    const auto records = records_of(answer->body);
    REQUIRE(records.size() <= limit);
    for (const auto& record : records) REQUIRE(all.insert(record).second);
    if (records.size() < limit) return all;
    before = "&before=" + records.begin()->first;
  }
  FAIL("the listing does not end");
  return all;
}

std::vector<std::string> board_ids(httplib::Client& client) {
  std::vector<std::string> ids;
  for (const auto& board : json::parse(client.Get("/1/members/me/boards")->body)) {
    ids.push_back(board["id"]);
  }
  return ids;
}

}  // namespace

TEST_CASE("Trello refuses wrong keys and tokens, and downloads by query") {
  const auto account = example_account();
  httplib::Client client("127.0.0.1", account->server().port());
  const auto settings = account->settings();
  CHECK(client.Get("/1/members/me")->status == 401);
  CHECK(client.Get("/1/members/me")->body == "invalid key");
  const auto wrong = client.Get("/1/members/me?key=" + settings.at("key") + "&token=nonsense");
  CHECK(wrong->status == 401);
  CHECK(wrong->body == "invalid token");
  const auto query = "?key=" + settings.at("key") + "&token=" + settings.at("token");
  CHECK(client.Get("/1/members/me" + query)->status == 200);

  auto signed_client = client_of(*account);
  const auto truth = account->truth("attachments");
  bool downloaded = false;
  for (const auto& [id, text] : truth) {
    const auto attachment = json::parse(text);
    if (!attachment["isUpload"]) continue;
    const std::string url = attachment["url"];
    const auto path = url.substr(account->server().origin().size());
    CHECK(client.Get(path + query)->status == 401);
    const auto file = signed_client.Get(path);
    REQUIRE(file->status == 200);
    CHECK(file->body.size() == attachment["bytes"].get<std::size_t>());
    downloaded = true;
  }
  CHECK(downloaded);
}

TEST_CASE("the example account is a believable team") {
  const auto account = example_account();
  CHECK(account->truth("boards").size() == 3);
  CHECK(account->truth("cards").size() == 40);
  CHECK(account->truth("labels").size() == 4);
  CHECK(account->truth("customFields").size() == 3);
  CHECK(account->files().size() == 4);
  CHECK(account->truth("members").size() == 4);
  const auto before = account->truth("cards");
  CHECK(change_example(*account).size() == 5);
  const auto after = account->truth("cards");
  CHECK(after.size() == 40);
  CHECK(after != before);
  CHECK(account->files().size() == 5);
}

TEST_CASE("walking a random account's pages reaches every record exactly once") {
  const auto seed = GENERATE(1u, 2u, 3u);
  TrelloAccount account(seed, {2, 4, 5, 4, 40, 3});
  account.mutate(seed + 100, 50);
  auto client = client_of(account);
  const std::string nested = "attachments=true&checklists=all&customFieldItems=true&members=true";
  TestAccount::Truth cards;
  TestAccount::Truth actions;
  TestAccount::Truth lists;
  TestAccount::Truth checklists;
  for (const auto& board : board_ids(client)) {
    const auto base = "/1/boards/" + board;
    cards.merge(walk(client, base + "/cards?filter=all&" + nested, 7));
    actions.merge(walk(client, base + "/actions?filter=all", 50));
    lists.merge(records_of(client.Get(base + "/lists?filter=all")->body));
    checklists.merge(records_of(client.Get(base + "/checklists")->body));
  }
  CHECK(cards == plain(account.truth("cards", nested)));
  CHECK(actions == plain(account.truth("actions")));
  CHECK(lists == plain(account.truth("lists")));
  CHECK(checklists == plain(account.truth("checklists")));
}

TEST_CASE("actions come newest first, cards in the order of the board") {
  TrelloAccount account(7, {1, 1, 3, 3, 60, 2});
  auto client = client_of(account);
  const auto board = board_ids(client).at(0);
  std::string last = "~";
  for (const auto& action :
       json::parse(client.Get("/1/boards/" + board + "/actions?limit=1000")->body)) {
    CHECK(action["id"].get<std::string>() < last);
    last = action["id"];
  }
  std::map<std::string, double> list_pos;
  for (const auto& list :
       json::parse(client.Get("/1/boards/" + board + "/lists?filter=all")->body)) {
    list_pos[list["id"]] = list["pos"];
  }
  std::pair<double, double> place{0, 0};
  for (const auto& card :
       json::parse(client.Get("/1/boards/" + board + "/cards?filter=all")->body)) {
    const std::pair<double, double> here{list_pos.at(card["idList"]), card["pos"]};
    CHECK(here >= place);
    place = here;
  }
}

TEST_CASE("since leaves older actions out, and limits are enforced") {
  TrelloAccount account(8, {1, 1, 3, 3, 20, 3});
  auto client = client_of(account);
  const auto path = "/1/boards/" + board_ids(client).at(0) + "/actions";
  const auto all = json::parse(client.Get(path + "?limit=1000")->body);
  REQUIRE(all.size() > 20);
  const std::string middle = all[10]["id"];
  CHECK(json::parse(client.Get(path + "?limit=1000&since=" + middle)->body).size() == 10);
  CHECK(json::parse(client.Get(path)->body).size() == std::min<std::size_t>(50, all.size()));
  const auto too_many = client.Get(path + "?limit=1001");
  CHECK(too_many->status == 400);
  CHECK(too_many->body == "invalid value for limit");
  CHECK(client.Get("/1/boards/no-such-board/actions")->status == 400);
  CHECK(client.Get("/1/boards/000000000000000000000000/lists")->status == 404);
}

TEST_CASE("a cursor that means its second only leaves out what else was made in it") {
  class Still : public Clock {
   public:
    Time now() override { return Time(std::chrono::hours(24 * 365 * 55)); }
    std::chrono::nanoseconds steady() override { return {}; }
    bool sleep(std::chrono::nanoseconds, std::stop_token) override { return true; }
  } clock;
  TrelloOptions options;
  options.before_by_second = GENERATE(false, true);
  TrelloAccount account(options, clock);
  const auto board = account.change([](TrelloData& data) {
    data.catch_up();  // one millisecond between changes from here on
    const auto id = data.add_board("", "Board", "");
    const auto list = data.add_list(id, "List");
    for (int i = 0; i < 10; ++i) data.add_card(list, "Card", "");
    return id;
  });
  auto client = client_of(account);
  const auto path = "/1/boards/" + board + "/cards/all?limit=4";
  const auto page = records_of(client.Get(path)->body);
  REQUIRE(page.size() == 4);
  const auto next = records_of(client.Get(path + "&before=" + page.begin()->first)->body);
  CHECK(next.size() == (options.before_by_second ? 0 : 4));
}

TEST_CASE("an unchanged Trello answer is a 304") {
  TrelloAccount account(9, {1, 1, 2, 2, 5, 1});
  auto client = client_of(account);
  const auto path = "/1/boards/" + board_ids(client).at(0) + "/lists?filter=all";
  const auto tag = client.Get(path)->get_header_value("ETag");
  CHECK(client.Get(path, {{"If-None-Match", tag}})->status == 304);
  account.change([](TrelloData& data) {
    data.update_list(data.lists.all().begin()->first, {{"name", "Renamed"}});
  });
  CHECK(client.Get(path, {{"If-None-Match", tag}})->status == 200);
}

TEST_CASE("cards, comments and lists can be written through Trello's API") {
  TrelloAccount account(10, {1, 1, 2, 2, 5, 1});
  auto client = client_of(account);
  const auto board = board_ids(client).at(0);
  const auto list =
      json::parse(client.Post("/1/lists?name=New%20list&idBoard=" + board, "", "text/plain")->body);
  CHECK(list["name"] == "New list");
  const auto body = json{{"idList", list["id"]}, {"name", "New card"}, {"due", nullptr}}.dump();
  const auto card = json::parse(client.Post("/1/cards", body, "application/json")->body);
  const auto path = "/1/cards/" + card["id"].get<std::string>();
  CHECK(client.Put(path + "?closed=true", "", "text/plain")->status == 200);
  CHECK(json::parse(client.Get(path)->body)["closed"] == true);
  const auto comment =
      json::parse(client.Post(path + "/actions/comments?text=Hello", "", "text/plain")->body);
  CHECK(comment["data"]["text"] == "Hello");
  CHECK(json::parse(client.Get(path)->body)["badges"]["comments"] == 1);
  CHECK(client.Delete(path)->status == 200);
  CHECK(client.Get(path)->status == 404);
  CHECK(client.Post("/1/cards?name=x", "", "text/plain")->status == 400);
}

TEST_CASE("the same seed makes the same account and the same changes") {
  class Fixed : public Clock {
   public:
    Time now() override { return Time(std::chrono::hours(24 * 365 * 55)); }
    std::chrono::nanoseconds steady() override { return {}; }
    bool sleep(std::chrono::nanoseconds, std::stop_token) override { return true; }
  } clock;
  const auto make = [&](std::uint64_t seed) {
    TrelloAccount account(seed, {1, 2, 3, 3, 10, 2}, {}, clock);
    account.mutate(5, 30);
    auto truth = account.truth("cards");
    truth.merge(account.truth("actions"));
    return truth;
  };
  CHECK(make(1) == make(1));
  CHECK(make(1) != make(2));
}

TEST_CASE("with dated changes alone no action changes or goes") {
  TrelloOptions options;
  options.only_dated_changes = true;
  TrelloAccount account(11, {1, 2, 3, 3, 15, 2}, options);
  const auto before = account.truth("actions", "memberCreator=false&member=false");
  account.mutate(3, 100);
  const auto after = account.truth("actions", "memberCreator=false&member=false");
  CHECK(after.size() > before.size());
  for (const auto& [id, text] : before) CHECK(after.at(id) == text);
}
