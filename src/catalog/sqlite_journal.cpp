#include "catalog/sqlite_journal.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "catalog/restore_runs.h"
#include "catalog/rows.h"
#include "probackup/error.h"

namespace probackup::catalog {

using sqlite::Database;
using sqlite::Statement;

namespace {

// A backup of millions of items may commit for minutes; a restore had better wait than fail.
constexpr int busy_milliseconds = 600'000;

// A power cut must not take back what was put: the next run would make it a second time.
constexpr const char* settings = R"sql(
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA cell_size_check = ON;
)sql";

constexpr std::array<std::pair<JournalEntry::State, std::string_view>, 7> states = {{
    {JournalEntry::State::sent, "sent"},
    {JournalEntry::State::made, "made"},
    {JournalEntry::State::done, "done"},
    {JournalEntry::State::finished, "finished"},
    {JournalEntry::State::lost, "lost"},
    {JournalEntry::State::failed, "failed"},
    {JournalEntry::State::uncertain, "uncertain"},
}};

constexpr const char* columns =
    "SELECT kind, old_id, state, adopted, relink, new_id, old_url, new_url, title, sent, "
    "notes FROM restore_entry ";

JournalEntry read_entry(const Database& database, const Statement& row) {
  JournalEntry out{.kind = row.text(0),
                   .old_id = row.text(1),
                   .state = parse_state(row.view(2)),
                   .adopted = row.flag(3),
                   .relink = row.flag(4),
                   .new_id = row.text(5),
                   .old_url = row.text(6),
                   .new_url = row.text(7),
                   .title = row.text(8),
                   .sent = to_time(row.integer(9)),
                   .notes = {}};
  auto notes = nlohmann::json::parse(row.view(10), nullptr, false);
  if (!notes.is_array()) database.fail_damaged("the notes of a restore's entry");
  for (const auto& note : notes)
    if (note.is_string()) out.notes.push_back(note.get<std::string>());
  return out;
}

std::unique_ptr<Database> own_connection(const Database& catalog) {
  if (catalog.path() == ":memory:") return nullptr;
  auto out = std::make_unique<Database>(catalog.path(), busy_milliseconds);
  out->execute(settings);
  return out;
}

}  // namespace

std::string_view state_name(JournalEntry::State state) {
  for (const auto& [value, name] : states)
    if (value == state) return name;
  return "";
}

JournalEntry::State parse_state(std::string_view name) {
  for (const auto& [value, known] : states)
    if (known == name) return value;
  throw Error(fmt::format("a restore's journal has an entry of the unknown state \"{}\"", name),
              "a newer probackup may have written it: update probackup");
}

void put_entry(Database& database, std::int64_t restore, const JournalEntry& entry, PutRule rule) {
  std::string notes =
      nlohmann::json(entry.notes).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  Statement(database,
            "INSERT INTO restore_entry(run, kind, old_id, state, adopted, relink, new_id, old_url, "
            "new_url, title, sent, notes) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
            "?12) ON CONFLICT(run, kind, old_id) DO UPDATE SET state = ?4, adopted = ?5, "
            "relink = ?6, new_id = ?7, old_url = ?8, new_url = ?9, title = ?10, sent = ?11, "
            "notes = ?12 WHERE ?13 OR new_id = '' OR ?7 <> ''")
      .run(restore, entry.kind, entry.old_id, state_name(entry.state), entry.adopted, entry.relink,
           entry.new_id, entry.old_url, entry.new_url, entry.title, to_column(entry.sent), notes,
           rule == PutRule::replace);
}

SqliteJournal::SqliteJournal(Database& catalog, const std::string& restore, JournalUse use)
    : own_(own_connection(catalog)),
      database_(own_ ? *own_ : catalog),
      row_(restore_row(database_, restore)),
      use_(use) {
  if (own_ && use == JournalUse::write) lock_.emplace(own_->path(), restore);
}

void SqliteJournal::check_use() const {
  if (use_ == JournalUse::read) throw Error("this journal was opened for reading only");
}

void SqliteJournal::put(const JournalEntry& entry) {
  check_use();
  put_entry(database_, row_, entry, PutRule::replace);
}

void SqliteJournal::remove(const std::string& kind, const std::string& old_id) {
  check_use();
  Statement(database_, "DELETE FROM restore_entry WHERE run = ? AND kind = ? AND old_id = ?")
      .run(row_, kind, old_id);
}

std::optional<JournalEntry> SqliteJournal::find(const std::string& kind,
                                                const std::string& old_id) {
  Statement read(database_, std::string(columns) + "WHERE run = ? AND kind = ? AND old_id = ?");
  if (!read.bind(row_, kind, old_id).step()) return std::nullopt;
  return read_entry(database_, read);
}

bool SqliteJournal::has_new(const std::string& kind, const std::string& new_id) {
  return !new_id.empty() && database_.number(
                                "SELECT EXISTS (SELECT 1 FROM restore_entry "
                                "WHERE run = ? AND kind = ? AND new_id = ? AND new_id <> '')",
                                row_, kind, new_id) != 0;
}

std::optional<std::string> SqliteJournal::new_url(const std::string& old_url) {
  Statement read(database_,
                 "SELECT new_url FROM restore_entry "
                 "WHERE run = ? AND old_url = ? AND new_url <> '' ORDER BY id LIMIT 1");
  if (old_url.empty() || !read.bind(row_, old_url).step()) return std::nullopt;
  return read.text(0);
}

void SqliteJournal::each(const std::string& kind,
                         const std::function<bool(const JournalEntry&)>& each) {
  // With "+" no index is taken and nothing need be sorted; of one kind there may be few.
  Statement read(database_, std::string(columns) +
                                (kind.empty() ? "WHERE +run = ?1 ORDER BY id"
                                              : "WHERE run = ?1 AND kind = ?2 ORDER BY id"));
  if (kind.empty())
    read.bind(row_);
  else
    read.bind(row_, kind);
  while (read.step())
    if (!each(read_entry(database_, read))) return;
}

}  // namespace probackup::catalog
