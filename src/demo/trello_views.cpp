#include "demo/trello_views.h"

#include <algorithm>

namespace probackup {

namespace {

constexpr auto card_member_fields = "avatarHash,fullName,initials,username";
constexpr auto action_member_fields =
    "activityBlocked,avatarHash,avatarUrl,fullName,idMemberReferrer,initials,nonPublic,"
    "nonPublicAvailable,username";

JsonRecord card_attachments(const TrelloData& data, const std::string& card,
                            const std::string& fields) {
  auto list = JsonRecord::array();
  for (const auto& id : data.attachments.keys_of(card)) {
    list.push_back(with_fields(*data.attachments.find(id), fields));
  }
  return list;
}

JsonRecord members_of(const TrelloData& data, const JsonRecord& ids, const std::string& fields) {
  auto list = JsonRecord::array();
  for (const auto& id : ids) {
    list.push_back(
        trello_member(*data.members.find(id.get<std::string>()), fields, card_member_fields));
  }
  return list;
}

JsonRecord badges(const TrelloData& data, const JsonRecord& card, const JsonRecord& checklists) {
  int items = 0;
  int done = 0;
  for (const auto& checklist : checklists) {
    for (const auto& item : checklist.at("checkItems")) {
      ++items;
      if (item.at("state") == "complete") ++done;
    }
  }
  const std::string id = card.at("id");
  return {{"attachmentsByType", {{"trello", {{"board", 0}, {"card", 0}}}}},
          {"location", false},
          {"votes", card.at("idMembersVoted").size()},
          {"viewingMemberVoted", false},
          {"subscribed", false},
          {"fogbugz", ""},
          {"checkItems", items},
          {"checkItemsChecked", done},
          {"checkItemsEarliestDue", nullptr},
          {"comments", data.comments_of(id)},
          {"attachments", data.attachments.keys_of(id).size()},
          {"description", !card.at("desc").get_ref<const std::string&>().empty()},
          {"due", card.at("due")},
          {"dueComplete", card.at("dueComplete")},
          {"start", card.at("start")}};
}

}  // namespace

std::string TrelloParams::text(std::string_view name, const std::string& fallback) const {
  for (const auto& [key, value] : query_) {
    if (key == name) return value;
  }
  return fallback;
}

bool TrelloParams::on(std::string_view name) const {
  const auto value = text(name);
  return !value.empty() && value != "false" && value != "none";
}

JsonRecord trello_checklists(const TrelloData& data, const std::string& card) {
  std::vector<JsonRecord> found;
  for (const auto& id : data.checklists.keys_of(card)) {
    found.push_back(*data.checklists.find(id));
  }
  std::stable_sort(found.begin(), found.end(), [](const JsonRecord& a, const JsonRecord& b) {
    return a.at("pos") < b.at("pos");
  });
  auto list = JsonRecord::array();
  for (auto& checklist : found) list.push_back(std::move(checklist));
  return list;
}

JsonRecord trello_card(const TrelloData& data, const JsonRecord& card, const TrelloParams& params) {
  const std::string id = card.at("id");
  const auto checklists = trello_checklists(data, id);
  JsonRecord full{{"id", id}, {"badges", badges(data, card, checklists)}};
  full["checkItemStates"] = JsonRecord::array();
  full["idChecklists"] = JsonRecord::array();
  for (const auto& checklist : checklists) full["idChecklists"].push_back(checklist.at("id"));
  full["labels"] = JsonRecord::array();
  for (const auto& label : card.at("idLabels")) {
    full["labels"].push_back(*data.labels.find(label.get<std::string>()));
  }
  for (const auto& [name, value] : card.items()) {
    const bool nested = name == "customFieldItems" || name == "stickers" || name == "pluginData";
    if (!nested) full[name] = value;
  }
  auto sent = with_fields(full, params.text("fields"));
  if (params.text("attachments") == "cover") {
    sent["attachments"] = JsonRecord::array();
  } else if (params.on("attachments")) {
    sent["attachments"] = card_attachments(data, id, params.text("attachment_fields"));
  }
  if (params.on("members")) {
    sent["members"] = members_of(data, card.at("idMembers"), params.text("member_fields"));
  }
  if (params.on("membersVoted")) {
    sent["membersVoted"] =
        members_of(data, card.at("idMembersVoted"), params.text("memberVoted_fields"));
  }
  if (params.on("checklists")) sent["checklists"] = checklists;
  for (const auto* nested : {"customFieldItems", "stickers", "pluginData"}) {
    if (params.on(nested)) sent[nested] = card.at(nested);
  }
  return sent;
}

JsonRecord trello_board(const TrelloData& data, const JsonRecord& board,
                        const TrelloParams& params) {
  auto sent = with_fields(board, params.text("fields"));
  if (params.on("organization") && board.at("idOrganization").is_string()) {
    const auto& organization =
        *data.organizations.find(board.at("idOrganization").get<std::string>());
    sent["organization"] =
        with_fields(organization, params.text("organization_fields", "name,displayName"));
  }
  if (params.on("pluginData")) sent["pluginData"] = JsonRecord::array();
  const auto lists = params.text("lists", "none");
  if (lists == "none") return sent;
  sent["lists"] = JsonRecord::array();
  for (const auto& id : data.lists.keys_of(board.at("id"))) {
    const auto& list = *data.lists.find(id);
    const bool closed = list.at("closed").get<bool>();
    if (lists == "all" || (lists == "closed") == closed) sent["lists"].push_back(list);
  }
  return sent;
}

JsonRecord trello_action(const TrelloData& data, const JsonRecord& action,
                         const TrelloParams& params) {
  auto sent = with_fields(action, params.text("fields"));
  if (params.text("memberCreator", "true") != "false") {
    const auto& member = *data.members.find(action.at("idMemberCreator").get<std::string>());
    sent["memberCreator"] =
        trello_member(member, params.text("memberCreator_fields"), action_member_fields);
  }
  const auto& details = action.at("data");
  if (params.text("member", "true") != "false" && details.contains("idMember")) {
    const auto& member = *data.members.find(details.at("idMember").get<std::string>());
    sent["member"] = trello_member(member, params.text("member_fields"), action_member_fields);
  }
  if (params.on("reactions")) sent["reactions"] = trello_reactions(data, action.at("id"));
  return sent;
}

JsonRecord trello_reaction(const TrelloData& data, const JsonRecord& reaction) {
  auto sent = reaction;
  sent["member"] = trello_member(*data.members.find(reaction.at("idMember").get<std::string>()), "",
                                 action_member_fields);
  return sent;
}

JsonRecord trello_reactions(const TrelloData& data, const std::string& action) {
  auto list = JsonRecord::array();
  for (const auto& id : data.reactions.keys_of(action)) {
    list.push_back(trello_reaction(data, *data.reactions.find(id)));
  }
  return list;
}

JsonRecord trello_member(const JsonRecord& member, const std::string& fields,
                         const std::string& default_fields) {
  return with_fields(member, fields.empty() ? default_fields : fields);
}

JsonRecord trello_me(const TrelloData& data, const std::string& fields) {
  auto me = *data.members.find(data.owner());
  me["email"] = "member-1@example.com";
  me["idBoards"] = JsonRecord::array();
  for (const auto& [id, board] : data.boards.all()) me["idBoards"].push_back(id);
  me["idOrganizations"] = JsonRecord::array();
  for (const auto& [id, organization] : data.organizations.all()) {
    me["idOrganizations"].push_back(id);
  }
  me["loginTypes"] = {"password"};
  me["trophies"] = JsonRecord::array();
  me["uploadedAvatarHash"] = nullptr;
  return with_fields(me, fields);
}

JsonRecord trello_memberships(const TrelloData& data, const std::string& organization) {
  auto list = JsonRecord::array();
  for (const auto& [id, member] : data.members.all()) {
    if (!data.is_in(organization, id)) continue;
    auto membership_id = id;
    std::reverse(membership_id.begin(), membership_id.end());
    list.push_back({{"id", membership_id},
                    {"idMember", id},
                    {"memberType", id == data.owner() ? "admin" : "normal"},
                    {"unconfirmed", false},
                    {"deactivated", false}});
  }
  return list;
}

JsonRecord trello_organization(const TrelloData& data, const JsonRecord& organization,
                               const TrelloParams& params) {
  auto full = organization;
  full["idBoards"] = JsonRecord::array();
  for (const auto& id : data.boards.keys_of(organization.at("id"))) {
    full["idBoards"].push_back(id);
  }
  full["memberships"] = trello_memberships(data, organization.at("id"));
  return with_fields(full, params.text("fields"));
}

}  // namespace probackup
