// A snapshot in memory, for exporting it.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "probackup/error.h"
#include "probackup/export.h"

namespace probackup::test {

struct MemoryFile {
  ExportFile file;
  std::string bytes;
};

class MemorySource : public ExportSource {
 public:
  std::string app_name = "board", app_title_text = "Board", account_name = "acme";
  std::vector<ExportStream> stream_list;
  std::map<std::string, std::vector<ExportRecord>> rows;
  std::vector<Gap> gap_list;
  std::vector<MemoryFile> file_list;
  // Called before each record, for tests that stop in the middle.
  std::function<void()> before_record;

  void stream(const std::string& name, std::vector<std::string> parents = {},
              const std::string& title = "") {
    stream_list.push_back({name, title, 0, std::move(parents)});
  }
  void add(const std::string& stream_name, ExportRecord record) {
    for (auto& known : stream_list)
      if (known.name == stream_name) ++known.records;
    rows[stream_name].push_back(std::move(record));
  }
  void attach(const std::string& stream_name, const std::string& key, const std::string& id,
              const std::string& name, const std::string& bytes) {
    file_list.push_back({{stream_name, key, id, name, bytes.size()}, bytes});
  }

  std::string app() const override { return app_name; }
  std::string app_title() const override { return app_title_text; }
  std::string account() const override { return account_name; }
  std::string snapshot_id() const override { return std::string(64, 'a'); }
  Time time() const override { return Time(std::chrono::seconds(1717171717)); }
  std::string manifest() const override { return "{\"app\":\"board\"}\n"; }
  std::vector<ExportStream> streams() const override { return stream_list; }
  std::vector<Gap> gaps() const override { return gap_list; }
  void records(const std::string& name,
               const std::function<bool(const ExportRecord&)>& each) override {
    for (const auto& record : rows[name]) {
      if (before_record) before_record();
      if (!each(record)) return;
    }
  }
  void files(const std::function<bool(const ExportFile&)>& each) override {
    for (const auto& entry : file_list)
      if (!each(entry.file)) return;
  }
  void read(const ExportFile& file, const std::function<void(std::string_view)>& each) override {
    for (const auto& entry : file_list) {
      if (entry.file.stream != file.stream || entry.file.id != file.id) continue;
      if (entry.file.name != file.name) continue;
      std::string_view rest = entry.bytes;
      for (; !rest.empty(); rest.remove_prefix(std::min<std::size_t>(rest.size(), 1000)))
        each(rest.substr(0, 1000));
      return;
    }
    throw Error("no such file in the repository");
  }
};

}  // namespace probackup::test
