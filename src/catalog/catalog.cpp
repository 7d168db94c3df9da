#include "probackup/catalog.h"

#include <string_view>

#include "catalog/drive_files.h"
#include "catalog/drop.h"
#include "catalog/read_history.h"
#include "catalog/read_items.h"
#include "catalog/read_state.h"
#include "catalog/restore_runs.h"
#include "catalog/schema.h"
#include "catalog/search.h"
#include "catalog/sqlite.h"
#include "catalog/sqlite_journal.h"
#include "catalog/update.h"
#include "probackup/error.h"

namespace probackup {
namespace {

using sqlite::Database;

constexpr int busy_milliseconds = 10'000;

// The page cache is bounded; a change that outgrows it goes to the write-ahead log, which is cut
// down after it. A power cut may cost the last commit but never the file: the repository knows the
// rest.
constexpr const char* settings = R"sql(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA foreign_keys = ON;
PRAGMA cache_size = -32768;
PRAGMA wal_autocheckpoint = 32768;
PRAGMA journal_size_limit = 134217728;
PRAGMA secure_delete = OFF;
PRAGMA cell_size_check = ON;
)sql";

// Switching a new file to WAL answers "busy" at once, whatever the busy timeout, while another
// process does the same.
void apply_settings(Database& database) {
  constexpr int tries = 100;
  for (int i = 1;; ++i) {
    try {
      return database.execute(settings);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::locked || i == tries) throw;
      system_clock().sleep(std::chrono::milliseconds(busy_milliseconds / tries), {});
    }
  }
}

std::string path_of(const std::string& url) {
  constexpr std::string_view scheme = "sqlite:";
  std::string path = url.starts_with(scheme) ? url.substr(scheme.size()) : url;
  if (path.empty() || path.find("://") != std::string::npos)
    throw Error(ErrorKind::usage, "no catalog can be opened at " + url,
                "give a file: --catalog PATH or --catalog sqlite:PATH");
  return path;
}

class SqliteCatalog : public Catalog {
 public:
  SqliteCatalog(const std::string& path, const std::string& repository)
      : database_(path, busy_milliseconds) {
    apply_settings(database_);
    catalog::migrate(database_);
    catalog::claim(database_, repository);
  }

  std::string location() const override { return database_.path(); }
  std::vector<SourceRef> sources() override { return catalog::sources(database_); }
  std::vector<CatalogSnapshot> snapshots(const std::optional<SourceRef>& source) override {
    return catalog::snapshots(database_, source);
  }
  std::optional<CatalogSnapshot> snapshot(const Id& id) override {
    return catalog::snapshot(database_, id);
  }
  std::vector<CatalogStream> streams(const std::optional<SourceRef>& source,
                                     std::optional<std::int64_t> snapshot) override {
    return catalog::streams(database_, source, snapshot);
  }
  void items(const ItemQuery& query, const std::function<bool(const CatalogItem&)>& each) override {
    catalog::items(database_, query, each);
  }
  std::vector<CatalogItem> versions(const SourceRef& source, const std::string& stream,
                                    const std::string& key) override {
    return catalog::versions(database_, source, stream, key);
  }
  void files(const ItemQuery& query, const std::function<bool(const CatalogFile&)>& each) override {
    catalog::files(database_, query, each);
  }
  std::vector<CatalogFile> files_of(const SourceRef& source, const std::string& stream,
                                    const std::string& key) override {
    return catalog::files_of(database_, source, stream, key);
  }
  std::vector<CatalogGap> gaps(const std::optional<SourceRef>& source,
                               std::optional<std::int64_t> snapshot) override {
    return catalog::gaps(database_, source, snapshot);
  }
  std::vector<FindHit> find(const std::string& text, const ItemQuery& query) override {
    return catalog::find(database_, text, query);
  }
  std::vector<CatalogRun> runs(const std::optional<SourceRef>& source, std::size_t limit) override {
    return catalog::runs(database_, source, limit);
  }
  std::int64_t begin_run(const SourceRef& source, Time started) override {
    return catalog::begin_run(database_, source, started);
  }
  void end_run(std::int64_t run, Time ended, const std::string& status, const std::string& message,
               const std::optional<Id>& snapshot) override {
    catalog::end_run(database_, run, ended, status, message, snapshot);
  }

  std::vector<CatalogRestore> restores(std::size_t limit) override {
    return catalog::restores(database_, limit);
  }
  std::optional<CatalogRestore> restore(const std::string& id) override {
    return catalog::restore(database_, id);
  }
  std::string begin_restore(const CatalogRestore& restore) override {
    return catalog::begin_restore(database_, restore);
  }
  void update_restore(const CatalogRestore& restore) override {
    catalog::update_restore(database_, restore);
  }
  void import_restore(const CatalogRestore& restore,
                      const std::function<std::optional<JournalEntry>()>& next) override {
    catalog::import_restore(database_, restore, next);
  }
  std::unique_ptr<RestoreJournal> open_journal(const std::string& restore,
                                               JournalUse use) override {
    return std::make_unique<catalog::SqliteJournal>(database_, restore, use);
  }

  void drive_files(const std::string& target,
                   const std::function<void(const CatalogDriveFile&)>& each) override {
    catalog::drive_files(database_, target, each);
  }
  void put_drive_file(const CatalogDriveFile& file) override {
    catalog::put_drive_file(database_, file);
  }
  void remove_drive_file(const std::string& target, const std::string& key) override {
    catalog::remove_drive_file(database_, target, key);
  }
  void put_drive_items(const std::string& target, const SourceRef& source, const std::string& sheet,
                       const DriveItems& items) override {
    catalog::put_drive_items(database_, target, source.text(), sheet, items);
  }
  bool has_drive_items(const std::string& target, const std::string& sheet) override {
    return catalog::has_drive_items(database_, target, sheet);
  }
  std::string drive_item_url(const SourceRef& source, const std::string& stream,
                             const std::string& key) override {
    return catalog::drive_item_url(database_, source, stream, key);
  }
  std::optional<Time> drive_since(const std::string& target, const SourceRef& source) override {
    return catalog::drive_since(database_, target, source);
  }
  void put_drive_since(const std::string& target, const SourceRef& source, Time since) override {
    catalog::put_drive_since(database_, target, source, since);
  }

  std::optional<Id> state_of(const SourceRef& source) override {
    return catalog::state_of(database_, source);
  }
  void segments(const SourceRef& source, const std::string& stream,
                std::optional<std::uint32_t> file,
                const std::function<void(const SegmentRow&)>& each) override {
    catalog::segments(database_, source, stream, file, each);
  }
  std::optional<std::uint32_t> file_of(const SourceRef& source, const std::string& stream,
                                       std::string_view key) override {
    return catalog::file_of(database_, source, stream, key);
  }
  std::optional<Validators> validators(const SourceRef& source,
                                       const std::string& request) override {
    return catalog::validators(database_, source, request);
  }
  std::unique_ptr<CatalogUpdate> begin_update(const SourceRef& source) override {
    return std::make_unique<catalog::Update>(database_, source);
  }
  void drop_source(const SourceRef& source) override { catalog::drop_source(database_, source); }
  void drop_snapshots(const std::vector<Id>& gone) override {
    catalog::drop_snapshots(database_, gone);
  }

 private:
  Database database_;
};

}  // namespace

std::unique_ptr<Catalog> Catalog::open(const std::string& url, const std::string& repository) {
  return std::make_unique<SqliteCatalog>(path_of(url), repository);
}

}  // namespace probackup
