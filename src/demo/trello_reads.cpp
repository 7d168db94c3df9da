// The reading half of TrelloAccount's API.
#include <fmt/format.h>

#include <algorithm>

#include "demo/trello_account.h"
#include "demo/trello_error.h"
#include "demo/trello_input.h"
#include "demo/trello_views.h"
#include "util/text.h"
#include "util/time.h"

namespace probackup {

namespace {

constexpr std::int64_t page_max = 1000;

bool is_id(const std::string& text) {
  return text.size() == 24 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::vector<std::string> vector_of(const std::set<std::string>& keys) {
  return {keys.begin(), keys.end()};
}

std::int64_t limit_of(const ApiRequest& request, std::int64_t fallback) {
  const auto limit = request.query_number("limit", fallback);
  if (limit < 0 || limit > page_max) throw TrelloError(400, "invalid value for limit");
  return limit;
}

// all, open, closed, visible (open, on an open list) or none.
bool passes(const std::string& filter, bool closed, bool list_closed) {
  if (filter == "all") return true;
  if (filter == "none") return false;
  if (filter == "closed") return closed;
  return !closed && !(filter == "visible" && list_closed);
}

// One entry of an actions filter: "commentCard" or "updateCard:idList".
bool matches_type(const JsonRecord& action, const std::string& wanted) {
  const auto colon = wanted.find(':');
  if (action.at("type") != wanted.substr(0, colon)) return false;
  if (colon == std::string::npos) return true;
  const auto& data = action.at("data");
  return data.contains("old") && data.at("old").contains(wanted.substr(colon + 1));
}

bool matches_filter(const JsonRecord& action, const std::string& filter) {
  for (const auto& wanted : split(filter, ',')) {
    if (matches_type(action, std::string(trim(wanted)))) return true;
  }
  return false;
}

ApiAnswer record_answer(const JsonRecord& record) {
  return json_answer(record_text(record, record.value("id", "")));
}

const JsonRecord& found(const RecordTable& table, const std::string& id) {
  const auto* record = table.find(id);
  if (record == nullptr) throw TrelloError(404, "The requested resource was not found.");
  return *record;
}

}  // namespace

// The id that stands for a date or an id in `before` and `since`.
std::string TrelloAccount::boundary(const std::string& text, bool is_before) const {
  if (is_id(text)) {
    const bool cut = is_before && options_.before_by_second;
    return cut ? text.substr(0, 8) + std::string(16, '0') : text;
  }
  const auto time = parse_rfc3339(text);
  if (!time) throw TrelloError(400, "invalid date");
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time->time_since_epoch()).count();
  return fmt::format("{:08x}{}", static_cast<std::uint32_t>(seconds), std::string(16, '0'));
}

// The newest `limit` keys that `before` and `since` leave, ascending.
std::vector<std::string> TrelloAccount::newest(const std::vector<std::string>& keys,
                                               const ApiRequest& request, std::size_t limit) const {
  auto first = keys.begin();
  auto last = keys.end();
  if (const auto since = request.query_value("since"); since && !since->empty()) {
    first = std::lower_bound(first, last, boundary(*since, false));
    if (first != last && *first == *since) ++first;
  }
  if (const auto before = request.query_value("before"); before && !before->empty()) {
    last = std::lower_bound(first, last, boundary(*before, true));
  }
  if (static_cast<std::size_t>(last - first) > limit) {
    first = last - static_cast<std::ptrdiff_t>(limit);
  }
  return {first, last};
}

std::string TrelloAccount::board_of(const ApiRequest& request) const {
  const auto& id = request.param("id");
  if (data_.boards.find(id) != nullptr) return id;
  for (const auto& [key, board] : data_.boards.all()) {
    if (board.at("shortLink") == id) return key;
  }
  if (!is_id(id) && id.size() != 8) throw TrelloError(400, "invalid id");
  throw TrelloError(404, "The requested resource was not found.");
}

std::string TrelloAccount::organization_of(const ApiRequest& request) const {
  const auto& id = request.param("id");
  if (data_.organizations.find(id) != nullptr) return id;
  for (const auto& [key, organization] : data_.organizations.all()) {
    if (organization.at("name") == id) return key;
  }
  throw TrelloError(404, "model not found");
}

ApiAnswer TrelloAccount::get_me(const ApiRequest& request) {
  const auto& id = request.param("member");
  const TrelloParams params(request.query);
  const auto& owner = *data_.members.find(data_.owner());
  if (id == "me" || id == data_.owner() || owner.at("username") == id) {
    return record_answer(trello_me(data_, params.text("fields")));
  }
  for (const auto& [key, member] : data_.members.all()) {
    if (key == id || member.at("username") == id) {
      return record_answer(trello_member(member, params.text("fields"), "all"));
    }
  }
  throw TrelloError(404, "The requested resource was not found.");
}

ApiAnswer TrelloAccount::get_boards(const ApiRequest& request) {
  const TrelloParams params(request.query);
  const auto filter = params.text("filter", "all");
  const auto organization = request.params.find("id");
  std::vector<std::string> texts;
  for (const auto& [id, board] : data_.boards.all()) {
    if (organization != request.params.end() &&
        board.at("idOrganization") != organization->second) {
      continue;
    }
    const bool closed = board.at("closed").get<bool>();
    if ((filter == "open" && closed) || (filter == "closed" && !closed)) continue;
    texts.push_back(record_text(trello_board(data_, board, params), id));
  }
  return json_answer(array_text(texts));
}

ApiAnswer TrelloAccount::get_organizations(const ApiRequest& request) {
  std::vector<std::string> texts;
  for (const auto& [id, organization] : data_.organizations.all()) {
    texts.push_back(
        record_text(trello_organization(data_, organization, TrelloParams(request.query)), id));
  }
  return json_answer(array_text(texts));
}

ApiAnswer TrelloAccount::get_organization(const ApiRequest& request) {
  return record_answer(trello_organization(
      data_, *data_.organizations.find(organization_of(request)), TrelloParams(request.query)));
}

ApiAnswer TrelloAccount::get_organization_members(const ApiRequest& request) {
  const TrelloParams params(request.query);
  const auto organization = organization_of(request);
  std::vector<std::string> texts;
  for (const auto& [id, member] : data_.members.all()) {
    if (!data_.is_in(organization, id)) continue;
    texts.push_back(
        record_text(trello_member(member, params.text("fields"), "fullName,username"), id));
  }
  return json_answer(array_text(texts));
}

ApiAnswer TrelloAccount::get_organization_memberships(const ApiRequest& request) {
  return json_answer(trello_memberships(data_, organization_of(request)).dump());
}

ApiAnswer TrelloAccount::get_board(const ApiRequest& request) {
  const auto id = board_of(request);
  const TrelloParams params(request.query);
  const auto fields = params.text(
      "fields",
      "name,desc,descData,closed,idOrganization,idEnterprise,pinned,url,shortUrl,prefs,labelNames");
  NameValues query = request.query;
  std::erase_if(query, [](const auto& pair) { return pair.first == "fields"; });
  query.emplace_back("fields", fields);
  return json_answer(
      record_text(trello_board(data_, *data_.boards.find(id), TrelloParams(query)), id));
}

ApiAnswer TrelloAccount::get_lists(const ApiRequest& request) {
  const TrelloParams params(request.query);
  const auto filter = params.text("filter", "open");
  std::vector<std::string> texts;
  for (const auto& id : data_.lists.keys_of(board_of(request))) {
    const auto& list = *data_.lists.find(id);
    if (!passes(filter, list.at("closed").get<bool>(), false)) continue;
    texts.push_back(record_text(with_fields(list, params.text("fields")), id));
  }
  return json_answer(array_text(texts));
}

// A page holds the newest cards before `before`, but in the order of the board: by list, then from
// top to bottom.
ApiAnswer TrelloAccount::get_board_cards(const ApiRequest& request) {
  const TrelloParams params(request.query);
  const auto in_path = request.params.find("filter");
  const auto filter =
      in_path == request.params.end() ? params.text("filter", "visible") : in_path->second;
  std::vector<std::string> keys;
  for (const auto& id : data_.cards.keys_of(board_of(request))) {
    const auto& card = *data_.cards.find(id);
    const auto& list = *data_.lists.find(card.at("idList"));
    if (passes(filter, card.at("closed").get<bool>(), list.at("closed").get<bool>())) {
      keys.push_back(id);
    }
  }
  const auto limit = static_cast<std::size_t>(limit_of(request, page_max));
  keys = newest(keys, request, limit);
  const auto place = [&](const std::string& id) {
    const auto& card = *data_.cards.find(id);
    return std::pair(data_.lists.find(card.at("idList"))->at("pos").get<double>(),
                     card.at("pos").get<double>());
  };
  std::stable_sort(keys.begin(), keys.end(),
                   [&](const std::string& a, const std::string& b) { return place(a) < place(b); });
  std::vector<std::string> texts;
  for (const auto& id : keys) {
    texts.push_back(record_text(trello_card(data_, *data_.cards.find(id), params), id));
  }
  return json_answer(array_text(texts));
}

ApiAnswer TrelloAccount::get_board_checklists(const ApiRequest& request) {
  std::vector<std::string> texts;
  for (const auto& card : data_.cards.keys_of(board_of(request))) {
    for (const auto& checklist : trello_checklists(data_, card)) {
      texts.push_back(record_text(checklist, checklist.at("id").get<std::string>()));
    }
  }
  return json_answer(array_text(texts));
}

ApiAnswer TrelloAccount::get_labels(const ApiRequest& request) {
  const auto limit = static_cast<std::size_t>(limit_of(request, 50));
  std::vector<std::string> texts;
  for (const auto& id : data_.labels.keys_of(board_of(request))) {
    if (texts.size() >= limit) break;
    texts.push_back(record_text(*data_.labels.find(id), id));
  }
  return json_answer(array_text(texts));
}

ApiAnswer TrelloAccount::get_custom_fields(const ApiRequest& request) {
  std::vector<std::string> texts;
  for (const auto& id : data_.custom_fields.keys_of(board_of(request))) {
    texts.push_back(record_text(*data_.custom_fields.find(id), id));
  }
  return json_answer(array_text(texts));
}

ApiAnswer TrelloAccount::get_field_options(const ApiRequest& request) {
  const auto* field = data_.custom_fields.find(request.param("field"));
  if (field == nullptr) throw TrelloError(404, "Custom Field Not Found");
  return json_answer(field->value("options", JsonRecord::array()).dump());
}

ApiAnswer TrelloAccount::get_board_members(const ApiRequest& request) {
  const TrelloParams params(request.query);
  std::vector<std::string> texts;
  for (const auto& membership : data_.boards.find(board_of(request))->at("memberships")) {
    const std::string id = membership.at("idMember");
    texts.push_back(record_text(
        trello_member(*data_.members.find(id), params.text("fields"), "fullName,username"), id));
  }
  return json_answer(array_text(texts));
}

ApiAnswer TrelloAccount::get_memberships(const ApiRequest& request) {
  std::vector<std::string> texts;
  for (const auto& membership : data_.boards.find(board_of(request))->at("memberships")) {
    texts.push_back(record_text(membership, membership.at("id").get<std::string>()));
  }
  return json_answer(array_text(texts));
}

ApiAnswer TrelloAccount::actions_page(const ApiRequest& request, std::vector<std::string> keys,
                                      const std::string& default_filter) {
  const TrelloParams params(request.query);
  const auto filter = params.text("filter", default_filter);
  if (filter != "all") {
    std::erase_if(keys, [&](const std::string& id) {
      return !matches_filter(*data_.actions.find(id), filter);
    });
  }
  const auto limit = static_cast<std::size_t>(limit_of(request, 50));
  keys = newest(keys, request, limit);
  std::vector<std::string> texts;
  for (auto id = keys.rbegin(); id != keys.rend(); ++id) {
    texts.push_back(record_text(trello_action(data_, *data_.actions.find(*id), params), *id));
  }
  return json_answer(array_text(texts));
}

ApiAnswer TrelloAccount::get_board_actions(const ApiRequest& request) {
  return actions_page(request, vector_of(data_.actions.keys_of(board_of(request))), "all");
}

ApiAnswer TrelloAccount::get_nothing(const ApiRequest& request) {
  const auto id = request.params.find("id");
  const bool is_organization = request.path.starts_with("/1/organizations/");
  if (id != request.params.end() && !is_organization) board_of(request);
  if (is_organization && data_.organizations.find(id->second) == nullptr) {
    throw TrelloError(404, "model not found");
  }
  return json_answer("[]");
}

ApiAnswer TrelloAccount::get_card(const ApiRequest& request) {
  const auto& card = found(data_.cards, request.param("card"));
  return record_answer(trello_card(data_, card, TrelloParams(request.query)));
}

ApiAnswer TrelloAccount::get_list(const ApiRequest& request) {
  const auto fields = TrelloParams(request.query).text("fields", "name,closed,idBoard,pos");
  return record_answer(with_fields(found(data_.lists, request.param("list")), fields));
}

ApiAnswer TrelloAccount::get_label(const ApiRequest& request) {
  const auto fields = TrelloParams(request.query).text("fields", "all");
  return record_answer(with_fields(found(data_.labels, request.param("label")), fields));
}

ApiAnswer TrelloAccount::get_custom_field(const ApiRequest& request) {
  return record_answer(found(data_.custom_fields, request.param("field")));
}

ApiAnswer TrelloAccount::get_card_actions(const ApiRequest& request) {
  const auto& card = request.param("card");
  if (data_.cards.find(card) == nullptr) {
    throw TrelloError(404, "The requested resource was not found.");
  }
  std::vector<std::string> keys;
  for (const auto& [id, action] : data_.actions.all()) {
    const auto& details = action.at("data");
    if (details.contains("card") && details.at("card").at("id") == card) keys.push_back(id);
  }
  return actions_page(request, std::move(keys), "commentCard,updateCard:idList");
}

ApiAnswer TrelloAccount::get_attachments(const ApiRequest& request) {
  const auto& card = request.param("card");
  if (data_.cards.find(card) == nullptr) {
    throw TrelloError(404, "The requested resource was not found.");
  }
  std::vector<std::string> texts;
  for (const auto& id : data_.attachments.keys_of(card)) {
    texts.push_back(record_text(*data_.attachments.find(id), id));
  }
  return json_answer(array_text(texts));
}

ApiAnswer TrelloAccount::get_download(const ApiRequest& request) {
  const auto& id = request.param("attachment");
  const auto* attachment = data_.attachments.find(id);
  const auto content = data_.bytes.find(id);
  if (attachment == nullptr || content == data_.bytes.end() ||
      data_.attachments.owner_of(id) != request.param("card") ||
      attachment->at("fileName") != request.param("name")) {
    throw TrelloError(404, "The requested resource was not found.");
  }
  auto answer = text_answer(content->second);
  answer.type = attachment->at("mimeType");
  return answer;
}

JsonRecord TrelloAccount::token_record() const {
  JsonRecord permissions = JsonRecord::array();
  for (const auto* model : {"member", "board", "organization"}) {
    permissions.push_back({{"idModel", std::string(model) == "member" ? data_.owner() : "*"},
                           {"modelType", model},
                           {"read", true},
                           {"write", true}});
  }
  auto id = data_.owner();
  std::reverse(id.begin(), id.end());
  return {{"id", id},
          {"identifier", "probackup"},
          {"idMember", data_.owner()},
          {"dateCreated", "2024-01-02T03:04:05.678Z"},
          {"dateExpires", nullptr},
          {"permissions", permissions}};
}

ApiAnswer TrelloAccount::get_token(const ApiRequest& request) {
  if (request.param("token") != token_) throw TrelloError(404, "token not found");
  return record_answer(token_record());
}

ApiAnswer TrelloAccount::get_tokens(const ApiRequest& request) {
  auto token = token_record();
  if (TrelloParams(request.query).on("webhooks")) {
    token["webhooks"] = JsonRecord::array();
    for (const auto& [id, webhook] : data_.webhooks.all()) token["webhooks"].push_back(webhook);
  }
  return json_answer(array_text({record_text(token, token.at("id").get<std::string>())}));
}

ApiAnswer TrelloAccount::get_webhooks(const ApiRequest& request) {
  if (request.param("token") != token_) throw TrelloError(404, "token not found");
  std::vector<std::string> texts;
  for (const auto& [id, webhook] : data_.webhooks.all()) texts.push_back(record_text(webhook, id));
  return json_answer(array_text(texts));
}

ApiAnswer TrelloAccount::get_action(const ApiRequest& request) {
  const auto id = trello_id(data_.actions, request.param("action"));
  return record_answer(trello_action(data_, *data_.actions.find(id), TrelloParams(request.query)));
}

ApiAnswer TrelloAccount::get_reactions(const ApiRequest& request) {
  const auto id = trello_id(data_.actions, request.param("action"));
  return json_answer(trello_reactions(data_, id).dump());
}

ApiAnswer TrelloAccount::get_stickers(const ApiRequest& request) {
  const auto id = trello_id(data_.cards, request.param("card"));
  return json_answer(data_.cards.find(id)->at("stickers").dump());
}

// People whose name or user name contains what is asked for.
ApiAnswer TrelloAccount::find_members(const ApiRequest& request) {
  constexpr std::int64_t found_max = 20;
  const auto wanted = to_lower(request.query_value("query").value_or(""));
  const auto limit = request.query_number("limit", 8);
  if (wanted.empty()) throw TrelloError(400, "invalid value for query");
  if (limit < 1 || limit > found_max) throw TrelloError(400, "invalid value for limit");
  std::vector<std::string> texts;
  for (const auto& [id, member] : data_.members.all()) {
    const auto names = to_lower(member.at("username").get<std::string>()) + "\n" +
                       to_lower(member.at("fullName").get<std::string>());
    if (names.find(wanted) == std::string::npos) continue;
    if (texts.size() < static_cast<std::size_t>(limit)) texts.push_back(record_text(member, id));
  }
  return json_answer(array_text(texts));
}

}  // namespace probackup
