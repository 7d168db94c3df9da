// The calls of Trello's API that change something, as functions of the account's data.
// https://developer.atlassian.com/cloud/trello/rest/
#pragma once

#include <string>
#include <vector>

#include "demo/api_message.h"
#include "demo/trello_data.h"

namespace probackup {

struct TrelloWrite {
  const char* method;
  const char* path;  // as ApiServer::route takes it
  // Throws TrelloError for what Trello refuses.
  ApiAnswer (*write)(TrelloData&, const ApiRequest&);
};

// Workspaces, boards and the people on them.
const std::vector<TrelloWrite>& trello_board_writes();
// Lists, labels and custom fields of a board.
const std::vector<TrelloWrite>& trello_list_writes();
// Cards, with their members, labels, votes, stickers and custom field values.
const std::vector<TrelloWrite>& trello_card_writes();
// Checklists, attachments, comments and reactions.
const std::vector<TrelloWrite>& trello_part_writes();

}  // namespace probackup
