// The half of TrelloData that changes and deletes.
#include <algorithm>

#include "demo/trello_data.h"

namespace probackup {

namespace {

void erase_value(JsonRecord& array, const std::string& value) {
  array.erase(std::remove(array.begin(), array.end(), JsonRecord(value)), array.end());
}

// Sets members and returns what they were.
JsonRecord change(JsonRecord& record, const JsonRecord& changes) {
  JsonRecord old = JsonRecord::object();
  for (const auto& [name, value] : changes.items()) {
    old[name] = record.at(name);
    record[name] = value;
  }
  return old;
}

}  // namespace

void TrelloData::label_card(const std::string& card, const std::string& label) {
  auto& ids = (*cards.find(card))["idLabels"];
  if (std::find(ids.begin(), ids.end(), JsonRecord(label)) != ids.end()) return;
  ids.push_back(label);
  auto& uses = (*labels.find(label))["uses"];
  uses = uses.get<int>() + 1;
  act("addLabelToCard", cards.owner_of(card), card, owner_, {{"idLabel", label}});
}

void TrelloData::assign_card(const std::string& card, const std::string& member) {
  auto& ids = (*cards.find(card))["idMembers"];
  if (std::find(ids.begin(), ids.end(), JsonRecord(member)) != ids.end()) return;
  ids.push_back(member);
  act("addMemberToCard", cards.owner_of(card), card, owner_, {{"idMember", member}});
}

void TrelloData::set_field(const std::string& card, const std::string& field,
                           const JsonRecord& value, const std::string& option) {
  auto& items = (*cards.find(card))["customFieldItems"];
  JsonRecord item{{"id", new_id()},
                  {"value", value},
                  {"idValue", option.empty() ? JsonRecord(nullptr) : JsonRecord(option)},
                  {"idCustomField", field},
                  {"idModel", card},
                  {"modelType", "card"}};
  const auto present = std::find_if(items.begin(), items.end(), [&](const JsonRecord& other) {
    return other.at("idCustomField") == field;
  });
  if (present == items.end()) {
    items.push_back(std::move(item));
  } else {
    item["id"] = present->at("id");
    *present = std::move(item);
  }
  act("updateCustomFieldItem", cards.owner_of(card), card, owner_,
      {{"customField", {{"id", field}}}});
}

// Labels and custom fields belong to a board: a card loses them when it leaves.
void TrelloData::move_to_board(const std::string& card, const std::string& board) {
  auto& record = *cards.find(card);
  for (const auto& id : checklists.keys_of(card)) (*checklists.find(id))["idBoard"] = board;
  touch_board(cards.owner_of(card));
  record["idBoard"] = board;
  record["idLabels"] = JsonRecord::array();
  record["customFieldItems"] = JsonRecord::array();
  cards.give(card, board);
}

void TrelloData::update_card(const std::string& card, const JsonRecord& changes) {
  auto& record = *cards.find(card);
  const auto old = change(record, changes);
  if (changes.contains("idList")) {
    const std::string board = lists.find(record["idList"])->at("idBoard");
    if (cards.owner_of(card) != board) move_to_board(card, board);
  }
  act("updateCard", cards.owner_of(card), card, owner_, {{"old", old}, {"card", changes}});
}

void TrelloData::update_list(const std::string& list, const JsonRecord& changes) {
  auto& record = *lists.find(list);
  const auto old = change(record, changes);
  act("updateList", lists.owner_of(list), "", owner_,
      {{"old", old}, {"list", {{"id", list}, {"name", record["name"]}}}});
}

void TrelloData::update_board(const std::string& board, const JsonRecord& changes) {
  auto& record = *boards.find(board);
  const auto old = change(record, changes);
  act("updateBoard", board, "", owner_, {{"old", old}});
}

void TrelloData::check_item(const std::string& checklist, const std::string& item, bool done) {
  auto& record = *checklists.find(checklist);
  const auto* state = done ? "complete" : "incomplete";
  for (auto& entry : record["checkItems"]) {
    if (entry["id"] == item) entry["state"] = state;
  }
  act("updateCheckItemStateOnCard", record["idBoard"], record["idCard"], owner_,
      {{"checkItem", {{"id", item}, {"state", state}}}});
}

void TrelloData::edit_comment(const std::string& action, const std::string& text) {
  auto& record = *actions.find(action);
  new_id();  // moves the clock
  record["data"]["text"] = text;
  record["data"]["dateLastEdited"] = stamp();
  touch_card(record["data"]["card"]["id"]);
  touch_board(actions.owner_of(action));
}

void TrelloData::delete_comment(const std::string& action) {
  const std::string card = actions.find(action)->at("data").at("card").at("id");
  const auto board = actions.owner_of(action);
  new_id();
  reactions.erase_owner(action);
  actions.erase(action);
  --comment_counts_[card];
  touch_card(card);
  touch_board(board);
}

void TrelloData::delete_attachment(const std::string& card, const std::string& attachment) {
  const auto name = attachments.find(attachment)->at("name");
  attachments.erase(attachment);
  bytes.erase(attachment);
  auto& record = *cards.find(card);
  if (record["idAttachmentCover"] == attachment) {
    record["idAttachmentCover"] = nullptr;
    record["cover"]["idAttachment"] = nullptr;
  }
  act("deleteAttachmentFromCard", cards.owner_of(card), card, owner_,
      {{"attachment", {{"id", attachment}, {"name", name}}}});
}

void TrelloData::delete_checklist(const std::string& checklist) {
  const auto record = *checklists.find(checklist);
  checklists.erase(checklist);
  act("removeChecklistFromCard", record.at("idBoard"), record.at("idCard"), owner_,
      {{"checklist", {{"id", checklist}, {"name", record.at("name")}}}});
}

void TrelloData::delete_label(const std::string& label) {
  const auto board = labels.owner_of(label);
  new_id();
  labels.erase(label);
  for (const auto& card : cards.keys_of(board)) erase_value((*cards.find(card))["idLabels"], label);
  touch_board(board);
}

void TrelloData::delete_card(const std::string& card) {
  const auto record = *cards.find(card);
  const auto board = cards.owner_of(card);
  const auto board_actions = actions.keys_of(board);
  for (const auto& id : board_actions) {
    const auto& data = actions.find(id)->at("data");
    if (data.contains("card") && data.at("card").at("id") == card) actions.erase(id);
  }
  checklists.erase_owner(card);
  comment_counts_.erase(card);
  for (const auto& id : attachments.keys_of(card)) bytes.erase(id);
  attachments.erase_owner(card);
  cards.erase(card);
  act("deleteCard", board, "", owner_,
      {{"card",
        {{"id", card}, {"idShort", record.at("idShort")}, {"shortLink", record.at("shortLink")}}}});
}

void TrelloData::delete_board(const std::string& board) {
  const auto board_cards = cards.keys_of(board);
  for (const auto& card : board_cards) {
    for (const auto& id : attachments.keys_of(card)) bytes.erase(id);
    attachments.erase_owner(card);
    checklists.erase_owner(card);
  }
  for (auto* table : {&lists, &cards, &labels, &custom_fields, &actions}) {
    table->erase_owner(board);
  }
  boards.erase(board);
}

}  // namespace probackup
