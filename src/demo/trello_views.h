// Records of a TrelloData as Trello's REST API sends them, with what a request's parameters add.
// https://developer.atlassian.com/cloud/trello/guides/rest-api/nested-resources/
#pragma once

#include <string>

#include "demo/api_message.h"
#include "demo/trello_data.h"

namespace probackup {

// The parameters of a request that shape its records: fields, attachments, checklists, …
class TrelloParams {
 public:
  explicit TrelloParams(const NameValues& query) : query_(query) {}
  // The value, or `fallback`.
  std::string text(std::string_view name, const std::string& fallback = {}) const;
  // "true", or any other value but "false" and "none".
  bool on(std::string_view name) const;

 private:
  const NameValues& query_;
};

// Each takes the plain record and gives what is sent for it.
JsonRecord trello_board(const TrelloData& data, const JsonRecord& board,
                        const TrelloParams& params);
JsonRecord trello_card(const TrelloData& data, const JsonRecord& card, const TrelloParams& params);
JsonRecord trello_action(const TrelloData& data, const JsonRecord& action,
                         const TrelloParams& params);
// `fields` and `default_fields` as in "fullName,username"; the latter when the former is "".
JsonRecord trello_member(const JsonRecord& member, const std::string& fields,
                         const std::string& default_fields);
// The token's own member, with what only it may see.
JsonRecord trello_me(const TrelloData& data, const std::string& fields);
JsonRecord trello_organization(const TrelloData& data, const JsonRecord& organization,
                               const TrelloParams& params);
// The checklists of a card in their order.
JsonRecord trello_checklists(const TrelloData& data, const std::string& card);
// The members that belong to a workspace, as membership objects.
JsonRecord trello_memberships(const TrelloData& data, const std::string& organization);
// A reaction with its member and emoji.
JsonRecord trello_reaction(const TrelloData& data, const JsonRecord& reaction);
JsonRecord trello_reactions(const TrelloData& data, const std::string& action);

}  // namespace probackup
