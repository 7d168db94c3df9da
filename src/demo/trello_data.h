// What a Trello account holds, and the changes that people make to it. Every change leaves the
// action and moves the dateLastActivity that Trello's own would.
// Field names: https://developer.atlassian.com/cloud/trello/guides/rest-api/object-definitions/
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "demo/account_time.h"
#include "demo/record_table.h"

namespace probackup {

// Not for concurrent calls. Methods that take ids expect ids of existing records.
class TrelloData {
 public:
  // Records made before catch_up() are dated in the `days` before now.
  TrelloData(std::uint64_t seed, Clock& clock, unsigned days);

  std::string add_member(const std::string& username, const std::string& full_name);
  std::string add_organization(const std::string& name);
  // One of the token's, for its member.
  std::string add_webhook(const std::string& description);
  // `organization` may be "" for a personal board. The first member owns everything.
  std::string add_board(const std::string& organization, const std::string& name,
                        const std::string& description);
  void join_board(const std::string& board, const std::string& member);
  std::string add_list(const std::string& board, const std::string& name);
  std::string add_label(const std::string& board, const std::string& name,
                        const std::string& color);
  // `type` is checkbox, date, list, number or text; `options` is for lists.
  std::string add_custom_field(const std::string& board, const std::string& name,
                               const std::string& type, const std::vector<std::string>& options);
  std::string add_card(const std::string& list, const std::string& name,
                       const std::string& description);
  std::string add_comment(const std::string& card, const std::string& member,
                          const std::string& text);
  std::string add_checklist(const std::string& card, const std::string& name);
  std::string add_check_item(const std::string& checklist, const std::string& name, bool done);
  // Uploads a file.
  std::string attach_file(const std::string& card, const std::string& name,
                          const std::string& mime_type, std::string bytes);
  std::string attach_link(const std::string& card, const std::string& name, const std::string& url);
  void label_card(const std::string& card, const std::string& label);
  void assign_card(const std::string& card, const std::string& member);
  // `value` as Trello keeps it: {"text":…}, {"number":"…"}, {"checked":"true"}, {"date":…}; null
  // with `option` for a list.
  void set_field(const std::string& card, const std::string& field, const JsonRecord& value,
                 const std::string& option);

  // Sets members of a card (name, desc, due, dueComplete, closed, pos, idList).
  void update_card(const std::string& card, const JsonRecord& changes);
  void update_list(const std::string& list, const JsonRecord& changes);
  void update_board(const std::string& board, const JsonRecord& changes);
  void check_item(const std::string& checklist, const std::string& item, bool done);
  // Trello edits a comment in place: its action keeps its date.
  void edit_comment(const std::string& action, const std::string& text);
  void delete_comment(const std::string& action);
  void delete_attachment(const std::string& card, const std::string& attachment);
  void delete_checklist(const std::string& checklist);
  void delete_label(const std::string& label);
  // The card's actions go with it; a deleteCard action stays.
  void delete_card(const std::string& card);
  void delete_board(const std::string& board);

  // What the changes above leave out, in trello_details.cpp.
  void unlabel_card(const std::string& card, const std::string& label);
  void unassign_card(const std::string& card, const std::string& member);
  // The token's member votes for a card, or no longer does.
  void vote(const std::string& card, const std::string& member, bool on);
  void clear_field(const std::string& card, const std::string& field);
  // Sets members of a card's cover (color, brightness, size, idAttachment).
  void set_cover(const std::string& card, const JsonRecord& cover);
  std::string add_sticker(const std::string& card, JsonRecord sticker);
  void update_check_item(const std::string& checklist, const std::string& item,
                         const JsonRecord& changes);
  void move_check_item(const std::string& from, const std::string& item, const std::string& to);
  void delete_check_item(const std::string& checklist, const std::string& item);
  void update_checklist(const std::string& checklist, const JsonRecord& changes);
  void update_label(const std::string& label, const JsonRecord& changes);
  void update_custom_field(const std::string& field, const JsonRecord& changes);
  // `option` has value, color and pos.
  std::string add_option(const std::string& field, JsonRecord option);
  void delete_option(const std::string& field, const std::string& option);
  void delete_custom_field(const std::string& field);
  void move_list(const std::string& list, const std::string& board);
  // admin, normal or observer; joins where the member does not belong yet.
  void set_membership(const std::string& board, const std::string& member, const std::string& type,
                      bool unconfirmed = false);
  void leave_board(const std::string& board, const std::string& member);
  void move_board(const std::string& board, const std::string& organization);
  void update_organization(const std::string& organization, const JsonRecord& changes);
  // Its boards stay, without a workspace.
  void delete_organization(const std::string& organization);
  bool is_in(const std::string& organization, const std::string& member) const;
  void join_organization(const std::string& organization, const std::string& member, bool on);
  std::string add_reaction(const std::string& action, JsonRecord emoji);

  // From here on changes are dated now.
  void catch_up() { time_.catch_up(); }

  const std::string& owner() const { return owner_; }
  int comments_of(const std::string& card) const;

  // By id; the owner is the board unless noted.
  RecordTable members;        // no owner
  RecordTable organizations;  // no owner
  RecordTable boards;         // organization or ""
  RecordTable lists, cards, labels, custom_fields, actions;
  RecordTable checklists, attachments;       // card
  RecordTable reactions;                     // action
  RecordTable webhooks;                      // no owner
  std::map<std::string, std::string> bytes;  // uploads by attachment id
  // Base of the links inside records; set once the server listens.
  std::string api_origin = "https://api.trello.com";

 private:
  std::string new_id();
  std::string stamp();
  double next_pos(const RecordTable& table, const std::string& owner_field,
                  const std::string& owner, const std::string& board) const;
  void move_to_board(const std::string& card, const std::string& board);
  void touch_card(const std::string& card);
  void touch_board(const std::string& board);
  std::string act(const std::string& type, const std::string& board, const std::string& card,
                  const std::string& member, JsonRecord data);

  std::map<std::string, int> comment_counts_;             // by card
  std::map<std::string, std::set<std::string>> outside_;  // members in no such workspace
  AccountTime time_;
  const std::uint64_t machine_;  // makes ids of one account unlike those of another
  std::uint64_t counter_ = 0;
  std::string owner_;
};

// "2024-05-01T12:00:00.000Z".
std::string trello_time(Time time);
// "website-relaunch", for URLs.
std::string trello_slug(const std::string& name);

}  // namespace probackup
