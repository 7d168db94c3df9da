// records/STREAM.jsonl: the records as they are stored, one a line.
#include "export/format.h"

namespace probackup {
namespace {

class JsonlWriter : public FormatWriter {
 public:
  explicit JsonlWriter(ExportContext& context) : context_(context) {}

  void begin_stream(std::size_t stream) override {
    file_ = context_.target.create("records/" + context_.streams[stream].name + ".jsonl");
  }
  void record(const ExportRecord& record, const std::string&) override {
    file_->write(record.raw);
    file_->write("\n");
  }
  void end_stream() override {
    file_->finish();
    file_.reset();
  }

 private:
  ExportContext& context_;
  std::unique_ptr<OutputFile> file_;
};

}  // namespace

std::unique_ptr<FormatWriter> make_jsonl_writer(ExportContext& context) {
  return std::make_unique<JsonlWriter>(context);
}

}  // namespace probackup
