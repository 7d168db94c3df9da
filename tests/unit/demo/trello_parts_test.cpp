// What hangs on a card, written through Trello's API and read back.
#include <set>

#include "trello_client.h"

using namespace probackup;
using nlohmann::json;
using probackup::test::TrelloClient;

namespace {

std::string id_of(const json& record) {
  return record.at("id");
}

struct Desk {
  TrelloAccount account{33, {0, 0, 1, 0, 0, 0}};
  TrelloClient client{account};
  std::string board = id_of(client.post("/boards?name=Board"));
  std::string list = id_of(client.post("/lists?name=List&idBoard=" + board));
  std::string card = id_of(client.post("/cards?name=Card&idList=" + list));
  std::string path = "/cards/" + card;

  json read() {
    return client.get(path +
                      "?attachments=true&checklists=all&customFieldItems=true&stickers=true");
  }
  json field(const std::string& type, json options = json::array()) {
    return client.post("/customFields", {{"idModel", board},
                                         {"modelType", "board"},
                                         {"name", "A " + type},
                                         {"type", type},
                                         {"pos", "bottom"},
                                         {"options", std::move(options)},
                                         {"display_cardFront", false}});
  }
  json set(const std::string& field, const json& body) {
    return client.put(path + "/customField/" + field + "/item", body);
  }
};

}  // namespace

TEST_CASE("Trello checklists and their items are made, ticked, moved and deleted") {
  Desk desk;
  auto& client = desk.client;
  const auto first = id_of(client.post("/checklists?name=First&idCard=" + desk.card));
  const auto second = id_of(client.post(desk.path + "/checklists?name=Second&pos=top"));
  const auto items = "/checklists/" + first + "/checkItems";
  const auto done = id_of(client.post(items + "?name=Done&checked=true"));
  const auto item = id_of(client.post(items, {{"name", "Open"}, {"pos", "top"}}));
  auto card = desk.read();
  CHECK(card["checklists"][0]["name"] == "Second");
  CHECK(card["checklists"][1]["checkItems"].size() == 2);
  CHECK(card["badges"]["checkItemsChecked"] == 1);
  client.put(desk.path + "/checkItem/" + item +
             "?state=complete&due=2024-05-01&idMember=" + id_of(client.get("/members/me")));
  client.put(desk.path + "/checkItem/" + done + "?name=Moved&idChecklist=" + second);
  card = desk.read();
  CHECK(card["badges"]["checkItemsChecked"] == 2);
  CHECK(card["checklists"][0]["checkItems"][0]["name"] == "Moved");
  CHECK(card["checklists"][1]["checkItems"][0]["due"] == "2024-05-01T00:00:00.000Z");
  client.put("/checklists/" + first + "?name=Renamed&pos=top");
  CHECK(desk.read()["checklists"][0]["name"] == "Renamed");
  CHECK(client.refusal("POST", items) == "400 invalid value for name");
  CHECK(client.refusal("POST", "/checklists?name=x") == "400 invalid value for idCard");
  CHECK(
      client.refusal("PUT", desk.path + "/checkItem/" + item + "?state=maybe").starts_with("400"));
  client.remove(items + "/" + item);
  client.remove("/checklists/" + second);
  CHECK(desk.read()["badges"]["checkItems"] == 0);
}

TEST_CASE("a file uploaded to Trello is downloaded as it was, and can be the cover") {
  Desk desk;
  const std::string bytes("\x89PNG\r\n\x1a\n\0--x\r\n", 14);
  const httplib::MultipartFormDataItems form{{"name", "Größe.png", "", ""},
                                             {"setCover", "true", "", ""},
                                             {"file", bytes, "photo.png", "image/png"}};
  const auto answer = desk.client.http().Post("/1" + desk.path + "/attachments", form);
  REQUIRE(answer->status == 200);
  const auto made = json::parse(answer->body);
  const auto card = desk.read();
  const auto& attachment = card["attachments"][0];
  CHECK(attachment == made);
  CHECK(attachment["name"] == "Größe.png");
  CHECK(attachment["mimeType"] == "image/png");
  CHECK(attachment["bytes"] == bytes.size());
  CHECK(desk.client.download(attachment["url"]) == bytes);
  CHECK(card["idAttachmentCover"] == made["id"]);
  CHECK(card["cover"]["idAttachment"] == made["id"]);
  CHECK(desk.account.files().at(desk.card + "/" + id_of(made)) == bytes);

  desk.client.put(desk.path, {{"cover", {{"color", "pink"}, {"size", "full"}}}});
  CHECK(desk.read()["cover"]["color"] == "pink");
  CHECK(desk.read()["idAttachmentCover"].is_null());
  desk.client.put(desk.path + "?idAttachmentCover=" + id_of(made));
  CHECK(desk.read()["cover"]["color"].is_null());
  desk.client.remove(desk.path + "/attachments/" + id_of(made));
  CHECK(desk.read()["attachments"].empty());
  CHECK(desk.read()["cover"]["idAttachment"].is_null());
  CHECK(
      desk.client.refusal("PUT", desk.path, {{"cover", {{"color", "mauve"}}}}).starts_with("400"));
}

TEST_CASE("a link is attached to a Trello card, but only of the web") {
  Desk desk;
  const auto path = desk.path + "/attachments";
  const auto link = desk.client.post(path + "?url=https://example.com/x&name=Here");
  CHECK(link["isUpload"] == false);
  CHECK(desk.read()["attachments"][0]["name"] == "Here");
  CHECK(desk.client.refusal("POST", path + "?url=ftp://example.com").starts_with("400"));
  CHECK(desk.client.refusal("POST", path).starts_with("400"));
  CHECK(desk.client.refusal("POST", path + "?url=https://a.b/&name=" + std::string(257, 'x')) ==
        "400 invalid value for name");
}

TEST_CASE("a Trello comment is the token's member's, can be edited and gets reactions") {
  Desk desk;
  auto& client = desk.client;
  const auto made = client.post(desk.path + "/actions/comments",
                                {{"text", "Hello"}, {"idMemberCreator", "somebody"}});
  const auto path = "/actions/" + id_of(made);
  CHECK(made["idMemberCreator"] == client.get("/members/me")["id"]);
  client.put(path + "/text?value=Edited");
  CHECK(client.get(path)["data"]["text"] == "Edited");
  CHECK(client.get(path)["date"] == made["date"]);
  const auto reaction = client.post(path + "/reactions", {{"shortName", "+1"}});
  client.post(path + "/reactions", {{"native", "👍"}});  // the same one again
  client.post(path + "/reactions", {{"unified", "1F680"}});
  CHECK(reaction["emoji"]["native"] == "👍");
  CHECK(client.get(path + "/reactions").size() == 2);
  const auto listed =
      client.get("/boards/" + desk.board + "/actions?filter=commentCard&reactions=true");
  CHECK(listed[0]["reactions"].size() == 2);
  client.remove(path + "/reactions/" + id_of(reaction));
  CHECK(client.get(path + "/reactions").size() == 1);
  CHECK(client.refusal("POST", desk.path + "/actions/comments") == "400 invalid value for text");
  CHECK(client.refusal("POST", path + "/reactions", {{"shortName", "no such"}}).starts_with("400"));
  client.remove(path);
  CHECK(desk.read()["badges"]["comments"] == 0);
}

TEST_CASE("Trello custom fields of every type take values, and refuse those of others") {
  Desk desk;
  const auto text = id_of(desk.field("text"));
  const auto number = id_of(desk.field("number"));
  const auto box = id_of(desk.field("checkbox"));
  const auto date = id_of(desk.field("date"));
  const auto choice = desk.field("list", {{{"value", {{"text", "High"}}}, {"color", "red"}}});
  const auto low = desk.client.post("/customFields/" + id_of(choice) + "/options",
                                    {{"value", {{"text", "Low"}}}, {"pos", "bottom"}});
  CHECK(choice["display"]["cardFront"] == false);
  CHECK(low["color"] == "none");
  desk.set(text, {{"value", {{"text", "words"}}}});
  desk.set(number, {{"value", {{"number", 1.5}}}});
  desk.set(box, {{"value", {{"checked", "true"}}}});
  desk.set(date, {{"value", {{"date", "2024-05-01"}}}});
  desk.set(id_of(choice), {{"idValue", low["id"]}});
  std::map<std::string, json> values;
  const auto items = desk.read()["customFieldItems"];
  REQUIRE(items.size() == 5);
  for (const auto& item : items)
    values[item["idCustomField"]] = item["value"].is_null() ? item["idValue"] : item["value"];
  CHECK(values.at(text) == json{{"text", "words"}});
  CHECK(values.at(number) == json{{"number", "1.5"}});  // every value is text
  CHECK(values.at(box) == json{{"checked", "true"}});
  CHECK(values.at(date) == json{{"date", "2024-05-01T00:00:00.000Z"}});
  CHECK(values.at(id_of(choice)) == low["id"]);

  const auto refused = [&](const std::string& field, const json& body) {
    return desk.client.refusal("PUT", desk.path + "/customField/" + field + "/item", body);
  };
  const std::string invalid = "400 Invalid custom field item value.";
  CHECK(refused(number, {{"value", {{"text", "1"}}}}) == invalid);
  CHECK(refused(number, {{"value", {{"number", "one"}}}}) == invalid);
  CHECK(refused(id_of(choice), {{"idValue", "000000000000000000000000"}}) == invalid);
  CHECK(refused(text, json::object()) == invalid);

  desk.set(text, {{"value", ""}, {"idValue", ""}});
  desk.set(box, {{"value", {{"checked", false}}}});
  CHECK(desk.read()["customFieldItems"].size() == 3);
  desk.client.put(desk.path + "/customFields",
                  {{"customFieldItems", {{{"idCustomField", text}, {"value", {{"text", "x"}}}}}}});
  CHECK(desk.read()["customFieldItems"].size() == 4);
  desk.client.remove("/customFields/" + id_of(choice) + "/options/" + id_of(low));
  desk.client.remove("/customFields/" + date);
  CHECK(desk.read()["customFieldItems"].size() == 2);
  CHECK(desk.client.get("/boards/" + desk.board + "/customFields").size() == 4);
  CHECK(desk.client.refusal("POST", "/customFields", {{"idModel", desk.board}}).starts_with("400"));
}

TEST_CASE("stickers are put on a Trello card and votes are one's own") {
  Desk desk;
  const auto path = desk.path + "/stickers";
  const auto made =
      desk.client.post(path + "?image=taco-cool&top=10&left=-20.5&zIndex=1&rotate=90");
  CHECK(desk.read()["stickers"][0] == made);
  CHECK(made["left"] == -20.5);
  desk.client.put(path + "/" + id_of(made) + "?top=1&left=2&zIndex=3");
  CHECK(desk.read()["stickers"][0]["zIndex"] == 3);
  CHECK(desk.client.refusal("POST", path + "?image=x&top=101&left=0&zIndex=1") ==
        "400 invalid value for top");
  desk.client.remove(path + "/" + id_of(made));
  CHECK(desk.client.get(path).empty());
  const auto me = id_of(desk.client.get("/members/me"));
  desk.client.post(desk.path + "/membersVoted?value=" + me);
  CHECK(desk.read()["badges"]["votes"] == 1);
  CHECK(desk.client.refusal("POST", desk.path + "/membersVoted?value=" + desk.card)
            .starts_with("401"));
}
