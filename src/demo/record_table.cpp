#include "demo/record_table.h"

#include <algorithm>
#include <iterator>

#include "util/text.h"

namespace probackup {

JsonRecord& RecordTable::put(const std::string& key, const std::string& owner, JsonRecord record) {
  erase(key);
  owners_[key] = owner;
  by_owner_[owner].insert(key);
  return records_[key] = std::move(record);
}

void RecordTable::give(const std::string& key, const std::string& owner) {
  auto& present = owners_.at(key);
  by_owner_[present].erase(key);
  by_owner_[owner].insert(key);
  present = owner;
}

void RecordTable::erase(const std::string& key) {
  const auto found = owners_.find(key);
  if (found == owners_.end()) return;
  by_owner_[found->second].erase(key);
  owners_.erase(found);
  records_.erase(key);
}

void RecordTable::erase_owner(const std::string& owner) {
  const auto keys = keys_of(owner);
  for (const auto& key : keys) erase(key);
  by_owner_.erase(owner);
}

JsonRecord* RecordTable::find(const std::string& key) {
  const auto found = records_.find(key);
  return found == records_.end() ? nullptr : &found->second;
}

const JsonRecord* RecordTable::find(const std::string& key) const {
  const auto found = records_.find(key);
  return found == records_.end() ? nullptr : &found->second;
}

const std::set<std::string>& RecordTable::keys_of(const std::string& owner) const {
  static const std::set<std::string> none;
  const auto found = by_owner_.find(owner);
  return found == by_owner_.end() ? none : found->second;
}

std::optional<std::string> any_key(Seeded& dice, const std::set<std::string>& keys) {
  if (keys.empty()) return std::nullopt;
  return *std::next(keys.begin(), static_cast<std::ptrdiff_t>(dice.below(keys.size())));
}

std::optional<std::string> any_key(Seeded& dice, const RecordTable& table) {
  if (table.size() == 0) return std::nullopt;
  const auto steps = static_cast<std::ptrdiff_t>(dice.below(table.size()));
  return std::next(table.all().begin(), steps)->first;
}

std::string record_text(const JsonRecord& record, std::string_view key) {
  const bool escaped = mix_seed(0, key) % 4 == 0;
  return record.dump(-1, ' ', escaped, JsonRecord::error_handler_t::replace);
}

std::string array_text(const std::vector<std::string>& texts) {
  return "[" + join(texts, ",") + "]";
}

JsonRecord with_fields(const JsonRecord& record, const std::string& fields) {
  if (fields.empty() || fields == "all") return record;
  const auto wanted = split(fields, ',');
  JsonRecord chosen = JsonRecord::object();
  for (const auto& [name, value] : record.items()) {
    if (name == "id" || std::find(wanted.begin(), wanted.end(), name) != wanted.end()) {
      chosen[name] = value;
    }
  }
  return chosen;
}

}  // namespace probackup
