// The calls of TrelloAccount's API that change something.
#include <optional>

#include "demo/trello_account.h"
#include "demo/trello_error.h"
#include "demo/trello_views.h"

namespace probackup {

namespace {

// The parameters of a changing call: Trello takes them from the query, a form or a JSON body.
JsonRecord parameters(const ApiRequest& request) {
  auto given = JsonRecord::object();
  for (const auto& [name, value] : request.query) given[name] = value;
  const auto type = request.header("content-type").value_or("");
  if (type.starts_with("application/json")) {
    const auto body = JsonRecord::parse(request.body, nullptr, false);
    if (body.is_object()) given.update(body);
  } else if (type.starts_with("application/x-www-form-urlencoded")) {
    for (const auto& [name, value] : parse_form(request.body)) given[name] = value;
  }
  return given;
}

std::string required(const JsonRecord& given, const std::string& name) {
  if (!given.contains(name) || !given.at(name).is_string() ||
      given.at(name).get_ref<const std::string&>().empty()) {
    throw TrelloError(400, "invalid value for " + name);
  }
  return given.at(name);
}

// The value as the member `name` of a record has it: "true" becomes true, "12.5" a number.
JsonRecord typed(const std::string& name, const JsonRecord& value) {
  if (!value.is_string()) return value;
  const auto& text = value.get_ref<const std::string&>();
  if (name == "closed" || name == "dueComplete") return text == "true";
  if (name == "pos") {
    const auto number = JsonRecord::parse(text, nullptr, false);
    return number.is_number() ? number : JsonRecord(16384.0);
  }
  if ((name == "due" || name == "start") && (text.empty() || text == "null")) return nullptr;
  return value;
}

JsonRecord chosen(const JsonRecord& given, const std::vector<std::string>& names) {
  auto changes = JsonRecord::object();
  for (const auto& name : names) {
    if (given.contains(name)) changes[name] = typed(name, given.at(name));
  }
  return changes;
}

template <typename Table>
auto& existing(Table& table, const std::string& id) {
  auto* record = table.find(id);
  if (record == nullptr) throw TrelloError(404, "The requested resource was not found.");
  return *record;
}

}  // namespace

void TrelloAccount::add_write_routes() {
  on("POST", "/1/cards", &TrelloAccount::post_card);
  on("PUT", "/1/cards/:card", &TrelloAccount::put_card);
  on("DELETE", "/1/cards/:card", &TrelloAccount::delete_card);
  on("POST", "/1/cards/:card/actions/comments", &TrelloAccount::post_comment);
  on("PUT", "/1/cards/:card/actions/:action/comments", &TrelloAccount::put_comment);
  on("DELETE", "/1/cards/:card/actions/:action/comments", &TrelloAccount::delete_comment);
  on("POST", "/1/lists", &TrelloAccount::post_list);
  on("PUT", "/1/lists/:list", &TrelloAccount::put_list);
}

ApiAnswer TrelloAccount::post_card(const ApiRequest& request) {
  const auto given = parameters(request);
  const auto list = required(given, "idList");
  existing(data_.lists, list);
  const auto id = data_.add_card(list, given.value("name", ""), given.value("desc", ""));
  const auto changes = chosen(given, {"due", "start", "dueComplete", "pos"});
  if (!changes.empty()) data_.update_card(id, changes);
  return json_answer(record_text(trello_card(data_, *data_.cards.find(id), TrelloParams({})), id));
}

ApiAnswer TrelloAccount::put_card(const ApiRequest& request) {
  const auto& id = request.param("card");
  existing(data_.cards, id);
  const auto given = parameters(request);
  if (given.contains("idList")) existing(data_.lists, required(given, "idList"));
  data_.update_card(id, chosen(given, {"name", "desc", "closed", "due", "start", "dueComplete",
                                       "idList", "pos"}));
  return json_answer(record_text(trello_card(data_, *data_.cards.find(id), TrelloParams({})), id));
}

ApiAnswer TrelloAccount::delete_card(const ApiRequest& request) {
  existing(data_.cards, request.param("card"));
  data_.delete_card(request.param("card"));
  return json_answer(R"({"limits":{}})");
}

ApiAnswer TrelloAccount::post_comment(const ApiRequest& request) {
  existing(data_.cards, request.param("card"));
  const auto id = data_.add_comment(request.param("card"), data_.owner(),
                                    required(parameters(request), "text"));
  return json_answer(
      record_text(trello_action(data_, *data_.actions.find(id), TrelloParams({})), id));
}

ApiAnswer TrelloAccount::put_comment(const ApiRequest& request) {
  const auto& id = request.param("action");
  existing(data_.actions, id);
  data_.edit_comment(id, required(parameters(request), "text"));
  return json_answer(
      record_text(trello_action(data_, *data_.actions.find(id), TrelloParams({})), id));
}

ApiAnswer TrelloAccount::delete_comment(const ApiRequest& request) {
  existing(data_.actions, request.param("action"));
  data_.delete_comment(request.param("action"));
  return json_answer(R"({"_value":null})");
}

ApiAnswer TrelloAccount::post_list(const ApiRequest& request) {
  const auto given = parameters(request);
  const auto board = required(given, "idBoard");
  existing(data_.boards, board);
  const auto id = data_.add_list(board, required(given, "name"));
  return json_answer(record_text(*data_.lists.find(id), id));
}

ApiAnswer TrelloAccount::put_list(const ApiRequest& request) {
  const auto& id = request.param("list");
  existing(data_.lists, id);
  data_.update_list(id, chosen(parameters(request), {"name", "closed", "pos"}));
  return json_answer(record_text(*data_.lists.find(id), id));
}

}  // namespace probackup
