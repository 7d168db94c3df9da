// Records of one kind behind a test server, found by id and by what they belong to.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "demo/seeded.h"

namespace probackup {

// Keeps the order of members, as real APIs do.
using JsonRecord = nlohmann::ordered_json;

// Not for concurrent calls.
class RecordTable {
 public:
  // Adds or replaces the record with that key below that owner ("" for none).
  JsonRecord& put(const std::string& key, const std::string& owner, JsonRecord record);
  // Moves a record below another owner.
  void give(const std::string& key, const std::string& owner);
  void erase(const std::string& key);
  // Erases all records of an owner.
  void erase_owner(const std::string& owner);

  JsonRecord* find(const std::string& key);
  const JsonRecord* find(const std::string& key) const;
  // The keys below an owner, in ascending order.
  const std::set<std::string>& keys_of(const std::string& owner) const;
  const std::string& owner_of(const std::string& key) const { return owners_.at(key); }
  const std::map<std::string, JsonRecord>& all() const { return records_; }
  std::size_t size() const { return records_.size(); }

 private:
  std::map<std::string, JsonRecord> records_;
  std::map<std::string, std::string> owners_;
  std::map<std::string, std::set<std::string>> by_owner_;
};

// A key chosen by the dice, or nothing where there is none.
std::optional<std::string> any_key(Seeded& dice, const std::set<std::string>& keys);
std::optional<std::string> any_key(Seeded& dice, const RecordTable& table);

// The text that the API sends for a record. Some records come with \u escapes and some as plain
// UTF-8, as they do from real services; which one depends on `key` alone.
std::string record_text(const JsonRecord& record, std::string_view key);
// "[…]" of record texts.
std::string array_text(const std::vector<std::string>& texts);
// The members that a comma-separated list names, and "id"; the whole record for "" and "all".
JsonRecord with_fields(const JsonRecord& record, const std::string& fields);

}  // namespace probackup
