// The monday.com test server behaves as the vendor's documentation says.
#include <set>

#include "catch.h"
#include "fake/monday_client.h"

using namespace probackup;
using nlohmann::json;

namespace {

// The system's clock, as far ahead as one says.
class Moved : public Clock {
 public:
  Time now() override { return system_clock().now() + ahead; }
  std::chrono::nanoseconds steady() override { return system_clock().steady() + ahead; }
  bool sleep(std::chrono::nanoseconds duration, std::stop_token stop) override {
    return system_clock().sleep(duration, stop);
  }
  std::chrono::nanoseconds ahead{};
};

constexpr auto first_page =
    "query($b:ID!){boards(ids:[$b]){items_page(limit:2){cursor items{id}}}}";
constexpr auto next_page =
    "query($c:String!){next_items_page(limit:2,cursor:$c){cursor items{id}}}";

// A board with items, on the empty account.
std::string board_of(MondayAccount& account, unsigned items) {
  return account.change([&](MondayData& data) {
    const auto board = data.add_board("", "", "Plan", "public");
    for (unsigned i = 0; i < items; ++i) data.add_item(board, "topics", std::to_string(i));
    return board;
  });
}

std::set<std::string> pages_of(MondayClient& client, const std::string& board) {
  std::set<std::string> ids;
  auto page = client.get("boards", first_page, {{"b", board}}).at(0).at("items_page");
  for (;;) {
    for (const auto& item : page.at("items")) ids.insert(item.at("id"));
    if (page.at("cursor").is_null()) return ids;
    page = client.get("next_items_page", next_page, {{"c", page.at("cursor")}});
  }
}

}  // namespace

TEST_CASE("monday.com: pages of items follow a cursor, and archived ones are not listed") {
  MondayAccount account;
  MondayClient client(account);
  const auto board = board_of(account, 5);
  CHECK(pages_of(client, board).size() == 5);
  account.change([&](MondayData& data) {
    data.set_item_state(*data.table("Item").keys_of(board).begin(), "archived");
  });
  CHECK(pages_of(client, board).size() == 4);
}

TEST_CASE("monday.com: a cursor ends after an hour, with status 200") {
  Moved clock;
  MondayAccount account({}, clock);
  MondayClient client(account);
  const auto board = board_of(account, 3);
  const auto page = client.get("boards", first_page, {{"b", board}}).at(0).at("items_page");
  clock.ahead = std::chrono::minutes(61);
  const auto answer = client.ask(next_page, {{"c", page.at("cursor")}});
  CHECK(client.status == 200);
  CHECK(MondayClient::code(answer) == "CursorExpiredError");
}

TEST_CASE("monday.com: a used-up complexity budget comes back after a minute") {
  Moved clock;
  MondayOptions options;
  options.complexity_a_minute = 50;
  MondayAccount account(options, clock);
  MondayClient client(account);
  client.ask("{users{id name email} complexity{before after query reset_in_x_seconds}}");
  const auto refused = client.ask("{me{id}}");
  CHECK(client.status == 200);
  CHECK(MondayClient::code(refused) == "COMPLEXITY_BUDGET_EXHAUSTED");
  CHECK(refused.at("errors")[0].at("extensions").at("retry_in_seconds").get<int>() > 0);
  clock.ahead = std::chrono::seconds(61);
  CHECK(client.ask("{me{id}}").contains("data"));
}

TEST_CASE("monday.com: calls of a day are counted until midnight UTC") {
  Moved clock;
  MondayOptions options;
  options.calls_a_day = 2;
  MondayAccount account(options, clock);
  MondayClient client(account);
  for (int i = 0; i < 2; ++i) CHECK(client.ask("{me{id}}").contains("data"));
  CHECK(MondayClient::code(client.ask("{me{id}}")) == "DAILY_LIMIT_EXCEEDED");
  CHECK(client.status == 429);
  clock.ahead = std::chrono::hours(24);
  CHECK(client.ask("{me{id}}").contains("data"));
}

TEST_CASE("monday.com: a file's address takes no token and ends after an hour") {
  Moved clock;
  MondayAccount account({}, clock);
  MondayClient client(account);
  const auto board = board_of(account, 1);
  const auto asset = account.change([&](MondayData& data) {
    const auto column = data.add_column(board, "file", "Files", json::object());
    return data.attach_to_column(*data.table("Item").keys_of(board).begin(), column, "a.txt",
                                 "bytes");
  });
  const std::string url =
      client.get("assets", "{assets(ids:[" + asset + "]){public_url}}").at(0).at("public_url");
  const auto path = url.substr(account.file_server().origin().size());
  httplib::Client files("127.0.0.1", account.file_server().port());
  CHECK(files.Get(path)->body == "bytes");
  CHECK(files.Get(path, {{"Authorization", "x"}})->status == 400);
  clock.ahead = std::chrono::minutes(61);
  CHECK(files.Get(path)->status == 403);
}

TEST_CASE("monday.com: values are checked before an item is made") {
  MondayAccount account;
  MondayClient client(account);
  const auto board = board_of(account, 0);
  const auto column = account.change([&](MondayData& data) {
    return data.add_column(board, "status", "Status", {{"labels", json::array()}});
  });
  const auto create = [&](const std::string& flags) {
    return client.ask(
        "mutation($b:ID!,$v:JSON){create_item(board_id:$b,item_name:\"I\",column_values:$v" +
            flags + "){id column_values{id text ... on StatusValue{index}}}}",
        {{"b", board}, {"v", json{{column, {{"label", "Done"}}}}.dump()}});
  };
  CHECK(MondayClient::code(create("")) == "ColumnValueException");
  CHECK(account.truth("items").empty());
  const auto made = create(",create_labels_if_missing:true").at("data").at("create_item");
  CHECK(made.at("column_values").at(0).at("text") == "Done");
  CHECK(made.at("column_values").at(0).at("index") == 0);
  CHECK(account.truth("items").size() == 1);
}

TEST_CASE("monday.com: the first subitem brings a board of its own") {
  MondayAccount account;
  MondayClient client(account);
  const auto board = board_of(account, 1);
  const auto item = pages_of(client, board);
  const auto made = client.get("create_subitem",
                               "mutation($i:ID!){create_subitem(parent_item_id:$i,item_name:\"S\"){"
                               "id parent_item{id} board{id type}}}",
                               {{"i", *item.begin()}});
  CHECK(made.at("parent_item").at("id") == *item.begin());
  CHECK(made.at("board").at("type") == "sub_items_board");
  CHECK(pages_of(client, made.at("board").at("id")).size() == 1);
  CHECK(pages_of(client, board) == item);
}

TEST_CASE("monday.com: without the token nothing is answered") {
  MondayAccount account;
  httplib::Client client("127.0.0.1", account.server().port());
  CHECK(client.Post("/v2", R"({"query":"{me{id}}"})", "application/json")->status == 401);
}
