// A snapshot written as files for people and scripts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "probackup/clock.h"
#include "probackup/engine.h"

namespace probackup {

struct ExportRecord {
  std::string key, parent_stream, parent, title, url;
  std::string raw;  // one line of JSON
};

struct ExportFile {
  std::string stream, key;   // the record it belongs to, "" if unknown
  std::string id, name;      // as the app named it
  std::uint64_t size = 0;    // bytes
  std::string content = {};  // equal for equal bytes; "" if the source does not know
};

struct ExportStream {
  std::string name, title;
  std::uint64_t records = 0;
  std::vector<std::string> parents;  // streams that its records hang below
};

// What is to be written; made by the job from a snapshot. Calls never overlap.
class ExportSource {
 public:
  virtual ~ExportSource() = default;
  virtual std::string app() const = 0;
  virtual std::string app_title() const = 0;
  virtual std::string account() const = 0;
  virtual std::string snapshot_id() const = 0;  // 64 hex digits
  virtual Time time() const = 0;
  virtual std::string manifest() const = 0;  // JSON text
  virtual std::vector<ExportStream> streams() const = 0;
  virtual std::vector<Gap> gaps() const = 0;
  // Records in the order of the snapshot; `each` returns false to stop.
  virtual void records(const std::string& stream,
                       const std::function<bool(const ExportRecord&)>& each) = 0;
  // All attachments, and the bytes of one (read() is also called while files() runs).
  virtual void files(const std::function<bool(const ExportFile&)>& each) = 0;
  virtual void read(const ExportFile& file, const std::function<void(std::string_view)>& each) = 0;
};

enum class ExportFormat { jsonl, json, csv, html };

struct ExportOptions {
  std::set<ExportFormat> formats;
  bool attachments = true;
};

struct ExportResult {
  std::uint64_t records = 0, files = 0, bytes = 0;
};

// Writes below `target`, which is made; a file that exists already is an error unless `overwrite`.
// Layout, names and formats: docs/export.md. No name from the app leaves `target`. Every file is
// written under a temporary name and renamed when whole; manifest.json comes last and says that the
// export is complete. records() is called once for each stream, twice with csv. Attachments that
// cannot be read are skipped and named in the Error that follows everything else. Throws Error, or
// Error(interrupted). Memory does not grow with the account: html keeps an index and a copy of the
// records in the system's temporary folder meanwhile.
ExportResult export_snapshot(ExportSource& source, const std::filesystem::path& target,
                             const ExportOptions& options, bool overwrite, std::stop_token stop,
                             const std::function<void(const ExportResult&)>& progress = {});

}  // namespace probackup
