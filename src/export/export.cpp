#include "probackup/export.h"

#include <nlohmann/json.hpp>

#include "export/attachments.h"
#include "export/format.h"
#include "probackup/error.h"
#include "util/text.h"

namespace probackup {
namespace {

using Writers = std::vector<std::unique_ptr<FormatWriter>>;

std::vector<StreamFolder> name_streams(ExportSource& source, FileNames& names) {
  std::vector<StreamFolder> out;
  for (auto& stream : source.streams()) {
    std::string name = names.claim("", stream.name);
    out.push_back({std::move(stream), std::move(name)});
  }
  return out;
}

Writers make_writers(ExportContext& context) {
  Writers writers;
  auto wants = [&](ExportFormat format) { return context.options.formats.contains(format); };
  if (wants(ExportFormat::jsonl)) writers.push_back(make_jsonl_writer(context));
  if (wants(ExportFormat::json)) writers.push_back(make_items_writer(context));
  if (wants(ExportFormat::csv)) writers.push_back(make_csv_writer(context));
  if (wants(ExportFormat::html)) writers.push_back(make_html_writer(context));
  return writers;
}

// One pass over the records for all formats.
void write_records(ExportContext& context, Writers& writers) {
  bool named = context.options.formats.contains(ExportFormat::json) ||
               context.options.formats.contains(ExportFormat::html);
  for (std::size_t stream = 0; stream < context.streams.size(); ++stream) {
    const StreamFolder& folder = context.streams[stream];
    for (auto& writer : writers) writer->begin_stream(stream);
    context.source.records(folder.stream.name, [&](const ExportRecord& record) {
      context.check_stop();
      std::string name;
      if (named) name = context.names.claim("items/" + folder.name, record.key);
      for (auto& writer : writers) writer->record(record, name);
      ++context.result.records;
      context.report();
      return true;
    });
    for (auto& writer : writers) writer->end_stream();
  }
}

void write_gaps(ExportContext& context) {
  auto gaps = context.source.gaps();
  if (gaps.empty()) return;
  auto out = context.target.create("gaps.jsonl");
  for (const auto& gap : gaps) {
    nlohmann::ordered_json line;
    auto put = [&](const char* name, const std::string& value) {
      if (!value.empty()) line[name] = valid_utf8(value);
    };
    put("stream", gap.stream);
    put("scope", gap.scope);
    put("key", gap.key);
    put("file", gap.file);
    put("url", gap.url);
    if (gap.status != 0) line["status"] = gap.status;
    put("reason", gap.reason);
    out->write(line.dump());
    out->write("\n");
  }
  out->finish();
}

}  // namespace

void ExportContext::check_stop() const {
  if (stop.stop_requested())
    throw Error(ErrorKind::interrupted, "the export was interrupted",
                "run it again with overwriting allowed to complete it");
}

void ExportContext::report() {
  result.bytes = target.bytes();
  if (progress) progress(result);
}

ExportResult export_snapshot(ExportSource& source, const std::filesystem::path& folder,
                             const ExportOptions& options, bool overwrite, std::stop_token stop,
                             const std::function<void(const ExportResult&)>& progress) {
  Target target(folder, overwrite);
  Database database;
  FileNames names(database);
  ExportContext context{source, target, names, options, std::move(stop), progress, {}, {}};
  context.check_stop();
  // The manifest comes last: where it stands, the export is complete and on the disk.
  target.make_free("manifest.json");
  target.make_free("gaps.jsonl");
  context.streams = name_streams(source, names);

  Writers writers = make_writers(context);
  write_records(context, writers);
  Attachments attachments(context);
  attachments.write([&](const WrittenFile& file) {
    for (auto& writer : writers) writer->file(file);
  });
  for (auto& writer : writers) writer->finish();
  write_gaps(context);
  attachments.check();
  target.sync();
  target.write("manifest.json", source.manifest());
  context.report();
  return context.result;
}

}  // namespace probackup
