#include <algorithm>

#include "demo/trello_input.h"
#include "demo/trello_views.h"
#include "demo/trello_writes.h"

namespace probackup {

namespace {

using Ids = std::vector<std::string>;

ApiAnswer card_answer(const TrelloData& data, const std::string& id) {
  return json_answer(record_text(trello_card(data, *data.cards.find(id), TrelloParams({})), id));
}

std::vector<double> card_places(const TrelloData& data, const std::string& list,
                                const std::string& but) {
  std::vector<double> present;
  for (const auto& id : data.cards.keys_of(data.lists.owner_of(list))) {
    const auto& card = *data.cards.find(id);
    if (id != but && card.at("idList") == list) present.push_back(card.at("pos").get<double>());
  }
  return present;
}

bool is_on_board(const TrelloData& data, const std::string& board, const std::string& member) {
  const auto& memberships = data.boards.find(board)->at("memberships");
  return std::any_of(memberships.begin(), memberships.end(),
                     [&](const auto& entry) { return entry.at("idMember") == member; });
}

// Members must be on the board, labels must be of it.
std::optional<Ids> members_in(const TrelloData& data, const TrelloInput& input,
                              const std::string& name, const std::string& board) {
  auto ids = input.ids(name, data.members);
  for (const auto& id : ids.value_or(Ids{})) {
    if (!is_on_board(data, board, id)) throw TrelloError(400, "invalid value for " + name);
  }
  return ids;
}

std::optional<Ids> labels_in(const TrelloData& data, const TrelloInput& input,
                             const std::string& name, const std::string& board) {
  auto ids = input.ids(name, data.labels);
  for (const auto& id : ids.value_or(Ids{})) {
    if (data.labels.owner_of(id) != board) throw TrelloError(400, "invalid value for " + name);
  }
  return ids;
}

// Makes the values of an array of ids these.
template <typename Add, typename Remove>
void make_ids(const JsonRecord& present, const Ids& wanted, Add add, Remove remove) {
  const auto before = present.get<Ids>();
  for (const auto& id : before) {
    if (std::find(wanted.begin(), wanted.end(), id) == wanted.end()) remove(id);
  }
  for (const auto& id : wanted) add(id);
}

void make_members(TrelloData& data, const std::string& card, const Ids& wanted) {
  make_ids(
      data.cards.find(card)->at("idMembers"), wanted,
      [&](const auto& id) { data.assign_card(card, id); },
      [&](const auto& id) { data.unassign_card(card, id); });
}

void make_labels(TrelloData& data, const std::string& card, const Ids& wanted) {
  make_ids(
      data.cards.find(card)->at("idLabels"), wanted,
      [&](const auto& id) { data.label_card(card, id); },
      [&](const auto& id) { data.unlabel_card(card, id); });
}

// What a new card and a changed one have in common.
JsonRecord plain_changes(const TrelloInput& input) {
  auto changes = JsonRecord::object();
  TrelloInput::put(changes, "name", input.text("name"));
  TrelloInput::put(changes, "desc", input.text("desc"));
  TrelloInput::put(changes, "due", input.date("due"));
  TrelloInput::put(changes, "start", input.date("start"));
  TrelloInput::put(changes, "dueComplete", input.flag("dueComplete"));
  TrelloInput::put(changes, "address", input.text("address"));
  TrelloInput::put(changes, "locationName", input.text("locationName"));
  TrelloInput::put(changes, "coordinates", input.text("coordinates"));
  return changes;
}

// Map fields are in a card's record only once they were set.
void set_plain(TrelloData& data, const std::string& card, const JsonRecord& changes) {
  auto& record = *data.cards.find(card);
  for (const auto* name : {"address", "locationName", "coordinates"}) {
    if (changes.contains(name) && !record.contains(name)) record[name] = nullptr;
  }
  data.update_card(card, changes);
}

ApiAnswer post_card(TrelloData& data, const ApiRequest& request) {
  const TrelloInput input(request);
  input.required("idList");
  const std::string list = *input.id("idList", data.lists);
  const auto board = data.lists.owner_of(list);
  if (input.has("idCardSource")) throw TrelloError(501, "this server copies no cards");
  auto changes = plain_changes(input);
  const auto members = members_in(data, input, "idMembers", board);
  const auto labels = labels_in(data, input, "idLabels", board);
  TrelloInput::put(changes, "cardRole",
                   input.choice("cardRole", {"separator", "board", "mirror", "link"}));
  TrelloInput::put(changes, "pos", input.place("pos", card_places(data, list, "")));
  const auto link = input.text("urlSource").value_or("");
  if (!link.empty() && !link.starts_with("http://") && !link.starts_with("https://")) {
    throw TrelloError(400, "invalid value for urlSource");
  }
  const auto id = data.add_card(list, changes.value("name", ""), changes.value("desc", ""));
  changes.erase("name");
  changes.erase("desc");
  auto& record = *data.cards.find(id);
  for (const auto& [name, value] : changes.items()) record[name] = value;
  if (members) make_members(data, id, *members);
  if (labels) make_labels(data, id, *labels);
  if (!link.empty()) data.attach_link(id, link, link);
  if (const auto* file = request.part("fileSource")) {
    data.attach_file(id, file->file_name, input.text("mimeType", 256).value_or(file->type),
                     file->content);
  }
  return card_answer(data, id);
}

std::optional<JsonRecord> cover_in(const TrelloData& data, const TrelloInput& input,
                                   const std::string& card) {
  const auto* given = input.value("cover");
  if (given == nullptr) return std::nullopt;
  auto cover = *given;
  if (cover.is_string()) cover = JsonRecord::parse(cover.get<std::string>(), nullptr, false);
  const JsonRecord none{{"color", nullptr}, {"idAttachment", nullptr}};
  if (cover.is_null() || *given == "") return none;
  if (!cover.is_object()) throw TrelloError(400, "invalid value for cover");
  const TrelloInput parts(cover.contains("value") ? cover.at("value") : cover);
  auto changes = JsonRecord::object();
  TrelloInput::put(changes, "brightness", parts.choice("brightness", {"dark", "light"}));
  TrelloInput::put(changes, "size", parts.choice("size", {"normal", "full"}));
  const auto* color = parts.value("color");
  const auto attachment = parts.id("idAttachment", data.attachments, true);
  const bool has_color = color != nullptr && !color->is_null();
  const bool has_attachment = attachment && attachment->is_string();
  if (has_color && has_attachment) throw TrelloError(400, "invalid value for cover");
  if (has_attachment && data.attachments.owner_of(*attachment) != card) {
    throw TrelloError(400, "invalid value for idAttachment");
  }
  if (color != nullptr || attachment) changes.update(none);
  if (has_color) {
    changes["color"] = *parts.choice("color", {"pink", "yellow", "lime", "blue", "black", "orange",
                                               "red", "purple", "sky", "green"});
  }
  if (has_attachment) changes["idAttachment"] = *attachment;
  return changes;
}

ApiAnswer put_card(TrelloData& data, const ApiRequest& request) {
  const auto id = trello_id(data.cards, request.param("card"));
  const TrelloInput input(request);
  auto changes = plain_changes(input);
  TrelloInput::put(changes, "closed", input.flag("closed"));
  TrelloInput::put(changes, "subscribed", input.flag("subscribed"));
  if (const auto board = input.id("idBoard", data.boards); board && !input.has("idList")) {
    const auto& lists = data.lists.keys_of(*board);
    if (lists.empty()) throw TrelloError(400, "invalid value for idBoard");
    if (*board != data.cards.owner_of(id)) changes["idList"] = *lists.begin();
  }
  TrelloInput::put(changes, "idList", input.id("idList", data.lists));
  const std::string list = changes.value("idList", data.cards.find(id)->at("idList"));
  const auto board = data.lists.owner_of(list);
  TrelloInput::put(changes, "pos", input.place("pos", card_places(data, list, id)));
  const auto members = members_in(data, input, "idMembers", board);
  const auto labels = labels_in(data, input, "idLabels", board);
  auto cover = cover_in(data, input, id);
  if (const auto attachment = input.id("idAttachmentCover", data.attachments, true)) {
    if (attachment->is_string() && data.attachments.owner_of(*attachment) != id) {
      throw TrelloError(400, "invalid value for idAttachmentCover");
    }
    cover = JsonRecord{{"color", nullptr}, {"idAttachment", *attachment}};
  }
  if (!changes.empty()) set_plain(data, id, changes);
  if (members) make_members(data, id, *members);
  if (labels) make_labels(data, id, *labels);
  if (cover) data.set_cover(id, *cover);
  return card_answer(data, id);
}

ApiAnswer delete_card(TrelloData& data, const ApiRequest& request) {
  data.delete_card(trello_id(data.cards, request.param("card")));
  return json_answer(R"({"limits":{}})");
}

ApiAnswer post_card_member(TrelloData& data, const ApiRequest& request) {
  const auto card = trello_id(data.cards, request.param("card"));
  const TrelloInput input(request);
  input.required("value");
  const auto members = members_in(data, input, "value", data.cards.owner_of(card));
  for (const auto& id : *members) data.assign_card(card, id);
  return json_answer(data.cards.find(card)->at("idMembers").dump());
}

ApiAnswer delete_card_member(TrelloData& data, const ApiRequest& request) {
  const auto card = trello_id(data.cards, request.param("card"));
  data.unassign_card(card, trello_id(data.members, request.param("member")));
  return json_answer(data.cards.find(card)->at("idMembers").dump());
}

ApiAnswer post_card_label(TrelloData& data, const ApiRequest& request) {
  const auto card = trello_id(data.cards, request.param("card"));
  const TrelloInput input(request);
  input.required("value");
  const auto labels = labels_in(data, input, "value", data.cards.owner_of(card));
  for (const auto& id : *labels) data.label_card(card, id);
  return json_answer(data.cards.find(card)->at("idLabels").dump());
}

ApiAnswer delete_card_label(TrelloData& data, const ApiRequest& request) {
  const auto card = trello_id(data.cards, request.param("card"));
  data.unlabel_card(card, trello_id(data.labels, request.param("label")));
  return json_answer(data.cards.find(card)->at("idLabels").dump());
}

// Nobody can vote for somebody else.
ApiAnswer post_vote(TrelloData& data, const ApiRequest& request) {
  const auto card = trello_id(data.cards, request.param("card"));
  if (TrelloInput(request).required("value") != data.owner()) {
    throw TrelloError(401, "unauthorized card permission requested");
  }
  data.vote(card, data.owner(), true);
  return json_answer(data.cards.find(card)->at("idMembersVoted").dump());
}

ApiAnswer delete_vote(TrelloData& data, const ApiRequest& request) {
  const auto card = trello_id(data.cards, request.param("card"));
  if (request.param("member") != data.owner()) {
    throw TrelloError(401, "unauthorized card permission requested");
  }
  data.vote(card, data.owner(), false);
  return json_answer(data.cards.find(card)->at("idMembersVoted").dump());
}

JsonRecord sticker_in(const TrelloInput& input) {
  constexpr double low = -60, high = 100, full_turn = 360, layers_max = 1e9;
  for (const auto* name : {"top", "left", "zIndex"}) input.required(name);
  return {{"top", *input.number("top", low, high)},
          {"left", *input.number("left", low, high)},
          {"zIndex", static_cast<std::int64_t>(*input.number("zIndex", -layers_max, layers_max))},
          {"rotate", input.number("rotate", 0, full_turn).value_or(0)}};
}

JsonRecord& sticker_of(TrelloData& data, const ApiRequest& request) {
  const auto card = trello_id(data.cards, request.param("card"));
  for (auto& sticker : (*data.cards.find(card))["stickers"]) {
    if (sticker.at("id") == request.param("sticker")) return sticker;
  }
  throw TrelloError(404, "The requested resource was not found.");
}

ApiAnswer post_sticker(TrelloData& data, const ApiRequest& request) {
  const auto card = trello_id(data.cards, request.param("card"));
  const TrelloInput input(request);
  const auto image = input.required("image");
  auto sticker = sticker_in(input);
  sticker["image"] = image;
  sticker["imageUrl"] = "https://d2k1ftgv7pobq7.cloudfront.net/images/stickers/" + image + ".png";
  sticker["imageScaled"] = JsonRecord::array();
  const auto id = data.add_sticker(card, std::move(sticker));
  return json_answer(record_text(data.cards.find(card)->at("stickers").back(), id));
}

ApiAnswer put_sticker(TrelloData& data, const ApiRequest& request) {
  auto& sticker = sticker_of(data, request);
  sticker.update(sticker_in(TrelloInput(request)));
  return json_answer(sticker.dump());
}

ApiAnswer delete_sticker(TrelloData& data, const ApiRequest& request) {
  const auto id = sticker_of(data, request).at("id");
  auto& stickers = (*data.cards.find(trello_id(data.cards, request.param("card"))))["stickers"];
  stickers.erase(std::find_if(stickers.begin(), stickers.end(),
                              [&](const auto& sticker) { return sticker.at("id") == id; }));
  return json_answer(R"({"stickers":[]})");
}

[[noreturn]] void refuse_field_value() {
  throw TrelloError(400, "Invalid custom field item value.");
}

// {"number": 42} becomes {"number": "42"}: Trello keeps every value as text.
JsonRecord field_value(const std::string& type, const JsonRecord& given) {
  const std::string name = type == "checkbox" ? "checked" : type;
  if (!given.is_object() || !given.contains(name)) refuse_field_value();
  const auto& value = given.at(name);
  const auto text = value.is_string() ? value.get<std::string>() : value.dump();
  if (name == "number") {
    if (!JsonRecord::parse(text, nullptr, false).is_number()) refuse_field_value();
  } else if (name == "checked") {
    if (text != "true" && text != "false") refuse_field_value();
    if (text == "false") return nullptr;
  } else if (name == "date") {
    return {{name, *TrelloInput(JsonRecord{{"date", value}}).date("date")}};
  } else if (!value.is_string()) {
    refuse_field_value();
  }
  return {{name, text}};
}

bool is_blank(const JsonRecord* value) {
  return value == nullptr || value->is_null() || *value == "" || *value == JsonRecord::object();
}

void set_field(TrelloData& data, const std::string& card, const std::string& field,
               const TrelloInput& input) {
  const auto& definition = *data.custom_fields.find(field);
  const std::string type = definition.at("type");
  const auto* value = input.value("value");
  const auto* option = input.value("idValue");
  if (value == nullptr && option == nullptr) refuse_field_value();
  if (is_blank(value) && is_blank(option)) return data.clear_field(card, field);
  if (type == "list") {
    if (is_blank(option) || !option->is_string()) refuse_field_value();
    for (const auto& present : definition.at("options")) {
      if (present.at("id") == *option) return data.set_field(card, field, nullptr, *option);
    }
    refuse_field_value();
  }
  if (is_blank(value)) refuse_field_value();
  const auto stored = field_value(type, *value);
  if (stored.is_null()) return data.clear_field(card, field);
  data.set_field(card, field, stored, "");
}

std::string field_for(const TrelloData& data, const std::string& card, const std::string& name) {
  auto field = trello_id(data.custom_fields, name);
  if (data.custom_fields.owner_of(field) != data.cards.owner_of(card)) {
    throw TrelloError(404, "Custom Field Not Found");
  }
  return field;
}

ApiAnswer put_field(TrelloData& data, const ApiRequest& request) {
  const auto card = trello_id(data.cards, request.param("card"));
  const auto field = field_for(data, card, request.param("field"));
  set_field(data, card, field, TrelloInput(request));
  for (const auto& item : data.cards.find(card)->at("customFieldItems")) {
    if (item.at("idCustomField") == field) return json_answer(item.dump());
  }
  return json_answer(JsonRecord{
      {"value", nullptr},
      {"idValue", nullptr},
      {"idCustomField", field},
      {"idModel", card},
      {"modelType",
       "card"}}.dump());
}

ApiAnswer put_fields(TrelloData& data, const ApiRequest& request) {
  const auto card = trello_id(data.cards, request.param("card"));
  const TrelloInput input(request);
  const auto* items = input.value("customFieldItems");
  if (items == nullptr || !items->is_array()) {
    throw TrelloError(400, "invalid value for customFieldItems");
  }
  for (const auto& item : *items) {
    const TrelloInput entry(item);
    set_field(data, card, field_for(data, card, entry.required("idCustomField")), entry);
  }
  return json_answer(data.cards.find(card)->at("customFieldItems").dump());
}

}  // namespace

const std::vector<TrelloWrite>& trello_card_writes() {
  static const std::vector<TrelloWrite> writes{
      {"POST", "/1/cards", post_card},
      {"PUT", "/1/cards/:card", put_card},
      {"DELETE", "/1/cards/:card", delete_card},
      {"POST", "/1/cards/:card/idMembers", post_card_member},
      {"DELETE", "/1/cards/:card/idMembers/:member", delete_card_member},
      {"POST", "/1/cards/:card/idLabels", post_card_label},
      {"DELETE", "/1/cards/:card/idLabels/:label", delete_card_label},
      {"POST", "/1/cards/:card/membersVoted", post_vote},
      {"DELETE", "/1/cards/:card/membersVoted/:member", delete_vote},
      {"POST", "/1/cards/:card/stickers", post_sticker},
      {"PUT", "/1/cards/:card/stickers/:sticker", put_sticker},
      {"DELETE", "/1/cards/:card/stickers/:sticker", delete_sticker},
      {"PUT", "/1/cards/:card/customField/:field/item", put_field},
      {"PUT", "/1/cards/:card/customFields", put_fields},
  };
  return writes;
}

}  // namespace probackup
