#include <algorithm>

#include "demo/trello_input.h"
#include "demo/trello_views.h"
#include "demo/trello_writes.h"
#include "util/text.h"

namespace probackup {

namespace {

using Choices = std::vector<std::string>;

constexpr std::size_t organization_name_min = 3;
const Choices member_types{"admin", "normal", "observer"};

struct Pref {
  const char* name;
  const char* fallback;  // of a new board
  Choices choices;       // empty: any text
  bool is_flag = false;
};

// What can be set of a board's prefs, as prefs_NAME when it is made and prefs/NAME later.
const std::vector<Pref>& prefs() {
  static const Choices people{"disabled", "members", "observers", "org", "public"};
  static const std::vector<Pref> all{{"permissionLevel", "private", {"org", "private", "public"}},
                                     {"voting", "disabled", people},
                                     {"comments", "members", people},
                                     {"invitations", "members", {"members", "admins"}},
                                     {"selfJoin", "true", {}, true},
                                     {"cardCovers", "true", {}, true},
                                     {"hideVotes", "false", {}, true},
                                     {"calendarFeedEnabled", "false", {}, true},
                                     {"background", "blue", {}},
                                     {"cardAging", "regular", {"pirate", "regular"}}};
  return all;
}

JsonRecord chosen_prefs(const TrelloInput& input, const std::string& prefix) {
  static const Choices backgrounds{"blue", "orange", "green", "red", "purple",
                                   "pink", "lime",   "sky",   "grey"};
  auto chosen = JsonRecord::object();
  for (const auto& pref : prefs()) {
    const auto name = prefix + pref.name;
    if (pref.is_flag) {
      TrelloInput::put(chosen, pref.name, input.flag(name));
      continue;
    }
    const auto value = pref.choices.empty() ? input.text(name) : input.choice(name, pref.choices);
    const bool is_background = std::string_view(pref.name) == "background";
    const bool is_known =
        std::find(backgrounds.begin(), backgrounds.end(), value) != backgrounds.end();
    if (value && is_background && !is_known && !is_trello_id(*value)) {
      throw TrelloError(400, "invalid value for " + name);
    }
    TrelloInput::put(chosen, pref.name, value);
  }
  return chosen;
}

// The id of a workspace given by id or name, "" for none.
std::optional<std::string> organization_in(const TrelloData& data, const TrelloInput& input) {
  const auto* given = input.value("idOrganization");
  if (given == nullptr) return std::nullopt;
  if (given->is_null()) return "";
  const auto name = *input.text("idOrganization");
  if (name.empty() || name == "null" || data.organizations.find(name) != nullptr) {
    return name == "null" ? "" : name;
  }
  for (const auto& [id, organization] : data.organizations.all()) {
    if (organization.at("name") == name) return id;
  }
  throw TrelloError(400, "invalid value for idOrganization");
}

ApiAnswer board_answer(const TrelloData& data, const std::string& id) {
  const NameValues query{{"fields",
                          "name,desc,descData,closed,idOrganization,idEnterprise,pinned,url,"
                          "shortUrl,prefs,labelNames"}};
  auto board = trello_board(data, *data.boards.find(id), TrelloParams(query));
  board["limits"] = JsonRecord::object();
  return json_answer(record_text(board, id));
}

ApiAnswer post_board(TrelloData& data, const ApiRequest& request) {
  const TrelloInput input(request);
  const auto name = input.required("name");
  if (input.has("idBoardSource")) throw TrelloError(501, "this server copies no boards");
  input.choice("powerUps", {"all", "calendar", "cardAging", "recap", "voting"});
  const auto chosen = chosen_prefs(input, "prefs_");
  const auto desc = input.text("desc").value_or("");
  const auto organization = organization_in(data, input).value_or("");
  const bool with_labels = input.flag("defaultLabels").value_or(true);
  const bool with_lists = input.flag("defaultLists").value_or(true);
  const auto id = data.add_board(organization, name, desc);
  auto& set = (*data.boards.find(id))["prefs"];
  for (const auto& pref : prefs()) {
    if (pref.is_flag) {
      set[pref.name] = std::string_view(pref.fallback) == "true";
    } else {
      set[pref.name] = pref.fallback;
    }
  }
  for (const auto& [pref, value] : chosen.items()) set[pref] = value;
  if (with_labels) {
    for (const auto* color : {"green", "yellow", "orange", "red", "purple", "blue"}) {
      data.add_label(id, "", color);
    }
  }
  if (with_lists) {
    for (const auto* list : {"To Do", "Doing", "Done"}) data.add_list(id, list);
  }
  return board_answer(data, id);
}

ApiAnswer put_board(TrelloData& data, const ApiRequest& request) {
  const auto id = trello_id(data.boards, request.param("board"));
  const TrelloInput input(request);
  auto changes = JsonRecord::object();
  if (input.has("name")) changes["name"] = input.required("name");
  TrelloInput::put(changes, "desc", input.text("desc"));
  TrelloInput::put(changes, "subscribed", input.flag("subscribed"));
  if (const auto closed = input.flag("closed")) {
    changes["closed"] = *closed;
    changes["dateClosed"] = nullptr;
  }
  const auto& board = *data.boards.find(id);
  const auto chosen = chosen_prefs(input, "prefs/");
  if (!chosen.empty()) {
    changes["prefs"] = board.at("prefs");
    changes["prefs"].update(chosen);
  }
  for (const auto& [color, name] : board.at("labelNames").items()) {
    if (const auto given = input.text("labelNames/" + color)) {
      if (!changes.contains("labelNames")) changes["labelNames"] = board.at("labelNames");
      changes["labelNames"][color] = *given;
    }
  }
  const auto organization = organization_in(data, input);
  if (!changes.empty()) data.update_board(id, changes);
  if (changes.value("closed", false)) {
    auto& record = *data.boards.find(id);
    record["dateClosed"] = record.at("dateLastActivity");
  }
  if (organization) data.move_board(id, *organization);
  return board_answer(data, id);
}

ApiAnswer delete_board(TrelloData& data, const ApiRequest& request) {
  data.delete_board(trello_id(data.boards, request.param("board")));
  return json_answer(R"({"_value":null})");
}

ApiAnswer memberships_answer(const TrelloData& data, const std::string& board) {
  const auto& memberships = data.boards.find(board)->at("memberships");
  JsonRecord answer{{"id", board}, {"members", JsonRecord::array()}, {"memberships", memberships}};
  for (const auto& membership : memberships) {
    const auto& member = *data.members.find(membership.at("idMember").get<std::string>());
    answer["members"].push_back(trello_member(member, "", "fullName,username"));
  }
  return json_answer(record_text(answer, board));
}

// A board must keep an administrator.
void keep_an_admin(const TrelloData& data, const std::string& board, const std::string& member) {
  for (const auto& other : data.boards.find(board)->at("memberships")) {
    if (other.at("memberType") == "admin" && other.at("idMember") != member) return;
  }
  throw TrelloError(403, "Not enough admins");
}

ApiAnswer put_board_member(TrelloData& data, const ApiRequest& request) {
  const auto board = trello_id(data.boards, request.param("board"));
  const auto member = trello_id(data.members, request.param("member"));
  const TrelloInput input(request);
  input.required("type");
  const auto type = *input.choice("type", member_types);
  if (type != "admin") keep_an_admin(data, board, member);
  data.set_membership(board, member, type);
  return memberships_answer(data, board);
}

// Invites by e-mail: a person nobody knows yet becomes an unconfirmed member.
ApiAnswer invite_board_member(TrelloData& data, const ApiRequest& request) {
  const auto board = trello_id(data.boards, request.param("board"));
  const TrelloInput input(request);
  const auto email = input.required("email");
  const auto type = input.choice("type", member_types).value_or("normal");
  const auto at = email.find('@');
  if (at == 0 || at == std::string::npos) throw TrelloError(400, "invalid email address");
  const auto name = input.text("fullName").value_or(email.substr(0, at));
  if (name.empty() || trim(name) != name) throw TrelloError(400, "invalid value for fullName");
  const auto member = data.add_member(trello_slug(email.substr(0, at)), name);
  (*data.members.find(member))["confirmed"] = false;
  data.set_membership(board, member, type, true);
  return memberships_answer(data, board);
}

std::string member_on(const TrelloData& data, const std::string& board, const std::string& field,
                      const std::string& value) {
  for (const auto& membership : data.boards.find(board)->at("memberships")) {
    if (membership.at(field) == value) return membership.at("idMember");
  }
  throw TrelloError(404, "membership not found");
}

ApiAnswer delete_board_member(TrelloData& data, const ApiRequest& request) {
  const auto board = trello_id(data.boards, request.param("board"));
  const auto member = member_on(data, board, "idMember", request.param("member"));
  keep_an_admin(data, board, member);
  data.leave_board(board, member);
  return memberships_answer(data, board);
}

ApiAnswer put_membership(TrelloData& data, const ApiRequest& request) {
  const auto board = trello_id(data.boards, request.param("board"));
  const auto member = member_on(data, board, "id", request.param("membership"));
  const TrelloInput input(request);
  input.required("type");
  const auto type = *input.choice("type", member_types);
  if (type != "admin") keep_an_admin(data, board, member);
  data.set_membership(board, member, type);
  const auto& memberships = data.boards.find(board)->at("memberships");
  const auto found = std::find_if(memberships.begin(), memberships.end(), [&](const auto& entry) {
    return entry.at("idMember") == member;
  });
  return json_answer(found->dump());
}

// What is left of a wished name: lower-case letters, digits and underscores.
std::string organization_name(const TrelloData& data, const std::string& wished,
                              const std::string& id) {
  std::string name;
  for (const char c : wished) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_') name += c;
  }
  if (name.size() < organization_name_min) throw TrelloError(400, "invalid value for name");
  for (const auto& [key, organization] : data.organizations.all()) {
    if (key != id && organization.at("name") == name) return name + id.substr(id.size() - 4);
  }
  return name;
}

JsonRecord organization_changes(const TrelloData& data, const TrelloInput& input,
                                const std::string& id) {
  auto changes = JsonRecord::object();
  if (input.has("displayName")) {
    const auto name = input.required("displayName");
    if (trim(name) != name) throw TrelloError(400, "invalid value for displayName");
    changes["displayName"] = name;
  }
  TrelloInput::put(changes, "desc", input.text("desc"));
  if (const auto website = input.text("website"); website && !website->empty()) {
    if (*website != "null" && !website->starts_with("http://") &&
        !website->starts_with("https://")) {
      throw TrelloError(400, "invalid value for website");
    }
    changes["website"] = *website == "null" ? JsonRecord(nullptr) : JsonRecord(*website);
  }
  if (const auto name = input.text("name")) {
    changes["name"] = organization_name(data, *name, id);
    changes["url"] = "https://trello.com/w/" + changes["name"].get<std::string>();
  }
  return changes;
}

ApiAnswer organization_answer(const TrelloData& data, const std::string& id) {
  const auto& organization = *data.organizations.find(id);
  return json_answer(record_text(trello_organization(data, organization, TrelloParams({})), id));
}

ApiAnswer post_organization(TrelloData& data, const ApiRequest& request) {
  const TrelloInput input(request);
  const auto name = input.required("displayName");
  organization_changes(data, input, "000000000000000000000000");  // refuses before it is made
  const auto id = data.add_organization(name);
  for (const auto& [member, record] : data.members.all()) {
    data.join_organization(id, member, member == data.owner());
  }
  data.update_organization(id, organization_changes(data, input, id));
  return organization_answer(data, id);
}

ApiAnswer put_organization(TrelloData& data, const ApiRequest& request) {
  const auto id = trello_id(data.organizations, request.param("organization"));
  data.update_organization(id, organization_changes(data, TrelloInput(request), id));
  return organization_answer(data, id);
}

ApiAnswer delete_organization(TrelloData& data, const ApiRequest& request) {
  data.delete_organization(trello_id(data.organizations, request.param("organization")));
  return json_answer(R"({"_value":null})");
}

ApiAnswer put_organization_member(TrelloData& data, const ApiRequest& request) {
  const auto id = trello_id(data.organizations, request.param("organization"));
  const auto member = trello_id(data.members, request.param("member"));
  const TrelloInput input(request);
  input.required("type");
  input.choice("type", {"admin", "normal"});
  data.join_organization(id, member, true);
  return json_answer(record_text(*data.members.find(member), member));
}

ApiAnswer delete_organization_member(TrelloData& data, const ApiRequest& request) {
  const auto id = trello_id(data.organizations, request.param("organization"));
  const auto member = trello_id(data.members, request.param("member"));
  if (member == data.owner()) throw TrelloError(403, "Not enough admins");
  data.join_organization(id, member, false);
  return json_answer(R"({"_value":null})");
}

}  // namespace

const std::vector<TrelloWrite>& trello_board_writes() {
  static const std::vector<TrelloWrite> writes{
      {"POST", "/1/boards", post_board},
      {"POST", "/1/boards/", post_board},  // as the official description spells it
      {"PUT", "/1/boards/:board", put_board},
      {"DELETE", "/1/boards/:board", delete_board},
      {"PUT", "/1/boards/:board/members", invite_board_member},
      {"PUT", "/1/boards/:board/members/:member", put_board_member},
      {"DELETE", "/1/boards/:board/members/:member", delete_board_member},
      {"PUT", "/1/boards/:board/memberships/:membership", put_membership},
      {"POST", "/1/organizations", post_organization},
      {"PUT", "/1/organizations/:organization", put_organization},
      {"DELETE", "/1/organizations/:organization", delete_organization},
      {"PUT", "/1/organizations/:organization/members/:member", put_organization_member},
      {"DELETE", "/1/organizations/:organization/members/:member", delete_organization_member},
  };
  return writes;
}

}  // namespace probackup
