// The readable copy of a backup: folders and spreadsheets that mirror the app's own hierarchy, in
// Google Drive or in a local folder.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/clock.h"
#include "probackup/export.h"
#include "probackup/http.h"

namespace probackup {

enum class DriveKind { folder, sheet, file };

// A folder, spreadsheet or attachment as the copy should have it. Keys are 32 hex digits that stay
// the same as long as the thing is the copy of the same records.
struct DriveNode {
  std::string key = {}, parent = {};  // parent: key of the folder, "" for the folder at the top
  std::string source = {};  // 16 hex digits of the source it belongs to, "" for shared folders
  DriveKind kind = DriveKind::folder;
  std::string name = {};                          // for people, unique in its folder
  std::string content = {};                       // 32 hex digits of what is in it, "" for a folder
  std::string stream = {}, item = {}, file = {};  // what an attachment is the copy of
};

// The same as a target holds it.
struct DriveFile {
  std::string key = {}, source = {};
  DriveKind kind = DriveKind::folder;
  std::string id = {};      // the target's own: a Drive id, a path below the folder
  std::string parent = {};  // id of the folder that it lies in
  std::string name = {}, url = {};
  std::string content = {};  // as in DriveNode when it was last written
  bool trashed = false;      // a person (or the last sync) threw it away
  bool own_name = true;      // it still has the name that was given here, not one of a person
  bool own_place = true;     // it still lies where it was put
};

// A value of a spreadsheet.
struct SheetCell {
  enum class Kind { empty, text, number, time, date } kind = Kind::empty;
  std::string text;   // of every kind, as CSV has it
  double number = 0;  // of numbers; days since 1899-12-30 for times and dates
  std::string link;   // "" for none
};

// Takes a spreadsheet row by row. The calls for one sheet may mix with those for another.
class SheetSink {
 public:
  struct Column {
    std::string title;
    std::size_t width = 12;  // characters that it should show; not part of the content
  };
  virtual ~SheetSink() = default;
  // A sheet of the spreadsheet; its number is the next one from 0.
  virtual void sheet(const std::string& name, const std::vector<Column>& columns) = 0;
  virtual void row(std::size_t sheet, const std::vector<SheetCell>& cells) = 0;
};

// What goes into a file of the copy; asked for when it is sent. Calls may come again.
struct DriveContent {
  std::function<void(SheetSink&)> sheet;  // of spreadsheets
  // Of attachments: the bytes in pieces, and how many they are.
  std::function<void(const std::function<void(std::string_view)>&)> bytes;
  std::uint64_t size = 0;
};

// Where a copy is kept. Not for concurrent calls. Every call throws Error; what is done is done,
// and list() of the next run knows of it, however the run ended.
class DriveTarget {
 public:
  virtual ~DriveTarget() = default;
  // For messages and the catalog: "google-drive", "google-drive:FOLDER", "/srv/copy".
  virtual std::string name() const = 0;
  // Everything that this repository's syncs put there, that in the trash too.
  virtual std::vector<DriveFile> list() = 0;
  // The title as the target can store it: never empty.
  virtual std::string clean_name(std::string_view title) const = 0;
  // `folder` is null for the folder at the top. Made once, whatever answers are lost.
  virtual DriveFile create(const DriveNode& node, const DriveFile* folder,
                           const DriveContent& content) = 0;
  struct Changes {
    bool content = false, name = false, place = false, untrash = false;
  };
  // Same id and URL afterwards, but that a local file's are its path. Nothing when the file is not
  // there any more.
  virtual std::optional<DriveFile> update(const DriveFile& file, const DriveNode& node,
                                          const DriveFile* folder, const Changes& changes,
                                          const DriveContent& content) = 0;
  // Into the trash where there is one; folders with what else they hold.
  virtual void remove(const std::vector<DriveFile>& files) = 0;
  // What a cell of a spreadsheet in `folder` links to `to` with.
  virtual std::string link(const DriveFile& folder, const DriveFile& to) const = 0;
  // Called at the end of each sync, also of one that broke off.
  virtual void finish() {}
  // Requests sent so far; 0 for a local folder.
  virtual std::uint64_t requests() const { return 0; }
};

// A folder on this machine: NAME.xlsx and NAME.csv for each spreadsheet. What lies there is known
// from a file ".probackup-copy.jsonl" in it, so it may be moved as a whole. Files are replaced by
// rename. Nothing else in the folder is touched.
std::unique_ptr<DriveTarget> local_drive(const std::string& folder);

struct GoogleDriveOptions {
  std::string folder;      // id of the folder to write to; "" makes "probackup" in My Drive
  std::string repository;  // id of the repository, which tells its files from another's
  std::string base_url = "https://www.googleapis.com";
  // A bearer token; with `renew` a fresh one, because the last one was refused. Throws Error when
  // consent is needed again.
  std::function<std::string(bool renew)> token;
  std::stop_token stop;
  // Told of waits for Google's rate limits, for the progress line.
  std::function<void(std::chrono::nanoseconds)> waits = {};
};
// Google Drive, API v3 (https://developers.google.com/workspace/drive/api/reference/rest/v3):
// spreadsheets are converted into Google Sheets. `http` and `clock` must outlive it.
std::unique_ptr<DriveTarget> google_drive(Http& http, Clock& clock, GoogleDriveOptions options);

// An item that is not in the snapshot any more.
struct DeletedItem {
  std::string stream, key, parent_stream, parent, title, url;
  Time last{}, vanished{};  // times of the last snapshot that has it, and of the next one
  std::string snapshot;     // the last that has it, 8 hex digits
};

struct DriveOptions {
  enum class Attachments { none, only_new, all } attachments = Attachments::all;
  bool recreate_missing = true;  // else what a person deleted stays away
  bool dry_run = false;
  std::set<std::string> folders;  // streams whose records become folders
  // Of one spreadsheet. Google's are 10 million cells; Excel's 16,384 columns and 65,530 links.
  std::uint64_t rows_max = 20'000, cells_max = 5'000'000, bytes_max = 20'000'000;
  std::size_t columns_max = 1000;
};

// What one sync needs to know beside the snapshot.
struct DriveInput {
  ExportSource& snapshot;
  // Calls `each` for every deleted item.
  std::function<void(const std::function<void(const DeletedItem&)>& each)> deleted;
  // Whether an attachment came after the first sync, for `only_new`.
  std::function<bool(const ExportFile&)> is_new;
};

// What is remembered of a copy between syncs beside what the target itself knows.
class DriveMemory {
 public:
  virtual ~DriveMemory() = default;
  // Whether this thing was ever in the target.
  virtual bool knows(const std::string& key) = 0;
  virtual void put(const DriveNode& node, const DriveFile& file) = 0;
  virtual void remove(const std::string& key) = 0;
  // The items that a spreadsheet holds, each as (stream, key). False: it is known already.
  virtual bool wants_items(const std::string& sheet, bool changed) = 0;
  virtual void items(
      const std::string& sheet,
      const std::function<void(const std::function<void(const std::string& stream,
                                                        const std::string& key)>&)>& each) = 0;
};

struct DriveReport {
  std::uint64_t created = 0, updated = 0, renamed = 0, moved = 0, removed = 0, unchanged = 0;
  std::uint64_t skipped = 0;  // deleted in the target by a person, and to stay so
  std::uint64_t sheets = 0, files = 0, folders = 0, items = 0, deleted = 0;
  std::vector<std::string> failed;  // attachments that could not be read, for people
  std::string url;                  // of the source's folder
};

struct DriveProgress {
  std::string what;  // "reading", "attachments", "spreadsheets"
  std::uint64_t done = 0, expected = 0;
};

// Brings the copy of one source up to date. Only what changed is written. Throws Error, or
// Error(interrupted); the next sync goes on. Memory grows with the files of the copy, some 500
// bytes each, not with the records.
DriveReport sync_drive(const DriveInput& input, DriveTarget& target, DriveMemory& memory,
                       const DriveOptions& options, std::stop_token stop,
                       const std::function<void(const DriveProgress&)>& progress = {});

// The streams whose records become folders where the connector names none: those with streams below
// streams below them.
std::set<std::string> folder_streams(const std::vector<ExportStream>& streams);

}  // namespace probackup
