// A Trello account on loopback: a TrelloData behind the part of Trello's REST API v1 that a backup
// reads, and the calls that write the same records. Copying (idBoardSource, idListSource,
// idCardSource, idChecklistSource) is refused with 501, and no limit on counts or file sizes is
// enforced.
// https://developer.atlassian.com/cloud/trello/rest/
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "demo/test_account.h"
#include "demo/trello_data.h"
#include "demo/trello_random.h"

namespace probackup {

struct TrelloOptions {
  // Keeps mutate() from what an incremental read of actions cannot see, though Trello lets people
  // do it: editing and deleting comments, deleting cards (their actions go with them) and boards.
  bool only_dated_changes = false;
  // Reads an id in `before` as nothing but its second, so that what else was made in that second is
  // left out: https://github.com/trello-archive/api-docs/issues/68 reports that of the real
  // service.
  bool before_by_second = false;
  ApiServerOptions server;
};

class TrelloAccount : public TestAccount {
 public:
  // An empty account with one member's key and token. So is a random one of the size
  // {0, 0, 1, 0, 0, 0}; accounts of different seeds have no id in common.
  explicit TrelloAccount(const TrelloOptions& options = {}, Clock& clock = system_clock());
  // A random account.
  TrelloAccount(std::uint64_t seed, const TrelloSize& size, const TrelloOptions& options = {},
                Clock& clock = system_clock());

  std::string app() const override { return "trello"; }
  std::map<std::string, std::string> settings() const override;
  // organizations, boards, lists, cards, checklists, labels, customFields, members, memberships
  // ("BOARD/ID"), actions, attachments, webhooks.
  std::vector<std::string> streams() const override;
  Truth truth(const std::string& stream, const std::string& query = {}) const override;
  Truth files() const override;
  void mutate(std::uint64_t seed, unsigned changes) override;
  ApiServer& server() override { return server_; }

  // Lets a function change the data while no request is being answered.
  template <typename Function>
  auto change(Function function) {
    const std::lock_guard lock(mutex_);
    return function(data_);
  }

 private:
  using Handler = ApiAnswer (TrelloAccount::*)(const ApiRequest&);

  void add_routes();
  void add_write_routes();
  void on(const std::string& method, const std::string& path, Handler handler);
  std::optional<ApiAnswer> refuse(const ApiRequest& request) const;

  ApiAnswer get_me(const ApiRequest&);
  ApiAnswer get_boards(const ApiRequest&);
  ApiAnswer get_organizations(const ApiRequest&);
  ApiAnswer get_organization(const ApiRequest&);
  ApiAnswer get_organization_members(const ApiRequest&);
  ApiAnswer get_organization_memberships(const ApiRequest&);
  ApiAnswer get_board(const ApiRequest&);
  ApiAnswer get_lists(const ApiRequest&);
  ApiAnswer get_board_cards(const ApiRequest&);
  ApiAnswer get_board_checklists(const ApiRequest&);
  ApiAnswer get_labels(const ApiRequest&);
  ApiAnswer get_custom_fields(const ApiRequest&);
  ApiAnswer get_field_options(const ApiRequest&);
  ApiAnswer get_board_members(const ApiRequest&);
  ApiAnswer get_memberships(const ApiRequest&);
  ApiAnswer get_board_actions(const ApiRequest&);
  ApiAnswer get_nothing(const ApiRequest&);
  ApiAnswer get_card(const ApiRequest&);
  ApiAnswer get_list(const ApiRequest&);
  ApiAnswer get_label(const ApiRequest&);
  ApiAnswer get_custom_field(const ApiRequest&);
  ApiAnswer get_card_actions(const ApiRequest&);
  ApiAnswer get_attachments(const ApiRequest&);
  ApiAnswer get_download(const ApiRequest&);
  ApiAnswer get_token(const ApiRequest&);
  ApiAnswer get_tokens(const ApiRequest&);
  ApiAnswer get_webhooks(const ApiRequest&);
  ApiAnswer get_action(const ApiRequest&);
  ApiAnswer get_reactions(const ApiRequest&);
  ApiAnswer get_stickers(const ApiRequest&);
  ApiAnswer find_members(const ApiRequest&);

  ApiAnswer actions_page(const ApiRequest&, std::vector<std::string> keys,
                         const std::string& default_filter);
  JsonRecord token_record() const;
  std::string board_of(const ApiRequest&) const;
  std::string organization_of(const ApiRequest&) const;
  std::string boundary(const std::string& text, bool is_before) const;
  std::vector<std::string> newest(const std::vector<std::string>& keys, const ApiRequest&,
                                  std::size_t limit) const;

  const TrelloOptions options_;
  const std::string key_, token_;
  mutable std::mutex mutex_;
  TrelloData data_;
  ApiServer server_;  // last: its threads end first
};

}  // namespace probackup
