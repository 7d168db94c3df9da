#include <algorithm>

#include "demo/trello_input.h"
#include "demo/trello_writes.h"

namespace probackup {

namespace {

std::vector<double> places(const RecordTable& table, const std::string& owner,
                           const std::string& but = {}) {
  std::vector<double> present;
  for (const auto& id : table.keys_of(owner)) {
    if (id != but) present.push_back(table.find(id)->at("pos").get<double>());
  }
  return present;
}

ApiAnswer plain_answer(const RecordTable& table, const std::string& id) {
  return json_answer(record_text(*table.find(id), id));
}

std::string new_list(TrelloData& data, const TrelloInput& input, const std::string& board) {
  const auto name = input.required("name");
  if (input.has("idListSource")) throw TrelloError(501, "this server copies no lists");
  const auto present = places(data.lists, board);
  const auto top = *TrelloInput(JsonRecord{{"pos", "top"}}).place("pos", present);
  const auto pos = input.place("pos", present).value_or(top);
  const auto id = data.add_list(board, name);
  (*data.lists.find(id))["pos"] = pos;
  return id;
}

ApiAnswer post_list(TrelloData& data, const ApiRequest& request) {
  const TrelloInput input(request);
  input.required("idBoard");
  return plain_answer(data.lists, new_list(data, input, *input.id("idBoard", data.boards)));
}

ApiAnswer post_board_list(TrelloData& data, const ApiRequest& request) {
  const auto board = trello_id(data.boards, request.param("board"));
  return plain_answer(data.lists, new_list(data, TrelloInput(request), board));
}

ApiAnswer change_list(TrelloData& data, const std::string& id, const TrelloInput& input) {
  auto changes = JsonRecord::object();
  if (input.has("name")) changes["name"] = input.required("name");
  TrelloInput::put(changes, "closed", input.flag("closed"));
  TrelloInput::put(changes, "subscribed", input.flag("subscribed"));
  const auto board = input.id("idBoard", data.boards);
  const auto owner = board ? board->get<std::string>() : data.lists.owner_of(id);
  TrelloInput::put(changes, "pos", input.place("pos", places(data.lists, owner, id)));
  if (board) data.move_list(id, owner);
  if (!changes.empty()) data.update_list(id, changes);
  return plain_answer(data.lists, id);
}

ApiAnswer put_list(TrelloData& data, const ApiRequest& request) {
  return change_list(data, trello_id(data.lists, request.param("list")), TrelloInput(request));
}

// PUT …/closed?value=true is PUT …?closed=true.
TrelloInput field_input(const ApiRequest& request, const std::vector<std::string>& fields) {
  const auto& field = request.param("field");
  if (std::find(fields.begin(), fields.end(), field) == fields.end()) {
    throw TrelloError(404, "Cannot PUT " + request.path);
  }
  const TrelloInput given(request);
  if (!given.has("value")) throw TrelloError(400, "invalid value for value");
  return TrelloInput(JsonRecord{{field, *given.value("value")}});
}

ApiAnswer put_list_field(TrelloData& data, const ApiRequest& request) {
  const auto id = trello_id(data.lists, request.param("list"));
  return change_list(data, id,
                     field_input(request, {"name", "closed", "pos", "subscribed", "idBoard"}));
}

// A colour; null for none.
JsonRecord color_in(const TrelloInput& input) {
  const auto* given = input.value("color");
  if (given == nullptr) throw TrelloError(400, "invalid value for color");
  if (given->is_null() || *given == "null" || *given == "") return nullptr;
  return *input.choice("color", trello_colors());
}

std::string new_label(TrelloData& data, const TrelloInput& input, const std::string& board) {
  const auto color = color_in(input);
  const auto name = input.text("name").value_or("");
  return data.add_label(board, name, color.is_null() ? "" : color.get<std::string>());
}

ApiAnswer post_label(TrelloData& data, const ApiRequest& request) {
  const TrelloInput input(request);
  input.required("idBoard");
  if (!input.has("name")) throw TrelloError(400, "invalid value for name");
  return plain_answer(data.labels, new_label(data, input, *input.id("idBoard", data.boards)));
}

ApiAnswer post_board_label(TrelloData& data, const ApiRequest& request) {
  const auto board = trello_id(data.boards, request.param("board"));
  const TrelloInput input(request);
  input.required("name");
  return plain_answer(data.labels, new_label(data, input, board));
}

ApiAnswer post_card_label(TrelloData& data, const ApiRequest& request) {
  const auto card = trello_id(data.cards, request.param("card"));
  const auto id = new_label(data, TrelloInput(request), data.cards.owner_of(card));
  data.label_card(card, id);
  return plain_answer(data.labels, id);
}

ApiAnswer change_label(TrelloData& data, const std::string& id, const TrelloInput& input) {
  auto changes = JsonRecord::object();
  TrelloInput::put(changes, "name", input.text("name"));
  if (input.has("color")) changes["color"] = color_in(input);
  data.update_label(id, changes);
  return plain_answer(data.labels, id);
}

ApiAnswer put_label(TrelloData& data, const ApiRequest& request) {
  return change_label(data, trello_id(data.labels, request.param("label")), TrelloInput(request));
}

ApiAnswer put_label_field(TrelloData& data, const ApiRequest& request) {
  const auto id = trello_id(data.labels, request.param("label"));
  return change_label(data, id, field_input(request, {"name", "color"}));
}

ApiAnswer delete_label(TrelloData& data, const ApiRequest& request) {
  data.delete_label(trello_id(data.labels, request.param("label")));
  return json_answer(R"({"limits":{}})");
}

std::vector<double> option_places(const JsonRecord& field) {
  std::vector<double> present;
  for (const auto& option : field.at("options")) present.push_back(option.at("pos").get<double>());
  return present;
}

// An option as {"value": {"text": …}, "color": …, "pos": …}.
JsonRecord option_in(const TrelloInput& input, const std::vector<double>& present) {
  const auto* value = input.value("value");
  if (value == nullptr || !value->is_object() || !value->contains("text") ||
      !value->at("text").is_string() || value->at("text") == "") {
    throw TrelloError(400, "Invalid custom field option value.");
  }
  auto colors = trello_colors();
  colors.emplace_back("none");
  const auto bottom = *TrelloInput(JsonRecord{{"pos", "bottom"}}).place("pos", present);
  return {{"value", {{"text", value->at("text")}}},
          {"color", input.choice("color", colors).value_or("none")},
          {"pos", input.place("pos", present).value_or(bottom)}};
}

ApiAnswer post_custom_field(TrelloData& data, const ApiRequest& request) {
  const TrelloInput input(request);
  for (const auto* name : {"idModel", "modelType", "name", "type", "pos"}) input.required(name);
  const std::string board = *input.id("idModel", data.boards);
  input.choice("modelType", {"board"});
  const auto type = *input.choice("type", {"checkbox", "list", "number", "text", "date"});
  const auto pos = *input.place("pos", places(data.custom_fields, board));
  const bool on_front = input.flag("display_cardFront").value_or(true);
  std::vector<JsonRecord> options;
  std::vector<double> present;
  if (const auto* given = input.value("options"); given != nullptr && type == "list") {
    if (!given->is_array()) throw TrelloError(400, "invalid value for options");
    for (const auto& entry : *given) {
      options.push_back(option_in(TrelloInput(entry), present));
      present.push_back(options.back().at("pos").get<double>());
    }
  }
  const auto id = data.add_custom_field(board, input.required("name"), type, {});
  auto& field = *data.custom_fields.find(id);
  field["pos"] = pos;
  field["display"]["cardFront"] = on_front;
  for (auto& option : options) data.add_option(id, std::move(option));
  return plain_answer(data.custom_fields, id);
}

ApiAnswer put_custom_field(TrelloData& data, const ApiRequest& request) {
  const auto id = trello_id(data.custom_fields, request.param("field"));
  const TrelloInput input(request);
  auto changes = JsonRecord::object();
  if (input.has("name")) changes["name"] = input.required("name");
  const auto board = data.custom_fields.owner_of(id);
  TrelloInput::put(changes, "pos", input.place("pos", places(data.custom_fields, board, id)));
  if (const auto on_front = input.flag("display/cardFront")) {
    changes["display"] = JsonRecord{{"cardFront", *on_front}};
  }
  data.update_custom_field(id, changes);
  return plain_answer(data.custom_fields, id);
}

ApiAnswer delete_custom_field(TrelloData& data, const ApiRequest& request) {
  data.delete_custom_field(trello_id(data.custom_fields, request.param("field")));
  return json_answer(R"({"limits":{}})");
}

std::string list_field(const TrelloData& data, const ApiRequest& request) {
  auto id = trello_id(data.custom_fields, request.param("field"));
  if (data.custom_fields.find(id)->at("type") != "list") {
    throw TrelloError(400, "Custom Field is not a list");
  }
  return id;
}

ApiAnswer post_option(TrelloData& data, const ApiRequest& request) {
  const auto field = list_field(data, request);
  const auto present = option_places(*data.custom_fields.find(field));
  const auto id = data.add_option(field, option_in(TrelloInput(request), present));
  return json_answer(record_text(data.custom_fields.find(field)->at("options").back(), id));
}

ApiAnswer delete_option(TrelloData& data, const ApiRequest& request) {
  const auto field = list_field(data, request);
  for (const auto& option : data.custom_fields.find(field)->at("options")) {
    if (option.at("id") != request.param("option")) continue;
    data.delete_option(field, request.param("option"));
    return json_answer("{}");
  }
  throw TrelloError(404, "The requested resource was not found.");
}

}  // namespace

const std::vector<TrelloWrite>& trello_list_writes() {
  static const std::vector<TrelloWrite> writes{
      {"POST", "/1/lists", post_list},
      {"POST", "/1/boards/:board/lists", post_board_list},
      {"PUT", "/1/lists/:list", put_list},
      {"PUT", "/1/lists/:list/:field", put_list_field},
      {"POST", "/1/labels", post_label},
      {"POST", "/1/boards/:board/labels", post_board_label},
      {"POST", "/1/cards/:card/labels", post_card_label},
      {"PUT", "/1/labels/:label", put_label},
      {"PUT", "/1/labels/:label/:field", put_label_field},
      {"DELETE", "/1/labels/:label", delete_label},
      {"POST", "/1/customFields", post_custom_field},
      {"PUT", "/1/customFields/:field", put_custom_field},
      {"DELETE", "/1/customFields/:field", delete_custom_field},
      {"POST", "/1/customFields/:field/options", post_option},
      {"DELETE", "/1/customFields/:field/options/:option", delete_option},
  };
  return writes;
}

}  // namespace probackup
