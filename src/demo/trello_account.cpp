#include "demo/trello_account.h"

#include "demo/trello_error.h"
#include "demo/trello_views.h"
#include "demo/trello_writes.h"
#include "probackup/error.h"
#include "util/text.h"

namespace probackup {

namespace {

constexpr unsigned history_days = 120;
constexpr auto rate_limit_body =
    R"({"error":"API_TOKEN_LIMIT_EXCEEDED","message":"Rate limit exceeded"})";

ApiAnswer refusal(int status, const std::string& text) {
  return text_answer(text, status);
}

// The value of a name="value" pair in an OAuth Authorization header.
std::optional<std::string> oauth_value(const std::string& header, const std::string& name) {
  const auto begin = header.find(name + "=\"");
  if (!header.starts_with("OAuth ") || begin == std::string::npos) return std::nullopt;
  const auto value = begin + name.size() + 2;
  return header.substr(value, header.find('"', value) - value);
}

}  // namespace

TrelloAccount::TrelloAccount(const TrelloOptions& options, Clock& clock)
    : TrelloAccount(0, {0, 0, 1, 0, 0, 0}, options, clock) {}

TrelloAccount::TrelloAccount(std::uint64_t seed, const TrelloSize& size,
                             const TrelloOptions& options, Clock& clock)
    : options_(options),
      key_(Seeded(mix_seed(seed, "key")).hex(32)),
      token_("ATTA" + Seeded(mix_seed(seed, "token")).hex(64)),
      data_(seed, clock, history_days),
      server_(options.server, clock) {
  server_.add_secret(key_);
  server_.add_secret(token_);
  auto limited = json_answer(rate_limit_body, 429);
  server_.set_fault_answer(Fault::limit_429, std::move(limited));
  server_.set_gate([this](const ApiRequest& request) { return refuse(request); });
  server_.set_finish(add_etag);
  server_.set_change_hook([this](std::uint64_t change_seed) { mutate(change_seed, 1); });
  add_routes();
  add_write_routes();
  data_.api_origin = server_.origin();
  fill_randomly(data_, seed, size);
  if (size.boards > 0) data_.add_webhook("Board changes");
}

std::map<std::string, std::string> TrelloAccount::settings() const {
  return {{"base_url", server_.origin() + "/1"}, {"key", key_}, {"token", token_}};
}

void TrelloAccount::on(const std::string& method, const std::string& path, Handler handler) {
  server_.route(method, path, [this, handler](const ApiRequest& request) {
    const std::lock_guard lock(mutex_);
    try {
      return (this->*handler)(request);
    } catch (const TrelloError& error) {
      return refusal(error.status(), error.what());
    }
  });
}

void TrelloAccount::add_write_routes() {
  for (const auto* writes : {&trello_board_writes(), &trello_list_writes(), &trello_card_writes(),
                             &trello_part_writes()}) {
    for (const auto& write : *writes) {
      server_.route(write.method, write.path, [this, &write](const ApiRequest& request) {
        const std::lock_guard lock(mutex_);
        try {
          data_.catch_up();
          return write.write(data_, request);
        } catch (const TrelloError& error) {
          return refusal(error.status(), error.what());
        }
      });
    }
  }
}

void TrelloAccount::add_routes() {
  on("GET", "/1/members/:member", &TrelloAccount::get_me);
  on("GET", "/1/members/me/boards", &TrelloAccount::get_boards);
  on("GET", "/1/members/me/organizations", &TrelloAccount::get_organizations);
  on("GET", "/1/organizations/:id", &TrelloAccount::get_organization);
  on("GET", "/1/organizations/:id/boards", &TrelloAccount::get_boards);
  on("GET", "/1/organizations/:id/members", &TrelloAccount::get_organization_members);
  on("GET", "/1/organizations/:id/memberships", &TrelloAccount::get_organization_memberships);
  on("GET", "/1/boards/:id", &TrelloAccount::get_board);
  on("GET", "/1/boards/:id/lists", &TrelloAccount::get_lists);
  on("GET", "/1/boards/:id/cards", &TrelloAccount::get_board_cards);
  on("GET", "/1/boards/:id/cards/:filter", &TrelloAccount::get_board_cards);
  on("GET", "/1/boards/:id/checklists", &TrelloAccount::get_board_checklists);
  on("GET", "/1/boards/:id/labels", &TrelloAccount::get_labels);
  on("GET", "/1/boards/:id/customFields", &TrelloAccount::get_custom_fields);
  on("GET", "/1/boards/:id/members", &TrelloAccount::get_board_members);
  on("GET", "/1/boards/:id/memberships", &TrelloAccount::get_memberships);
  on("GET", "/1/boards/:id/actions", &TrelloAccount::get_board_actions);
  on("GET", "/1/customFields/:field/options", &TrelloAccount::get_field_options);
  on("GET", "/1/cards/:card", &TrelloAccount::get_card);
  on("GET", "/1/lists/:list", &TrelloAccount::get_list);
  on("GET", "/1/labels/:label", &TrelloAccount::get_label);
  on("GET", "/1/customFields/:field", &TrelloAccount::get_custom_field);
  on("GET", "/1/cards/:card/actions", &TrelloAccount::get_card_actions);
  on("GET", "/1/cards/:card/attachments", &TrelloAccount::get_attachments);
  on("GET", "/1/cards/:card/attachments/:attachment/download/*name", &TrelloAccount::get_download);
  on("GET", "/1/cards/:card/stickers", &TrelloAccount::get_stickers);
  on("GET", "/1/actions/:action", &TrelloAccount::get_action);
  on("GET", "/1/actions/:action/reactions", &TrelloAccount::get_reactions);
  on("GET", "/1/search/members/", &TrelloAccount::find_members);
  on("GET", "/1/tokens/:token", &TrelloAccount::get_token);
  on("GET", "/1/tokens/:token/webhooks", &TrelloAccount::get_webhooks);
  on("GET", "/1/members/me/tokens", &TrelloAccount::get_tokens);
  for (const auto* none :
       {"/1/boards/:id/boardPlugins", "/1/boards/:id/plugins", "/1/organizations/:id/actions",
        "/1/organizations/:id/pluginData", "/1/organizations/:id/tags", "/1/members/me/boardStars",
        "/1/members/me/savedSearches", "/1/members/me/boardBackgrounds",
        "/1/members/me/customEmoji", "/1/members/me/customStickers"}) {
    on("GET", none, &TrelloAccount::get_nothing);
  }
}

// Key and token come in the Authorization header or in the query; downloads take the header only.
std::optional<ApiAnswer> TrelloAccount::refuse(const ApiRequest& request) const {
  const auto header = request.header("authorization").value_or("");
  auto key = oauth_value(header, "oauth_consumer_key");
  auto token = oauth_value(header, "oauth_token");
  const bool is_download = request.path.find("/download/") != std::string::npos;
  if (!is_download && !key) key = request.query_value("key");
  if (!is_download && !token) token = request.query_value("token");
  if (is_download && (!key || !token)) return refusal(401, "unauthorized permission requested");
  if (key != key_) return refusal(401, "invalid key");
  if (token != token_) return refusal(401, token ? "invalid token" : "missing scopes");
  return std::nullopt;
}

std::vector<std::string> TrelloAccount::streams() const {
  return {"organizations", "boards",  "lists",       "cards",   "checklists",  "labels",
          "customFields",  "members", "memberships", "actions", "attachments", "webhooks"};
}

TestAccount::Truth TrelloAccount::truth(const std::string& stream, const std::string& query) const {
  const std::lock_guard lock(mutex_);
  const auto values = parse_form(query);
  const TrelloParams params(values);
  Truth records;
  const auto all = [&](const RecordTable& table, auto view) {
    for (const auto& [id, record] : table.all()) records[id] = record_text(view(record), id);
  };
  const auto as_is = [](const JsonRecord& record) -> const JsonRecord& { return record; };
  if (stream == "organizations") {
    all(data_.organizations,
        [&](const JsonRecord& r) { return trello_organization(data_, r, params); });
  } else if (stream == "boards") {
    all(data_.boards, [&](const JsonRecord& r) { return trello_board(data_, r, params); });
  } else if (stream == "cards") {
    all(data_.cards, [&](const JsonRecord& r) { return trello_card(data_, r, params); });
  } else if (stream == "actions") {
    all(data_.actions, [&](const JsonRecord& r) { return trello_action(data_, r, params); });
  } else if (stream == "members" || stream == "memberships") {
    for (const auto& [board, record] : data_.boards.all()) {
      for (const auto& membership : record.at("memberships")) {
        const std::string member = membership.at("idMember");
        const std::string id = membership.at("id");
        if (stream == "memberships") {
          records[board + "/" + id] = record_text(membership, id);
        } else {
          records[member] = record_text(trello_member(*data_.members.find(member),
                                                      params.text("fields"), "fullName,username"),
                                        member);
        }
      }
    }
  } else {
    const std::map<std::string, const RecordTable*> plain{{"lists", &data_.lists},
                                                          {"checklists", &data_.checklists},
                                                          {"labels", &data_.labels},
                                                          {"customFields", &data_.custom_fields},
                                                          {"attachments", &data_.attachments},
                                                          {"webhooks", &data_.webhooks}};
    const auto table = plain.find(stream);
    if (table == plain.end()) throw Error("the Trello account has no stream " + stream);
    all(*table->second, as_is);
  }
  return records;
}

TestAccount::Truth TrelloAccount::files() const {
  const std::lock_guard lock(mutex_);
  Truth files;
  for (const auto& [id, content] : data_.bytes) {
    files[data_.attachments.owner_of(id) + "/" + id] = content;
  }
  return files;
}

void TrelloAccount::mutate(std::uint64_t seed, unsigned changes) {
  const std::lock_guard lock(mutex_);
  data_.catch_up();
  for (unsigned i = 0; i < changes; ++i) {
    change_randomly(data_, mix_seed(seed, std::to_string(i)), options_.only_dated_changes);
  }
}

}  // namespace probackup
