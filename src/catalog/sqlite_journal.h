// The journal of a restore in the catalog's file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/restore_lock.h"
#include "catalog/sqlite.h"
#include "probackup/catalog.h"
#include "probackup/restore.h"

namespace probackup::catalog {

// "sent", "made", and so on, as they are stored; the inverse throws Error for any other word.
std::string_view state_name(JournalEntry::State state);
JournalEntry::State parse_state(std::string_view name);

enum class PutRule {
  replace,
  keep_made,  // an entry with a new id is not replaced by one without
};
void put_entry(sqlite::Database& database, std::int64_t restore, const JournalEntry& entry,
               PutRule rule);

// See Catalog::open_journal.
class SqliteJournal final : public RestoreJournal {
 public:
  SqliteJournal(sqlite::Database& catalog, const std::string& restore, JournalUse use);

  void put(const JournalEntry& entry) override;
  std::optional<JournalEntry> find(const std::string& kind, const std::string& old_id) override;
  void remove(const std::string& kind, const std::string& old_id) override;
  bool has_new(const std::string& kind, const std::string& new_id) override;
  std::optional<std::string> new_url(const std::string& old_url) override;
  void each(const std::string& kind, const std::function<bool(const JournalEntry&)>& each) override;

 private:
  void check_use() const;

  std::unique_ptr<sqlite::Database> own_;
  sqlite::Database& database_;
  std::int64_t row_;
  JournalUse use_;
  std::optional<RestoreLock> lock_;
};

}  // namespace probackup::catalog
