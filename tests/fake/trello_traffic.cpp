#include "fake/trello_traffic.h"

#include <httplib.h>

#include <nlohmann/json.hpp>

#include "demo/trello_account.h"
#include "probackup/error.h"

namespace probackup {
namespace {

using nlohmann::json;

class Writer {
 public:
  explicit Writer(TrelloAccount& account) : http_("127.0.0.1", account.server().port()) {
    const auto settings = account.settings();
    http_.set_keep_alive(true);
    http_.set_default_headers(
        {{"Authorization", "OAuth oauth_consumer_key=\"" + settings.at("key") +
                               "\", oauth_token=\"" + settings.at("token") + "\""}});
  }
  // Each with its parameters in the query, or in a JSON body where there is one.
  json post(const std::string& path, const json& body = nullptr) {
    return parsed(path, body.is_null() ? http_.Post("/1" + path, "", "")
                                       : http_.Post("/1" + path, body.dump(), "application/json"));
  }
  json put(const std::string& path, const json& body = nullptr) {
    return parsed(path, body.is_null() ? http_.Put("/1" + path, "", "")
                                       : http_.Put("/1" + path, body.dump(), "application/json"));
  }
  json get(const std::string& path) { return parsed(path, http_.Get("/1" + path)); }
  void remove(const std::string& path) { parsed(path, http_.Delete("/1" + path)); }
  json upload(const std::string& path, const httplib::MultipartFormDataItems& form) {
    return parsed(path, http_.Post("/1" + path, form));
  }
  json form(const std::string& path, const httplib::Params& fields) {
    return parsed(path, http_.Post("/1" + path, fields));
  }
  // Calls that must be refused.
  void refused(const std::string& path, const json& body) {
    const auto answer = http_.Post("/1" + path, body.dump(), "application/json");
    if (!answer || answer->status < 400) throw Error("Trello's double takes a wrong " + path);
  }

 private:
  static json parsed(const std::string& path, const httplib::Result& answer) {
    if (!answer) throw Error("no answer to " + path);
    if (answer->status != 200) throw Error(path + ": " + answer->body);
    return json::parse(answer->body);
  }

  httplib::Client http_;
};

std::string id_of(const json& record) {
  return record.at("id");
}

void write_people(Writer& writer, TrelloAccount& account, const std::string& board,
                  const std::string& team) {
  const auto other =
      account.change([](TrelloData& data) { return data.add_member("other", "Other Person"); });
  writer.get("/search/members/?query=other&limit=5");
  writer.get("/members/other");
  writer.put("/organizations/" + team + "/members/" + other + "?type=normal");
  writer.put("/boards/" + board + "/members/" + other + "?type=normal");
  writer.put("/boards/" + board + "/members?email=new@example.com", {{"fullName", "New Person"}});
  const auto memberships = writer.get("/boards/" + board + "/memberships");
  writer.put("/boards/" + board + "/memberships/" + id_of(memberships.at(1)) + "?type=observer");
  writer.remove("/boards/" + board + "/members/" + other);
  writer.remove("/organizations/" + team + "/members/" + other);
}

void write_fields(Writer& writer, const std::string& board, const std::string& card) {
  const auto field = [&](const std::string& type, const json& options) {
    json body{{"idModel", board},
              {"modelType", "board"},
              {"name", type},
              {"type", type},
              {"pos", "bottom"}};
    if (!options.is_null()) body["options"] = options;
    return writer.post("/customFields", body);
  };
  const auto set = [&](const json& definition, const json& body) {
    writer.put("/cards/" + card + "/customField/" + id_of(definition) + "/item", body);
  };
  const auto choice =
      field("list", json::array({{{"value", {{"text", "High"}}}, {"color", "red"}}}));
  const auto low = writer.post("/customFields/" + id_of(choice) + "/options",
                               {{"value", {{"text", "Low"}}}, {"pos", "bottom"}});
  set(choice, {{"idValue", low.at("id")}});
  const auto text = field("text", nullptr);
  set(text, {{"value", {{"text", "words"}}}});
  set(field("number", nullptr), {{"value", {{"number", "42"}}}});
  set(field("checkbox", nullptr), {{"value", {{"checked", "true"}}}});
  set(field("date", nullptr), {{"value", {{"date", "2024-05-01T12:00:00.000Z"}}}});
  writer.put("/cards/" + card + "/customFields",
             {{"customFieldItems",
               json::array({{{"idCustomField", id_of(text)}, {"value", {{"text", "x"}}}}})}});
  writer.put("/customFields/" + id_of(text), {{"name", "Renamed"}, {"display/cardFront", false}});
  writer.get("/boards/" + board + "/customFields");
  writer.remove("/customFields/" + id_of(choice) + "/options/" + id_of(low));
  writer.remove("/customFields/" + id_of(text));
}

void write_checklists(Writer& writer, const std::string& card) {
  const auto first = id_of(writer.post("/checklists?name=First&pos=bottom&idCard=" + card));
  const auto second = id_of(writer.post("/cards/" + card + "/checklists?name=Second"));
  const auto item = id_of(writer.post("/checklists/" + first + "/checkItems",
                                      {{"name", "Do"}, {"checked", false}, {"pos", 5}}));
  writer.put("/cards/" + card + "/checkItem/" + item + "?state=complete&due=2024-05-01");
  writer.put("/cards/" + card + "/checklist/" + first + "/checkItem/" + item + "?pos=top");
  writer.put("/checklists/" + second + "?name=Renamed&pos=top");
  writer.remove("/checklists/" + first + "/checkItems/" + item);
  writer.remove("/checklists/" + second);
}

void write_card(Writer& writer, const std::string& board, const std::string& list) {
  const auto me = id_of(writer.get("/members/me"));
  const auto label = id_of(writer.post("/labels?name=Red&color=red&idBoard=" + board));
  const auto card = id_of(writer.post("/cards", {{"idList", list},
                                                 {"name", "Card"},
                                                 {"desc", "Text"},
                                                 {"pos", "bottom"},
                                                 {"due", "2024-05-01T12:00:00.000Z"},
                                                 {"start", "2024-04-01T12:00:00.000Z"},
                                                 {"dueComplete", false},
                                                 {"idMembers", {me}},
                                                 {"idLabels", {label}},
                                                 {"urlSource", "https://example.com/"}}));
  const auto path = "/cards/" + card;
  const auto file = id_of(writer.upload(
      path + "/attachments", {{"name", "photo.png", "", ""},
                              {"file", std::string("\0\1\2", 3), "photo.png", "image/png"}}));
  writer.post(path + "/attachments?url=https://example.com/x&name=Link");
  writer.put(path, {{"cover", {{"idAttachment", file}, {"brightness", "dark"}}}});
  writer.put(path + "?closed=true&idMembers=" + me + "&idLabels=" + label);
  writer.put(path, {{"closed", false}, {"due", nullptr}, {"idAttachmentCover", file}});
  writer.remove(path + "/idLabels/" + label);
  writer.post(path + "/idLabels?value=" + label);
  writer.remove(path + "/idMembers/" + me);
  writer.post(path + "/idMembers?value=" + me);
  writer.post(path + "/labels?name=New&color=sky");
  writer.post(path + "/membersVoted?value=" + me);
  const auto sticker =
      id_of(writer.post(path + "/stickers?image=taco-cool&top=10&left=10&zIndex=1"));
  writer.put(path + "/stickers/" + sticker + "?top=1&left=2&zIndex=3&rotate=90");
  writer.get(path + "/stickers");
  const auto comment = id_of(writer.form(path + "/actions/comments", {{"text", "Hello & more"}}));
  writer.put("/actions/" + comment + "?text=Edited");
  writer.put("/actions/" + comment + "/text?value=Again");
  const auto reaction =
      id_of(writer.post("/actions/" + comment + "/reactions", {{"shortName", "+1"}}));
  writer.get("/actions/" + comment + "/reactions");
  writer.get("/actions/" + comment);
  write_fields(writer, board, card);
  write_checklists(writer, card);
  writer.get(path + "?attachments=true&checklists=all&customFieldItems=true&stickers=true");
  writer.remove("/actions/" + comment + "/reactions/" + reaction);
  writer.remove("/actions/" + comment);
  writer.remove(path + "/attachments/" + file);
  writer.remove(path + "/membersVoted/" + me);
  writer.remove(path + "/stickers/" + sticker);
  writer.put("/labels/" + label + "?name=Green&color=green");
  writer.remove("/labels/" + label);
  writer.remove(path);
}

}  // namespace

void write_to_trello(const std::string& log) {
  TrelloAccount account(23, {0, 0, 1, 0, 0, 0});
  Writer writer(account);
  const auto team = id_of(writer.post("/organizations?displayName=Team&name=the_team&desc=x"));
  writer.put("/organizations/" + team + "?displayName=Renamed&website=https://example.com");
  writer.get("/organizations/" + team);
  const auto board =
      id_of(writer.post("/boards/?name=Board&defaultLists=false&defaultLabels=false&desc=Text"
                        "&prefs_permissionLevel=private&prefs_background=green&idOrganization=" +
                        team));
  writer.put("/boards/" + board + "?name=Renamed&prefs/selfJoin=false&closed=false");
  writer.get("/boards/" + board + "?fields=all");
  write_people(writer, account, board, team);
  const auto list = id_of(writer.post("/lists?name=List&pos=bottom&idBoard=" + board));
  const auto other = id_of(writer.post("/boards/" + board + "/lists?name=Other&pos=top"));
  writer.put("/lists/" + other + "/closed?value=true");
  writer.put("/lists/" + other + "?name=Renamed&closed=false&pos=top");
  writer.put("/lists/" + other + "/pos?value=bottom");
  writer.get("/boards/" + board + "/lists?filter=all");
  writer.post("/boards/" + board + "/labels?name=Blue&color=blue");
  writer.get("/boards/" + board + "/labels");
  write_card(writer, board, list);
  writer.refused("/cards", {{"name", "no list"}, {"idList", ""}});
  writer.get("/boards/" + board + "/actions?limit=1000");
  writer.put("/boards/" + board + "?closed=true");
  writer.remove("/boards/" + board);
  writer.remove("/organizations/" + team);
  account.server().write_log(log, account.app());
}

}  // namespace probackup
