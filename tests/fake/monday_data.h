// What a monday.com account holds, and the changes that people make to it. Records have the names
// of the API's GraphQL types and fields; what a field refers to stands in members such as
// "owner_ids". https://developer.monday.com/api-reference/reference
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "demo/account_time.h"
#include "demo/record_table.h"

namespace probackup {

// Keys are ids: numbers of 10 digits, which grow, but for blocks of docs. Not for concurrent calls.
// Methods that take ids expect those of existing records.
class MondayData {
 public:
  // Records made before catch_up() are dated in the `days` before now.
  MondayData(std::uint64_t seed, Clock& clock, unsigned days)
      : time_(seed, clock, days), ids_(seed) {}

  // Every kind of record by its type: "Board", "Item". The owner is what it hangs below.
  RecordTable& table(const std::string& type) { return tables_[type]; }
  const RecordTable& table(const std::string& type) const;
  JsonRecord& at(const std::string& type, const std::string& id) { return *tables_[type].find(id); }
  const JsonRecord& at(const std::string& type, const std::string& id) const {
    return *table(type).find(id);
  }
  // Adds a record with an id and its type; returns the id.
  std::string add(const std::string& type, const std::string& owner, JsonRecord members);
  void erase(const std::string& type, const std::string& id) { tables_[type].erase(id); }

  // The first user is the token's. The first workspace is the main one.
  std::string add_user(const std::string& name, const std::string& email);
  std::string add_team(const std::string& name, const std::vector<std::string>& users);
  std::string add_workspace(const std::string& name, const std::string& kind);
  std::string add_folder(const std::string& workspace, const std::string& parent,
                         const std::string& name);
  // With the column of names and one group. `workspace` "": the main one.
  std::string add_board(const std::string& workspace, const std::string& folder,
                        const std::string& name, const std::string& kind);
  std::string add_group(const std::string& board, const std::string& title,
                        const std::string& color);
  // Returns its id; "" for `id` makes one.
  std::string add_column(const std::string& board, const std::string& type,
                         const std::string& title, const JsonRecord& settings,
                         const std::string& id = {});
  std::string add_item(const std::string& board, const std::string& group, const std::string& name);
  // The board of subitems is made with the first.
  std::string add_subitem(const std::string& item, const std::string& name);
  // `item` "": on the board itself.
  std::string add_update(const std::string& board, const std::string& item, const std::string& user,
                         const std::string& body);
  std::string add_reply(const std::string& update, const std::string& user,
                        const std::string& body);
  std::string add_asset(const std::string& owner, const std::string& name, std::string bytes);
  std::string attach_to_column(const std::string& item, const std::string& column,
                               const std::string& name, std::string bytes);
  std::string add_tag(const std::string& name);
  std::string add_doc(const std::string& workspace, const std::string& folder,
                      const std::string& name);
  // `owner`: a doc or the description of an item; behind `after`, "" for the first place.
  std::string add_block(const std::string& owner, const std::string& type, JsonRecord content,
                        const std::string& after);

  const JsonRecord* find_column(const std::string& board, const std::string& column) const;
  JsonRecord* find_column(const std::string& board, const std::string& column);
  const JsonRecord* find_group(const std::string& board, const std::string& group) const;
  // The stored value of a column; null for none.
  JsonRecord value(const std::string& item, const std::string& column) const;
  void set_value(const std::string& item, const std::string& column, const JsonRecord& value);
  void rename_item(const std::string& item, const std::string& name);
  void move_item(const std::string& item, const std::string& group);
  // Archived items are no longer listed; "active" brings them back.
  void set_item_state(const std::string& item, const std::string& state);
  void set_board_state(const std::string& board, const std::string& state);
  void edit_update(const std::string& update, const std::string& body);
  void delete_update(const std::string& update);
  void delete_item(const std::string& item);
  void delete_group(const std::string& board, const std::string& group);
  void delete_column(const std::string& board, const std::string& column);
  void delete_board(const std::string& board);  // for good
  void delete_doc(const std::string& doc);

  // Writes a line of the board's activity and dates the board.
  void log(const std::string& board, const std::string& event, JsonRecord data);
  void catch_up() { time_.catch_up(); }
  std::string stamp(bool with_fraction = false);  // now, and a moment on
  const std::string& me() const { return me_; }

  std::map<std::string, std::string> bytes;  // of files, by asset

 private:
  std::string new_id();
  void touch_item(const std::string& item);

  std::map<std::string, RecordTable> tables_;
  AccountTime time_;
  Seeded ids_;
  std::uint64_t last_id_ = 1'200'000'000;
  std::string me_, main_;
};

}  // namespace probackup
