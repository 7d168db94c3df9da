#include "demo/trello_data.h"

#include <fmt/format.h>

#include <algorithm>

#include "util/text.h"
#include "util/time.h"

namespace probackup {

namespace {

constexpr auto site = "https://trello.com";
constexpr double pos_step = 16384;

std::string short_link(const std::string& id) {
  static constexpr std::string_view letters =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  Seeded dice(mix_seed(1, id));
  std::string text;
  for (int i = 0; i < 8; ++i) text += letters[dice.below(letters.size())];
  return text;
}

JsonRecord board_prefs() {
  return {{"permissionLevel", "org"},
          {"hideVotes", false},
          {"voting", "disabled"},
          {"comments", "members"},
          {"invitations", "members"},
          {"selfJoin", true},
          {"cardCovers", true},
          {"isTemplate", false},
          {"cardAging", "regular"},
          {"calendarFeedEnabled", false},
          {"background", "blue"},
          {"backgroundImage", nullptr},
          {"backgroundImageScaled", nullptr},
          {"backgroundTile", false},
          {"backgroundBrightness", "dark"},
          {"backgroundBottomColor", "#0079BF"},
          {"backgroundTopColor", "#0079BF"},
          {"canBePublic", true},
          {"canBeEnterprise", true},
          {"canBeOrg", true},
          {"canBePrivate", true},
          {"canInvite", true}};
}

}  // namespace

std::string trello_time(Time time) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto seconds = format_time(second, "%Y-%m-%dT%H:%M:%S");
  return fmt::format("{}.{:03}Z", seconds, (ms - second).count());
}

std::string trello_slug(const std::string& name) {
  std::string slug;
  for (const char c : to_lower(name.substr(0, 60))) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (kept) {
      slug += c;
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  while (!slug.empty() && slug.back() == '-') slug.pop_back();
  return slug;
}

TrelloData::TrelloData(std::uint64_t seed, Clock& clock, unsigned days)
    : time_(seed, clock, days), machine_(mix_seed(seed, "machine") & 0xffffffffffULL) {}

int TrelloData::comments_of(const std::string& card) const {
  const auto found = comment_counts_.find(card);
  return found == comment_counts_.end() ? 0 : found->second;
}

std::string TrelloData::stamp() {
  return trello_time(time_.now());
}

// An id is an ObjectId: the creation second, then what makes it unique, both in hex.
std::string TrelloData::new_id() {
  time_.step();
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time_.now().time_since_epoch()).count();
  return fmt::format("{:08x}{:010x}{:06x}", static_cast<std::uint32_t>(seconds), machine_,
                     static_cast<std::uint32_t>(++counter_ & 0xffffff));
}

double TrelloData::next_pos(const RecordTable& table, const std::string& owner_field,
                            const std::string& owner, const std::string& board) const {
  double last = 0;
  for (const auto& key : table.keys_of(board)) {
    const auto& record = *table.find(key);
    if (record.at(owner_field) == owner) last = std::max(last, record.at("pos").get<double>());
  }
  return last + pos_step;
}

std::string TrelloData::act(const std::string& type, const std::string& board,
                            const std::string& card, const std::string& member, JsonRecord data) {
  const auto id = new_id();
  const auto& board_record = *boards.find(board);
  if (!card.empty()) {
    if (const auto* record = cards.find(card)) {
      const auto& list = *lists.find(record->at("idList"));
      data["list"] = {{"id", list.at("id")}, {"name", list.at("name")}};
      data["card"].update(JsonRecord{{"id", card},
                                     {"name", record->at("name")},
                                     {"idShort", record->at("idShort")},
                                     {"shortLink", record->at("shortLink")}});
    }
  }
  data["board"] = {{"id", board},
                   {"name", board_record.at("name")},
                   {"shortLink", board_record.at("shortLink")}};
  actions.put(id, board,
              {{"id", id},
               {"idMemberCreator", member},
               {"data", std::move(data)},
               {"appCreator", nullptr},
               {"type", type},
               {"date", stamp()},
               {"limits", JsonRecord::object()}});
  touch_board(board);
  if (!card.empty()) touch_card(card);
  return id;
}

void TrelloData::touch_board(const std::string& board) {
  (*boards.find(board))["dateLastActivity"] = stamp();
}

void TrelloData::touch_card(const std::string& card) {
  if (auto* record = cards.find(card)) (*record)["dateLastActivity"] = stamp();
}

std::string TrelloData::add_member(const std::string& username, const std::string& full_name) {
  const auto id = new_id();
  const auto hash = Seeded(mix_seed(2, id)).hex(32);
  std::string initials;
  for (const auto& word : split(full_name, ' ')) {
    if (!word.empty() && initials.size() < 4) initials += word.substr(0, 1);
  }
  members.put(id, "",
              {{"id", id},
               {"activityBlocked", false},
               {"avatarHash", hash},
               {"avatarUrl", "https://trello-members.s3.amazonaws.com/" + id + "/" + hash},
               {"bio", ""},
               {"bioData", {{"emoji", JsonRecord::object()}}},
               {"confirmed", true},
               {"fullName", full_name},
               {"idEnterprise", nullptr},
               {"idEnterprisesDeactivated", JsonRecord::array()},
               {"idMemberReferrer", nullptr},
               {"idPremOrgsAdmin", JsonRecord::array()},
               {"initials", initials},
               {"memberType", "normal"},
               {"nonPublic", JsonRecord::object()},
               {"nonPublicAvailable", false},
               {"products", JsonRecord::array()},
               {"url", std::string(site) + "/" + username},
               {"username", username},
               {"status", "disconnected"}});
  if (owner_.empty()) owner_ = id;
  return id;
}

std::string TrelloData::add_organization(const std::string& name) {
  const auto id = new_id();
  const auto slug = trello_slug(name) + id.substr(18);
  organizations.put(id, "",
                    {{"id", id},
                     {"name", slug},
                     {"displayName", name},
                     {"desc", ""},
                     {"descData", {{"emoji", JsonRecord::object()}}},
                     {"url", std::string(site) + "/w/" + slug},
                     {"website", nullptr},
                     {"teamType", nullptr},
                     {"logoHash", nullptr},
                     {"logoUrl", nullptr},
                     {"offering", "trello.standard"},
                     {"dateLastActivity", stamp()},
                     {"products", JsonRecord::array()},
                     {"powerUps", JsonRecord::array()},
                     {"premiumFeatures", {"additionalBoardBackgrounds", "customFields"}}});
  return id;
}

std::string TrelloData::add_board(const std::string& organization, const std::string& name,
                                  const std::string& description) {
  const auto id = new_id();
  const auto link = short_link(id);
  JsonRecord board{
      {"id", id},
      {"name", name},
      {"desc", description},
      {"descData", nullptr},
      {"closed", false},
      {"dateClosed", nullptr},
      {"idMemberCreator", owner_},
      {"idOrganization", organization.empty() ? JsonRecord(nullptr) : JsonRecord(organization)},
      {"idEnterprise", nullptr},
      {"pinned", false},
      {"starred", false},
      {"subscribed", false},
      {"enterpriseOwned", false},
      {"url", fmt::format("{}/b/{}/{}", site, link, trello_slug(name))},
      {"shortUrl", fmt::format("{}/b/{}", site, link)},
      {"shortLink", link},
      {"prefs", board_prefs()},
      {"labelNames", JsonRecord::object()},
      {"powerUps", JsonRecord::array()},
      {"idTags", JsonRecord::array()},
      {"datePluginDisable", nullptr},
      {"creationMethod", nullptr},
      {"ixUpdate", 1},
      {"templateGallery", nullptr},
      {"dateLastActivity", stamp()},
      {"dateLastView", stamp()},
      {"memberships", JsonRecord::array()}};
  for (const auto* color : {"green", "yellow", "orange", "red", "purple", "blue"}) {
    board["labelNames"][color] = "";
  }
  boards.put(id, organization, std::move(board));
  join_board(id, owner_);
  act("createBoard", id, "", owner_, JsonRecord::object());
  return id;
}

void TrelloData::join_board(const std::string& board, const std::string& member) {
  (*boards.find(board))["memberships"].push_back(
      {{"id", new_id()},
       {"idMember", member},
       {"memberType", member == owner_ ? "admin" : "normal"},
       {"unconfirmed", false},
       {"deactivated", false}});
  if (member != owner_) {
    act("addMemberToBoard", board, "", owner_, {{"idMember", member}, {"memberType", "normal"}});
  }
}

std::string TrelloData::add_list(const std::string& board, const std::string& name) {
  const auto id = new_id();
  lists.put(id, board,
            {{"id", id},
             {"name", name},
             {"closed", false},
             {"color", nullptr},
             {"idBoard", board},
             {"pos", next_pos(lists, "idBoard", board, board)},
             {"subscribed", false},
             {"softLimit", nullptr},
             {"type", nullptr}});
  act("createList", board, "", owner_, {{"list", {{"id", id}, {"name", name}}}});
  return id;
}

std::string TrelloData::add_label(const std::string& board, const std::string& name,
                                  const std::string& color) {
  const auto id = new_id();
  labels.put(id, board,
             {{"id", id},
              {"idBoard", board},
              {"name", name},
              {"color", color.empty() ? JsonRecord(nullptr) : JsonRecord(color)},
              {"uses", 0}});
  touch_board(board);
  return id;
}

std::string TrelloData::add_custom_field(const std::string& board, const std::string& name,
                                         const std::string& type,
                                         const std::vector<std::string>& options) {
  const auto id = new_id();
  JsonRecord field{{"id", id},
                   {"idModel", board},
                   {"modelType", "board"},
                   {"fieldGroup", Seeded(mix_seed(3, id)).hex(64)},
                   {"display", {{"cardFront", true}}},
                   {"name", name},
                   {"pos", next_pos(custom_fields, "idModel", board, board)},
                   {"type", type},
                   {"isSuggestedField", false}};
  if (type == "list") {
    field["options"] = JsonRecord::array();
    for (const auto& option : options) {
      field["options"].push_back(
          {{"id", new_id()},
           {"idCustomField", id},
           {"value", {{"text", option}}},
           {"color", "none"},
           {"pos", pos_step * static_cast<double>(field["options"].size() + 1)}});
    }
  }
  custom_fields.put(id, board, std::move(field));
  touch_board(board);
  return id;
}

std::string TrelloData::add_card(const std::string& list, const std::string& name,
                                 const std::string& description) {
  const auto id = new_id();
  const std::string board = lists.find(list)->at("idBoard");
  auto& board_record = *boards.find(board);
  const auto number =
      board_record["ixUpdate"].get<int>();  // grows with every card, never again used
  board_record["ixUpdate"] = number + 1;
  const auto link = short_link(id);
  cards.put(id, board,
            {{"id", id},
             {"closed", false},
             {"dueComplete", false},
             {"dateLastActivity", stamp()},
             {"desc", description},
             {"descData", {{"emoji", JsonRecord::object()}}},
             {"due", nullptr},
             {"dueReminder", nullptr},
             {"email", nullptr},
             {"idBoard", board},
             {"idList", list},
             {"idMembers", JsonRecord::array()},
             {"idMembersVoted", JsonRecord::array()},
             {"idShort", number},
             {"idAttachmentCover", nullptr},
             {"idLabels", JsonRecord::array()},
             {"manualCoverAttachment", false},
             {"name", name},
             {"pos", next_pos(cards, "idList", list, board)},
             {"shortLink", link},
             {"shortUrl", fmt::format("{}/c/{}", site, link)},
             {"start", nullptr},
             {"subscribed", false},
             {"url", fmt::format("{}/c/{}/{}-{}", site, link, number, trello_slug(name))},
             {"cover",
              {{"idAttachment", nullptr},
               {"color", nullptr},
               {"idUploadedBackground", nullptr},
               {"size", "normal"},
               {"brightness", "dark"},
               {"idPlugin", nullptr}}},
             {"isTemplate", false},
             {"cardRole", nullptr},
             {"customFieldItems", JsonRecord::array()},
             {"stickers", JsonRecord::array()},
             {"pluginData", JsonRecord::array()}});
  act("createCard", board, id, owner_, JsonRecord::object());
  return id;
}

std::string TrelloData::add_comment(const std::string& card, const std::string& member,
                                    const std::string& text) {
  ++comment_counts_[card];
  return act("commentCard", cards.owner_of(card), card, member, {{"text", text}});
}

std::string TrelloData::add_checklist(const std::string& card, const std::string& name) {
  const auto id = new_id();
  const auto board = cards.owner_of(card);
  checklists.put(id, card,
                 {{"id", id},
                  {"name", name},
                  {"idBoard", board},
                  {"idCard", card},
                  {"pos", next_pos(checklists, "idCard", card, card)},
                  {"checkItems", JsonRecord::array()}});
  act("addChecklistToCard", board, card, owner_, {{"checklist", {{"id", id}, {"name", name}}}});
  return id;
}

std::string TrelloData::add_check_item(const std::string& checklist, const std::string& name,
                                       bool done) {
  const auto id = new_id();
  auto& record = *checklists.find(checklist);
  auto& items = record["checkItems"];
  items.push_back({{"id", id},
                   {"name", name},
                   {"nameData", {{"emoji", JsonRecord::object()}}},
                   {"pos", pos_step * static_cast<double>(items.size() + 1)},
                   {"state", done ? "complete" : "incomplete"},
                   {"due", nullptr},
                   {"dueReminder", nullptr},
                   {"idMember", nullptr},
                   {"idChecklist", checklist}});
  touch_card(record["idCard"]);
  touch_board(record["idBoard"]);
  return id;
}

std::string TrelloData::attach_file(const std::string& card, const std::string& name,
                                    const std::string& mime_type, std::string content) {
  const auto id = new_id();
  const bool is_path = name == "." || name == "..";  // no URL can end so
  const auto file_name = is_path ? "file" : name.substr(0, 200);
  attachments.put(id, card,
                  {{"id", id},
                   {"bytes", content.size()},
                   {"date", stamp()},
                   {"edgeColor", nullptr},
                   {"idMember", owner_},
                   {"isUpload", true},
                   {"mimeType", mime_type},
                   {"name", name},
                   {"previews", JsonRecord::array()},
                   {"url", fmt::format("{}/1/cards/{}/attachments/{}/download/{}", api_origin, card,
                                       id, url_encode(file_name))},
                   {"pos", pos_step * static_cast<double>(attachments.keys_of(card).size() + 1)},
                   {"fileName", file_name}});
  bytes[id] = std::move(content);
  act("addAttachmentToCard", cards.owner_of(card), card, owner_,
      {{"attachment", {{"id", id}, {"name", name}}}});
  return id;
}

std::string TrelloData::attach_link(const std::string& card, const std::string& name,
                                    const std::string& url) {
  const auto id = new_id();
  attachments.put(id, card,
                  {{"id", id},
                   {"bytes", nullptr},
                   {"date", stamp()},
                   {"edgeColor", nullptr},
                   {"idMember", owner_},
                   {"isUpload", false},
                   {"mimeType", ""},
                   {"name", name},
                   {"previews", JsonRecord::array()},
                   {"url", url},
                   {"pos", pos_step * static_cast<double>(attachments.keys_of(card).size() + 1)},
                   {"fileName", nullptr}});
  act("addAttachmentToCard", cards.owner_of(card), card, owner_,
      {{"attachment", {{"id", id}, {"name", name}, {"url", url}}}});
  return id;
}

}  // namespace probackup
