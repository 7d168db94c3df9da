// What a request that changes a Trello account asks for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "demo/api_message.h"
#include "demo/record_table.h"
#include "demo/trello_data.h"
#include "demo/trello_error.h"

namespace probackup {

// The parameters of one request, from its query, form, multipart fields or JSON body; the last of
// these wins. All methods throw TrelloError(400) for a value that cannot be.
class TrelloInput {
 public:
  static constexpr std::size_t text_max = 16'384;  // characters

  explicit TrelloInput(const ApiRequest& request);
  explicit TrelloInput(JsonRecord given) : given_(std::move(given)) {}

  bool has(const std::string& name) const { return given_.contains(name); }
  // The value as it came, or null.
  const JsonRecord* value(const std::string& name) const;
  std::optional<std::string> text(const std::string& name, std::size_t max = text_max) const;
  // A text that must be given and hold at least one character.
  std::string required(const std::string& name, std::size_t max = text_max) const;
  // Text that is one of these.
  std::optional<std::string> choice(const std::string& name,
                                    const std::vector<std::string>& choices) const;
  std::optional<bool> flag(const std::string& name) const;
  std::optional<double> number(const std::string& name, double low, double high) const;
  // A point in time as Trello writes it; null for "" and "null".
  std::optional<JsonRecord> date(const std::string& name) const;
  // Ids of records of a table, separated by commas or in an array.
  std::optional<std::vector<std::string>> ids(const std::string& name,
                                              const RecordTable& table) const;
  // The id of a record of a table; TrelloError(404) for one that is not there. Null for "" and
  // "null" if that is allowed.
  std::optional<JsonRecord> id(const std::string& name, const RecordTable& table,
                               bool may_be_null = false) const;
  // A place among records with these positions: top, bottom or a positive number.
  std::optional<double> place(const std::string& name, const std::vector<double>& present) const;
  // Sets `name` of `changes` if there is a value.
  template <typename Value>
  static void put(JsonRecord& changes, const std::string& name, const std::optional<Value>& value) {
    if (value) changes[name] = *value;
  }

 private:
  JsonRecord given_ = JsonRecord::object();
};

// Whether a text has the form of an id.
bool is_trello_id(const std::string& text);
// The id of the record that a path names; boards and cards may be named by their short link, too.
// Throws TrelloError: 400 for what cannot be an id, 404 for one that is not there.
std::string trello_id(const RecordTable& table, const std::string& name);
// Red, red_light, red_dark …: the colours of labels.
const std::vector<std::string>& trello_colors();

}  // namespace probackup
