// What is written through Trello's API must be what its reads give afterwards.
#include <algorithm>
#include <set>

#include "trello_client.h"

using namespace probackup;
using nlohmann::json;
using probackup::test::TrelloClient;

namespace {

std::string id_of(const json& record) {
  return record.at("id");
}

// An empty account with a board, a list and a card on it.
struct Desk {
  TrelloAccount account{31, {0, 0, 1, 0, 0, 0}};
  TrelloClient client{account};
  std::string board =
      id_of(client.post("/boards?name=Board&defaultLists=false&defaultLabels=false"));
  std::string list = id_of(client.post("/lists?name=List&idBoard=" + board));
  std::string card = id_of(client.post("/cards?name=Card&idList=" + list));

  json read_card() {
    return client.get("/cards/" + card +
                      "?attachments=true&checklists=all&customFieldItems=true&stickers=true");
  }
  std::vector<std::string> names(const std::string& path) {
    std::vector<std::pair<double, std::string>> placed;
    for (const auto& record : client.get(path)) placed.emplace_back(record["pos"], record["name"]);
    std::sort(placed.begin(), placed.end());
    std::vector<std::string> names;
    for (const auto& [pos, name] : placed) names.push_back(name);
    return names;
  }
  std::multiset<std::string> action_types() {
    std::multiset<std::string> types;
    for (const auto& action : client.get("/boards/" + board + "/actions?limit=1000"))
      types.insert(action["type"]);
    return types;
  }
};

}  // namespace

TEST_CASE("an empty Trello account holds its member and nothing else") {
  TrelloAccount account(30, {0, 0, 1, 0, 0, 0});
  TrelloClient client(account);
  for (const auto& stream : account.streams()) {
    INFO(stream);
    CHECK(account.truth(stream).empty());
  }
  CHECK(client.get("/members/me")["username"] == "member1");
  CHECK(client.get("/members/me/boards").empty());
  CHECK(client.get("/members/me/organizations").empty());
  TrelloAccount other(32, {0, 0, 1, 0, 0, 0});
  CHECK(id_of(TrelloClient(other).get("/members/me")) != id_of(client.get("/members/me")));
}

TEST_CASE("a new Trello board has default lists and labels unless told otherwise") {
  Desk desk;
  auto& client = desk.client;
  const auto board =
      client.post("/boards/?name=Plain&prefs_permissionLevel=public&prefs_voting=org");
  const auto base = "/boards/" + id_of(board);
  CHECK(board["prefs"]["permissionLevel"] == "public");
  CHECK(client.get(base)["prefs"]["voting"] == "org");
  CHECK(client.get(base)["idOrganization"].is_null());
  CHECK(desk.names(base + "/lists") == std::vector<std::string>{"To Do", "Doing", "Done"});
  CHECK(client.get(base + "/labels").size() == 6);
  CHECK(client.get("/boards/" + desk.board + "/labels").empty());
  CHECK(client.get("/boards/" + desk.board)["prefs"]["permissionLevel"] == "private");
  CHECK(client.refusal("POST", "/boards") == "400 invalid value for name");
  CHECK(client.refusal("POST", "/boards?name=x&prefs_voting=all") ==
        "400 invalid value for prefs_voting");
  CHECK(client.refusal("POST", "/boards?name=x&idBoardSource=" + desk.board).starts_with("501"));
  CHECK(client.refusal("POST", "/boards?name=x&idOrganization=nobody").starts_with("400"));
}

TEST_CASE("a Trello board can be changed, closed, moved and deleted") {
  Desk desk;
  auto& client = desk.client;
  const auto path = "/boards/" + desk.board;
  const auto team = client.post("/organizations?displayName=New%20team&name=New-Team_1");
  CHECK(team["name"] == "eweam_1");  // other characters are taken out
  client.put(path + "?name=Other&desc=Text&closed=true&idOrganization=" + id_of(team));
  client.put(path, {{"prefs/background", "green"}, {"prefs/selfJoin", false}});
  const auto board = client.get(path + "?fields=all");
  CHECK(board["name"] == "Other");
  CHECK(board["closed"] == true);
  CHECK(board["dateClosed"].is_string());
  CHECK(board["idOrganization"] == team["id"]);
  CHECK(board["prefs"]["background"] == "green");
  CHECK(board["prefs"]["selfJoin"] == false);
  CHECK(client.get("/organizations/" + id_of(team))["idBoards"] == json{desk.board});
  CHECK(desk.action_types().count("updateBoard") == 2);
  CHECK(client.refusal("PUT", path + "?prefs/background=mauve").starts_with("400"));
  client.remove(path);
  CHECK(client.refusal("PUT", path + "?name=x").starts_with("404"));
  CHECK(client.refusal("DELETE", "/boards/nonsense") == "400 invalid id");
  for (const auto* stream : {"boards", "lists", "cards", "actions"})
    CHECK(desk.account.truth(stream).empty());
}

TEST_CASE("a Trello workspace is made, changed and deleted, and its people with it") {
  Desk desk;
  auto& client = desk.client;
  const auto other = desk.account.change(
      [](TrelloData& data) { return data.add_member("other", "Other Person"); });
  const auto team = client.post("/organizations", {{"displayName", "Team"}, {"name", "team"}});
  const auto path = "/organizations/" + id_of(team);
  CHECK(team["name"] == "team");
  CHECK(client.post("/organizations", {{"displayName", "Team"}, {"name", "team"}})["name"] !=
        "team");
  CHECK(client.get(path + "/members").size() == 1);
  client.put(path + "/members/" + other + "?type=normal");
  CHECK(client.get(path + "/members").size() == 2);
  CHECK(client.get(path)["memberships"].size() == 2);
  client.put(path + "?displayName=Renamed&desc=What%20for&website=https://example.com");
  CHECK(client.get("/organizations/team")["displayName"] == "Renamed");
  CHECK(client.refusal("POST", "/organizations?displayName=x&name=ab").starts_with("400"));
  CHECK(client.refusal("PUT", path + "?website=example.com").starts_with("400"));
  client.remove(path + "/members/" + other);
  CHECK(client.get(path + "/members").size() == 1);
  client.remove(path);
  CHECK(client.refusal("PUT", path + "?desc=x").starts_with("404"));
}

TEST_CASE("people are looked up, invited to a Trello board and given another role") {
  Desk desk;
  auto& client = desk.client;
  const auto other = desk.account.change(
      [](TrelloData& data) { return data.add_member("other", "Other Person"); });
  CHECK(id_of(client.get("/search/members/?query=other%20per")[0]) == other);
  CHECK(client.get("/search/members/?query=nobody").empty());
  CHECK(id_of(client.get("/members/other")) == other);
  CHECK(client.refusal("POST", "/cards/" + desk.card + "/idMembers?value=" + other) ==
        "400 invalid value for value");
  const auto path = "/boards/" + desk.board + "/members/";
  CHECK(client.refusal("PUT", path + other) == "400 invalid value for type");
  const auto answer = client.put(path + other + "?type=observer");
  CHECK(answer["memberships"].size() == 2);
  CHECK(client.get("/boards/" + desk.board + "/memberships")[1]["memberType"] == "observer");
  client.put("/cards/" + desk.card + "?idMembers=" + other);
  CHECK(desk.read_card()["idMembers"] == json{other});
  client.put("/boards/" + desk.board + "/members?email=new.person@example.com",
             {{"fullName", "New Person"}});
  CHECK(client.get("/boards/" + desk.board + "/memberships")[2]["unconfirmed"] == true);
  const auto me = id_of(client.get("/members/me"));
  CHECK(client.refusal("PUT", path + me + "?type=normal") == "403 Not enough admins");
  client.remove(path + other);
  CHECK(desk.read_card()["idMembers"].empty());
  CHECK(desk.action_types().count("addMemberToBoard") == 2);
}

TEST_CASE("Trello lists are placed, renamed, archived and moved, and are never deleted") {
  Desk desk;
  auto& client = desk.client;
  const auto lists = "/boards/" + desk.board + "/lists?filter=all";
  client.post("/lists", {{"name", "Last"}, {"idBoard", desk.board}, {"pos", "bottom"}});
  client.post("/lists?name=First&pos=top&idBoard=" + desk.board);
  const auto middle = client.post("/boards/" + desk.board + "/lists?name=Middle&pos=20000");
  CHECK(desk.names(lists) == std::vector<std::string>{"First", "List", "Middle", "Last"});
  const auto path = "/lists/" + id_of(middle);
  client.put(path + "/closed?value=true");
  CHECK(client.get("/boards/" + desk.board + "/lists").size() == 3);
  client.put(path, {{"name", "Renamed"}, {"closed", false}, {"pos", "top"}});
  CHECK(desk.names(lists).front() == "Renamed");
  client.put(path + "/pos?value=bottom");
  CHECK(desk.names(lists).back() == "Renamed");
  CHECK(client.refusal("PUT", path + "?pos=-1") == "400 invalid value for pos");
  CHECK(client.refusal("POST", "/lists?name=x") == "400 invalid value for idBoard");
  CHECK(client.refusal("POST", "/lists?name=x&idBoard=nonsense") ==
        "400 invalid value for idBoard");
  CHECK(
      client.refusal("POST", "/lists?name=x&idBoard=000000000000000000000000").starts_with("404"));
  CHECK(client.refusal("DELETE", path).starts_with("404"));
  const auto other = client.post("/boards?name=Other&defaultLists=false");
  client.put("/lists/" + desk.list + "/idBoard?value=" + id_of(other));
  CHECK(desk.read_card()["idBoard"] == other["id"]);
}

TEST_CASE("Trello labels take the documented colours, or none") {
  Desk desk;
  auto& client = desk.client;
  const auto red = client.post("/labels?name=Red&color=red&idBoard=" + desk.board);
  const auto none =
      client.post("/labels", {{"name", ""}, {"color", nullptr}, {"idBoard", desk.board}});
  CHECK(red["color"] == "red");
  CHECK(none["color"].is_null());
  client.post("/cards/" + desk.card + "/labels?name=New&color=sky_dark");
  client.post("/cards/" + desk.card + "/idLabels?value=" + id_of(red));
  CHECK(desk.read_card()["idLabels"].size() == 2);
  client.put("/labels/" + id_of(red) + "?name=Green&color=green");
  client.put("/labels/" + id_of(none) + "/name?value=Named");
  std::set<std::string> names;
  for (const auto& label : client.get("/boards/" + desk.board + "/labels"))
    names.insert(label["name"]);
  CHECK(names == std::set<std::string>{"Green", "Named", "New"});
  CHECK(client.refusal("POST", "/labels?name=x&color=mauve&idBoard=" + desk.board) ==
        "400 invalid value for color");
  CHECK(client.refusal("POST", "/labels?name=x&idBoard=" + desk.board).starts_with("400"));
  client.remove("/cards/" + desk.card + "/idLabels/" + id_of(red));
  client.remove("/labels/" + id_of(red));
  CHECK(client.get("/boards/" + desk.board + "/labels").size() == 2);
}

TEST_CASE("a Trello card takes all documented parameters, and no creation date") {
  Desk desk;
  auto& client = desk.client;
  const auto me = id_of(client.get("/members/me"));
  const auto label = id_of(client.post("/labels?name=L&color=red&idBoard=" + desk.board));
  const auto made = client.post("/cards", {{"idList", desk.list},
                                           {"name", "Grüße 🚲"},
                                           {"desc", "Text"},
                                           {"pos", "top"},
                                           {"due", "2024-05-01T12:00:00.000Z"},
                                           {"start", "2024-04-01"},
                                           {"dueComplete", true},
                                           {"idMembers", {me}},
                                           {"idLabels", {label}},
                                           {"urlSource", "https://example.com/a"},
                                           {"closed", true},
                                           {"dateLastActivity", "2001-01-01T00:00:00.000Z"},
                                           {"id", "000000000000000000000000"}});
  const auto card = client.get("/cards/" + id_of(made) + "?attachments=true");
  CHECK(card["name"] == "Grüße 🚲");
  CHECK(card["due"] == "2024-05-01T12:00:00.000Z");
  CHECK(card["start"] == "2024-04-01T00:00:00.000Z");
  CHECK(card["dueComplete"] == true);
  CHECK(card["idMembers"] == json{me});
  CHECK(card["labels"][0]["name"] == "L");
  CHECK(card["attachments"][0]["url"] == "https://example.com/a");
  CHECK(card["closed"] == false);  // only PUT archives
  CHECK(card["dateLastActivity"] > "2024");
  CHECK(card["id"] != "000000000000000000000000");
  CHECK(card["pos"] < desk.read_card()["pos"]);
  const auto types = desk.action_types();
  for (const auto* type : {"createCard", "addMemberToCard", "addAttachmentToCard"})
    CHECK(types.contains(type));
  CHECK(client.refusal("POST", "/cards?name=x") == "400 invalid value for idList");
  CHECK(client.refusal("POST", "/cards?due=soon&idList=" + desk.list) == "400 invalid date");
  CHECK(client.refusal("POST", "/cards?idLabels=" + me + "&idList=" + desk.list) ==
        "400 invalid value for idLabels");
  const std::string long_text(16'385, 'x');
  CHECK(client.refusal("POST", "/cards", {{"idList", desk.list}, {"desc", long_text}}) ==
        "400 invalid value for desc");
  CHECK(desk.account.truth("cards").size() == 2);  // a refusal leaves nothing behind
}

TEST_CASE("a long form is read like any other") {
  Desk desk;
  const std::string text(12'000, 'x');
  httplib::Params form{{"name", "a+b c"}, {"desc", text}, {"idList", desk.list}};
  const auto answer = desk.client.http().Post("/1/cards", form);
  REQUIRE(answer->status == 200);
  CHECK(json::parse(answer->body)["desc"] == text);
  CHECK(json::parse(answer->body)["name"] == "a+b c");
}

TEST_CASE("a Trello card is archived, moved, cleared and deleted") {
  Desk desk;
  auto& client = desk.client;
  const auto path = "/cards/" + desk.card;
  const auto other = id_of(client.post("/lists?name=Other&idBoard=" + desk.board));
  client.put(path, {{"due", "2024-05-01"}, {"closed", true}, {"idList", other}});
  CHECK(desk.read_card()["closed"] == true);
  CHECK(desk.read_card()["idList"] == other);
  client.put(path, {{"due", nullptr}, {"closed", false}});
  CHECK(desk.read_card()["due"].is_null());
  CHECK(client.refusal("PUT", path + "?closed=maybe") == "400 invalid value for closed");
  client.remove(path);
  CHECK(client.refusal("PUT", path + "?name=x").starts_with("404"));
  CHECK(desk.action_types().count("deleteCard") == 1);
}
