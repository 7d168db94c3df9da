// What the formats of an export share: one pass over the records feeds all of them.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "export/database.h"
#include "export/names.h"
#include "export/target.h"
#include "probackup/export.h"

namespace probackup {

struct StreamFolder {
  ExportStream stream;
  std::string name;  // safe, unique among the streams
};

// Where an attachment was written, "" when it was not.
struct WrittenFile {
  ExportFile file;
  std::string path;    // below the target
  std::string reason;  // why it is missing, for people
};

struct ExportContext {
  ExportSource& source;
  Target& target;
  FileNames& names;
  const ExportOptions& options;
  std::stop_token stop;
  const std::function<void(const ExportResult&)>& progress;
  std::vector<StreamFolder> streams;
  ExportResult result;

  // Throws Error(interrupted) once `stop` is requested.
  void check_stop() const;
  // Tells the caller how far the export is.
  void report();
};

// One format. Calls come in this order: for each stream begin_stream, record…, end_stream; then
// file for each attachment; then finish.
class FormatWriter {
 public:
  virtual ~FormatWriter() = default;
  virtual void begin_stream(std::size_t stream) = 0;
  // `name` is the record's safe name, unique in its stream.
  virtual void record(const ExportRecord& record, const std::string& name) = 0;
  virtual void end_stream() {}
  virtual void file(const WrittenFile&) {}
  virtual void finish() {}
};

std::unique_ptr<FormatWriter> make_jsonl_writer(ExportContext& context);
std::unique_ptr<FormatWriter> make_items_writer(ExportContext& context);
std::unique_ptr<FormatWriter> make_csv_writer(ExportContext& context);
std::unique_ptr<FormatWriter> make_html_writer(ExportContext& context);

// The path of a record's file in the json format, below the target.
std::string item_path(const StreamFolder& stream, const std::string& name);

}  // namespace probackup
