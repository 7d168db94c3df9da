// The smaller changes of TrelloData: parts of cards, boards and workspaces.
#include <algorithm>

#include "demo/trello_data.h"

namespace probackup {

namespace {

bool erase_value(JsonRecord& array, const std::string& value) {
  const auto found = std::find(array.begin(), array.end(), JsonRecord(value));
  if (found == array.end()) return false;
  array.erase(found);
  return true;
}

auto entry_of(JsonRecord& array, const std::string& field, const std::string& value) {
  return std::find_if(array.begin(), array.end(),
                      [&](const JsonRecord& entry) { return entry.at(field) == value; });
}

void set_members(JsonRecord& record, const JsonRecord& changes) {
  for (const auto& [name, value] : changes.items()) record[name] = value;
}

}  // namespace

void TrelloData::unlabel_card(const std::string& card, const std::string& label) {
  if (!erase_value((*cards.find(card))["idLabels"], label)) return;
  auto& uses = (*labels.find(label))["uses"];
  uses = uses.get<int>() - 1;
  act("removeLabelFromCard", cards.owner_of(card), card, owner_, {{"idLabel", label}});
}

void TrelloData::unassign_card(const std::string& card, const std::string& member) {
  if (!erase_value((*cards.find(card))["idMembers"], member)) return;
  act("removeMemberFromCard", cards.owner_of(card), card, owner_, {{"idMember", member}});
}

void TrelloData::vote(const std::string& card, const std::string& member, bool on) {
  auto& voters = (*cards.find(card))["idMembersVoted"];
  erase_value(voters, member);
  if (on) voters.push_back(member);
  act("voteOnCard", cards.owner_of(card), card, member, {{"voted", on}});
}

void TrelloData::clear_field(const std::string& card, const std::string& field) {
  auto& items = (*cards.find(card))["customFieldItems"];
  const auto found = entry_of(items, "idCustomField", field);
  if (found == items.end()) return;
  items.erase(found);
  act("updateCustomFieldItem", cards.owner_of(card), card, owner_,
      {{"customField", {{"id", field}}}});
}

void TrelloData::set_cover(const std::string& card, const JsonRecord& changes) {
  auto& record = *cards.find(card);
  const auto old = record["cover"];
  set_members(record["cover"], changes);
  record["idAttachmentCover"] = record["cover"]["idAttachment"];
  record["manualCoverAttachment"] = record["cover"]["idAttachment"].is_string();
  act("updateCard", cards.owner_of(card), card, owner_,
      {{"old", {{"cover", old}}}, {"card", {{"cover", record["cover"]}}}});
}

std::string TrelloData::add_sticker(const std::string& card, JsonRecord sticker) {
  const auto id = new_id();
  JsonRecord full{{"id", id}};
  full.update(sticker);
  (*cards.find(card))["stickers"].push_back(std::move(full));
  touch_card(card);
  touch_board(cards.owner_of(card));
  return id;
}

void TrelloData::update_check_item(const std::string& checklist, const std::string& item,
                                   const JsonRecord& changes) {
  auto& record = *checklists.find(checklist);
  const auto entry = entry_of(record["checkItems"], "id", item);
  const bool is_done = changes.contains("state") && changes.at("state") != entry->at("state");
  set_members(*entry, changes);
  const JsonRecord data{
      {"checklist", {{"id", checklist}, {"name", record["name"]}}},
      {"checkItem", {{"id", item}, {"name", entry->at("name")}, {"state", entry->at("state")}}}};
  act(is_done ? "updateCheckItemStateOnCard" : "updateCheckItem", record["idBoard"],
      record["idCard"], owner_, data);
}

void TrelloData::move_check_item(const std::string& from, const std::string& item,
                                 const std::string& to) {
  auto& items = (*checklists.find(from))["checkItems"];
  const auto found = entry_of(items, "id", item);
  auto entry = *found;
  items.erase(found);
  entry["idChecklist"] = to;
  (*checklists.find(to))["checkItems"].push_back(std::move(entry));
}

void TrelloData::delete_check_item(const std::string& checklist, const std::string& item) {
  auto& record = *checklists.find(checklist);
  auto& items = record["checkItems"];
  items.erase(entry_of(items, "id", item));
  act("deleteCheckItem", record["idBoard"], record["idCard"], owner_,
      {{"checkItem", {{"id", item}}}});
}

void TrelloData::update_checklist(const std::string& checklist, const JsonRecord& changes) {
  auto& record = *checklists.find(checklist);
  set_members(record, changes);
  act("updateChecklist", record["idBoard"], record["idCard"], owner_,
      {{"checklist", {{"id", checklist}, {"name", record["name"]}}}});
}

void TrelloData::update_label(const std::string& label, const JsonRecord& changes) {
  new_id();
  set_members(*labels.find(label), changes);
  touch_board(labels.owner_of(label));
}

void TrelloData::update_custom_field(const std::string& field, const JsonRecord& changes) {
  new_id();
  set_members(*custom_fields.find(field), changes);
  touch_board(custom_fields.owner_of(field));
}

std::string TrelloData::add_option(const std::string& field, JsonRecord option) {
  const auto id = new_id();
  JsonRecord full{{"id", id}, {"idCustomField", field}};
  full.update(option);
  (*custom_fields.find(field))["options"].push_back(std::move(full));
  touch_board(custom_fields.owner_of(field));
  return id;
}

void TrelloData::delete_option(const std::string& field, const std::string& option) {
  new_id();
  auto& options = (*custom_fields.find(field))["options"];
  options.erase(entry_of(options, "id", option));
  const auto board = custom_fields.owner_of(field);
  for (const auto& card : cards.keys_of(board)) {
    auto& items = (*cards.find(card))["customFieldItems"];
    const auto item = entry_of(items, "idCustomField", field);
    if (item != items.end() && item->at("idValue") == option) items.erase(item);
  }
  touch_board(board);
}

void TrelloData::delete_custom_field(const std::string& field) {
  new_id();
  const auto board = custom_fields.owner_of(field);
  for (const auto& card : cards.keys_of(board)) {
    auto& items = (*cards.find(card))["customFieldItems"];
    const auto item = entry_of(items, "idCustomField", field);
    if (item != items.end()) items.erase(item);
  }
  custom_fields.erase(field);
  touch_board(board);
}

void TrelloData::move_list(const std::string& list, const std::string& board) {
  const auto from = lists.owner_of(list);
  if (from == board) return;
  (*lists.find(list))["idBoard"] = board;
  lists.give(list, board);
  const auto keys = cards.keys_of(from);
  for (const auto& card : keys) {
    if (cards.find(card)->at("idList") == list) move_to_board(card, board);
  }
  const JsonRecord named{{"id", list}, {"name", lists.find(list)->at("name")}};
  act("moveListFromBoard", from, "", owner_, {{"list", named}});
  act("moveListToBoard", board, "", owner_, {{"list", named}});
}

void TrelloData::set_membership(const std::string& board, const std::string& member,
                                const std::string& type, bool unconfirmed) {
  auto& memberships = (*boards.find(board))["memberships"];
  const auto present = entry_of(memberships, "idMember", member);
  if (present != memberships.end()) {
    (*present)["memberType"] = type;
    act(type == "admin" ? "makeAdminOfBoard" : "makeNormalMemberOfBoard", board, "", owner_,
        {{"idMember", member}});
    return;
  }
  memberships.push_back({{"id", new_id()},
                         {"idMember", member},
                         {"memberType", type},
                         {"unconfirmed", unconfirmed},
                         {"deactivated", false}});
  act("addMemberToBoard", board, "", owner_, {{"idMember", member}, {"memberType", type}});
}

// A member who leaves the board leaves its cards.
void TrelloData::leave_board(const std::string& board, const std::string& member) {
  auto& memberships = (*boards.find(board))["memberships"];
  memberships.erase(entry_of(memberships, "idMember", member));
  const auto keys = cards.keys_of(board);
  for (const auto& card : keys) unassign_card(card, member);
  act("removeMemberFromBoard", board, "", owner_, {{"idMember", member}});
}

void TrelloData::move_board(const std::string& board, const std::string& organization) {
  (*boards.find(board))["idOrganization"] =
      organization.empty() ? JsonRecord(nullptr) : JsonRecord(organization);
  boards.give(board, organization);
  touch_board(board);
}

void TrelloData::update_organization(const std::string& organization, const JsonRecord& changes) {
  new_id();
  auto& record = *organizations.find(organization);
  set_members(record, changes);
  record["dateLastActivity"] = stamp();
}

void TrelloData::delete_organization(const std::string& organization) {
  const auto keys = boards.keys_of(organization);
  for (const auto& board : keys) move_board(board, "");
  organizations.erase(organization);
  outside_.erase(organization);
}

bool TrelloData::is_in(const std::string& organization, const std::string& member) const {
  const auto found = outside_.find(organization);
  return found == outside_.end() || !found->second.contains(member);
}

void TrelloData::join_organization(const std::string& organization, const std::string& member,
                                   bool on) {
  if (on) {
    outside_[organization].erase(member);
  } else {
    outside_[organization].insert(member);
  }
}

std::string TrelloData::add_webhook(const std::string& description) {
  const auto id = new_id();
  webhooks.put(id, "",
               {{"id", id},
                {"description", description},
                {"idModel", owner_},
                {"callbackURL", "https://example.com/hooks/trello"},
                {"active", true},
                {"consecutiveFailures", 0},
                {"firstConsecutiveFailDate", nullptr}});
  return id;
}

std::string TrelloData::add_reaction(const std::string& action, JsonRecord emoji) {
  for (const auto& id : reactions.keys_of(action)) {
    const auto& present = *reactions.find(id);
    if (present.at("idMember") == owner_ && present.at("idEmoji") == emoji.at("unified")) return id;
  }
  const auto id = new_id();
  const auto emoji_id = emoji.at("unified");
  reactions.put(id, action,
                {{"id", id},
                 {"idMember", owner_},
                 {"idModel", action},
                 {"idEmoji", emoji_id},
                 {"emoji", std::move(emoji)}});
  return id;
}

}  // namespace probackup
